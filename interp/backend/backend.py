"""The one stateful room: loaded models, and results that are computed once and kept within a bound of bytes.

Everything the dashboard shows comes from here. Results are kept under what they depend on (the checkpoint's
id, the puzzles, the ablation), so two visitors who ask the same share one answer and nobody sees another
model's numbers. All computing is done by one worker (:mod:`interp.backend.queue`), in small steps, fairly
among those who ask.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import cachetools
import numpy as np
from jaxtyping import Bool, Float

from interp.ablation import (
    NO_ABLATION,
    REFERENCE_PUZZLES,
    ZERO,
    Ablation,
    Component,
    Method,
    ReferenceMeans,
    bank_means,
    joined,
)
from interp.analyses.ablation_sweep import Scope, SweepState, sweep_parts
from interp.analyses.activation_patching import Detail, PatchState, activation_patching
from interp.analyses.activation_patching import Kind as PatchKind
from interp.analyses.attention import LayerAttention, attention_of, lookback_table
from interp.analyses.composition import Composition, composition
from interp.analyses.head_study import HeadStudy, study_heads
from interp.analyses.logit_lens import Attribution, LogitLens, direct_attribution, logit_lens
from interp.analyses.path_ablation import PathState, path_ablation
from interp.analyses.published import blanks_masked
from interp.backend.queue import Job, WorkQueue
from interp.checkpoints import load_model
from interp.engine.predict import AnswerLoss, Prediction, predict_run
from interp.engine.runs import Run, run_puzzle
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.resumable import Steps
from interp.tokens import Structure

R = TypeVar("R")
T = TypeVar("T")

RESULT_BYTES = 256 * 2**20
RUN_BYTES = 96 * 2**20
"""Of 6 layers of width 256 that is 12 runs of 8 MB."""
MAX_MODELS = 4
LOOKBACKS = (1, 100, 101)
"""One token back, the cell about to be predicted, the cell under this token: measured together, in one
pass."""


@dataclass(frozen=True, eq=False)
class Score:
    """Loss and success on some puzzles, without the decoded answers."""

    loss: AnswerLoss
    solved: Bool[np.ndarray, " puzzle"]


class Backend:
    """Models and results for all who share this process. Every method may be called from any thread.

    Args:
        result_bytes: bound on the results kept; the least recently used go first.
        run_bytes: bound on the runs kept, residual streams with keys and values, from which others go on.
        who: names whoever is asking now, so that everybody gets a fair share. By default, each thread is
            somebody.
        pulse: called every ``interp.backend.queue.TICK`` seconds by whoever waits for a result. What it
            raises ends the waiting, and with it the work, if nobody else waits: how a visitor who has clicked
            on gives up.
    """

    def __init__(
        self,
        result_bytes: int = RESULT_BYTES,
        run_bytes: int = RUN_BYTES,
        who: Callable[[], Hashable] = threading.get_ident,
        pulse: Callable[[], object] = lambda: None,
        *,
        follow_edits: bool = True,
    ):
        self._models: cachetools.LRUCache[str, PuzzleGPT] = cachetools.LRUCache(MAX_MODELS)
        self._results: cachetools.LRUCache[Hashable, Any] = cachetools.LRUCache(
            result_bytes, getsizeof=_nbytes
        )
        self._runs: cachetools.LRUCache[tuple[str, Puzzle, Ablation], Run] = cachetools.LRUCache(
            run_bytes, getsizeof=_nbytes
        )
        self._loading = threading.Lock()
        self._storing = threading.Lock()
        self._bank: PuzzleSet | None = None
        self._public: PuzzleSet | None = None
        self._means_under_way: dict[Hashable, Steps[None, ReferenceMeans]] = {}
        self._queue, self._who, self._pulse = WorkQueue(), who, pulse
        self._follow_edits, self._ids = follow_edits, WeakKeyDictionary[PuzzleGPT, str]()

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

    def checkpoint_id(self, name: str) -> str:
        """The id of the weights of the model of this name, under which its results are kept."""
        return self._id(self.model(name))

    def _id(self, model: PuzzleGPT) -> str:
        if self._follow_edits or model not in self._ids:
            self._ids[model] = model.checkpoint_id
        return self._ids[model]

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

    def public_puzzles(self) -> PuzzleSet:
        """The first puzzles of the public data set, which the original notebook looked at. Asks the hub,
        once.

        Raises:
            PuzzlescopeError: if the hub cannot be reached.
        """
        with self._loading:
            if self._public is None:
                self._public = load_puzzles("hub", limit=REFERENCE_PUZZLES)
            return self._public

    def prediction(self, name: str, puzzle: Puzzle, ablation: Ablation = NO_ABLATION) -> Prediction:
        """Loss and greedy answer on one puzzle."""
        model = self.model(name)

        def steps() -> Steps[None, Prediction]:
            return (yield from predict_run(model, (yield from self._run(model, puzzle, ablation))))

        return self._once((self._id(model), "prediction", puzzle, ablation), steps)

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
        """Each component switched off in turn, on top of ``base`` (see
        :func:`interp.analyses.ablation_sweep.sweep_parts`).

        Yields:
            The state of it, at least every 0.05 seconds: the same object, which fills up meanwhile; at the
            end it is complete. To give up, stop iterating: if nobody else waits for it, the computation ends
            with the
                layer it is at.
        """
        with self.watch(name, puzzles, components, base, method, scope) as watch:
            while not watch.finished:
                if watch.state is not None:
                    yield watch.state
                watch.wait()
            assert watch.state is not None
            yield watch.state

    def watch(
        self,
        name: str,
        puzzles: Sequence[Puzzle],
        components: Iterable[Component],
        base: Ablation = NO_ABLATION,
        method: Method = ZERO,
        scope: Scope = "everywhere",
    ) -> "Watch[SweepState]":
        """The same sweep, for somebody who does not wait: it goes on while one looks in from time to time."""
        model, listed, asked = self.model(name), tuple(components), tuple(puzzles)
        key = (self._id(model), "sweep", asked, listed, base, method, scope)
        tokens = PuzzleSet("asked for", asked).tokens

        def steps() -> Steps[SweepState, SweepState]:
            means = yield from self._means(model, asked, base, method)
            state = SweepState(listed, len(asked))
            yield state  # the only news: it fills up under the eyes of all who follow
            parts = sweep_parts(model, tokens, listed, base=base, means=means, method=method, scope=scope)
            for part in parts:
                if part is not None:
                    state.add(part)
                yield None
            return state

        return self._watched(key, steps)

    def heads(
        self, name: str, puzzles: Sequence[Puzzle], ablation: Ablation = NO_ABLATION
    ) -> "Watch[HeadStudy]":
        """Where every head looks, over some puzzles (see :mod:`interp.analyses.head_study`), for somebody who
        looks in from time to time."""
        asked = tuple(puzzles)
        tokens = PuzzleSet("asked for", asked).tokens
        return self._filling(
            name,
            "heads",
            asked,
            ablation,
            ZERO,
            lambda model, means: study_heads.steps(model, tokens, ablation, means),
        )

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
        """The same with the norms of the values, which tell how much the heads could carry from where they
        look."""
        model = self.model(name)

        def steps() -> Steps[None, LayerAttention]:
            return attention_of(model, (yield from self._run(model, puzzle, ablation)), layer)

        return self._once((self._id(model), "attention", puzzle, layer, ablation), steps)

    def lookbacks(
        self,
        name: str,
        puzzle: Puzzle,
        distances: tuple[int, ...] = LOOKBACKS,
        ablation: Ablation = NO_ABLATION,
        *,
        clamp: bool = False,
    ) -> dict[int, Float[np.ndarray, "layer head"]]:
        """How much every head looks so many positions back on one puzzle, where there are so many, or clamped
        as in the original notebook (see :func:`interp.analyses.attention.lookback_scores`)."""
        return self._of_run(
            name,
            ("lookbacks", distances, clamp),
            puzzle,
            ablation,
            lambda model, means: lookback_table(
                model, puzzle.tokens[None], distances, ablation, means, clamp=clamp
            ),
        )

    def composition(self, name: str) -> Composition:
        """Who reads whom in a model, by its weights."""
        model = self.model(name)
        return self._once((self._id(model), "composition"), lambda: composition.steps(model))

    def paths(
        self,
        name: str,
        puzzles: Sequence[Puzzle],
        source: Component,
        base: Ablation = NO_ABLATION,
        method: Method = ZERO,
    ) -> "Watch[PathState]":
        """A part taken from one of its readers after the other, for somebody who looks in from time to
        time."""
        asked = tuple(puzzles)
        tokens = PuzzleSet("asked for", asked).tokens
        return self._filling(
            name,
            ("paths", source),
            asked,
            base,
            method,
            lambda model, means: path_ablation.steps(
                model, tokens, source, base=base, means=means, method=method
            ),
        )

    def lens(self, name: str, puzzle: Puzzle, ablation: Ablation = NO_ABLATION) -> LogitLens:
        """What the model would answer after every stage, on one puzzle."""
        return self._of_run(
            name,
            "lens",
            puzzle,
            ablation,
            lambda model, means: logit_lens(model, puzzle.tokens, ablation, means),
        )

    def attribution(self, name: str, puzzle: Puzzle, ablation: Ablation = NO_ABLATION) -> Attribution:
        """What every part adds to the logits of the answer's cells, on one puzzle."""
        return self._of_run(
            name,
            "attribution",
            puzzle,
            ablation,
            lambda model, means: direct_attribution(model, puzzle.tokens, ablation, means),
        )

    def patching(
        self,
        name: str,
        target: Puzzle,
        source: Puzzle,
        kind: PatchKind = "resid_pre",
        detail: Detail = "grids",
        ablation: Ablation = NO_ABLATION,
    ) -> "Watch[PatchState]":
        """Activation patching from one puzzle's run into another's, for somebody who looks in from time to
        time."""
        return self._filling(
            name,
            ("patching", kind, detail),
            (target, source),
            ablation,
            ZERO,
            lambda model, means: activation_patching.steps(
                model, target.tokens, source.tokens, kind, detail=detail, ablation=ablation, means=means
            ),
        )

    def blanks_masked(self, name: str, puzzle: Puzzle, ablation: Ablation = NO_ABLATION) -> Score:
        """Loss and success on one puzzle if its blank cells are taken for padding."""
        return self._of_run(
            name,
            "blanks masked",
            puzzle,
            ablation,
            lambda model, means: Score(*blanks_masked(model, puzzle.tokens[None], ablation, means)),
        )

    def _run(self, model: PuzzleGPT, puzzle: Puzzle, ablation: Ablation) -> Steps[None, Run]:
        """The run of a puzzle, which goes on from one that is kept as far as both are the same. Only the
        worker runs this."""
        checkpoint = self._id(model)
        key, clean = (checkpoint, puzzle, ablation), (checkpoint, puzzle, NO_ABLATION)
        known = self._runs.get(key)
        if known is not None:
            return known
        means = yield from self._means(model, [puzzle], ablation)
        kept = [run for (of, *_), run in self._runs.items() if of == checkpoint]
        run = run_puzzle(model, puzzle.tokens, ablation, means, kept)
        if run.nbytes <= self._runs.maxsize:
            self._runs.get(clean)  # every other run can go on from it: it is in use
            self._runs[key] = run
            yield None  # meanwhile runs of others may push it out: it is held here
        return run

    def _means(
        self, model: PuzzleGPT, puzzles: Sequence[Puzzle], ablation: Ablation, method: Method = ZERO
    ) -> Steps[None, ReferenceMeans | None]:
        """The reference means for these puzzles if they are needed. Only the worker runs this."""
        if not ablation.uses_mean and method.kind != "mean":
            return None
        parts = []
        for structure in dict.fromkeys(puzzle.structure for puzzle in puzzles):
            parts.append((yield from self._means_of(model, structure)))
        return joined(parts)

    def _means_of(self, model: PuzzleGPT, structure: Structure) -> Steps[None, ReferenceMeans]:
        """The means over one order of the grids. However many need them at the same time, they are computed
        once: all share the computation, each takes it a step further when it has its turn, and none is needed
        for it to go on."""
        key = (self._id(model), "means", structure)
        while (kept := self._kept(key)) is None:
            if key not in self._means_under_way:
                self._means_under_way[key] = bank_means.steps(model, self.bank(), [structure])
            try:
                next(self._means_under_way[key])
            except StopIteration as stop:
                del self._means_under_way[key]
                found: ReferenceMeans = stop.value
                return self._keep(key, found)
            except BaseException:
                del self._means_under_way[key]
                raise
            yield None
        return kept

    def _of_run(
        self,
        name: str,
        what: Hashable,
        puzzle: Puzzle,
        ablation: Ablation,
        compute: Callable[[PuzzleGPT, ReferenceMeans | None], R],
    ) -> R:
        """What a single step makes of a run under an ablation."""
        model = self.model(name)

        def steps() -> Steps[None, R]:
            means = yield from self._means(model, [puzzle], ablation)
            return compute(model, means)

        return self._once((self._id(model), what, puzzle, ablation), steps)

    def _filling(
        self,
        name: str,
        what: Hashable,
        puzzles: tuple[Puzzle, ...],
        ablation: Ablation,
        method: Method,
        begin: Callable[[PuzzleGPT, ReferenceMeans | None], Steps[R, R]],
    ) -> "Watch[R]":
        """What fills up over runs under an ablation, with parts put at their means if the method says so."""
        model = self.model(name)

        def steps() -> Steps[R, R]:
            means = yield from self._means(model, puzzles, ablation, method)
            return (yield from begin(model, means))

        return self._watched((self._id(model), what, puzzles, ablation, method), steps)

    def _once(self, key: Hashable, steps: Callable[[], Steps[None, R]]) -> R:
        """The result kept under this key, or computed now; whoever asks meanwhile waits for the same one."""
        kept = self._kept(key)
        if kept is not None:
            return kept
        return self._queue.ask(key, self._keeping(key, steps), self._who()).result(self._pulse)

    def _watched(self, key: Hashable, steps: Callable[[], Steps[R, R]]) -> "Watch[R]":
        """A result that is looked in on while it fills up: the steps yield it once, when it begins, and
        return it."""
        kept = self._kept(key)
        if kept is not None:
            return Watch(kept)
        return Watch(None, self._queue.ask(key, self._keeping(key, steps), self._who()))

    def _keeping(self, key: Hashable, steps: Callable[[], Steps[T, R]]) -> Callable[[], Steps[T, R]]:
        """The same steps, whose result is kept under the key."""

        def keeping() -> Steps[T, R]:
            found = self._kept(key)  # somebody's job may have ended between our look and our asking
            return found if found is not None else self._keep(key, (yield from steps()))

        return keeping

    def _kept(self, key: Hashable) -> Any:
        with self._storing:
            return self._results.get(key)

    def _keep(self, key: Hashable, result: R) -> R:
        with self._storing:
            if _nbytes(result) <= self._results.maxsize:
                self._results[key] = result
        return result


class Watch(Generic[R]):
    """A result that fills up while it is computed, or one that was kept. Close it when it is of no more
    interest: the computation then ends, unless somebody else watches it too."""

    def __init__(self, kept: R | None, job: Job[R, R] | None = None):
        self._kept, self._job, self._closed = kept, job, False

    def __enter__(self) -> "Watch[R]":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    @property
    def state(self) -> R | None:
        """What is known so far: the same object all the time, which fills up. ``None`` before it has
        begun."""
        if self._kept is not None or self._job is None:
            return self._kept
        return self._job.latest if self._job.outcome is None else self._job.outcome

    @property
    def finished(self) -> bool:
        """Whether it is complete.

        Raises:
            Exception: the one with which the computation ended.
        """
        return self._kept is not None or (self._job is not None and self._job.finished)

    def wait(self) -> None:
        """Until something has happened, at most ``interp.backend.queue.TICK`` seconds."""
        if self._job is not None:
            self._job.wait()

    def result(self) -> R:
        """The whole of it: waits for the end.

        Raises:
            Exception: the one with which the computation ended.
        """
        while not self.finished:
            self.wait()
        assert self.state is not None
        return self.state

    def close(self) -> None:
        """Lose interest. May be called more than once, and from any thread."""
        if self._job is not None and not self._closed:
            self._closed = True
            self._job.leave()


def _nbytes(value: Any) -> int:
    """Bytes of all arrays in a result."""
    if hasattr(value, "nbytes"):  # arrays, and results that count for themselves
        return int(value.nbytes)
    if isinstance(value, dict):
        return sum(map(_nbytes, value.values()))
    if isinstance(value, tuple):
        return sum(map(_nbytes, value))
    if is_dataclass(value):
        return sum(_nbytes(getattr(value, field.name)) for field in fields(value))
    return 0
