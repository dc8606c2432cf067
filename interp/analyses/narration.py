"""What an ablation did to one puzzle's answer, in a sentence or two.

The pieces can be used by themselves: :func:`beginning` says what is ablated, :class:`Outcome` counts what
became of the cells, and :func:`narrate` puts both into words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from jaxtyping import Bool, Integer

from interp.ablation import Ablation, Component, Method
from interp.engine.answers import Decoding, Prediction
from interp.grids import CELLS
from interp.model import Config
from interp.numbers import short
from interp.puzzles import Puzzle
from interp.tokens import cell_name

MOST_NAMED = 3
"""Heads, or runs of layers, that are named one by one; the others are counted."""
LIKE_THE_THIRD = 95
"""Cells that equal the third grid before an answer is called a copy of it."""


# ---- what is ablated ---------------------------------------------------------------------------------------


def beginning(ablation: Ablation, cfg: Config | None = None) -> str:
    """What is ablated, as the beginning of a sentence.

    Args:
        cfg: the sizes of the model, to say "all MLPs" where they are all.

    >>> from interp.ablation import parse_ablation
    >>> cfg = Config(n_layers=6, n_heads=8)
    >>> def of(text): return beginning(parse_ablation(text, cfg), cfg)
    >>> of("L1.attn"), of("L*.mlp"), of("L1.H5:mean")
    ('Without the attention of layer 1', 'Without all MLPs', 'With head L1.H5 at the mean')
    >>> of("L0.attn:lookback=100, L2.mlp")
    'With the attention of layer 0 fixed 100 positions back and without the MLP of layer 2'
    >>> of("L*.attn, L*.mlp, L1.attn:lookback=100")
    'With the attention of layer 1 fixed 100 positions back and all else ablated'
    >>> of("")
    'Without an ablation'
    """
    by_method: dict[Method, list[Component]] = {}
    # What still works is named before what does not.
    for term in sorted(ablation.terms, key=lambda term: term.method.silences):
        by_method.setdefault(term.method, []).append(term.component)
    clauses = [method.clause(named(parts, cfg)) for method, parts in by_method.items()]
    if cfg is not None and len(clauses) > 1 and _all_but(ablation, cfg):
        clauses[-1] = "all else ablated"
    return _capital(_listed(clauses or ["without an ablation"]))


def _all_but(ablation: Ablation, cfg: Config) -> bool:
    """Whether what one last method silences is all that the others leave."""
    layers = {part for part in ablation.components if part.kind != "head"}
    silent = {term.method for term in ablation.terms if term.method.silences}
    return len(silent) == 1 and len(layers) == 2 * cfg.n_layers


def named(parts: Sequence[Component], cfg: Config | None = None) -> str:
    """Several components in words: attention layers, heads, MLPs; long lists are cut short.

    >>> named([Component(0, "mlp"), Component(1, "mlp"), Component(4, "mlp")])
    'the MLPs of layers 0, 1 and 4'
    >>> named([Component(1, "head", 1), Component(1, "head", 5)])
    'heads L1.H1 and L1.H5'
    >>> named([Component(2, "head", head) for head in range(8)], Config(n_layers=6, n_heads=8))
    'all heads of layer 2'
    >>> named([Component(layer, "head", 0) for layer in range(6)])
    '6 heads (L0.H0, L1.H0, L2.H0 ...)'
    """
    layers = {kind: sorted(part.layer for part in parts if part.kind == kind) for kind in ("attn", "mlp")}
    found = []
    if layers["attn"]:
        found.append(_layers(layers["attn"], "all attention", "the attention", "the attention", cfg))
    found += _heads([part for part in parts if part.kind == "head"], cfg)
    if layers["mlp"]:
        found.append(_layers(layers["mlp"], "all MLPs", "the MLP", "the MLPs", cfg))
    return _listed(found)


def _layers(layers: list[int], all_of_them: str, one: str, several: str, cfg: Config | None) -> str:
    if cfg is not None and len(layers) == cfg.n_layers > 1:
        return all_of_them
    if len(layers) == 1:
        return f"{one} of layer {layers[0]}"
    runs = _runs(layers)
    if len(runs) > MOST_NAMED:
        return f"{several} of {len(layers)} layers ({', '.join(runs[:MOST_NAMED])} ...)"
    return f"{several} of layers {_listed(runs)}"


def _heads(heads: list[Component], cfg: Config | None) -> list[str]:
    if cfg is not None and heads and len({head.layer for head in heads}) == 1 and len(heads) == cfg.n_heads:
        return [f"all heads of layer {heads[0].layer}"]
    names = [head.text for head in heads]
    if len(names) > MOST_NAMED:
        return [f"{len(names)} heads ({', '.join(names[:MOST_NAMED])} ...)"]
    return [f"{'head' if len(names) == 1 else 'heads'} {_listed(names)}"] if names else []


def _runs(numbers: list[int]) -> list[str]:
    """Ascending numbers, with runs of three or more in short: 0, 1, 4, 5, 6 -> "0", "1", "4 to 6"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [
        text
        for run in runs
        for text in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run])
    ]


def _listed(texts: Sequence[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---- what became of the answer -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of the 100 cells of an answer.

    Attributes:
        wrong: cells of the ablated answer that are wrong; of the clean one, without an ablation.
        broken: right in the clean run and wrong in the ablated one.
        fixed: the other way round.
        copied: of the broken cells (without an ablation: of the wrong ones), those that equal the third grid,
            and so only had to be copied.
        first: the first of these cells, 0 to 99; ``None`` if there is none.
        like_third: cells of the answer that equal the third grid.
        truth_like_third: cells of the true answer that do.
        finite: whether all its numbers are finite; if not, the counts mean nothing.
    """

    wrong: int
    broken: int
    fixed: int
    copied: int
    first: int | None
    like_third: int
    truth_like_third: int
    finite: bool = True

    @classmethod
    def of(
        cls,
        puzzle: Puzzle,
        clean: Prediction,
        ablated: Prediction | None = None,
        decoding: Decoding = "greedy",
    ) -> "Outcome":
        """Of one puzzle's predictions.

        Args:
            ablated: under the ablation; ``None`` where nothing is ablated.
            decoding: which of the answers is counted.
        """
        now = clean if ablated is None else ablated
        truth, third = puzzle.grids[3].ravel(), puzzle.grids[2].ravel()
        wrong, before = (_cells(run, decoding) != truth for run in (now, clean))
        told = wrong if ablated is None else wrong & ~before
        return cls(
            wrong=int(wrong.sum()),
            broken=int((wrong & ~before).sum()),
            fixed=int((~wrong & before).sum()),
            copied=int((told & (truth == third)).sum()),
            first=_first(told),
            like_third=int((_cells(now, decoding) == third).sum()),
            truth_like_third=int((truth == third).sum()),
            finite=bool(np.isfinite(now.probabilities[0]).all()),
        )

    @property
    def copies(self) -> bool:
        """Whether the answer is nearly the third grid, and more so than the truth is."""
        return self.finite and self.like_third >= LIKE_THE_THIRD and self.like_third > self.truth_like_third

    @property
    def in_short(self) -> str:
        """In a few words: "27 of 100 cells break"."""
        if not self.finite:
            return "not finite"
        if self.broken:
            return f"{self.broken} of {CELLS} cells break"
        return f"{self.fixed} of {CELLS} cells are fixed" if self.fixed else "no cell breaks"


def _cells(run: Prediction, decoding: Decoding) -> Integer[np.ndarray, "100"]:
    return (run.greedy if decoding == "greedy" else run.teacher_forced)[0]


def _first(cells: Bool[np.ndarray, "100"]) -> int | None:
    return int(cells.argmax()) if cells.any() else None


# ---- in a sentence -----------------------------------------------------------------------------------------


def narrate(
    puzzle: Puzzle,
    ablation: Ablation,
    clean: Prediction,
    ablated: Prediction | None = None,
    *,
    decoding: Decoding = "greedy",
    cfg: Config | None = None,
) -> str:
    """What an ablation did to one puzzle's answer: one sentence, and a second where it is a copy of the third
    grid, or where the greedy and the teacher-forced answer have not as many wrong cells.

    Args:
        clean: the prediction for this puzzle without ablation.
        ablated: that under the ablation; ``None`` where nothing is ablated.
        decoding: which answer the cells are of.
        cfg: the sizes of the model, to say "all MLPs" where they are all.
    """
    run = None if not ablation else ablated
    outcome = Outcome.of(puzzle, clean, run, decoding)
    if run is None:
        sentences = [_of_clean(outcome)]
    else:
        sentences = [f"{beginning(ablation, cfg)}, {_of_ablated(outcome, clean, run)}."]
    if outcome.copies:
        third = puzzle.structure.name.split()[2]
        sentences.append(f"The answer equals {third} in {outcome.like_third} of {CELLS} cells.")
    if outcome.finite:
        other: Decoding = "teacher-forced" if decoding == "greedy" else "greedy"
        sentences += _beside(outcome.wrong, Outcome.of(puzzle, clean, run, other).wrong, decoding)
    return " ".join(sentences)


def _of_clean(outcome: Outcome) -> str:
    if not outcome.finite:
        return "The clean model's numbers are not finite: it has no answer."
    if outcome.first is None:
        return "The clean model solves this puzzle."
    where = "the first at" if outcome.wrong > 1 else "at"
    return f"The clean model gets {_of_hundred(outcome.wrong)} wrong, {where} {cell_name(outcome.first)}."


def _of_ablated(outcome: Outcome, clean: Prediction, ablated: Prediction) -> str:
    if not outcome.finite:
        return "the model's numbers are not finite: it has no answer"
    if outcome.first is not None:
        return _broken(outcome, outcome.first)
    if outcome.fixed:
        stay = f"{outcome.wrong} {'stays' if outcome.wrong == 1 else 'stay'} wrong"
        left = stay if outcome.wrong else "the puzzle is solved"
        return f"{outcome.fixed} wrong {_cells_are(outcome.fixed)} fixed: {left}"
    same = "the answer stays right"
    if outcome.wrong:
        same = f"the same {outcome.wrong} cells stay wrong" if outcome.wrong > 1 else "one cell stays wrong"
    return f"{same}; {_loss(clean.loss.mean(), ablated.loss.mean())}"


def _broken(outcome: Outcome, first: int) -> str:
    n, already = outcome.broken, outcome.wrong - outcome.broken
    count = _of_hundred(n) if not already else f"{n} more {'cell' if n == 1 else 'cells'}"
    told = f"{count} {'goes' if n == 1 else 'go'} wrong"
    told += f", at {cell_name(first)}" if n == 1 else f", from {cell_name(first).replace(',', '')} on"
    told += f"; {_copied(outcome)}"
    if outcome.fixed:
        told += f"; {outcome.fixed} {_cells_are(outcome.fixed)} fixed"
    return told if not already else f"{told} ({outcome.wrong} of {CELLS} are wrong now)"


def _copied(outcome: Outcome) -> str:
    n, copied = outcome.broken, outcome.copied
    if n == 1:
        return "it only had to be copied" if copied else "the rule changes it"
    if copied == 0:
        return "the rule changes all of them"
    return f"{'all' if copied == n else copied} of them only had to be copied"


def _loss(before: float, now: float) -> str:
    if not (isfinite(before) and isfinite(now)):
        return "the loss is not finite"
    if short(before) == short(now):
        return f"the loss stays at {short(now)}"
    return f"the loss {'rises' if now > before else 'falls'} from {short(before)} to {short(now)}"


def _beside(wrong: int, other: int, decoding: Decoding) -> Iterable[str]:
    """The count of the other answer, if it is another: the board shows teacher-forced ones."""
    if wrong == other:
        return []
    if decoding == "greedy":
        return [f"Given the true cells before each, {other or 'none'} {'is' if other == 1 else 'are'} wrong."]
    return [f"When the model draws by itself, {other or 'none'} {'is' if other == 1 else 'are'} wrong."]


def _of_hundred(n: int) -> str:
    return f"{n} of {CELLS} cells"


def _cells_are(n: int) -> str:
    return "cell is" if n == 1 else "cells are"
