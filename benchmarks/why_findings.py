"""The figures of ``docs/findings.md``, and its table of who reads layer 0.

Of L1.H5 of the default model: the phases of its weights, the offset that fits them, the shares of its
contrast over 64 puzzles, and where its peak goes when the position is moved in its queries. And who reads
what the attention of layer 0 writes, by weights, by what its absence there changes, and by exact edges.

``python -m benchmarks.why_findings [FOLDER]`` draws them into a folder, ``docs`` if it is left out.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from interp.ablation import Component
from interp.analyses.composition import composition
from interp.analyses.path_ablation import path_ablation
from interp.checkpoints import load_model
from interp.circuits.questions.sample import Pairs
from interp.cli.printing import print_table
from interp.figures.paper import COLUMN, plate
from interp.figures.why import concordance_curve, phase_points, share_bars, shift_map
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.why import HeadSplit, Phase, head_phase, held_out, split_heads
from interp.why.interventions.results import MEAN, Shift
from interp.why.interventions.rows import Rows
from interp.why.interventions.shift import pointer_shift
from interp.why.phase import DRAWS
from interp.why.readers import PUZZLES, JoinedReader, edges_from, joined_readers, who_reads_most
from interp.why.usual import few_of

MODEL = "default"
HEAD, BACK = Component(1, "head", 5), 100
SOURCE = Component(0, "attn")
MANY, FEW = 64, 8
LINES = 8
"""Readers that are printed: those that its absence changes most."""
Told = Phase | HeadSplit | Shift


def main(folder: str = "docs") -> None:
    model, bank = load_model(MODEL), load_puzzles("bank")
    where = Path(folder)
    where.mkdir(parents=True, exist_ok=True)
    _weights(model, where)
    puzzles = held_out(bank, bank).limit(MANY)
    _shares(model, puzzles, where)
    _shift(model, puzzles, bank, where)
    _readers(model, bank)


def _keep(
    where: Path, name: str, model: PuzzleGPT, figure: go.Figure, puzzles: Sequence[Puzzle], of: Told
) -> None:
    about, rows = of.summary(), of.rows()
    path = where / f"why-{name}.svg"
    plate(figure, model, puzzles, about=about, rows=rows, name=MODEL).save(path, COLUMN)
    print(f"{path}: {about}", flush=True)


def _weights(model: PuzzleGPT, where: Path) -> None:
    found = head_phase(model, HEAD, draws=DRAWS)
    title = f"{HEAD.text}: how far each wave of the position is turned"
    points = phase_points(found.frequency, found.angle, found.strength, found.offset, title)
    _keep(where, "phases", model, points, (), found)
    null = np.nan if found.null is None else found.null.bound
    offsets = np.arange(len(found.concordance))
    curve = concordance_curve(offsets, found.concordance, null, f"{HEAD.text}: how well each offset fits")
    _keep(where, "concordance", model, curve, (), found)


def _shares(model: PuzzleGPT, puzzles: PuzzleSet, where: Path) -> None:
    found = split_heads(model, puzzles, heads=[HEAD], back=BACK)[HEAD]
    bars = share_bars(found.shares, f"{HEAD.text}: what makes it look {BACK} back")
    _keep(where, "shares", model, bars, tuple(puzzles), found)
    print(found.beside, flush=True)


def _shift(model: PuzzleGPT, puzzles: PuzzleSet, bank: PuzzleSet, where: Path) -> None:
    few = few_of(puzzles.puzzles, FEW)
    found = pointer_shift(model, Rows.of_puzzles(few, bank), HEAD, BACK, moved=MEAN)
    title = f"{HEAD.text}: attention when the position of its queries is moved"
    drawn = shift_map(found.shifts, found.offsets, found.profile, title, side=found.expected)
    _keep(where, "shift", model, drawn, few, found)


def _readers(model: PuzzleGPT, bank: PuzzleSet) -> None:
    edges = edges_from(model, Pairs(n=2).all(), SOURCE)
    paths = path_ablation(model, bank.limit(PUZZLES).tokens, SOURCE)
    found = joined_readers(composition(model), paths, edges)
    by = {
        "composition": lambda one: one.excess,
        "edges": lambda one: abs(one.edges),
        "path": lambda one: abs(one.cost),
    }
    for name, value in by.items():
        known = [one for one in found if value(one) == value(one)]
        print(f"\nStrongest by {name}")
        print_table(
            ("reader", "composition", "path, nats", "edges, logits"),
            [_row(one) for one in sorted(known, key=value, reverse=True)[:LINES]],
        )
    print(who_reads_most(found, SOURCE))


def _row(one: JoinedReader) -> tuple[str, str, str, str]:
    return (
        one.reader.text,
        number(one.excess, "+.2f"),
        number(one.cost, "+.1e"),
        number(one.edges, "+.3f"),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
