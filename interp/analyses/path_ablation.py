"""Path ablation: the effect of removing one component's output from a single later receiver.

Ablating a component (:mod:`interp.analyses.ablation_sweep`) removes its output from every later reader. Here
it is taken from what **one** later component reads: the queries, keys or values of a head, the input of an
MLP, or the logits; everybody else still reads it (path ablation: the direct edge of Wang et al., 2022,
"Interpretability in the wild", and of Goldowsky-Dill et al., 2023, "Localizing model behavior with path
patching", with the source's output zeroed or put at its mean). What the reader then writes differs, and all
that comes after goes on with it.

The output is taken out of the residual stream **before** the reader's LayerNorm, which so sees, and
normalises anew, the stream as it would be without the source's direct contribution. What the components
between have made of it stays.

Taking a source from all that read it is to switch it off: a test holds the two together.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, get_args

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
    Term,
    means_for,
)
from interp.analyses.ablation_sweep import (
    CHUNK,
    ROWS,
    SweepPart,
    SweepRow,
    SweepState,
    cells_in_words,
    cost,
    sweep_rows,
    value,
)
from interp.analyses.composition import Composition
from interp.analyses.question import Question, means_over, tokens_of
from interp.analyses.readers import HEAD_INPUTS, INPUT_NAMES, Input, Reader, check_readers, readers_of
from interp.engine.answers import score
from interp.engine.forward import Gates, Residual, heads_out, run_layer, tail, unembed
from interp.engine.halves import attention_half, mlp_half
from interp.engine.measures import Measure
from interp.engine.trunk import Trunk
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample, off_lines, options_of, program_of, source_line
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.numbers import compared
from interp.puzzles import Puzzle
from interp.resumable import Steps, resumable
from interp.tokens import TokensLike, puzzle_tokens

Heads = Float[Tensor, "row asked head d_head"]
Asked = Float[Tensor, "row asked d_model"]


class PathState(SweepState):
    """What is known so far of a source taken from one reader after the other: a sweep in whose every row the
    same part is off, but only for that row's reader.

    Args:
        source: what is taken away.
        readers: from whom, in order: row ``k + 1`` is of the ``k``-th.
        n: how many puzzles there are.
    """

    def __init__(self, source: Component, readers: Sequence[Reader], n: int):
        super().__init__([source] * len(readers), n)
        self.source, self.readers = source, tuple(readers)

    def by_reader(self) -> dict[Reader, SweepRow]:
        """The row of every reader over the puzzles that all rows know which know any (see
        :meth:`SweepState.common`)."""
        return dict(zip(self.readers, self.common()[1:], strict=True))

    def costs(self, measure: Measure = "final") -> dict[Reader, float]:
        """What taking the source from each reader costs (see :func:`interp.analyses.ablation_sweep.cost`);
        nan where that is not known yet."""
        clean, *rows = self.common()
        return {reader: cost(row, clean, measure) for reader, row in zip(self.readers, rows, strict=True)}

    def summary(self, measure: Measure = "final") -> str:
        """The reader who misses the source most, so far, in a sentence."""
        costs = {reader: one for reader, one in self.costs(measure).items() if not np.isnan(one)}
        if not costs:
            return "Nothing is measured yet."
        dearest = max(costs, key=lambda reader: abs(costs[reader]))
        if not costs[dearest]:
            return f"No receiver changes this measure without {self.source.text}."
        row = self.by_reader()[dearest]
        clean = self.row(0).first(len(row.solved))
        solved = (
            f"{int(row.solved.sum())} of {len(row.solved)} puzzles solved, {int(clean.solved.sum())} with"
            " no path ablated."
        )
        if measure == "answers":
            return f"{dearest.text} changes most without {self.source.text}: {solved}"
        if measure == "wrong":
            cells = cells_in_words(row, clean)
            return f"{dearest.text} changes most without {self.source.text}: {cells}; {solved}"
        against = compared(value(row, measure), value(clean, measure), "with no path ablated")
        return f"{dearest.text} changes most without {self.source.text}: loss {against}; {solved}"

    def rows(self, puzzles: Sequence[Puzzle], method: Method = ZERO) -> tuple[dict[str, Any], ...]:
        """The run with the source read by everybody first, then a row for every reader without it: the
        columns of :meth:`SweepState.rows`, with ``source`` and ``reader`` in place of the component. Readers
        of whom nothing is known yet are left out."""
        clean, *rows = self.common()
        known = [(reader, row) for reader, row in zip(self.readers, rows, strict=True) if len(row.solved)]
        readers = ["nobody", *(reader.text for reader, _ in known)]
        found = sweep_rows(clean, [row for _, row in known], puzzles, method)
        return tuple(
            {
                "source": self.source.text,
                "reader": reader,
                **{name: value for name, value in row.items() if name != "component"},
            }
            for reader, row in zip(readers, found, strict=False)
        )


@resumable
def path_ablation(
    model: PuzzleGPT,
    tokens: TokensLike,
    source: Component,
    readers: Iterable[Reader] | None = None,
    *,
    base: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
) -> Steps[PathState, PathState]:
    """Take a source from each reader in turn, on top of ``base``.

    Nothing changes below a reader: the residual stream before every layer is kept from the run without, for
    ``CHUNK`` puzzles at a time, and each reader's row starts from there. The readers of a layer share what
    its heads find.

    Args:
        source: an attention layer, a head or an MLP.
        readers: ``None``: every later head's queries, keys and values, every MLP that reads it, and the
            logits.
        means: needed if ``base`` or ``method`` uses means.
        method: what the reader finds in place of what the source writes.

    Yields:
        The state, once, before it begins: it fills up.

    Raises:
        PuzzlescopeError: if there is no puzzle, or a reader does not come after the source.
    """
    tokens = puzzle_tokens(tokens)
    listed = _checked(model, tokens, source, readers)
    state = PathState(source, listed, len(tokens))
    yield state
    rows = sorted(enumerate(listed, start=1), key=lambda item: _order(item[1], model.cfg.n_layers))
    for start in range(0, len(tokens), CHUNK):
        chunk = _Chunk(model, model.prompt(tokens[start : start + CHUNK]), start, source, base, means, method)
        yield from chunk.clean(state)
        for _, group in groupby(rows, key=lambda item: _order(item[1], model.cfg.n_layers)):
            yield from chunk.without(list(group), state)
    return state


def _checked(
    model: PuzzleGPT,
    tokens: TokensLike,
    source: Component,
    readers: Iterable[Reader] | None,
) -> tuple[Reader, ...]:
    say_ignored(model, "effects of paths")
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to measure paths on: choose at least one.")
    cfg = model.cfg
    if source.layer >= cfg.n_layers or (source.head or 0) >= cfg.n_heads:
        raise PuzzlescopeError(f"The model has no {source.text}.")
    return check_readers(readers_of(cfg, source) if readers is None else readers, source, cfg)


def _order(reader: Reader, n_layers: int) -> tuple[int, str]:
    """Readers that are computed together have the same: those of a layer's heads, its MLP, the logits."""
    layer = n_layers if reader.layer is None else reader.layer
    return layer, "attn" if reader.input in HEAD_INPUTS else "mlp"


class _Shown:
    """In place of a key-value cache: it notes the keys and values that a layer makes, and shows it others if
    it has any."""

    length = 0

    def __init__(self, k: Tensor | None = None, v: Tensor | None = None):
        self.k, self.v, self._shows = k, v, k is not None

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if not self._shows:
            self.k, self.v = k, v
        assert self.k is not None and self.v is not None
        return self.k, self.v


class _Chunk:
    """A few puzzles: the run that everything is compared with, what the source adds to its residual stream,
    and the runs that branch off it."""

    def __init__(
        self,
        model: PuzzleGPT,
        prompt: Int[Tensor, "puzzle 405"],
        start: int,
        source: Component,
        base: Ablation,
        means: ReferenceMeans | None,
        method: Method,
    ):
        self.model, self.prompt, self.start = model, prompt, start
        self.source, self.off = source, base.with_term(Term(source, method))
        rows = means_for(model, prompt, means, base, self.off)
        self.trunk = Trunk(model, prompt[:, :-1], base, rows)
        self.weights, self.end = self.trunk.weights, self.trunk.end
        self.after: Asked | None = None
        self.added: Residual | None = None

    # ---- the source taken from one reader after the other ----

    def clean(self, state: PathState) -> Steps[None, None]:
        """The run that everything is compared with: its stream before every layer, and after the last."""
        self.after = yield from self.trunk.grow()
        state.add(self._part(0, self.after))
        before = self.trunk.before[self.source.layer]
        self.added = self._written(before, self.trunk.base) - self._written(before, self.off)
        yield None

    def without(self, group: list[tuple[int, Reader]], state: PathState) -> Steps[None, None]:
        """The rows of readers that are computed together: of a layer's heads, of its MLP, or of the
        logits."""
        reader = group[0][1]
        if reader.layer is None:
            assert self.after is not None
            yield from self._go_on(self.trunk.n_layers, group, self._less(self.after), state)
            return
        layer, resid = reader.layer, self.trunk.before[reader.layer]
        own = self._gates().layers[layer]
        z = heads_out(self.weights, layer, resid, own, last=self.trunk.asked(layer))
        yield None
        if reader.input == "mlp":
            after = self._mlp(layer, self._attention(layer, resid, z), cut=True)
            yield from self._go_on(layer + 1, group, after, state)
            return
        found: dict[Input, Heads | None] = {}
        for name in {reader.input for _, reader in group}:
            found[name] = self._heads(layer, resid, {Reader(name, layer)})
            yield None
        at_once = max(1, ROWS // len(self.prompt))
        for some in (group[first : first + at_once] for first in range(0, len(group), at_once)):
            rows = [_replaced(z, found[reader.input], reader.head) for _, reader in some]
            mid = torch.cat([self._attention(layer, resid, row) for row in rows])
            yield from self._go_on(layer + 1, some, self._mlp(layer, mid), state)

    def _go_on(
        self, layer: int, group: list[tuple[int, Reader]], resid: Residual, state: PathState
    ) -> Steps[None, None]:
        """The rest of the run, from before a layer on, for as many rows as there are readers and puzzles."""
        yield None
        resid = yield from self.trunk.branch(layer, resid, self._gates(len(group)))
        for (row, _), own in zip(group, resid.split(len(self.prompt)), strict=True):
            state.add(self._part(row, own))

    # ---- pieces of a layer ----

    def _written(self, resid: Residual, ablation: Ablation) -> Residual:
        """The stream after the source has written, with this ablation: from that before its layer."""
        layer, gates = self.source.layer, self.trunk.gates(ablation)
        if self.source.kind == "mlp":
            return run_layer(self.weights, layer, resid, gates)
        z = heads_out(self.weights, layer, resid, gates.layers[layer])
        return attention_half(self.weights, layer, resid, z, gates)

    def _less(self, resid: Residual) -> Residual:
        """The stream without what the source added to it."""
        assert self.added is not None
        added = tail(self.added, resid.shape[1])
        return resid - added.repeat(len(resid) // len(added), 1, 1)

    def _heads(self, layer: int, resid: Residual, cut: Collection[Reader]) -> Heads | None:
        """What the layer's heads find when these readers of it do without the source. ``None``: its attention
        is off."""
        own, asked = self._gates().layers[layer], self.trunk.asked(layer)
        if own.attn is not None and own.attn.shut:
            return None
        q, k, v = (self._named(cut, name) for name in HEAD_INPUTS)
        whole, less = _Shown(), _Shown()
        for shown, stream in ((whole, resid), (less, self._less(resid))):
            heads_out(self.weights, layer, stream, own, shown, last=1)  # for their keys and values
        shown = _Shown(_chosen(k, less.k, whole.k), _chosen(v, less.v, whole.v))
        z = heads_out(self.weights, layer, resid, own, shown, asked)
        if not q.any():
            return z
        return _chosen(q, heads_out(self.weights, layer, self._less(resid), own, shown, asked), z, axis=2)

    def _named(self, readers: Collection[Reader], name: Input) -> Bool[Tensor, " head"]:
        """Which heads have this input among these readers of one layer."""
        heads = range(self.model.cfg.n_heads)
        named = {reader.head for reader in readers if reader.input == name}
        return torch.tensor([None in named or head in named for head in heads], device=self.model.device)

    def _attention(self, layer: int, resid: Residual, z: Heads | None) -> Asked:
        """The stream between a layer's attention and its MLP, at the positions asked for."""
        asked = tail(resid, self.trunk.asked(layer))
        return attention_half(self.weights, layer, asked, z, self._gates(), self.end)

    def _mlp(self, layer: int, mid: Asked, *, cut: bool = False) -> Asked:
        """The stream after a layer's MLP, which reads it with or without the source."""
        read = self._less(mid) if cut else mid
        after = mlp_half(self.weights, layer, read, self._gates(len(mid) // len(self.prompt)), self.end)
        return after + (mid - read) if cut else after

    def _part(self, row: int, resid: Asked) -> SweepPart:
        return SweepPart(row, self.start, *score(unembed(self.model, resid), self.prompt))

    def _gates(self, times: int = 1) -> Gates:
        return self.trunk.gates(*[self.trunk.base] * times)


def _replaced(z: Heads | None, found: Heads | None, head: int | None) -> Heads | None:
    """What the heads of a layer find, with one of them (``None``: all) replaced."""
    if z is None or found is None or head is None:
        return found
    z = z.clone()
    z[:, :, head] = found[:, :, head]
    return z


def _chosen(which: Bool[Tensor, " head"], one: Tensor | None, other: Tensor | None, axis: int = 1) -> Tensor:
    """Of every head the one or the other; the heads are along ``axis`` of four."""
    assert one is not None and other is not None
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    return torch.where(which.view(shape), one, other)


# ---- beside the weights ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """How alike two views rank readers.

    Attributes:
        n: how many readers both know.
        rho: Spearman's rank correlation, -1 to 1; nan below three readers, or where one view tells none from
            another.
    """

    n: int
    rho: float


def agreement(
    composition: Composition,
    state: PathState,
    measure: Measure = "final",
    inputs: Collection[Input] = get_args(Input),
) -> Agreement:
    """How alike the weights and the effects rank a source's readers: those with much of what the source
    writes in their weights, beyond chance, and those to whom its absence matters, whichever way the loss
    goes.

    Args:
        inputs: only readers of these kinds.
    """
    excess = {reading.reader: reading.excess for reading in composition.readings(state.source)}
    costs = {
        reader: abs(found)
        for reader, found in state.costs(measure).items()
        if reader in excess and reader.input in inputs and not np.isnan(found)
    }
    by_weights = np.array([excess[reader] for reader in costs])
    return Agreement(len(costs), rank_correlation(by_weights, np.array(list(costs.values()))))


Likeness = Literal["strongly related", "related", "weakly related", "unrelated", "inversely related"]


def agreement_summary(composition: Composition, state: PathState, measure: Measure = "final") -> str:
    """How alike the two views rank the readers, in words, over all of them and by kind."""
    found = agreement(composition, state, measure)
    if np.isnan(found.rho):
        return "Too few readers are measured to compare the two views."
    kinds = {name: agreement(composition, state, measure, [name]) for name in INPUT_NAMES}
    known = (f"{INPUT_NAMES[name]} {one.rho:+.2f}" for name, one in kinds.items() if not np.isnan(one.rho))
    each = ", ".join(known)
    return (
        f"The two rankings are {_likeness(found.rho)} (Spearman's rank correlation {found.rho:.2f},"
        f" n = {found.n}{'; ' + each if each else ''}). Effects count by their size, whether they cost or"
        " help."
    )


def _likeness(rho: float) -> Likeness:
    if rho < -0.2:
        return "inversely related"
    if rho < 0.2:
        return "unrelated"
    if rho < 0.4:
        return "weakly related"
    return "related" if rho < 0.7 else "strongly related"


def rank_correlation(one: Float[np.ndarray, " item"], other: Float[np.ndarray, " item"]) -> float:
    """Spearman's: Pearson's correlation of the ranks, where equal values share the mean of theirs."""
    if len(one) < 3 or len(np.unique(one)) < 2 or len(np.unique(other)) < 2:
        return float("nan")
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Float[np.ndarray, " item"]) -> Float[np.ndarray, " item"]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


# ---- asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PathAblation(Question[PathState]):
    """A source taken from each of its readers in turn, on top of a base, over some puzzles (see
    :func:`path_ablation`). The state fills up."""

    puzzles: tuple[Puzzle, ...]
    source: Component
    base: Ablation = NO_ABLATION
    method: Method = ZERO

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over(self.puzzles, self.base, self.method)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[PathState, PathState]:
        tokens = tokens_of(self.puzzles)
        return path_ablation.steps(
            model, tokens, self.source, base=self.base, means=means, method=self.method
        )

    def program(self, model: str, *, sample: Sample | None = None, measure: Measure = "final") -> str:
        """What taking the source from each of its readers does, by effect.

        Args:
            sample: the same puzzles in other words than one by one.
        """
        sample = sample or Sample.of(self.puzzles)
        options = options_of(self.base, self.method)
        return program_of(
            [
                f"model = load_model({model!r})",
                *sample.lines,
                *off_lines(self.base, self.method),
                source_line(self.source),
            ],
            [
                f"state = path_ablation({', '.join(['model', 'tokens', 'source', *options])})",
                f"print('all paths intact', value(state.row(0), {measure!r}))",
                "for reader, row in state.by_reader().items():",
                f"    print(reader.text, value(row, {measure!r}), f'{{row.solved.sum()}} of {{len(tokens)}}"
                f" solved')",
            ],
        )
