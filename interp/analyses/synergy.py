"""Pairs of components: what two that are off together cost beyond what each of them costs alone.

    synergy(a, b) = loss(a and b off) - loss(a off) - loss(b off) + loss(clean)

the interaction of two factors in a factorial experiment (Fisher, 1935, "The Design of Experiments"). It is 0
where the two add up. Above 0 they **replace one another**: either alone does nearly as well as both, so that
ablating one by one finds neither (the backup heads of Wang et al., 2022, "Interpretability in the wild",
section 3.4; McGrath et al., 2023, "The hydra effect"). Below 0 they are **needed together**: one loses
already what both are for, as links of one chain do.

In place of the loss stands any measure (:mod:`interp.engine.measures`), counted as a cost: wrong cells, nats,
or the share of answers lost.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from math import isfinite
from typing import Any

import numpy as np
from jaxtyping import Float

from interp.ablation import (
    NO_ABLATION,
    ZERO,
    Ablation,
    Component,
    Method,
    Need,
    ReferenceMeans,
    Term,
    components_of,
    means_for,
)
from interp.analyses.ablation_sweep import CHUNK, ROWS, Chunk, SweepPart, check_sweep, term_of
from interp.analyses.question import Question, means_over, tokens_of
from interp.engine.answers import score
from interp.engine.measures import MEASURES, Measure
from interp.engine.predict import answer_logits
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample, off_lines, options_of, program_of
from interp.grids import CELLS
from interp.model import PuzzleGPT
from interp.model.hooks import changes_forward
from interp.numbers import count, short
from interp.puzzles import Puzzle
from interp.resumable import Steps, resumable
from interp.tokens import GRID_TOKENS, TokensLike, puzzle_tokens

LISTED = 5
"""Pairs that are told in words."""

LEAST: dict[str, float] = {"wrong": 0.5, "answers": 1e-9}
"""From which synergy on a pair is worth telling: half a cell a puzzle, any answer; for a loss
:data:`LEAST_LOSS`."""
LEAST_LOSS = 1e-3
"""In nats: where the scale of the colours begins."""


@dataclass(frozen=True)
class PairEffect:
    """Two components, and what they cost by a measure.

    Attributes:
        a, b: in the order in which they were named.
        together: what it costs to have both off.
        alone: what each of them costs alone.
    """

    a: Component
    b: Component
    together: float
    alone: tuple[float, float]

    @property
    def synergy(self) -> float:
        """What both together cost beyond the sum of what they cost alone."""
        return self.together - sum(self.alone)

    @property
    def names(self) -> str:
        """Both, as a chart and a click name them.

        >>> PairEffect(Component(0, "head", 1), Component(2, "mlp"), 3.0, (1.0, 0.5)).names
        'L0.H1+L2.mlp'
        """
        return f"{self.a.text}+{self.b.text}"

    def in_words(self, measure: Measure, n: int) -> str:
        """What they cost together and alone: "together 31 of 100 cells, alone 1 and 2".

        Args:
            n: over how many puzzles.
        """
        first, second = (_bare(one, measure, n) for one in self.alone)
        return f"together {amount(self.together, measure, n)}, alone {first} and {second}"


class SynergyState:
    """What is known so far of all pairs of some components: of every run and puzzle a few sums, so that its
    size is 26 bytes for each of them.

    Args:
        parts: the components.
        n: how many puzzles there are.
    """

    def __init__(self, parts: Sequence[Component], n: int):
        self.parts, self.n = tuple(parts), n
        runs = 1 + len(self.parts) + len(self.parts) * (len(self.parts) - 1) // 2
        self._nats = np.zeros((runs, n, 3))  # of the marker, of all copied cells and of all changed ones
        self._wrong = np.zeros((runs, n), np.int16)
        self._cells = np.zeros((n, 2), np.int16)  # copied, changed
        self._done = np.zeros(runs, np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return self._nats.nbytes + self._wrong.nbytes + self._cells.nbytes + self._done.nbytes

    def number(self, *parts: int) -> int:
        """Which run has these of the components off: none, one, or two."""
        if len(parts) < 2:
            return 1 + parts[0] if parts else 0
        i, j = sorted(parts)
        return 1 + len(self.parts) + i * len(self.parts) - i * (i + 1) // 2 + j - i - 1

    def add(self, part: SweepPart) -> None:
        """Take up some puzzles of a run. Those of a run come in their order."""
        end = part.start + len(part.right)
        assert part.start == self._done[part.row]
        here, copied = (part.row, slice(part.start, end)), part.loss.copied
        self._nats[(*here, 0)] = part.loss.marker
        self._nats[(*here, 1)] = np.where(copied, part.loss.cells, 0).sum(1, dtype=np.float64)
        self._nats[(*here, 2)] = np.where(copied, 0, part.loss.cells).sum(1, dtype=np.float64)
        self._wrong[here] = (~part.right).sum(1)
        self._cells[here[1]] = np.stack([copied.sum(1), (~copied).sum(1)], 1)
        self._done[part.row] = end  # last: others may be reading

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return float(self._done.sum() / (self.n * len(self._done)))

    @property
    def complete(self) -> bool:
        return bool((self._done == self.n).all())

    @property
    def known(self) -> int:
        """Over how many puzzles all is told: those that every run knows which knows any."""
        begun = self._done[self._done > 0]
        return int(begun.min()) if len(begun) else 0

    def costs(self, measure: Measure = "final") -> Float[np.ndarray, " part"]:
        """What each component costs alone, in the measure's own unit
        (:func:`interp.analyses.ablation_sweep.cost`); nan where that is not known yet, or not finite."""
        return self._costs(measure)[1 : 1 + len(self.parts)]

    def together(self, measure: Measure = "final") -> Float[np.ndarray, "part other"]:
        """What each two of them cost together; symmetric, nan on the diagonal and where it is not known
        yet."""
        found = np.full((len(self.parts), len(self.parts)), np.nan)
        upper = np.triu_indices(len(self.parts), 1)  # in the order of the runs
        found[upper] = self._costs(measure)[1 + len(self.parts) :]
        found.T[upper] = found[upper]
        return found

    def synergy(self, measure: Measure = "final") -> Float[np.ndarray, "part other"]:
        """What each two of them cost together beyond the sum of what they cost alone; symmetric, nan on the
        diagonal and where it is not known yet."""
        alone = self.costs(measure)
        return self.together(measure) - (alone[:, None] + alone)

    def _costs(self, measure: Measure) -> Float[np.ndarray, " run"]:
        known = self.known
        if known == 0:
            return np.full(len(self._done), np.nan)
        found = self._values(measure, known)
        with np.errstate(invalid="ignore"):
            found = np.where(np.isfinite(found - found[0]), found - found[0], np.nan)
        found[self._done < known] = np.nan
        return found

    def _values(self, measure: Measure, n: int) -> Float[np.ndarray, " run"]:
        """What every run is by a measure over the first puzzles, the larger the worse."""
        nats, wrong, cells = self._nats[:, :n], self._wrong[:, :n], self._cells[:n].sum(0, dtype=np.int64)
        match measure:
            case "wrong":
                return wrong.mean(1)
            case "answers":
                return (wrong > 0).mean(1)
            case "final":
                return nats.sum((1, 2)) / (n * GRID_TOKENS)
            case "cells":
                return nats[:, :, 1:].sum((1, 2)) / (n * CELLS)
        cut = 0 if measure == "copied" else 1
        if not cells[cut]:
            return np.full(len(nats), np.nan)
        found: Float[np.ndarray, " run"] = nats[:, :, 1 + cut].sum(1) / cells[cut]
        return found

    def pairs(self, measure: Measure = "final") -> list[PairEffect]:
        """All pairs of which both effects are known, those first that replace one another most."""
        alone, both = self.costs(measure), self.together(measure)
        found = [
            PairEffect(self.parts[i], self.parts[j], float(both[i, j]), (float(alone[i]), float(alone[j])))
            for i, j in combinations(range(len(self.parts)), 2)
            if np.isfinite(both[i, j] - alone[i] - alone[j])
        ]
        return sorted(found, key=lambda pair: -pair.synergy)

    def replacing(self, measure: Measure = "final", most: int = LISTED) -> list[PairEffect]:
        """The pairs that replace one another most, if it is worth telling."""
        return worth_telling(self.pairs(measure), measure, most)

    def summary(self, measure: Measure = "final") -> str:
        """Which two replace one another most, and which are needed together most, in two sentences."""
        return pairs_in_words(self.pairs(measure), measure, self.known)

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row for every pair that is known, for :class:`interp.export.tables.Table`: over how many puzzles
        (``n``), and by every measure the synergy, what both cost together and what each costs alone, each in
        the measure's own unit: wrong cells of 100 a puzzle, nats, or the share of answers lost."""
        tables = {one: (self.synergy(one), self.together(one), self.costs(one)) for one in MEASURES}
        known = self.known
        return tuple(
            {"a": self.parts[i].text, "b": self.parts[j].text, "n": known}
            | {
                f"{name}_{measure}": float(value)
                for measure, (synergy, both, alone) in tables.items()
                for name, value in (
                    ("synergy", synergy[i, j]),
                    ("together", both[i, j]),
                    ("a_alone", alone[i]),
                    ("b_alone", alone[j]),
                )
            }
            for i, j in combinations(range(len(self.parts)), 2)
            if known and self._done[self.number(i, j)] >= known
        )


def worth_telling(pairs: Sequence[PairEffect], measure: Measure, most: int = LISTED) -> list[PairEffect]:
    """Of pairs as :meth:`SynergyState.pairs` has them, those that replace one another enough to tell."""
    least = least_told(measure)
    return [pair for pair in pairs[:most] if pair.synergy >= least]


def pairs_in_words(pairs: Sequence[PairEffect], measure: Measure, n: int) -> str:
    """Which two of these replace one another most, and which are needed together most, in two sentences.

    Args:
        pairs: as :meth:`SynergyState.pairs` has them.
        n: over how many puzzles.
    """
    if not pairs:
        return "Nothing is measured yet." if not n else "There is nothing to compare by this measure."
    first, last, told = pairs[0], pairs[-1], []
    if first.synergy >= least_told(measure):
        names = f"{first.a.text} and {first.b.text}"
        told.append(f"{names} replace one another most: {first.in_words(measure, n)}.")
    else:
        told.append("No two replace one another: no pair costs more together than both alone.")
    if -last.synergy >= least_told(measure):
        names = f"{last.a.text} and {last.b.text}"
        told.append(f"{names} are needed together most: {last.in_words(measure, n)}.")
    return " ".join(told)


def least_told(measure: Measure) -> float:
    """From which synergy on a pair is worth telling, in the measure's own unit."""
    return LEAST.get(measure, LEAST_LOSS)


def amount(change: float, measure: Measure, n: int) -> str:
    """A cost by a measure with its unit: "31 of 100 cells", "0.48 nats", "3 of 16 answers".

    Args:
        n: over how many puzzles.
    """
    unit = {"wrong": " of 100 cells", "answers": f" of {n} answers"}.get(measure, " nats")
    return f"{_bare(change, measure, n)}{unit}"


def _bare(change: float, measure: Measure, n: int) -> str:
    if measure == "answers" and isfinite(change):
        return str(round(change * n)).replace("-", "−")
    return (count(change) if measure == "wrong" else short(change)).replace("-", "−")


@resumable
def synergy(
    model: PuzzleGPT,
    tokens: TokensLike,
    parts: Iterable[Component] | None = None,
    *,
    base: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
) -> Steps[SynergyState, SynergyState]:
    """Ablate each two components together, and each alone, on top of ``base``.

    Two heads of layers k <= l off together are, before layer l, the run with the first off alone: that one is
    kept, and a row for every later component starts from there (:class:`interp.engine.trunk.Trunk`); it
    starts itself from the run with neither off. Residual streams of two runs of a few puzzles are kept at a
    time, however many pairs there are.

    Args:
        parts: heads, attention layers or MLPs; ``None``: every head of the model.
        means: needed if ``base`` or ``method`` uses means.

    Yields:
        The state, once, before it begins: it fills up. Then ``None`` at every pause, after a layer's work.

    Raises:
        PuzzlescopeError: if there is no puzzle, fewer than two components, or one twice.
    """
    tokens, listed = puzzle_tokens(tokens), _listed(model, parts)
    hooked = changes_forward(model)
    check_sweep(model, tokens, listed, method, "everywhere", hooked)
    state = SynergyState(listed, len(tokens))
    yield state
    at_once = _puzzles_at_once(listed)
    for start in range(0, len(tokens), at_once):
        prompt = model.prompt(tokens[start : start + at_once])
        if hooked:
            for row, off in _runs(state, base, method):
                state.add(SweepPart(row, start, *score(answer_logits(model, prompt, off, means), prompt)))
                yield None
            continue
        whole = Chunk(model, prompt, start, base, means_for(model, prompt, means, base, method))
        yield from _taken_up(state, whole.clean())
        yield from _branches(state, whole, method)
    return state


def _listed(model: PuzzleGPT, parts: Iterable[Component] | None) -> tuple[Component, ...]:
    listed = tuple(components_of(model.cfg, ["head"]) if parts is None else parts)
    if len(listed) < 2:
        raise PuzzlescopeError(f"Pairs need at least two components, got {len(listed)}: name another one.")
    twice = next((part for k, part in enumerate(listed) if part in listed[:k]), None)
    if twice is not None:
        raise PuzzlescopeError(f"Each component can be named once, but {twice.text} is there twice.")
    return listed


def _puzzles_at_once(listed: Sequence[Component]) -> int:
    """So few that the components of one layer fill a pass: then all pairs are there soonest, and more of the
    same at a time would not be quicker."""
    layers = [part.layer for part in listed]
    return max(1, min(CHUNK, ROWS // max(map(layers.count, layers))))


def _runs(state: SynergyState, base: Ablation, method: Method) -> Iterator[tuple[int, Ablation]]:
    """Every run by its number, with what is off in it."""
    yield 0, base
    terms = [term_of(part, method) for part in state.parts]
    for i, term in enumerate(terms):
        yield state.number(i), base.with_term(term)
    for i, j in combinations(range(len(terms)), 2):
        yield state.number(i, j), base.with_term(terms[i]).with_term(terms[j])


def _branches(state: SynergyState, whole: Chunk, method: Method) -> Steps[SynergyState, None]:
    """The runs of some puzzles with one off, and off these the runs with two: the last component first, so
    that a pair is known as soon as its run is there."""
    order = sorted(range(len(state.parts)), key=lambda k: state.parts[k].layer)
    trunk = whole.trunk
    for place in reversed(range(len(order))):
        first = order[place]
        part = state.parts[first]
        off = trunk.base.with_term(term_of(part, method))
        one = Chunk(trunk.model, whole.prompt, whole.start, off, trunk.means)
        yield from _taken_up(state, one.clean(state.number(first), trunk.before[: part.layer + 1]))
        rows = [(state.number(first, other), state.parts[other]) for other in order[place + 1 :]]
        for _, group in groupby(rows, key=lambda row: row[1].layer):
            yield from _taken_up(state, one.layer(list(group), method))


def _taken_up(state: SynergyState, steps: Steps[SweepPart, None]) -> Steps[SynergyState, None]:
    for part in steps:
        if part is not None:
            state.add(part)
        yield None


@dataclass(frozen=True)
class Synergy(Question[SynergyState]):
    """Each two components ablated together and each alone, on top of a base, over some puzzles (see
    :func:`synergy`). The state fills up; with no components named, of every head."""

    puzzles: tuple[Puzzle, ...]
    parts: tuple[Component, ...] = ()
    base: Ablation = NO_ABLATION
    method: Method = ZERO

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over(self.puzzles, self.base, self.method)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[SynergyState, SynergyState]:
        return synergy.steps(
            model,
            tokens_of(self.puzzles),
            self.parts or None,
            base=self.base,
            means=means,
            method=self.method,
        )

    def program(self, model: str, *, sample: Sample | None = None, measure: Measure = "final") -> str:
        """The pairs that replace one another most, with what they cost together and alone.

        Args:
            sample: the same puzzles in other words than one by one.
        """
        sample = sample or Sample.of(self.puzzles)
        loaded = [f"model = load_model({model!r})", *sample.lines, *off_lines(self.base, self.method)]
        parts = []
        if self.parts:
            named = Ablation.of(map(Term, self.parts)).text
            loaded.append(f"parts = list(parse_ablation({named!r}, model.cfg).components)")
            parts = ["parts"]
        arguments = ["model", "tokens", *parts, *options_of(self.base, self.method)]
        return program_of(
            loaded,
            [
                f"state = synergy({', '.join(arguments)})",
                f"for pair in state.pairs({measure!r})[:20]:",
                "    print(pair.names, pair.synergy, f'together {pair.together}, alone {pair.alone}')",
            ],
        )
