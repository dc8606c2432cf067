"""The one stateful room: loaded models, and results that are computed once and kept within a bound of bytes.

Everything the dashboard shows comes from here. Results are kept under what they depend on (the checkpoint's id, the
puzzles, the ablation), so two visitors who ask the same share one answer and nobody sees another model's numbers. All
computing is done by one worker (:mod:`interp.work`), in small steps, fairly among those who ask.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar

import cachetools
import numpy as np
import torch
from jaxtyping import Bool, Float

from interp.ablation import NO_ABLATION, ZERO, Ablation, Component, Method, ReferenceMeans, bank_means
from interp.attention import LayerAttention, layer_attention, lookback_table
from interp.checkpoints import load_model
from interp.model import PuzzleGPT
from interp.predict import AnswerLoss, Prediction, predict
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.sweep import Scope, SweepState, sweep_parts
from interp.work import Steps, WorkQueue

T = TypeVar("T")
R = TypeVar("R")

RESULT_BYTES = 256 * 2**20
MAX_MODELS = 4
LOOKBACKS = (1, 100, 101)
"""One token back, the cell about to be predicted, the cell under this token: measured together, in one pass."""


@dataclass(frozen=True, eq=False)
class Score:
    """Loss and success on some puzzles, without the decoded answers."""

    loss: AnswerLoss
    solved: Bool[np.ndarray, " puzzle"]


class Backend:
    """Models and results for all who share this process. Every method may be called from any thread.

    Args:
        result_bytes: bound on the results kept; the least recently used go first.
        who: names whoever is asking now, so that everybody gets a fair share. By default, each thread is somebody.
    """

    def __init__(self, result_bytes: int = RESULT_BYTES, who: Callable[[], Hashable] = threading.get_ident):
        self._models: cachetools.LRUCache[str, PuzzleGPT] = cachetools.LRUCache(MAX_MODELS)
        self._results: cachetools.LRUCache[Hashable, Any] = cachetools.LRUCache(
            result_bytes, getsizeof=_nbytes
        )
        self._loading = threading.Lock()
        self._storing = threading.Lock()
        self._bank: PuzzleSet | None = None
        self._queue, self._who = WorkQueue(), who

    def model(self, name: str) -> PuzzleGPT:
        """The model of this name (see :func:`interp.checkpoints.load_model`), loaded on first use."""
        with self._storing:  # whoever asks for what is there must not wait for somebody's loading
            known = self._models.get(name)
        if known is not None:
            return known
        with self._loading:
            if name not in self._models:
                model = load_model(name)
                with self._storing:
                    self._models[name] = model
            return self._models[name]

    @property
    def working(self) -> int:
        """How many computations are under way."""
        return self._queue.waiting

    def bank(self) -> PuzzleSet:
        """The embedded puzzle bank."""
        if self._bank is not None:
            return self._bank
        with self._loading:
            if self._bank is None:
                self._bank = load_puzzles("bank")
            return self._bank

    def prediction(self, name: str, puzzle: Puzzle, ablation: Ablation = NO_ABLATION) -> Prediction:
        """Loss and greedy answer on one puzzle."""
        model = self.model(name)

        def compute() -> Prediction:
            return predict(model, puzzle.tokens[None], ablation, self._means(model, ablation))

        return self._once((model.checkpoint_id, "prediction", puzzle, ablation), compute)

    def score(self, name: str, puzzles: Sequence[Puzzle], ablation: Ablation = NO_ABLATION) -> Score:
        """Loss and success on some puzzles."""
        *_, state = self.sweep(name, puzzles, [], ablation)
        (row,) = state.rows
        return Score(row.loss, row.solved)

    def sweep(
        self,
        name: str,
        puzzles: Sequence[Puzzle],
        components: Iterable[Component],
        base: Ablation = NO_ABLATION,
        method: Method = ZERO,
        scope: Scope = "everywhere",
    ) -> Iterator[SweepState]:
        """Each component switched off in turn, on top of ``base`` (see :func:`interp.sweep.sweep_parts`).

        Yields:
            The state of it, at least every 0.05 seconds: the same object, which fills up meanwhile; at the end it is
            complete. To give up, stop iterating: if nobody else waits for it, the computation ends with the layer it is at.
        """
        model, listed, asked = self.model(name), tuple(components), tuple(puzzles)
        key = (model.checkpoint_id, "sweep", asked, listed, base, method, scope)
        kept = self._kept(key)
        if kept is not None:
            yield kept
            return
        tokens = PuzzleSet("asked for", asked).tokens

        def steps() -> Steps[SweepState, None]:
            kept = self._kept(key)  # somebody's job may have ended between our look and our asking
            if kept is not None:
                yield kept
                return
            state, means = SweepState(listed, len(asked)), self._means(model, base, method)
            yield state  # the only news: it fills up under the eyes of all who follow
            parts = sweep_parts(model, tokens, listed, base=base, means=means, method=method, scope=scope)
            for part in parts:
                if part is not None:
                    state.add(part)
                yield None
            self._keep(key, state)

        state: SweepState | None = None
        for news in self._queue.ask(key, steps, self._who()).follow():
            state = news or state
            if state is not None:
                yield state
        assert state is not None and state.complete
        yield state

    def solved(self, name: str, puzzles: Sequence[Puzzle], batch: int = 16) -> Iterator[tuple[Puzzle, bool]]:
        """Which puzzles the clean model solves, a batch at a time."""
        for start in range(0, len(puzzles), batch):
            chunk = puzzles[start : start + batch]
            yield from zip(chunk, map(bool, self.score(name, chunk).solved), strict=True)

    def pattern(
        self, name: str, puzzle: Puzzle, layer: int, ablation: Ablation = NO_ABLATION
    ) -> Float[np.ndarray, "head query key"]:
        """The attention of one layer on one puzzle, as the ablated run uses it."""
        return self.attention(name, puzzle, layer, ablation).pattern

    def attention(
        self, name: str, puzzle: Puzzle, layer: int, ablation: Ablation = NO_ABLATION
    ) -> LayerAttention:
        """The same with the norms of the values, which tell how much the heads could carry from where they look."""
        model = self.model(name)

        def compute() -> LayerAttention:
            return layer_attention(model, puzzle.tokens, layer, ablation, self._means(model, ablation))

        return self._once((model.checkpoint_id, "attention", puzzle, layer, ablation), compute)

    def lookbacks(
        self, name: str, puzzle: Puzzle, distances: tuple[int, ...] = LOOKBACKS
    ) -> dict[int, Float[np.ndarray, "layer head"]]:
        """How much every head of the clean model looks so many positions back, where there are so many, on one puzzle."""
        model = self.model(name)

        def compute() -> dict[int, Float[np.ndarray, "layer head"]]:
            return lookback_table(model, puzzle.tokens[None], distances, clamp=False)

        return self._once((model.checkpoint_id, "lookbacks", puzzle, distances), compute)

    def _means(self, model: PuzzleGPT, ablation: Ablation, method: Method = ZERO) -> ReferenceMeans | None:
        """The reference means if they are needed. Only the worker calls this: it computes them then and there."""
        if not ablation.uses_mean and method.kind != "mean":
            return None
        key = (model.checkpoint_id, "means")
        kept = self._kept(key)
        if kept is None:
            kept = self._keep(key, bank_means(model, self.bank()))
        return kept

    def _once(self, key: Hashable, compute: Callable[[], R]) -> R:
        """The result kept under this key, or computed now; whoever asks meanwhile waits for the same one."""
        kept = self._kept(key)
        if kept is not None:
            return kept

        def steps() -> Steps[None, R]:
            found = self._kept(key)  # somebody's job may have ended between our look and our asking
            return self._keep(key, compute()) if found is None else found
            yield  # makes this a generator, of a single step

        return self._queue.ask(key, steps, self._who()).result()

    def _kept(self, key: Hashable) -> Any:
        with self._storing:
            return self._results.get(key)

    def _keep(self, key: Hashable, result: R) -> R:
        with self._storing:
            if _nbytes(result) <= self._results.maxsize:
                self._results[key] = result
        return result


def _nbytes(value: Any) -> int:
    """Bytes of all arrays in a result."""
    if isinstance(value, np.ndarray | torch.Tensor | SweepState):
        return int(value.nbytes)
    if isinstance(value, dict):
        return sum(map(_nbytes, value.values()))
    if isinstance(value, tuple):
        return sum(map(_nbytes, value))
    if is_dataclass(value):
        return sum(_nbytes(getattr(value, field.name)) for field in fields(value))
    return 0
