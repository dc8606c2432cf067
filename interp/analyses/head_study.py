"""What every head attends to, over any number of puzzles: by attention offset, and by cell of each grid.

A study of the heads never holds more than one layer's pattern of a few puzzles. It keeps three sums of each
pattern, all linear in it: by distance (query less key), by key, and, where the answer's cells are predicted,
by the offset between the cell that is looked at and the cell about to be predicted.

Each number is a mean over queries, of which there are two sets (:data:`OVER`): all positions, or only the 100
that predict the answer's cells. A distance is measured at those queries that have so many positions before
them, and never clamped: a head that rests on the start token does not seem to look back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import NO_ABLATION, Ablation, Hook, Need, ReferenceMeans, heads_off, hooks_for
from interp.analyses.question import Question, means_over, tokens_of
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample, given, off_lines, program_of
from interp.grids import CELLS, SIZE
from interp.model import Config, PuzzleGPT
from interp.model.planted import Reads
from interp.puzzles import Puzzle
from interp.resumable import Steps, resumable
from interp.tokens import (
    ANSWER_START,
    GRID_TOKENS,
    N_CTX,
    TokensLike,
    marker_position,
    puzzle_tokens,
)

Over = Literal["all", "answer"]

OVER: dict[Over, str] = {
    "all": "all positions",
    "answer": "the 100 positions that predict the answer's cells",
}
"""The queries that a number is a mean over."""
assert set(OVER) == set(get_args(Over))

MARKED: dict[int, str] = {
    1: "the previous token",
    9: "the cell above the one about to be predicted",
    10: "the cell above the current token",
    100: "the cell about to be predicted, one grid back",
    101: "the cell under the current token, one grid back",
    201: "the cell about to be predicted, two grids back",
    202: "the cell under the current token, two grids back",
    302: "the cell about to be predicted, three grids back",
    303: "the cell under the current token, three grids back",
}
"""Distances that mean something in a puzzle: grids are 101 tokens apart, rows 10, and a position predicts the
next token."""

DISTANCES: dict[str, int] = {
    "previous_token": 1,
    "above_next": 9,
    "above_current": 10,
    "next_one_grid_back": 100,
    "current_one_grid_back": 101,
    "next_two_grids_back": 201,
    "current_two_grids_back": 202,
    "next_three_grids_back": 302,
    "current_three_grids_back": 303,
}
"""The detectors of one distance. *Next* is the token about to be predicted, *current* the one at the position
that looks."""

DETECTORS: dict[str, str] = {
    **{name: f"{distance} back: {MARKED[distance]}" for name, distance in DISTANCES.items()},
    "markers": "the four markers together, wherever they are (query 0, which sees none, left out)",
    "start": "the start token, position 0 (query 0, which sees nothing else, left out)",
}
"""What a head can be found to attend to: a name, and what it is, with the distance. Every one is a share of
attention, 0 to 1, a mean over either set of queries (:data:`OVER`), of which a distance leaves out those with
fewer positions before them. Above the first row of a grid lies the end of the grid before: a head that always
looks at the cell above, where there is one, is found by 9 or 10 back in nine cells of ten."""

LEAST_TOLD = 0.01
"""A share of attention worth a word."""

REACH = 2 * SIZE - 1
"""Offsets between two rows, or two columns, of a grid: -9 to 9."""

_MARKERS = [marker_position(place) for place in range(4)]
_PREDICTING = slice(ANSWER_START, ANSWER_START + CELLS)
_QUERIES: dict[Over, Int[np.ndarray, " query"]] = {
    "all": np.arange(N_CTX),
    "answer": np.arange(N_CTX)[_PREDICTING],
}


# ---- of one pattern ----------------------------------------------------------------------------------------


def sum_by_distance(pattern: Float[Tensor, "*head query key"]) -> Float[Tensor, "*head key"]:
    """The attention at each distance 0, 1, ... back, summed over the queries: the sums along the diagonals.

    Args:
        pattern: of the queries that are the last of the keys' positions; nothing lies above its diagonal.

    >>> sum_by_distance(torch.tensor([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.125, 0.375, 0.5]]))
    tensor([2.2500, 0.6250, 0.1250])
    """
    queries, keys = pattern.shape[-2:]
    # In rows longer by one than the pattern's own, what lies on a diagonal lies in a column. What comes to
    # lie before a row's beginning is from above the diagonal of the row before: nothing.
    skewed = F.pad(pattern.flatten(-2), (queries - 1, 1)).unflatten(-1, (queries, keys + 1))
    return skewed[..., :-1].sum(-2).flip(-1)


def sum_by_offset(looks: Float[Tensor, "*head 100 405"]) -> Float[Tensor, "*head 4 19 19"]:
    """The attention on cells by where they lie from the cell about to be predicted, summed over the answer's
    cells.

    Args:
        looks: the pattern at the 100 positions that predict the answer's cells.

    Returns:
        ``[..., grid, 9 + row offset, 9 + column offset]``: (3, 8, 9) is the cell above, in the answer itself;
        (2, 9, 9) is the same cell of the third grid. Attention on markers and on the start token is nowhere
        in it.
    """
    cells, place = (index.to(looks.device) for index in _offsets())
    found = looks[..., cells].flatten(-2)
    sums = found.new_zeros((*looks.shape[:-2], 4 * REACH * REACH))
    return sums.index_add_(-1, place, found).unflatten(-1, (4, REACH, REACH))


@cache
def _offsets() -> tuple[Int[Tensor, "400"], Int[Tensor, "40000"]]:
    """Positions of the cells of all grids; and for each cell of the answer and each of these, where its
    attention goes."""
    grid, row, column = np.indices((4, SIZE, SIZE)).reshape(3, -1)
    cells = 1 + GRID_TOKENS * grid + 1 + SIZE * row + column
    down = row - np.arange(CELLS)[:, None] // SIZE + SIZE - 1
    right = column - np.arange(CELLS)[:, None] % SIZE + SIZE - 1
    place = (grid * REACH + down) * REACH + right
    return torch.from_numpy(cells), torch.from_numpy(place.ravel())


# ---- of all heads, over puzzles ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of the patterns of ``n`` puzzles. The first axis of the first two is :data:`OVER`'s."""

    by_distance: Float[np.ndarray, "2 layer head 405"]
    by_key: Float[np.ndarray, "2 layer head 405"]
    by_offset: Float[np.ndarray, "layer head 4 19 19"]
    n: int

    @classmethod
    def nothing(cls, cfg: Config) -> "Sums":
        heads = (cfg.n_layers, cfg.n_heads)
        by_position = np.zeros((2, *heads, N_CTX))
        return cls(by_position, by_position, np.zeros((*heads, 4, REACH, REACH)), 0)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.by_distance + other.by_distance,
            self.by_key + other.by_key,
            self.by_offset + other.by_offset,
            self.n + other.n,
        )


class HeadStudy:
    """What is known of every head so far, over more puzzles with every step (:func:`study_heads`).

    All results are over the ``known`` first puzzles, and nan as long as there is none.

    Args:
        cfg: of the model.
        n: how many puzzles there will be.
        ablation: under which the model is run.
    """

    def __init__(self, cfg: Config, n: int, ablation: Ablation = NO_ABLATION):
        self.cfg, self.n, self.ablation = cfg, n, ablation
        self._sums = Sums.nothing(cfg)

    def add(self, sums: Sums) -> None:
        """Take up the sums of some more puzzles."""
        self._sums = self._sums + sums  # replaced, not changed: others may be reading

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        sums = self._sums
        return sums.by_distance.nbytes + sums.by_key.nbytes + sums.by_offset.nbytes

    @property
    def known(self) -> int:
        """How many puzzles the results are over."""
        return self._sums.n

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return self.known / self.n

    @property
    def complete(self) -> bool:
        return self.known == self.n

    @property
    def off(self) -> Bool[np.ndarray, "layer head"]:
        """Heads whose output is replaced by nothing or by a mean: they look somewhere, but write nothing of
        it."""
        return heads_off(self.ablation, self.cfg)

    @property
    def spectrum(self) -> Float[np.ndarray, "layer head 405"]:
        """Mean attention by distance, over all positions that have so many before them.

        The same as :func:`interp.analyses.lookback.lookback_scores` without clamping, for all distances at
        once.
        """
        return self.spectrum_over("all")

    def spectrum_over(self, over: Over) -> Float[np.ndarray, "layer head 405"]:
        """Mean attention by distance, over those of the queries that have so many positions before them.

        nan where there is no such query: of those that predict the answer's cells, none has 404 before it.
        """
        sums = self._sums
        return _mean(sums.by_distance[_index(over)], queries_before(over) * sums.n)

    @property
    def maps(self) -> Float[np.ndarray, "layer head 4 19 19"]:
        """Where heads look when they predict the answer's cells: ``[layer, head, grid, 9 + row offset, 9 +
        column offset]``.

        Offsets are from the cell about to be predicted to the cell that is looked at. They are shares of all
        attention of these queries: with :attr:`markers` and :attr:`start` they sum to 1 for every head. Not
        every cell has a neighbour at every offset (only those of the last row have one nine rows above), so a
        far offset is a small share even for a head that looks there whenever it can.
        """
        sums = self._sums
        return _mean(sums.by_offset, CELLS * sums.n)

    @property
    def markers(self) -> Float[np.ndarray, "layer head 4"]:
        """Mean attention on the marker of each of the four grids where the answer's cells are predicted."""
        return self._on_keys("answer")[..., _MARKERS]

    @property
    def start(self) -> Float[np.ndarray, "layer head"]:
        """Mean attention on the start token where the answer's cells are predicted."""
        return self._on_keys("answer")[..., 0]

    def detectors(self, over: Over = "all") -> dict[str, Float[np.ndarray, "layer head"]]:
        """How much of its attention each head has for what each of :data:`DETECTORS` looks for."""
        spectrum, keys = self.spectrum_over(over), self._on_keys(over)
        found = {name: spectrum[..., distance] for name, distance in DISTANCES.items()}
        return found | {"markers": keys[..., _MARKERS].sum(-1), "start": keys[..., 0]}

    def summary(self, layer: int, head: int, over: Over = "all") -> str:
        """The distances that a head looks at most, up to the farthest of :data:`MARKED`, in a sentence; and
        how much of its attention rests on the start token: that is a rise at the far end of its spectrum,
        where few positions are measured."""
        spectrum = self.spectrum_over(over)[layer, head]
        start = float(self.detectors(over)["start"][layer, head])
        if np.isnan(start):
            return "Nothing is measured yet."
        near = spectrum[: max(MARKED) + 1]
        highest = [int(back) for back in np.argsort(-near)[:3] if near[back] >= LEAST_TOLD]
        resting = f"On the start token {start:.2f}: the rise at the far end. " if start >= LEAST_TOLD else ""
        if not highest:
            return f"{resting}No distance up to {max(MARKED)} has as much as {LEAST_TOLD} of its attention."
        told = (
            f"{back} back {near[back]:.2f}{f' ({MARKED[back]})' if back in MARKED else ''}"
            for back in highest
        )
        return f"{resting}Highest: {'; '.join(told)}."

    def rows(
        self, over: Over = "all", costs: Mapping[tuple[int, int], float] | None = None
    ) -> tuple[dict[str, Any], ...]:
        """A row a head, for :class:`interp.export.tables.Table`: its layer and number, over how many puzzles
        and which queries, whether it is off, and every detector.

        Args:
            costs: what switching a head off costs, by (layer, head), as the column ``cost``; nan where it is
                not known.
        """
        detectors, off, known = self.detectors(over), self.off, self.known
        rows = []
        for layer, head in np.ndindex(off.shape):
            row: dict[str, Any] = {
                "layer": layer,
                "head": head,
                "n": known,
                "over": over,
                "off": bool(off[layer, head]),
            }
            row |= {name: float(scores[layer, head]) for name, scores in detectors.items()}
            if costs is not None:
                row["cost"] = float(costs.get((layer, head), np.nan))
            rows.append(row)
        return tuple(rows)

    def spectrum_rows(self, over: Over = "all") -> tuple[dict[str, Any], ...]:
        """A row a head and distance: mean attention exactly so many positions back; nan where no query has so
        many before it."""
        known = self.known
        return tuple(
            {"layer": layer, "head": head, "n": known, "over": over, "back": back, "attention": float(share)}
            for (layer, head, back), share in np.ndenumerate(self.spectrum_over(over))
        )

    def map_rows(self, layer: int, head: int) -> tuple[dict[str, Any], ...]:
        """Where one head looks to predict the answer's cells: a row an offset of each grid, then the markers
        and the start token.

        The shares sum to 1. Grids are counted from 1, as they stand in the puzzle; offsets are from the cell
        about to be predicted, down and to the right. Raises ``IndexError`` if there is no such head.
        """
        rows: list[dict[str, Any]] = []
        for (grid, down, right), share in np.ndenumerate(self.maps[layer, head]):
            rows.append(_map_row("cell", grid + 1, down - SIZE + 1, right - SIZE + 1, share))
        rows += [
            _map_row("marker", k + 1, None, None, share) for k, share in enumerate(self.markers[layer, head])
        ]
        return (*rows, _map_row("start", None, None, None, self.start[layer, head]))

    def _on_keys(self, over: Over) -> Float[np.ndarray, "layer head 405"]:
        """Mean attention by key, over the queries but query 0."""
        sums = self._sums
        by_key = sums.by_key[_index(over)].copy()
        if over == "all":
            by_key[..., 0] -= sums.n  # query 0 sees nothing but itself
        return _mean(by_key, (_QUERIES[over] > 0).sum().item() * sums.n)


def _map_row(on: str, grid: int | None, down: int | None, right: int | None, share: float) -> dict[str, Any]:
    return {"on": on, "grid": grid, "row_offset": down, "column_offset": right, "share": float(share)}


def queries_before(over: Over) -> Int[np.ndarray, "405"]:
    """How many of a puzzle's queries have so many positions before them, for every distance."""
    return (_QUERIES[over][:, None] >= np.arange(N_CTX)).sum(0)


def _index(over: Over) -> int:
    return list(OVER).index(over)


def _mean(sums: np.ndarray, count: int | np.ndarray) -> np.ndarray:
    """Sums divided by how many were summed; nan where there was none."""
    count = np.broadcast_to(count, sums.shape)
    return np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)


@resumable
def study_heads(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    *,
    batch: int = 1,
) -> Steps[HeadStudy, HeadStudy]:
    """Where every head looks, over these puzzles, as the run under the ablation uses it.

    Args:
        means: what ``mean`` puts in place; needed only if the ablation uses it.
        batch: puzzles of one pass; a layer's pattern is 5 MB a puzzle with 8 heads.

    Yields:
        The study, which then fills up batch by batch; after that ``None``.

    Raises:
        PuzzlescopeError: if there is no puzzle.
    """
    tokens = puzzle_tokens(tokens)
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to study heads on: choose at least one.")
    study = HeadStudy(model.cfg, len(tokens), ablation)
    yield study
    for start in range(0, len(tokens), batch):
        prompt = model.prompt(tokens[start : start + batch])
        hooks = hooks_for(model, prompt, ablation, means)
        resid, layers = model.embedded(prompt), []
        reads = model.reads(prompt, resid)
        for layer in range(model.cfg.n_layers):
            resid, found = _run_layer(model, layer, resid, hooks, reads)
            layers.append(found)
            yield None
        study.add(_stacked(layers, len(prompt)))
    return study


@dataclass(frozen=True)
class HeadStudyOf(Question[HeadStudy]):
    """Where every head looks, over some puzzles, under an ablation. The study fills up puzzle by puzzle."""

    puzzles: tuple[Puzzle, ...]
    ablation: Ablation = NO_ABLATION

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over(self.puzzles, self.ablation)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[HeadStudy, HeadStudy]:
        return study_heads.steps(model, tokens_of(self.puzzles), self.ablation, means)

    def program(self, model: str, *, sample: Sample | None = None, over: Over = "all") -> str:
        """How much every head looks at what each detector looks for.

        Args:
            sample: the same puzzles in other words than one by one.
            over: which queries of them.
        """
        sample = sample or Sample.of(self.puzzles)
        return program_of(
            [f"model = load_model({model!r})", *sample.lines, *off_lines(self.ablation)],
            [
                f"study = study_heads(model, tokens{given(self.ablation)})",
                f"for row in study.rows({over!r}):",
                "    print(row)",
                "# also: study.spectrum [layer, head, 405], study.maps [layer, head, grid, 9 + row, 9 +"
                " column]",
            ],
        )


LayerSums = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Sums of the patterns of one layer: by distance and by key ``[over, head, 405]``, and by offset ``[head, 4,
19, 19]``."""


def _run_layer(
    model: PuzzleGPT,
    layer: int,
    resid: Float[Tensor, "puzzle pos d_model"],
    hooks: list[Hook],
    reads: Reads | None,
) -> tuple[Float[Tensor, "puzzle pos d_model"], LayerSums]:
    """The residual stream after a layer, and the sums of its patterns. No hook outlives the layer: the model
    is shared."""
    found: list[LayerSums] = []
    # The last comes after a user's and the ablation's own, so it sees what the run goes on with.
    with model.hooks(fwd_hooks=[*hooks, (get_act_name("pattern", layer), _adds_to(found))]):
        resid = model.blocks[layer](resid, reads=reads)
    return resid, found[0]


def _adds_to(found: list[LayerSums]) -> Callable[..., None]:
    """A hook that adds the sums of a layer's patterns to a list."""

    def run(pattern: Tensor, hook: HookPoint) -> None:
        found.append(_sums_of(pattern.sum(0)))

    return run


def _sums_of(pattern: Float[Tensor, "head 405 405"]) -> LayerSums:
    looks = pattern[:, _PREDICTING]
    answer = sum_by_distance(looks[..., :-1])  # the last position predicts nothing, and none of these sees it
    by_distance = torch.stack([sum_by_distance(pattern), F.pad(answer, (0, 1))])
    by_key = torch.stack([pattern.sum(1), looks.sum(1)])
    return _array(by_distance), _array(by_key), _array(sum_by_offset(looks))


def _array(sums: Tensor) -> np.ndarray:
    return sums.double().cpu().numpy()


def _stacked(layers: list[LayerSums], n: int) -> Sums:
    by_distance, by_key, by_offset = zip(*layers, strict=True)
    return Sums(np.stack(by_distance, 1), np.stack(by_key, 1), np.stack(by_offset), n)
