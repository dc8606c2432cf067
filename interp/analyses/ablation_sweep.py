"""Ablation sweep: the loss with each component ablated in turn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.ablation import (
    NO_ABLATION,
    ZERO,
    Ablation,
    Component,
    Method,
    Need,
    ReferenceMeans,
    RowMeans,
    Term,
    check_ablation,
    fitting,
    means_for,
)
from interp.analyses.question import Question, means_over, tokens_of
from interp.engine.answers import AnswerLoss, all_right, score
from interp.engine.forward import Gates, Residual, finish_layer, heads_out, run_layer, tail, unembed
from interp.engine.measures import METRICS, Measure, Metric
from interp.engine.predict import answer_logits
from interp.engine.trunk import Trunk
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample, off_lines, options_of, program_of
from interp.grids import CELLS
from interp.model import PuzzleGPT
from interp.model.hooks import changes_forward, check_not_planted
from interp.numbers import compared, count, short
from interp.puzzles import Puzzle
from interp.resumable import Steps, without_gradients
from interp.tokens import ANSWER_START, GRID_TOKENS, TokensLike, puzzle_tokens

Scope = Literal["everywhere", "answer", "stretch"]
"""Where a component is off: at every position, at the 101 that predict the answer, or at :data:`STRETCH` of
those in a row."""

STRETCH = 40
"""Positions of the scope "stretch": less than half of the answer's."""

SMALLEST_LOSS = 1e-7
"""A loss of exactly 0 has no logarithm; it is taken for this."""

CHUNK = 8
"""Puzzles whose residual streams are kept at a time: 0.4 MB a puzzle and layer at d_model 256."""
ROWS = 16
"""Rows of one pass: the MLP's activations, the largest, take 1.7 MB a row at d_mlp 1024."""


@dataclass(frozen=True, eq=False)
class SweepRow:
    """The model with one more component switched off (``None``: the run everything is compared with).

    Attributes:
        component: what was switched off on top of the base ablation.
        loss: on the answer of every puzzle.
        right: which cells of the answer are right, row by row: the likeliest token of each, given the true
            ones before it.
    """

    component: Component | None
    loss: AnswerLoss
    right: Bool[np.ndarray, "puzzle 100"]

    @property
    def solved(self) -> Bool[np.ndarray, " puzzle"]:
        """Which puzzles greedy decoding solves: those whose cells are all right."""
        return all_right(self.right)

    def cells_broken(self, clean: "SweepRow") -> float:
        """How many of the 100 cells that are right in the clean run are wrong here, mean over the puzzles;
        nan where there is none."""
        return _per_puzzle(clean.right & ~self.right)

    def cells_fixed(self, clean: "SweepRow") -> float:
        """How many that are wrong in the clean run are right here, mean over the puzzles."""
        return _per_puzzle(~clean.right & self.right)

    def flips(self, clean: "SweepRow") -> tuple[Int[np.ndarray, " broken"], Int[np.ndarray, " mended"]]:
        """Numbers of the puzzles that went from solved to wrong, and of those that went from wrong to
        solved."""
        return np.flatnonzero(clean.solved & ~self.solved), np.flatnonzero(~clean.solved & self.solved)

    def brief(self, clean: "SweepRow", metric: Metric = "final") -> dict[str, str | float]:
        """The row as the command line shows it; ``delta`` is the loss less the clean run's."""
        assert self.component is not None
        loss = self.loss.mean(metric)
        return {
            "component": self.component.text,
            "cells_broken": self.cells_broken(clean),
            "cells_fixed": self.cells_fixed(clean),
            "loss": loss,
            "delta": loss - clean.loss.mean(metric),
        }

    def first(self, n: int) -> "SweepRow":
        """The same over its first ``n`` puzzles."""
        return SweepRow(self.component, self.loss[:n], self.right[:n])


def value(row: SweepRow, measure: Measure) -> float:
    """What a row is by this measure: wrong cells of 100 a puzzle, a loss in nats, or the share of puzzles
    solved; nan where there is nothing to measure."""
    if measure == "wrong":
        return _per_puzzle(~row.right)
    if measure != "answers":
        return row.loss.mean(measure)
    return float(row.solved.mean()) if len(row.solved) else float("nan")


def _per_puzzle(cells: Bool[np.ndarray, "puzzle 100"]) -> float:
    """How many cells these are, mean over the puzzles; nan where there is no puzzle."""
    return float(cells.sum(1).mean()) if len(cells) else float("nan")


def same_puzzles(row: SweepRow, clean: SweepRow) -> tuple[SweepRow, SweepRow]:
    """Both rows over the puzzles that both know: a sweep under way knows fewer of some rows than of
    others."""
    n = min(len(row.solved), len(clean.solved))
    return row.first(n), clean.first(n)


def cost(row: SweepRow, clean: SweepRow, measure: Measure) -> float:
    """What switching a component off costs, over the puzzles that both rows know; below 0 where it helps.

    Returns:
        In the measure's own unit: cells broken less cells fixed (of 100, mean over the puzzles), nats more
        of loss, or the share of answers lost (1: all); nan where there is nothing to compare, or a loss is
        not finite.
    """
    row, clean = same_puzzles(row, clean)
    now, before = value(row, measure), value(clean, measure)
    if not (np.isfinite(now) and np.isfinite(before)):
        return float("nan")
    return before - now if measure == "answers" else now - before


@dataclass(frozen=True, eq=False)
class SweepPart:
    """Some puzzles of one row of a sweep, as soon as they are computed.

    Attributes:
        row: of which row: 0 is the run without any component, k + 1 the k-th component.
        start: number of the first of these puzzles.
        loss, right: as in :class:`SweepRow`.
    """

    row: int
    start: int
    loss: AnswerLoss
    right: Bool[np.ndarray, "puzzle 100"]


@without_gradients
def sweep_parts(
    model: PuzzleGPT,
    tokens: TokensLike,
    components: Iterable[Component],
    *,
    base: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
    scope: Scope = "everywhere",
) -> Steps[SweepPart, None]:
    """Ablate each component in turn, on top of ``base``, for ``CHUNK`` puzzles at a time.

    Ablating a component of layer l changes nothing below it: the residual stream before every layer is kept
    from the run without, and each component starts from there. Its rows are computed ``ROWS`` at a time,
    several components together. Memory depends on neither the number of puzzles nor that of components.

    With the scope "answer" each component is off only at the 101 positions that predict the answer; what
    earlier positions hand on is left as it was. That is another experiment, exact in itself, a quarter of the
    work, and a first look at "everywhere": it misses what a component does by preparing the grids before. The
    scope "stretch" is a quicker look still, and only a look: off at :data:`STRETCH` positions in a row, those
    of the most changed cells; the other positions keep what they have in the run without.

    Yields:
        Parts of rows; and ``None`` after every layer's work, so that whoever asked can give way to others or
        stop. No step takes longer than one layer of ``ROWS`` rows.
    """
    tokens, listed, hooked = puzzle_tokens(tokens), list(components), changes_forward(model)
    check_sweep(model, tokens, listed, method, scope, hooked)
    for start in range(0, len(tokens), CHUNK):
        prompt = model.prompt(tokens[start : start + CHUNK])
        if hooked:
            yield from _hooked_parts(model, prompt, start, listed, base, means, method)
            continue
        chunk = Chunk(model, prompt, start, base, means_for(model, prompt, means, base, method), scope)
        yield from chunk.clean()
        for _, group in groupby(enumerate(listed, start=1), key=lambda item: item[1].layer):
            yield from chunk.layer(list(group), method)


def check_sweep(
    model: PuzzleGPT,
    tokens: np.ndarray,
    listed: Sequence[Component],
    method: Method,
    scope: Scope,
    hooked: bool,
) -> None:
    """See that a sweep can be done, before any of it is."""
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to sweep over: choose at least one.")
    if scope != "everywhere" and not method.partial_scopes:
        raise PuzzlescopeError(
            f"A pattern is replaced everywhere or not at all: scope '{scope}' takes zero or mean, or"
            " another method that replaces outputs."
        )
    if scope != "everywhere":
        check_not_planted(model, f"sweeps of scope '{scope}'")
    if scope != "everywhere" and hooked:
        raise PuzzlescopeError(
            f"With hooks of yours on the model parts are switched off everywhere: scope '{scope}' cannot be"
            " had; leave it out, or take the hooks off with model.reset_hooks()."
        )
    for component in listed:
        check_ablation(Ablation((term_of(component, method),)), model.cfg)


def _hooked_parts(
    model: PuzzleGPT,
    prompt: Int[Tensor, "puzzle 405"],
    start: int,
    listed: list[Component],
    base: Ablation,
    means: ReferenceMeans | None,
    method: Method,
) -> Steps[SweepPart, None]:
    """The parts of the result for some puzzles with a user's hooks: a whole pass for every component, for who
    knows what they change."""
    for row, component in enumerate([None, *listed]):
        off = base if component is None else base.with_term(term_of(component, method))
        yield SweepPart(row, start, *score(answer_logits(model, prompt, off, means), prompt))


def term_of(component: Component, method: Method) -> Term:
    """What a sweep by a method does to a component: a method that fits some kinds of components only is
    swept with the default one on the others, if it is made for sweeps
    (:attr:`interp.ablation.Method.swept`)."""
    return Term(component, fitting(method, component) if method.swept else method)


def positions_off(scope: Scope, prompt: Int[Tensor, "puzzle 405"]) -> slice:
    """The positions at which a sweep over these puzzles has parts off; logits at a position predict the token
    after it."""
    first, end = ANSWER_START - 1, prompt.shape[1] - 1
    if scope == "everywhere":
        return slice(0, end)
    if scope == "stretch":
        changed = prompt[:, ANSWER_START:] != prompt[:, ANSWER_START - GRID_TOKENS : ANSWER_START]
        changed[:, 0] = False  # the marker always differs
        cells = changed.sum(0).cumsum(0)
        inside = cells[STRETCH - 1 :] - torch.cat([cells.new_zeros(1), cells[:-STRETCH]])
        first += int(inside.argmax())
        end = first + STRETCH
    return slice(first, end)


class Chunk:
    """A few puzzles: the run that everything is compared with, and those that branch off it.

    Args:
        start: number of the first of the puzzles.
        base: the ablation of the run that the others branch off.
        means: those of the prompt's rows, where they are needed.
    """

    def __init__(
        self,
        model: PuzzleGPT,
        prompt: Int[Tensor, "puzzle 405"],
        start: int,
        base: Ablation,
        means: RowMeans | None,
        scope: Scope = "everywhere",
    ):
        self.prompt, self.start = prompt, start
        self.trunk = Trunk(model, prompt[:, :-1], base, means, where=positions_off(scope, prompt))
        self.logits: Float[Tensor, "puzzle answer vocab"] | None = None
        self.heads: dict[int, Float[Tensor, "puzzle pos head d_head"] | None] = {}

    def clean(self, row: int = 0, known: Sequence[Residual] = ()) -> Steps[SweepPart, None]:
        """The run that everything here is compared with.

        Args:
            row: its number.
            known: the residual stream before the first layers, of a run that is the same up to there.
        """
        resid = yield from self.trunk.grow(known=known)
        self.logits = unembed(self.trunk.model, resid)
        yield self._part(row, self.logits)

    def layer(self, group: list[tuple[int, Component]], method: Method) -> Steps[SweepPart, None]:
        """Rows of components of one layer."""
        at_once = max(1, ROWS // len(self.prompt))
        for first in range(0, len(group), at_once):
            yield from self._components(group[first : first + at_once], method)

    def _components(self, group: list[tuple[int, Component]], method: Method) -> Steps[SweepPart, None]:
        trunk = self.trunk
        terms = [term_of(component, method) for _, component in group]
        gates = trunk.gates(*(trunk.base.with_term(term) for term in terms))
        (layer,) = {component.layer for _, component in group}
        resid = self._first_layer(
            layer, gates, len(group), share=not any(term.method.changes_pattern for term in terms)
        )
        yield None
        resid = yield from trunk.branch(layer + 1, resid, gates)
        for (row, _), own in zip(group, resid.split(len(self.prompt)), strict=True):
            yield self._part(row, self._whole(unembed(trunk.model, own)))

    def _first_layer(
        self, layer: int, gates: Gates, n: int, *, share: bool
    ) -> Float[Tensor, "row pos d_model"]:
        """The layer that ``n`` components are of. They share what its heads find, unless they change where
        heads look."""
        trunk, own = self.trunk, gates.layers[layer]
        before, asked = trunk.before[layer], trunk.asked(layer)
        if not share or (own.attn is not None and own.attn.shut):
            rows = before.repeat(n, 1, 1)
            return run_layer(trunk.weights, layer, rows, gates, last=asked, kv_cache=trunk.past)
        if layer not in self.heads:
            looks = trunk.gates(trunk.base).layers[layer]
            z = heads_out(trunk.weights, layer, before, looks, trunk.past, asked)
            self.heads = {layer: z}  # of one layer at a time
        found = self.heads[layer]
        z = None if found is None else found.repeat(n, 1, 1, 1)
        rows = tail(before, asked).repeat(n, 1, 1)
        return finish_layer(trunk.weights, layer, rows, z, own, gates.means, trunk.end)

    def _whole(self, logits: Float[Tensor, "puzzle asked vocab"]) -> Float[Tensor, "puzzle answer vocab"]:
        """Those of a stretch among those that the run without has elsewhere."""
        if logits.shape[1] == GRID_TOKENS:
            return logits
        assert self.logits is not None
        first = self.trunk.where.start - (ANSWER_START - 1)
        found = self.logits.clone()
        found[:, first : first + logits.shape[1]] = logits
        return found

    def _part(self, row: int, logits: Float[Tensor, "puzzle answer vocab"]) -> SweepPart:
        return SweepPart(row, self.start, *score(logits, self.prompt))


def sweep(
    model: PuzzleGPT,
    tokens: TokensLike,
    components: Iterable[Component],
    *,
    base: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
    scope: Scope = "everywhere",
) -> Iterator[SweepRow]:
    """Whole rows of :func:`sweep_parts`, in order, the run without any component first: each as soon as it is
    there."""
    tokens, listed, done = puzzle_tokens(tokens), list(components), 0
    state = SweepState(listed, len(tokens))
    for part in sweep_parts(model, tokens, listed, base=base, means=means, method=method, scope=scope):
        if part is not None:
            state.add(part)
        while done < state.whole_rows:
            yield state.row(done)
            done += 1


class SweepState:
    """What is known of a sweep so far, in arrays made once: small results left between large passing ones
    would keep the allocator from using their memory again.

    Args:
        components: that are switched off, in order.
        n: how many puzzles there are.
    """

    def __init__(self, components: Sequence[Component], n: int):
        self.components, self.n = tuple(components), n
        rows = len(self.components) + 1
        self._marker = np.zeros((rows, n), np.float32)
        self._cells = np.zeros((rows, n, CELLS), np.float32)
        self._copied = np.zeros((n, CELLS), bool)
        self._right = np.zeros((rows, n, CELLS), bool)
        self._done = [0] * rows

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return self._marker.nbytes + self._cells.nbytes + self._copied.nbytes + self._right.nbytes

    def add(self, part: SweepPart) -> None:
        """Take up a part that was computed. The parts of a row come in the order of their puzzles."""
        end = part.start + len(part.right)
        assert part.start == self._done[part.row]
        self._marker[part.row, part.start : end] = part.loss.marker
        self._cells[part.row, part.start : end] = part.loss.cells
        self._copied[part.start : end] = part.loss.copied
        self._right[part.row, part.start : end] = part.right
        self._done[part.row] = end  # last: others may be reading

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return sum(self._done) / (self.n * len(self._done))

    @property
    def complete(self) -> bool:
        return self.whole_rows == len(self._done)

    @property
    def whole_rows(self) -> int:
        """How many rows there are, counted from the first, of all puzzles."""
        return sum(1 for _ in takewhile(lambda done: done == self.n, self._done))

    @property
    def finished_rows(self) -> list[SweepRow]:
        """The whole rows, the run without any component first."""
        return [self.row(number) for number in range(self.whole_rows)]

    def row(self, number: int) -> SweepRow:
        """A row over the puzzles it knows so far (number 0: the run without any component)."""
        known = slice(self._done[number])
        loss = AnswerLoss(self._marker[number, known], self._cells[number, known], self._copied[known])
        component = self.components[number - 1] if number else None
        return SweepRow(component, loss, self._right[number, known])

    def summary(self, measure: Measure = "final") -> str:
        """The component with the largest effect so far, in a sentence (:func:`sweep_summary`)."""
        clean, *rows = self.common()
        return sweep_summary(rows, clean, measure)

    def rows(self, puzzles: Sequence[Puzzle], method: Method = ZERO) -> tuple[dict[str, Any], ...]:
        """The sweep for :class:`interp.export.tables.Table`: the run with nothing (more) ablated first, then
        a row a component. Rows of which nothing is known yet are left out.

        Columns: how the component is ablated; over how many puzzles (``n``: a sweep under way knows fewer of
        some rows); wrong cells of 100, and those that broke and that were fixed beside the clean run, each
        given the true cells before it, mean over the puzzles; the loss (nats) in its four cuts, and each less
        that of the clean run over the same puzzles (``delta_...``); how many are solved; ids
        of those that broke (solved before) and mended.

        Args:
            puzzles: those of the sweep, in its order.
        """
        clean, *rows = (self.row(number) for number in range(len(self._done)))
        return sweep_rows(clean, rows, puzzles, method)

    def common(self) -> list[SweepRow]:
        """Every row over the same puzzles: those that all rows know which know any. The run without any
        component first.

        A sweep under way knows more puzzles of some rows than of others; only over the same ones can they be
        compared. Rows that know none yet are empty.
        """
        begun = min((done for done in self._done if done), default=0)
        return [self.row(number).first(begun) for number in range(len(self._done))]


def flipped(state: SweepState, number: int, puzzles: Sequence[Puzzle]) -> tuple[list[Puzzle], list[Puzzle]]:
    """The puzzles that a row of a sweep, counted as :meth:`SweepState.row` does, breaks and mends, as far as
    it is known.

    Args:
        puzzles: those of the sweep, in its order.

    Returns:
        Those that went from solved to wrong, and those that went from wrong to solved.
    """
    if len(puzzles) != state.n:
        raise ValueError(f"The sweep is over {state.n} puzzles, got {len(puzzles)}.")
    row, clean = same_puzzles(state.row(number), state.row(0))
    broken, mended = row.flips(clean)
    return [puzzles[k] for k in broken], [puzzles[k] for k in mended]


# ---- asked and exported ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sweep(Question[SweepState]):
    """Each component ablated in turn, on top of a base, over some puzzles (see :func:`sweep_parts`). The
    state fills up, a few puzzles of every row at a time; with no components it is the run under the base
    alone."""

    puzzles: tuple[Puzzle, ...]
    components: tuple[Component, ...] = ()
    base: Ablation = NO_ABLATION
    method: Method = ZERO
    scope: Scope = "everywhere"

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over(self.puzzles, self.base, self.method)

    @property
    def first_look(self) -> bool:
        return self.scope == "stretch"

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[SweepState, SweepState]:
        state = SweepState(self.components, len(self.puzzles))
        yield state  # the only news: it fills up under the eyes of all who follow
        for part in sweep_parts(
            model,
            tokens_of(self.puzzles),
            self.components,
            base=self.base,
            means=means,
            method=self.method,
            scope=self.scope,
        ):
            if part is not None:
                state.add(part)
            yield None
        return state

    def program(self, model: str, *, sample: Sample | None = None, measure: Measure = "final") -> str:
        """What every component is by the measure when it is ablated, and how many cells and puzzles break
        and are fixed.

        Args:
            sample: the same puzzles in other words than one by one.
        """
        sample = sample or Sample.of(self.puzzles)
        options = options_of(self.base, self.method)
        options += [f"scope={self.scope!r}"] if self.scope != "everywhere" else []
        listed = Ablation.of(map(Term, self.components)).text
        return program_of(
            [f"model = load_model({model!r})", *sample.lines, *off_lines(self.base, self.method)],
            [
                f"parts = list(parse_ablation({listed!r}, model.cfg).components)",
                f"clean, *rows = sweep({', '.join(['model', 'tokens', 'parts', *options])})",
                f"print('nothing', value(clean, {measure!r}), f'{{clean.solved.sum()}} of {{len(tokens)}}"
                f" solved')",
                "for row in rows:",
                "    broken, fixed = row.flips(clean)",
                "    cells = f'{row.cells_broken(clean):.3g} broken, {row.cells_fixed(clean):.3g} fixed'",
                "    flips = f'{len(broken)} broken, {len(fixed)} fixed'",
                f"    print(row.component.text, value(row, {measure!r}), f'cells: {{cells}}; puzzles:"
                " {flips}')",
            ],
        )


def sweep_rows(
    clean: SweepRow, rows: Iterable[SweepRow], puzzles: Sequence[Puzzle], method: Method = ZERO
) -> tuple[dict[str, Any], ...]:
    """A clean run and runs beside it, for :class:`interp.export.tables.Table`; those of which nothing is
    known yet are left out (see :meth:`SweepState.rows`)."""
    return tuple(_export(row, clean, puzzles, method) for row in (clean, *rows) if len(row.solved))


def _export(row: SweepRow, clean: SweepRow, puzzles: Sequence[Puzzle], method: Method) -> dict[str, Any]:
    row, same = same_puzzles(row, clean)
    losses = {cut: row.loss.mean(cut) for cut in METRICS}
    broken, mended = ([puzzles[k].id for k in numbers.tolist()] for numbers in row.flips(same))
    return {
        "component": row.component.text if row.component else "nothing",
        "method": term_of(row.component, method).method.text if row.component else "",
        "n": len(row.right),
        "cells_wrong": value(row, "wrong"),
        "cells_broken": row.cells_broken(same),
        "cells_fixed": row.cells_fixed(same),
        **{f"loss_{cut}": loss for cut, loss in losses.items()},
        **{f"delta_{cut}": loss - same.loss.mean(cut) for cut, loss in losses.items()},
        "solved": int(row.solved.sum()),
        "broken": broken,
        "mended": mended,
    }


def sweep_summary(
    rows: Sequence[SweepRow], clean: SweepRow | None, measure: Measure = "final", *, given: bool = False
) -> str:
    """The largest effect among rows of a sweep in a sentence: of the component that has the largest effect,
    what its loss is beside the clean one, and how many puzzles are solved; and whether losses are not
    finite.

    Args:
        given: whether something is off in the run that all is compared with.
    """
    known = [row for row in rows if clean is not None and not np.isnan(cost(row, clean, measure))]
    diverged = 0 if clean is None else count_diverged([clean, *rows])
    lost = f" In {diverged} of {len(rows) + 1} runs losses are not finite." if diverged else ""
    if clean is None or not known:
        return lost.strip() or "Nothing is measured yet."
    dearest = max(known, key=lambda row: cost(row, clean, measure))
    row, same = same_puzzles(dearest, clean)
    what = f"{row.component.text if row.component else 'nothing'} {_verdict(cost(row, same, measure))}"
    solved = (
        f"{int(row.solved.sum())} of {len(row.solved)} puzzles solved, {int(same.solved.sum())}"
        f" {compared_with(given)}."
    )
    if measure == "answers":
        return f"{what}: {solved}{lost}"
    if measure == "wrong":
        return f"{what}: {cells_in_words(row, same)}; {solved}{lost}"
    against = compared(value(row, measure), value(same, measure), compared_with(given))
    return f"{what}: loss {against}; {solved}{lost}"


def compared_with(given: bool) -> str:
    """Where a number of the run is that others are compared with.

    Args:
        given: whether something is off in it.
    """
    return "with only what is off already" if given else "in the clean run"


def _verdict(dearest: float) -> str:
    """What to say of the component that has the largest effect: it may cost nothing, or help."""
    if dearest > 0:
        return "has the largest effect"
    if dearest < 0:
        return "helps least when ablated, and none costs anything"
    return "costs nothing, and no other does"


def cells_in_words(row: SweepRow, clean: SweepRow) -> str:
    """How many of the answer's cells break and are fixed, mean over the same puzzles: "27 of 100 cells
    broken, 2 fixed"."""
    broken, fixed = row.cells_broken(clean), row.cells_fixed(clean)
    each = "" if len(row.right) == 1 else " a puzzle"
    return f"{count(broken)} of 100 cells broken{f', {count(fixed)} fixed' if fixed else ''}{each}"


def costliest_in_words(rows: Sequence[SweepRow], measure: Measure) -> str:
    """The component that costs most among rows of a sweep, the clean run first: "Costliest: attention of
    layer 1, 27 of 100 cells."; that none costs anything, if so; nothing while nothing is known.
    """
    if not any(len(row.right) for row in rows[1:]):
        return ""
    clean, *others = rows
    row = costliest(others, clean, measure)
    if row is None or row.component is None:
        return "No component costs anything here."
    row, same = same_puzzles(row, clean)
    dear, n = cost(row, same, measure), len(row.right)
    told = f"{short(dear)} nats"
    if measure == "wrong":
        told = f"{count(dear)} of 100 cells{'' if n == 1 else ' a puzzle'}"
    elif measure == "answers":
        told = f"{round(dear * n)} of {n} answers" if n > 1 else "the answer"
    assert row.component is not None
    return f"Costliest: {row.component.words}, {told}."


def costliest(rows: Iterable[SweepRow], clean: SweepRow | None, measure: Measure) -> SweepRow | None:
    """The row that costs most by this measure (:func:`cost`); ``None`` if none is known to cost anything."""
    known = [row for row in rows if clean is not None and cost(row, clean, measure) > 0]
    return max(known, key=lambda row: cost(row, clean, measure)) if known and clean is not None else None


def count_diverged(rows: Sequence[SweepRow]) -> int:
    """Of how many rows a loss is not finite."""
    return sum(not (np.isfinite(row.loss.cells).all() and np.isfinite(row.loss.marker).all()) for row in rows)
