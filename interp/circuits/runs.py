"""Runs of a model cut down to a circuit: edges outside read something else.

The residual stream before every LayerNorm is a sum of writes, so what a reader reads can be put together for
it alone: what all its writers write in the other run, and for each edge of the circuit what its writer writes
now less that. With all edges this is the clean run, with none the run that edges outside read.

What is computed is only what is not known. A run branches off another whose parts are kept
(:class:`interp.circuits.branches.Kept`): off that with every edge cut, or, of circuits that are a few edges
less than one, off that one's run. A head or an MLP that reads what it read there writes what it wrote there.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.circuits.branches import Branch, Kept, Space, everything_cut
from interp.circuits.graph import Graph
from interp.circuits.planted.runs import PlantedRuns
from interp.circuits.windows import Window, first_difference
from interp.circuits.writes import Fill, Fills, Writes, fill_of, prompts
from interp.engine.contrast import Contrast
from interp.engine.forward import Weights, embed
from interp.engine.side_by_side import lanes, side_by_side
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps

Mask = Bool[np.ndarray, "reader writer"]
Masks = Bool[np.ndarray, "run reader writer"]


@dataclass(frozen=True)
class Ends:
    """What the whole model and the circuit of no edge make of some pairs.

    Attributes:
        whole: the metric with no edge cut, in logits, mean over the pairs.
        empty: with every edge cut.
        right: of each pair, whether the whole model answers its base right.
    """

    whole: float
    empty: float
    right: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class _Trunk:
    """The run of a circuit that others branch off."""

    mask: Mask
    kept: Kept


class _Spaces(threading.local):
    """Memory for the streams of a run, in each thread its own."""

    def __init__(self, weights: Weights, longest: int):
        self.own = Space(weights, longest)


class CircuitRuns:
    """Runs of some pairs' bases in which only a circuit's edges are of that run.

    Runs of several pairs go side by side, a thread each (:mod:`interp.engine.side_by_side`).

    With every edge cut the run of each pair is kept: at most 20 MB for the default model, 60 MB where cut
    edges read no run of the model. The runs of a thread share 33 MB besides.

    Args:
        pairs: of which the base is run; the prompts as :func:`interp.circuits.writes.prompts` has them.
        fill, bank: what edges outside read (:func:`interp.circuits.writes.fill_of`).
        first_only: the metric is taken at the first contrast cell only.
        answers: the cells of the answer that the runs are given; left out, the bases' own.
        other: what edges outside read, of every pair, where that is known already.
        cut: the run of every pair with every edge cut, likewise.

    Attributes:
        pairs: as given.
        answers: the right colours of the bases' answers.
        ends: of these pairs, once somebody has worked them out (:func:`interp.circuits.finder.ends_of`).
    """

    def __init__(
        self,
        weights: Weights,
        pairs: Sequence[Pair],
        fill: Fill = "pair",
        bank: PuzzleSet | None = None,
        *,
        first_only: bool = False,
        answers: Int[np.ndarray, "pair 100"] | None = None,
        other: Sequence[Writes] | None = None,
        cut: Sequence[Kept] | None = None,
    ):
        self.weights, self.graph, self.pairs = weights, Graph(weights.cfg), tuple(pairs)
        self.answers: Int[np.ndarray, "pair 100"] = np.stack(
            [pair.base.grids[3].ravel().astype(np.int64) for pair in pairs]
        )
        self.ends: Ends | None = None
        self._fill = fill
        self._trunks: dict[int, _Trunk] = {}
        self._contrasts = [Contrast.of(pair, first_only=first_only) for pair in pairs]
        given = [None] * len(pairs) if answers is None else list(answers)
        if other is None:
            told = zip(pairs, given, strict=True)
            other = [fill_of(weights, pair, fill, bank, answer=own) for pair, own in told]
        # The pair's other run is another one where other cells are given.
        self._other = None if fill == "pair" else list(other)
        self._planted: PlantedRuns | None = None
        if weights.model.planted is not None:  # nothing branches off: its parts read no stream
            bases = np.stack([prompts(pair, own)[0] for pair, own in zip(pairs, given, strict=True)])
            self._planted = PlantedRuns(weights.model, bases, other)
            return
        if cut is None:
            each = zip(pairs, given, other, strict=True)
            cut = [_everything_cut(weights, pair, own, one, fill) for pair, own, one in each]
        self._cut = list(cut)
        self._spaces = _Spaces(weights, max((len(kept.window) for kept in self._cut), default=0))

    @classmethod
    def begun(
        cls,
        weights: Weights,
        pairs: Sequence[Pair],
        fill: Fill = "pair",
        bank: PuzzleSet | None = None,
        fills: Fills | None = None,
    ) -> Steps[None, "CircuitRuns"]:
        """The same as steps, with a pause after every run that is needed first.

        Args:
            fills: of this fill, where other runs have begun with it: a mean over the same puzzles is taken
                once.
        """
        fills = fills or Fills(weights, fill, bank)
        others, cut = list[Writes](), list[Kept]()
        for pair in pairs:
            other = yield from fills.of(pair)
            if weights.model.planted is None:
                cut.append(_everything_cut(weights, pair, None, other, fill))
                yield None
            if weights.model.planted is not None or fill != "pair":
                others.append(other)
        return cls(weights, pairs, fill, bank, other=others, cut=cut)

    def given(self, pair: int, answer: Int[np.ndarray, " 100"]) -> Steps[None, "CircuitRuns"]:
        """The runs of one of the pairs alone, given other cells of the answer, with a pause after every run
        that is needed first. The pair's other run is given the same, so that it still differs in what was
        asked only."""
        if self._other is not None:
            known = self._other[pair : pair + 1]
        else:
            known = [(yield from fill_of.steps(self.weights, self.pairs[pair], self._fill, answer=answer))]
            yield None
        found = CircuitRuns(
            self.weights, self.pairs[pair : pair + 1], self._fill, answers=answer[None], other=known
        )
        yield None
        return found

    def __len__(self) -> int:
        return len(self._contrasts)

    def metrics(self, mask: Mask) -> Float[np.ndarray, " pair"]:
        """The difference of logits of every pair (:class:`interp.engine.contrast.Contrast`), cut down to one
        circuit."""
        return self.of_logits(self.logits(mask), range(len(self)))

    def of_logits(
        self, logits: Float[Tensor, "run 100 vocab"], pairs: Sequence[int]
    ) -> Float[np.ndarray, " run"]:
        """The difference of logits of runs, each of one of the pairs."""
        return np.array(
            [float(self._contrasts[k].of_logits(own)) for k, own in zip(pairs, logits, strict=True)]
        )

    def logits(self, mask: Mask) -> Float[Tensor, "pair 100 vocab"]:
        """Of every pair's base, cut down to one circuit."""
        return torch.cat(self.of_each(mask[None], range(len(self))))

    def together(self) -> list[range]:
        """The pairs, as many at a time as go side by side."""
        n = lanes(self.weights.model.device)
        return [range(first, min(first + n, len(self))) for first in range(0, len(self), n)]

    def of_each(
        self, masks: Masks, pairs: Sequence[int], near: Mask | None = None
    ) -> list[Float[Tensor, "run 100 vocab"]]:
        """Of the bases of some pairs, side by side, what :meth:`each` says."""
        self._trunks = {pair: self._trunks[pair] for pair in pairs if pair in self._trunks}
        return side_by_side(lambda pair: self.each(masks, pair, near), pairs, self.weights.model.device)

    @torch.inference_mode()
    def each(self, masks: Masks, pair: int, near: Mask | None = None) -> Float[Tensor, "run 100 vocab"]:
        """Of one pair's base, cut down to each of some circuits.

        Args:
            near: a circuit of which these are parts that lack few of its edges. Its run is kept until another
                is asked for (up to 80 MB for the default model), and theirs branch off it: those that lack
                edges into the same head or MLP go together.
        """
        if self._planted is not None:
            return self._planted.each(masks, pair)
        if near is None:
            return torch.cat([self._plain(mask, pair) for mask in masks])
        trunk = self._trunk_of(near, pair)
        found: dict[int, Tensor] = {}
        for rows in self._together(masks, near):
            differ = masks[rows] != near
            if (masks[rows] & ~near).any():
                logits = torch.cat([self._plain(masks[row], pair) for row in rows])
            else:
                branch = Branch(self.weights, trunk, masks[rows[0]], rows=len(rows))
                for reader in np.flatnonzero(differ.any((0, 2))).tolist():
                    branch.cut(reader, differ[:, reader])
                logits = branch.logits()
            found |= dict(zip(rows, logits, strict=True))
        return torch.stack([found[row] for row in range(len(masks))])

    def _plain(self, mask: Mask, pair: int) -> Float[Tensor, "1 100 vocab"]:
        if self._planted is not None:
            return self._planted.each(mask[None], pair)
        return Branch(self.weights, self._cut[pair], mask, space=self._spaces.own).logits()

    def _trunk_of(self, mask: Mask, pair: int) -> Kept:
        known = self._trunks.get(pair)
        if known is None or not np.array_equal(known.mask, mask):
            self._trunks.pop(pair, None)  # not two at the same time
            kept = Branch(self.weights, self._cut[pair], mask, space=self._spaces.own).kept()
            self._trunks[pair] = known = _Trunk(mask.copy(), kept)
        return known.kept

    def _together(self, masks: Masks, near: Mask) -> list[list[int]]:
        """Runs that differ from a circuit in the inputs of one head, of one MLP, or in what the logits read,
        together; any other by itself."""
        groups: dict[object, list[int]] = {}
        for row, mask in enumerate(masks):
            readers = np.flatnonzero((mask != near).any(1)).tolist()
            owners = {self.graph.writer_of(reader) for reader in readers}
            key: object = ("alone", row) if len(owners) != 1 else next(iter(owners))
            groups.setdefault(key, []).append(row)
        return list(groups.values())


@torch.inference_mode()
def _everything_cut(
    weights: Weights, pair: Pair, answer: Int[np.ndarray, " 100"] | None, other: Writes, fill: Fill
) -> Kept:
    """The run of a pair's base with every edge cut, given the answer's cells (left out, its own)."""
    tokens = torch.from_numpy(prompts(pair, answer)[0]).to(weights.model.device)
    embedded = embed(weights.model, tokens[None])[0]
    window = Window.of(first_difference(embedded, other[0]), embedded.device)
    return everything_cut(weights, window, embedded, other, a_run=fill in ("pair", "resample"))
