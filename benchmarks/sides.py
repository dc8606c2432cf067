"""Heads that look one grid back, or one token: each side of them changed by itself.

Of every head that copies or looks one back in the four models, on puzzles over which no mean is taken: by how
much the peak of its attention moves when the position is moved in its queries, or its keys, the position
embedding alone, or the mean of all that stands at a position; what share of its log-odds goes with the keys,
or the queries, of another puzzle, and with what each lower writer writes there; the loss with its mean
pattern; and where it looks when tokens are inserted before the answer, and on random colours that repeat.

``python -m benchmarks.sides [MODEL,...] [PUZZLES]``
"""

import sys
import time

from interp.ablation import bank_patterns, parse_component
from interp.checkpoints import load_model
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.tokens import Structure
from interp.why.interventions.elsewhere import INSERTED, PERIODS, with_filler, with_period
from interp.why.interventions.one_side import one_side
from interp.why.interventions.results import MEAN, POSITION, SIDES, Estimate, Interventions, estimate
from interp.why.interventions.rows import Rows
from interp.why.interventions.shift import pointer_shift
from interp.why.usual import held_out

HEADS = {
    "default": {"L1.H1": 100, "L1.H5": 100, "L3.H3": 1},
    "12-layers": {"L2.H1": 100, "L2.H7": 100, "L3.H7": 100, "L4.H0": 1, "L5.H3": 1},
    "seed-2": {"L2.H4": 100, "L2.H7": 100, "L3.H1": 1, "L3.H2": 1},
    "seed-3": {"L2.H3": 100, "L2.H7": 100, "L3.H3": 1, "L3.H5": 1},
}
WRITERS = 3
STEP = 7


def apart(bank: PuzzleSet, n: int) -> tuple[Puzzle, ...]:
    """So many puzzles that are in no mean, orders of the grids in turn."""
    by_order: dict[Structure, list[Puzzle]] = {}
    for puzzle in held_out(bank, bank):
        by_order.setdefault(puzzle.structure, []).append(puzzle)
    # Every seventh of an order, so that other tasks come than that which is first in the bank.
    chosen = zip(*(own[::STEP] for own in by_order.values()), strict=False)
    return tuple(puzzle for some in chosen for puzzle in some)[:n]


def told(one: Estimate) -> str:
    return f"{one.value:+.3f} ({one.low:+.3f} to {one.high:+.3f})"


def main(models: str = ",".join(HEADS), n: str = "16") -> None:
    bank = load_puzzles("bank")
    puzzles = apart(bank, int(n))
    rows = Rows.of_puzzles(puzzles, bank)
    for name in models.split(","):
        model = load_model(name)
        patterns = bank_patterns(model, bank)
        for head, back in HEADS[name].items():
            print(f"\n{name} {head}, {back} back, {len(puzzles)} puzzles")
            _shifts(model, rows, head, back)
            start = time.process_time()
            _sides(one_side(model, rows, parse_component(head, model.cfg), back, patterns))
            print(f"  ({time.process_time() - start:.1f} s)")
            _elsewhere(model, rows, head, back)


def _shifts(model: PuzzleGPT, rows: Rows, head: str, back: int) -> None:
    for side in SIDES:
        for moved in (POSITION, MEAN, "L0.mlp"):
            start = time.process_time()
            found = pointer_shift(model, rows, parse_component(head, model.cfg), back, side=side, moved=moved)
            print(
                f"  {side:8} {moved:9} slope {told(found.slope)}, followed {found.share_followed:.3f}"
                f"  ({time.process_time() - start:.1f} s)"
            )


def _sides(found: Interventions) -> None:
    clean = found.clean
    print(
        f"  log-odds {told(estimate(clean.log_odds))}, chance {found.chance:.2f}, peak there"
        f" {clean.at_back.mean():.3f}"
    )
    for side in (*SIDES, "both"):
        one = found.find("swap", side)
        print(f"  swapped {side:8} lost {told(found.lost(one))}, peak there {one.at_back.mean():.3f}")
    for name in ("writer", "shifted"):
        for side in SIDES:
            for one in found.strongest(name, side, WRITERS):
                print(
                    f"  {name:8} {side:8} {one.writer:7} lost {told(found.lost(one))}, peak there"
                    f" {one.at_back.mean():.3f}, moved {one.displacement.mean():+.2f}"
                )
    print("  loss", {name: f"{values.mean():.2e}" for name, values in found.losses.items()})


def _elsewhere(model: PuzzleGPT, rows: Rows, head: str, back: int) -> None:
    one = parse_component(head, model.cfg)
    found = [with_filler(model, rows, one, back, amount) for amount in INSERTED]
    found += [with_period(model, one, back, period) for period in PERIODS]
    for seen in found:
        told_of = ", ".join(
            f"{row['key']} ({row['offset']} back) {row['attention']:.3f} peak {row['peak']:.3f}"
            for row in seen.rows()
        )
        print(f"  {seen.kind} {seen.amount}: {told_of}")


if __name__ == "__main__":
    main(*sys.argv[1:])
