"""Pairs: how fast they are made, whether solvers agree with them, and what the default model makes of them.

Of each task and kind: pairs a minute on one core; the share that :func:`interp.pairs.verified` confirms; the
share of which the model answers both ends right, all 100 cells. And of noise: how far it moves the metric of
the same puzzle's rule pair, as a share of that pair's gap: the one cell of the pairs, and the noise of the
public data set, which is several cells.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float

from interp.checkpoints import load_model
from interp.engine.contrast import Contrast, equal_prefixes
from interp.engine.predict import answer_logits, losses
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import KINDS, Kind, Pair, make_pairs, pair_for, shipped_pairs, verified
from interp.pairs.making import NONE_OF
from interp.puzzles import Puzzle
from interp.tasks import NOISE, TASKS, add_noise
from interp.tokens import encode

MADE = 1000
SEED = 17
"""Of pairs that are only timed: others than those that come along."""
BATCH = 16


def per_minute(task: str, kind: Kind, n: int = MADE) -> float:
    """Pairs made in a minute of one core's time (the process's, so that other programs do not count)."""
    started = time.process_time()
    make_pairs(task, kind, n, SEED)
    return 60 * n / (time.process_time() - started)


def both_right(model: PuzzleGPT, pairs: Sequence[Pair]) -> Bool[np.ndarray, " pair"]:
    """Of which pairs the model draws both answers right."""
    ends = [[pair.base for pair in pairs], [pair.counterfactual for pair in pairs]]
    right = [losses(model, np.stack([puzzle.tokens for puzzle in end]))[1] for end in ends]
    found: Bool[np.ndarray, " pair"] = right[0] & right[1]
    return found


@dataclass(frozen=True, eq=False)
class Moved:
    """What noise does to the metric of rule pairs, one entry a puzzle.

    Attributes:
        gap: the metric of the base less that of the rule pair's other end, in logits.
        by_noise: the metric with noise on the third grid less that without.
        on_contrast: whether a cell of contrast, looked up in the third grid, is one of the noisy ones.
    """

    gap: Float[np.ndarray, " puzzle"]
    by_noise: Float[np.ndarray, " puzzle"]
    on_contrast: Bool[np.ndarray, " puzzle"]

    @property
    def signed(self) -> float:
        """The mean movement, a share of the mean gap."""
        return float(self.by_noise.mean() / self.gap.mean())

    @property
    def absolute(self) -> float:
        """The mean size of the movement, whichever way, a share of the mean gap."""
        return float(np.abs(self.by_noise).mean() / self.gap.mean())

    def where(self, chosen: Bool[np.ndarray, " puzzle"]) -> "Moved":
        return Moved(self.gap[chosen], self.by_noise[chosen], self.on_contrast[chosen])


def moved_by_noise(model: PuzzleGPT, noisy: Sequence[Pair], *, first_only: bool = False) -> Moved:
    """The metric of the rule pair of each puzzle that has one, without noise and with it. All three runs are
    given the base's answer."""
    kept, tokens = [], []
    for pair in noisy:
        try:
            rule = pair_for(pair.base, "rule")
        except PuzzlescopeError:  # a question that shows what the rule did has none
            continue
        kept.append((pair, rule, Contrast.of(rule, first_only=first_only)))
        tokens.append(np.stack([*equal_prefixes(rule), pair.counterfactual.tokens]))
    metric = metrics(model, np.concatenate(tokens), [one for *_, one in kept for _ in range(3)])
    base, other, with_noise = metric.reshape(-1, 3).T
    on_contrast = [(pair.differing[_third(pair)] & rule.contrast).any() for pair, rule, _ in kept]
    return Moved(base - other, with_noise - base, np.array(on_contrast))


def as_in_the_data(noisy: Sequence[Pair]) -> list[Pair]:
    """The same pairs, but with the noise of the public data set, which is on 4.5 cells on average."""
    rng, found = np.random.default_rng(SEED), []
    for pair in noisy:
        grids = pair.base.grids.copy()
        add_noise(grids[2:3], NOISE, rng)
        other = Puzzle.of(pair.task, encode(grids, pair.base.structure))
        found.append(replace(pair, counterfactual=other, variable="noise"))
    return found


def metrics(model: PuzzleGPT, tokens: np.ndarray, contrasts: Sequence[Contrast]) -> Float[np.ndarray, " run"]:
    """The metric of every run."""
    found = []
    for start in range(0, len(tokens), BATCH):
        with torch.inference_mode():
            logits = answer_logits(model, model.prompt(tokens[start : start + BATCH]))[:, 1:]
        own = contrasts[start : start + BATCH]
        found += [float(one.of_logits(row)) for one, row in zip(own, logits, strict=True)]
    return np.array(found)


def _third(pair: Pair) -> int:
    """The number of the third grid among X, f(X), Y and f(Y)."""
    return pair.base.structure.order[2]


def main(held_out: bool = False) -> None:
    model = load_model("default")
    print(f"pairs that come along{', held out' if held_out else ''}, {torch.get_num_threads()} threads")
    print(f"  {'task':14s}{'kind':6s}{'a minute':>10s}{'verified':>10s}{'both right':>12s}")
    right: dict[Kind, list[np.ndarray]] = {kind: [] for kind in KINDS}
    rates, confirmed = [], []
    for task in TASKS:
        for kind in KINDS:
            if (task, kind) in NONE_OF:
                continue
            pairs = shipped_pairs(kind, task, held_out)
            rates.append(per_minute(task, kind))
            confirmed += (agreed := [verified(pair) for pair in pairs])
            right[kind].append(both_right(model, pairs))
            shares = f"{np.mean(agreed):10.1%}{right[kind][-1].mean():12.1%}"
            print(f"  {task:14s}{kind:6s}{rates[-1]:10,.0f}{shares}", flush=True)
    print(f"  all: {min(rates):,.0f} to {max(rates):,.0f} pairs a minute, {np.mean(confirmed):.1%} verified")
    for kind, found in right.items():
        print(f"  {kind:6s} both ends right {np.concatenate(found).mean():.1%}")
    noisy = shipped_pairs("noise", None, held_out)
    _print_moved("the one cell of the pairs", moved_by_noise(model, noisy))
    _print_moved("that, first contrast cell only", moved_by_noise(model, noisy, first_only=True))
    _print_moved("noise as in the public data", moved_by_noise(model, as_in_the_data(noisy)))


def _print_moved(what: str, moved: Moved) -> None:
    print(f"{what}: of a rule pair's gap ({moved.gap.mean():.1f} logits, {len(moved.gap)} puzzles)")
    parts = {
        "all": moved,
        "noise on a cell of contrast": moved.where(moved.on_contrast),
        "noise elsewhere": moved.where(~moved.on_contrast),
    }
    for name, part in parts.items():
        print(f"  {name:28s}{len(part.gap):5d}  mean {part.signed:+.2%}, mean absolute {part.absolute:.2%}")


if __name__ == "__main__":
    main("--held-out" in sys.argv)
