"""Activation patching: which activation of one puzzle's run, put into another's, carries the answer over.

Two runs see two puzzles, the *target* and the *source*, whose grids stand in the same order. One activation
after the other (of a layer, at one block of positions) is copied from the source's run into the target's,
which goes on from there. Where the target's answer becomes the source's, that activation carries what makes
the two differ. (Vig et al., 2020, "Investigating Gender Bias in Language Models Using Causal Mediation
Analysis"; Meng et al., 2022, "Locating and Editing Factual Associations in GPT"; Heimersheim and Nanda, 2024,
"How to use and interpret activation patching".)

The answer's grid holds the target's tokens in both runs (or the source's in both, if told so): they differ in
what was given, not in what has been drawn so far.

*Metric.* For each cell of the answer: the logit of the target's right colour less that of a *contrast*, which
is the source's right colour; or, where that is the same, the most probable other token in the source's run:
what it answers, if it is wrong, or comes closest to. A logit difference, unlike a probability, shows pushes
that are too weak to turn the answer. The *effect* of a patch counts from 0, the target's run left alone, to
1, the source's; it may be negative, or above 1. Where the two runs differ by less than ``LEAST_GAP`` there is
nothing to carry over, and no effect. Over several cells it is the mean of theirs, and the effect that of the
means (:meth:`PatchState.measured`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, Need, ReferenceMeans, means_for
from interp.analyses.ablation_sweep import ROWS
from interp.analyses.question import Question, means_over
from interp.engine.forward import Gates, Residual, tail, unembed
from interp.engine.halves import Halves, attention_half, mlp_half, run_halves
from interp.engine.trunk import Trunk
from interp.errors import PuzzlescopeError
from interp.export.programs import puzzle_of, puzzle_program
from interp.grids import CELLS, N_COLORS, SIZE
from interp.model import Config, PuzzleGPT
from interp.model.hooks import say_ignored
from interp.puzzles import Puzzle, puzzle_name
from interp.resumable import Steps, resumable
from interp.tokens import (
    ANSWER_START,
    GRID_NAMES,
    N_CTX,
    TOKEN_NAMES,
    Structure,
    TokensLike,
    cell_position,
    marker_position,
    one_puzzle,
    structure_of,
)

Kind = Literal["resid_pre", "attn_out", "mlp_out", "z"]
"""What is patched, by TransformerLens's names."""

KINDS: dict[Kind, str] = {
    "resid_pre": "the residual stream before a layer",
    "attn_out": "what an attention layer writes",
    "mlp_out": "what an MLP writes",
    "z": "what a head hands on",
}
assert set(KINDS) == set(get_args(Kind))

Detail = Literal["grids", "rows"]

Prefix = Literal["target", "source"]
"""Whose answer stands in the answer's grid of both runs."""

Cells = int | tuple[int, ...]
"""A cell of the answer (0..99, row by row), or several, over which the metric is averaged."""

LEAST_TOLD = 0.05
"""An effect worth a word."""

LEAST_GAP = 0.5
"""Logits between the two runs: below it there is no effect to speak of."""


@dataclass(frozen=True)
class Block:
    """Some positions that are patched together, start token included: ``first`` to ``last``, both in it."""

    name: str
    first: int
    last: int


EVERYWHERE = Block("everywhere", 0, N_CTX - 1)


def blocks_of(structure: Structure, detail: Detail = "grids") -> tuple[Block, ...]:
    """All positions in blocks: the start token, each grid's marker, and each grid's cells, whole or in rows
    of ten.

    The last position, that of the answer's last cell, predicts nothing; patching it alone would change
    nothing.

    >>> from interp.tokens import STRUCTURES
    >>> [block.name for block in blocks_of(STRUCTURES[0])][:5]
    ['start', '[X]', 'X', '[f(X)]', 'f(X)']
    """
    blocks = [Block("start", 0, 0)]
    for place, which in enumerate(structure.order):
        name, marker = GRID_NAMES[which], marker_position(place)
        blocks.append(Block(f"[{name}]", marker, marker))
        if detail == "grids":
            blocks.append(Block(name, marker + 1, marker + CELLS))
        else:
            blocks += [
                Block(f"{name} row {row + 1}", first, first + SIZE - 1)
                for row in range(SIZE)
                for first in [cell_position(place, row, 0)]
            ]
    return tuple(blocks)


def at_block(block: str) -> str:
    """Where a patch is, for people, by the name of its block."""
    return "at all positions" if block == "everywhere" else f"at {block}"


def recoloured(puzzle: Puzzle, place: int, row: int, column: int, color: int) -> Puzzle:
    """The same puzzle with one cell of one of its first three grids (``place`` 0..2) in another colour: a
    source that differs in one token. The answer stays as it is.

    Raises:
        PuzzlescopeError: if there is no such cell or colour, or the cell has that colour.
    """
    if not (0 <= place < 3 and 0 <= row < SIZE and 0 <= column < SIZE):
        raise PuzzlescopeError(
            f"Expected a grid 0 to 2, and a row and column 0 to {SIZE - 1}, got {place}, {row}, {column}."
        )
    if not 0 <= color < N_COLORS:
        raise PuzzlescopeError(f"A cell is a colour from 0 to {N_COLORS - 1}, got {color}.")
    tokens = puzzle.tokens.copy()
    position = cell_position(place, row, column) - 1  # puzzles come without the start token
    if tokens[position] == color:
        raise PuzzlescopeError(f"That cell has colour {color} already: choose another.")
    tokens[position] = color
    return Puzzle.of(puzzle.task, tokens)


@dataclass(frozen=True)
class Edit:
    """A cell of the puzzle's first three grids (``place`` 0..2) in another colour, counted from 0 as the
    library does."""

    place: int
    row: int
    column: int
    color: int

    @classmethod
    def between(cls, puzzle: Puzzle, other: Puzzle) -> "Edit | None":
        """The edit that makes the other puzzle of this one (:func:`recoloured`), if it is made so."""
        cells = np.argwhere(puzzle.grids != other.grids)
        if puzzle.task != other.task or len(cells) != 1 or cells[0, 0] == 3:
            return None
        place, row, column = cells[0].tolist()
        return cls(place, row, column, int(other.grids[place, row, column]))


def telling_source(puzzle: Puzzle, cell: int, others: Sequence[Puzzle]) -> str | Edit:
    """A source to begin with, whose answer differs from a puzzle's at a cell of the answer (0..99).

    Where the cell is a coloured one that is copied: this puzzle with the cell of the third grid, from which
    it is copied, in the next colour. Else, of the others, the one whose true answers agree with this one's at
    most cells, but not at this one. Where there is none, an edit of the first coloured cell of the third
    grid.

    Args:
        others: puzzles whose grids stand in the same order.

    Returns:
        An edit of the puzzle, or the id of one of the others.
    """
    answer, third = puzzle.grids[3].ravel(), puzzle.grids[2].ravel()
    if answer[cell] == third[cell] > 0:
        return _next_colour(third, cell)
    agreeing = {
        other.id: int((other.grids[3].ravel() == answer).sum())
        for other in others
        if other.grids[3].ravel()[cell] != answer[cell]
    }
    if agreeing:
        return max(agreeing, key=lambda other: agreeing[other])
    return first_edit(puzzle)


def copied_cell(puzzle: Puzzle) -> int | None:
    """The first cell of the answer (0..99) that is coloured and as in the third grid, where an edit of one
    cell has another answer (:func:`telling_source`); ``None`` if there is none."""
    answer, third = puzzle.grids[3].ravel(), puzzle.grids[2].ravel()
    copied = (answer == third) & (third > 0)
    return int(copied.argmax()) if copied.any() else None


def first_edit(puzzle: Puzzle) -> Edit:
    """The first cell of the third grid that is not blank, in the next colour."""
    third = puzzle.grids[2].ravel()
    return _next_colour(third, int((third > 0).argmax()))


def _next_colour(third: UInt8[np.ndarray, "100"], cell: int) -> Edit:
    return Edit(2, cell // SIZE, cell % SIZE, int(third[cell]) % (N_COLORS - 1) + 1)


def site_names(cfg: Config, kind: Kind) -> tuple[str, ...]:
    """What is patched of this kind, layer by layer.

    >>> site_names(Config(n_layers=2, n_heads=2), "z"), site_names(Config(n_layers=2), "mlp_out")
    (('L0.H0', 'L0.H1', 'L1.H0', 'L1.H1'), ('L0.mlp_out', 'L1.mlp_out'))
    """
    layers = range(cfg.n_layers)
    if kind == "z":
        return tuple(f"L{layer}.H{head}" for layer in layers for head in range(cfg.n_heads))
    return tuple(f"L{layer}.{kind}" for layer in layers)


@dataclass(frozen=True, eq=False)
class Measured:
    """The metric at a cell, or its mean over several, in the two runs and with every patch.

    Attributes:
        target, source: of the two runs, in logits.
        values: with each patch; not a number before it is computed.
        effects: 0 is the target's run, 1 the source's; not a number where it is not known yet, or the two
            runs differ too little.
        comparable: whether they differ enough.
    """

    target: float
    source: float
    values: Float[np.ndarray, "site block"]
    effects: Float[np.ndarray, "site block"]
    comparable: bool


class PatchState:
    """What is known so far of activation patching between two puzzles: for every cell of the answer at once.

    Attributes:
        kind: what is patched.
        sites: what of each layer: its name, layer by layer.
        blocks: at which positions; ``EVERYWHERE`` is the last.
        truth: the target's right colour at each cell.
        target, source: the metric of the two runs, at each cell. Not numbers before both are computed.
        contrast: the token whose logit is taken off at each cell; -1 before it is known.
        contrasting: the cells at which the right answers of the two puzzles differ.
        values: the metric with each patch; not a number before it is computed.
    """

    def __init__(
        self, kind: Kind, sites: Sequence[str], blocks: Sequence[Block], truth: Int[np.ndarray, " 100"]
    ):
        self.kind, self.sites, self.blocks, self.truth = kind, tuple(sites), tuple(blocks), truth
        self.target: Float[np.ndarray, " 100"] = np.full(CELLS, np.nan, np.float32)
        self.source: Float[np.ndarray, " 100"] = self.target.copy()
        self.contrast: Int[np.ndarray, " 100"] = np.full(CELLS, -1)
        self.contrasting: Bool[np.ndarray, " 100"] = np.zeros(CELLS, bool)
        self.values: Float[np.ndarray, "site block 100"] = np.full(
            (len(self.sites), len(self.blocks), CELLS), np.nan, np.float32
        )
        self._done = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        arrays = (self.truth, self.target, self.source, self.contrast, self.contrasting, self.values)
        return sum(array.nbytes for array in arrays)

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return self._done / (len(self.sites) * len(self.blocks))

    @property
    def complete(self) -> bool:
        return self._done == len(self.sites) * len(self.blocks)

    def add(self, site: int, block: int, values: Float[np.ndarray, " 100"]) -> None:
        """Take up a patch that was computed."""
        self.values[site, block] = values
        self._done += 1

    @property
    def gap(self) -> Float[np.ndarray, " 100"]:
        """The metric of the source's run less that of the target's, at each cell."""
        with np.errstate(invalid="ignore", over="ignore"):  # of a model that diverged
            return self.source - self.target

    @property
    def most_different(self) -> int:
        """The cell at which the two runs differ most: the first to look at."""
        return int(np.abs(np.nan_to_num(self.gap)).argmax())

    @property
    def comparable(self) -> Bool[np.ndarray, " 100"]:
        """The cells at which the two runs differ enough for an effect."""
        return np.abs(self.gap) >= LEAST_GAP

    def effects(self) -> Float[np.ndarray, "site block 100"]:
        """The effect of every patch on every cell: 0 is the target's run, 1 the source's. Not a number where
        it is not known yet, or the two runs differ too little."""
        gap = np.where(self.comparable, self.gap, np.nan)
        with np.errstate(invalid="ignore", over="ignore"):  # of a model that diverged
            return (self.values - self.target) / gap

    @property
    def contrast_cells(self) -> tuple[int, ...]:
        """The cells at which the right answers of the two puzzles differ."""
        return tuple(np.flatnonzero(self.contrasting).tolist())

    def measured(self, cells: Cells) -> Measured:
        """The metric at a cell, or its mean over several.

        Raises:
            PuzzlescopeError: if there is no cell.
        """
        chosen = [cells] if isinstance(cells, int) else list(cells)
        if not chosen:
            raise PuzzlescopeError("The metric is a mean over at least one cell of the answer, got none.")
        with np.errstate(invalid="ignore", over="ignore"):  # of a model that diverged
            target, source = float(self.target[chosen].mean()), float(self.source[chosen].mean())
            values = self.values[:, :, chosen].mean(-1)
            comparable = abs(source - target) >= LEAST_GAP
            effects = (values - target) / (source - target) if comparable else np.full_like(values, np.nan)
        return Measured(target, source, values, effects, comparable)

    @property
    def diverged(self) -> bool:
        """Whether all is computed and yet not known: what the model computes is not finite."""
        return self.complete and not (np.isfinite(self.target).all() and np.isfinite(self.source).all())

    def summary(self, cells: Cells, n: int = 4) -> str:
        """The largest effects on a cell, or on the mean of several, as a sentence; not that of the whole
        stream everywhere, which is 1 by itself."""
        if self.diverged:
            return "What the model computes here is not finite: there is nothing to compare."
        if np.isnan(self.target).any():
            return "Nothing is measured yet."
        measured = self.measured(cells)
        if not measured.comparable:
            here = "this cell" if isinstance(cells, int) else "these cells"
            return (
                f"The two runs hardly differ at {here}, so there is nothing to carry over: choose one where"
                " they do."
            )
        effects = np.nan_to_num(measured.effects)
        if self.kind == "resid_pre":
            effects = effects[:, :-1]
        order = np.argsort(-np.abs(effects), axis=None)[:n]
        places = [np.unravel_index(k, effects.shape) for k in order]
        largest = [
            f"{self.sites[i]} {at_block(self.blocks[j].name)} {effects[i, j]:.2f}"
            for i, j in places
            if abs(effects[i, j]) >= LEAST_TOLD
        ]
        return f"Largest effects: {'; '.join(largest)}." if largest else "No patch has an effect so far."

    def rows(self, cells: Cells) -> tuple[dict[str, Any], ...]:
        """A row for each patch that is known and one cell of the answer (0..99), or the mean over several,
        for :class:`interp.export.tables.Table`."""
        found = self.measured(cells)
        measured = {**self._where(cells), "target": found.target, "source": found.source}
        return tuple(
            {
                "site": site,
                "block": block.name,
                **measured,
                "patched": float(found.values[i, j]),
                "effect": float(found.effects[i, j]),
            }
            for i, site in enumerate(self.sites)
            for j, block in enumerate(self.blocks)
            if not np.isnan(found.values[i, j])
        )

    def _where(self, cells: Cells) -> dict[str, Any]:
        """The columns that say what is measured."""
        if isinstance(cells, int):
            return {
                "row": cells // SIZE + 1,
                "column": cells % SIZE + 1,
                "toward": TOKEN_NAMES[self.truth[cells]],
                "over": TOKEN_NAMES[self.contrast[cells]],
            }
        places = [f"r{cell // SIZE + 1}c{cell % SIZE + 1}" for cell in cells]
        return {"cells": places, "toward": "the target's colour", "over": "the source's colour"}


@resumable
def activation_patching(
    model: PuzzleGPT,
    target: TokensLike,
    source: TokensLike,
    kind: Kind = "resid_pre",
    *,
    prefix: Prefix = "target",
    detail: Detail = "grids",
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    rows: int = ROWS,
) -> Steps[PatchState, PatchState]:
    """Patch every activation of a kind, at every block and everywhere at once, from the source's run into the
    target's.

    A patch at a layer leaves those below as they are: it starts from the target's residual stream before the
    layer. Blocks that end before the two puzzles first differ hold the same in both runs: what patching them
    does is known without a pass.

    Args:
        target, source: puzzles without start token, their grids in the same order.
        prefix: whose answer stands in the answer's grid of both runs.
        detail: blocks are whole grids, or rows of ten cells.
        ablation: holds in both runs, and with each patch. What is off is the same in both, so its patches
            have no effect.
        rows: patches of one pass.

    Yields:
        The state once, at the start: it fills up. Then ``None``.

    Raises:
        PuzzlescopeError: if the grids of the two puzzles stand in different orders.
    """
    say_ignored(model, "patched runs")
    target, source = one_puzzle(target), one_puzzle(source)
    blocks = (*blocks_of(_same_order(target, source), detail), EVERYWHERE)
    truth = target[ANSWER_START:].astype(np.int64)
    state = PatchState(kind, site_names(model.cfg, kind), blocks, truth)
    state.contrasting[:] = source[ANSWER_START:] != truth
    yield state
    pair = _Pair(model, target, source, prefix, ablation, means)
    yield from pair.run(state)
    everywhere = len(blocks) - 1
    for columns in ([everywhere], range(everywhere)):  # the sum of it first
        for layer in range(model.cfg.n_layers):
            both = pair.layer(layer)
            yield None
            for chosen in _batches(pair, state, layer, columns, rows):
                yield from pair.patch(state, both, chosen)
    return state


def _same_order(target: np.ndarray, source: np.ndarray) -> Structure:
    one, other = structure_of(target), structure_of(source)
    if one != other:
        raise PuzzlescopeError(
            f"Both puzzles must have their grids in the same order, got {one.name} and {other.name}."
        )
    return one


Patch = tuple[int, int]
"""Numbers of a site and of a block."""


def _batches(
    pair: "_Pair", state: PatchState, layer: int, columns: Sequence[int], rows: int
) -> Iterator[list[Patch]]:
    """Patches of one layer at these blocks, so many at a time; those that change nothing are taken up here
    and now."""
    per_layer = len(state.sites) // pair.model.cfg.n_layers
    waiting: list[Patch] = []
    for block in columns:
        for site in range(layer * per_layer, (layer + 1) * per_layer):
            if state.blocks[block].last < pair.first_difference:
                state.add(site, block, state.target)
            else:
                waiting.append((site, block))
    for start in range(0, len(waiting), rows):
        yield waiting[start : start + rows]


@dataclass(frozen=True)
class _Layer:
    """One layer of both runs."""

    number: int
    target: Halves
    source: Halves


class _Pair:
    """The target's run and the source's, and branches of the target's with something of the source's in
    them."""

    def __init__(
        self,
        model: PuzzleGPT,
        target: np.ndarray,
        source: np.ndarray,
        prefix: Prefix,
        ablation: Ablation,
        means: ReferenceMeans | None,
    ):
        drawn = (target if prefix == "target" else source)[ANSWER_START:]
        given = [np.concatenate([tokens[:ANSWER_START], drawn]) for tokens in (target, source)]
        prompts = [model.prompt(tokens[None])[:, :-1] for tokens in given]
        rows = means_for(model, prompts[0], means, ablation)
        self.model, self.ablation = model, ablation
        self.target, self.source = (Trunk(model, prompt, ablation, rows) for prompt in prompts)
        differs = (prompts[0][0] != prompts[1][0]).nonzero()
        self.first_difference = int(differs[0]) if len(differs) else N_CTX
        self.wanted = source[ANSWER_START:].astype(np.int64)

    def run(self, state: PatchState) -> Steps[None, None]:
        """Both runs, and what the metric is and says of them."""
        target = self._logits((yield from self.target.grow()))
        source = self._logits((yield from self.source.grow()))
        state.contrast[:] = self._contrast(source[0], state.truth)
        state.target[:], state.source[:] = _metric(target, state)[0], _metric(source, state)[0]

    def layer(self, number: int) -> _Layer:
        target, source = (
            run_halves(trunk.weights, number, trunk.before[number], trunk.gates(self.ablation))
            for trunk in (self.target, self.source)
        )
        return _Layer(number, target, source)

    def patch(self, state: PatchState, both: _Layer, chosen: list[Patch]) -> Steps[None, None]:
        """Runs of the target, each with one patch at this layer."""
        gates = self.target.gates(*[self.ablation] * len(chosen))
        resid = self._patched(state, both, chosen, gates)
        yield None
        start = both.number if state.kind == "resid_pre" else both.number + 1
        values = _metric(self._logits((yield from self.target.branch(start, resid, gates))), state)
        for (site, block), found in zip(chosen, values, strict=True):
            state.add(site, block, found)

    def _patched(self, state: PatchState, both: _Layer, chosen: list[Patch], gates: Gates) -> Residual:
        """The residual stream with a patch in each row: before the layer if that is what is patched, else
        after it."""
        target, source, weights = both.target, both.source, self.target.weights
        masks = self._masks([state.blocks[block] for _, block in chosen])[:, :, None]
        if state.kind == "resid_pre":
            return torch.where(masks, source.pre, target.pre)
        if state.kind == "mlp_out":
            # Differences, so that where the two runs are alike nothing changes, not even a rounding.
            return target.post + masks * (source.mlp_out - target.mlp_out)
        if state.kind == "attn_out":
            mid = target.mid + masks * (source.attn_out - target.attn_out)
            return mlp_half(weights, both.number, mid, gates)
        heads = torch.tensor([site % self.model.cfg.n_heads for site, _ in chosen], device=self.model.device)
        z = _with_heads(target.z, source.z, masks, heads)
        pre = target.pre.repeat(len(chosen), 1, 1)
        mid = attention_half(weights, both.number, pre, z, gates, gated=True)
        return mlp_half(weights, both.number, mid, gates)

    def _masks(self, blocks: list[Block]) -> Bool[Tensor, "row pos"]:
        positions = np.arange(self.target.prompt.shape[1])
        inside = [(positions >= block.first) & (positions <= block.last) for block in blocks]
        return torch.from_numpy(np.stack(inside)).to(self.model.device)

    def _logits(self, resid: Residual) -> Float[np.ndarray, "row 100 vocab"]:
        return unembed(self.model, tail(resid, CELLS)).float().cpu().numpy()

    def _contrast(
        self, source: Float[np.ndarray, "100 vocab"], truth: Int[np.ndarray, " 100"]
    ) -> Int[np.ndarray, " 100"]:
        others = source.copy()
        others[np.arange(CELLS), truth] = -np.inf
        return np.where(self.wanted != truth, self.wanted, others.argmax(-1))


def _with_heads(
    target: Float[Tensor, "1 pos head d_head"] | None,
    source: Float[Tensor, "1 pos head d_head"] | None,
    masks: Bool[Tensor, "row pos 1"],
    heads: Int[Tensor, " row"],
) -> Float[Tensor, "row pos head d_head"] | None:
    """The target's heads, but in each row one head of the source's where the mask says so. ``None``: the
    layer's attention is ablated."""
    if target is None or source is None:
        return None
    own = torch.arange(target.shape[2], device=target.device) == heads[:, None]  # row head
    return torch.where((masks & own[:, None])[..., None], source, target)


def _metric(logits: Float[np.ndarray, "row 100 vocab"], state: PatchState) -> Float[np.ndarray, "row 100"]:
    """The metric of each row at each cell."""
    cells = np.arange(CELLS)
    with np.errstate(invalid="ignore", over="ignore"):  # of a model that diverged
        return logits[:, cells, state.truth] - logits[:, cells, state.contrast]


# ---- asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patching(Question[PatchState]):
    """Activation patching from the source's run into the target's (see :func:`activation_patching`). The
    state fills up."""

    target: Puzzle
    source: Puzzle
    kind: Kind = "resid_pre"
    detail: Detail = "grids"
    ablation: Ablation = NO_ABLATION

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over([self.target, self.source], self.ablation)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[PatchState, PatchState]:
        return activation_patching.steps(
            model,
            self.target.tokens,
            self.source.tokens,
            self.kind,
            detail=self.detail,
            ablation=self.ablation,
            means=means,
        )

    def program(self, model: str, *, cell: Cells = 0) -> str:
        """The effect of every patch on one cell of the answer, or on the mean of several. The target and the
        source are puzzles of the bank, or the source is the target with one cell in another colour.

        Args:
            cell: 0..99, row by row.
        """
        edit = Edit.between(self.target, self.source)
        made = puzzle_of(puzzle_name(self.source))
        if edit is not None:
            made = f"recoloured(puzzle, {edit.place:d}, {edit.row:d}, {edit.column:d}, {edit.color:d})"
        options = [f"detail={self.detail!r}"] if self.detail != "grids" else []
        options += ["ablation=off"] if self.ablation else []
        options += ["means=means"] if self.ablation.needs_means else []
        given = ", ".join([f"kind={self.kind!r}", *options])
        return puzzle_program(
            model,
            puzzle_name(self.target),
            self.ablation,
            [
                *cell_lines(cell),
                "state = activation_patching(",
                f"    model, puzzle.tokens, source.tokens, {given}",
                ")",
                *EFFECT_LINES,
            ],
            setup=[f"source = {made}"],
        )


EFFECT_LINES = (
    "measured = state.measured(cell)",
    "print('of the runs', measured.target, measured.source)",
    "for site, own in zip(state.sites, measured.effects):  # 0: as without a patch, 1: as the source's run",
    "    print(site, {block.name: round(float(x), 3) for block, x in zip(state.blocks, own)})",
)
"""Lines of a program that print what patches do at ``cell``."""


def cell_lines(cells: Cells) -> list[str]:
    """Lines of a program that say where it is measured."""
    if isinstance(cells, int):
        row, column = divmod(cells, SIZE)
        return [f"cell = 10 * {row:d} + {column:d}"]
    return [f"cell = {tuple(int(one) for one in cells)!r}  # the mean over these"]
