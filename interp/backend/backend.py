"""The one stateful room: loaded models, and answers to questions, computed once and kept within a bound of
bytes.

Everything the dashboard shows comes from here. A result is kept under the checkpoint's id and the question
(:class:`interp.analyses.question.Question`), which says all else that it depends on: two visitors who ask the
same share one answer, and nobody sees another model's numbers. All computing is done by one worker
(:mod:`interp.backend.queue`), in small steps, fairly among those who ask.
"""

import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import cachetools

from interp.ablation import REFERENCE_PUZZLES
from interp.analyses.question import BasedQuestion, Question, RunQuestion, quietly
from interp.backend.cache import Results
from interp.backend.job import Claim
from interp.backend.memory import Bounds, Watchman, give_back, resident
from interp.backend.order import Rank
from interp.backend.queue import WorkQueue
from interp.backend.status import Ended, Status
from interp.backend.store import NOWHERE, Keeper, stored_under
from interp.backend.supplies import Supplies
from interp.backend.watch import Watch
from interp.checkpoints import load_model
from interp.errors import PuzzlescopeError, brief
from interp.model import PuzzleGPT
from interp.puzzles import PuzzleSet, load_puzzles
from interp.resumable import Steps
from interp.sizes import bytes_in_words

R = TypeVar("R")

DEFAULTS = Bounds()
MAX_MODELS = 4
KEPT_WHEN_TIGHT = 0.6
"""Share of what is kept that stays when the process takes more memory than it may."""


class Backend:
    """Models and results for all who share this process. Every method may be called from any thread.

    Args:
        bounds: bytes that may be kept, of results, of runs (residual streams with keys and values, from which
            others go on) and of models, and that the process may take.
        who: names whoever is asking now, so that everybody gets a fair share. By default, each thread is
            somebody.
        payer: names on whose account the asking goes, where several visitors are one person who gets one
            share; ``None`` where that is not known.
        pulse: called every ``interp.backend.job.TICK`` seconds by whoever waits for a result. What it
            raises ends the waiting, and with it the work, if nobody else waits: how a visitor who has clicked
            on gives up.
        waiting: entered by one who begins to wait, for a result or for a model to be loaded, and left when
            it is there.
        told: called by the worker with every computation that is over.
        store: where results that took long are kept beyond this process.
        follow_edits: whether weights may be edited in place, and are looked at for every request.
        device: where models are put (:func:`interp.checkpoints.load_model`).
    """

    def __init__(
        self,
        bounds: Bounds = DEFAULTS,
        who: Callable[[], Hashable] = threading.get_ident,
        pulse: Callable[[], object] = lambda: None,
        payer: Callable[[], Hashable] = lambda: None,
        waiting: Callable[[], AbstractContextManager[object]] = nullcontext,
        told: Callable[[Ended], object] = lambda _: None,
        store: Keeper = NOWHERE,
        *,
        follow_edits: bool = True,
        device: str | None = None,
    ):
        self._device = device
        self._bounds, self._watchman = bounds, Watchman(bounds.process)
        self._models: cachetools.LRUCache[str, PuzzleGPT] = cachetools.LRUCache(MAX_MODELS)
        self._loading = threading.Lock()
        self._storing = threading.Lock()
        self._bank: PuzzleSet | None = None
        self._public: PuzzleSet | None = None
        self._results = Results(bounds.results)
        self._store = store
        self._supplies = Supplies(bounds.runs, self._results, self._id, self.bank, store)
        self._queue, self._who = WorkQueue(told=told), who
        self._payer, self._pulse, self._waiting = payer, pulse, waiting
        self._follow_edits, self._ids = follow_edits, WeakKeyDictionary[PuzzleGPT, str]()

    def model(self, name: str) -> PuzzleGPT:
        """The model of this name (see :func:`interp.checkpoints.load_model`), loaded on first use."""
        with self._storing:  # whoever asks for what is there must not wait for somebody's loading
            known = self._models.get(name)
        if known is not None:
            return known
        with self._waiting(), self._loading:
            if name not in self._models:
                self._keep_model(name, load_model(name, self._device))
            return self._models[name]

    def _keep_model(self, name: str, model: PuzzleGPT) -> None:
        size = weight_bytes(model)
        if size > self._bounds.models:
            raise PuzzlescopeError(
                f"The model '{brief(name)}' has {bytes_in_words(size)} of weights, and this server has "
                f"{bytes_in_words(self._bounds.models)} for models: give it more by PUZZLESCOPE_MEMORY."
            )
        with self._storing:
            while self._models and self._model_bytes() + size > self._bounds.models:
                self._models.popitem()
            self._models[name] = model

    def _model_bytes(self) -> int:
        return sum(map(weight_bytes, self._models.values()))

    def checkpoint_id(self, name: str) -> str:
        """The id of the weights of the model of this name, under which its results are kept."""
        return self._id(self.model(name))

    def _id(self, model: PuzzleGPT) -> str:
        if self._follow_edits or model not in self._ids:
            self._ids[model] = model.checkpoint_id
        return self._ids[model]

    def close(self) -> None:
        """Compute no more, for good: at the end of the process."""
        self._queue.close()
        self._store.close()

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

    def ask(self, name: str, question: Question[R]) -> R:
        """The answer: kept, or computed now. Whoever asks the same meanwhile waits for the same computation.

        Args:
            name: of the model.

        Raises:
            Exception: the one with which the computation ended, or what ``pulse`` raises.
        """
        kept, claim = self._begun(name, question, Rank.ASKED)
        if claim is None:
            return kept
        with self._waiting():
            return claim.result(self._pulse)

    def watch(self, name: str, question: Question[R]) -> Watch[R]:
        """The same for one who does not wait: the computation goes on while one looks in on it from time to
        time, after all that is waited for. Close the watch when the answer is of no more interest."""
        rank = Rank.FIRST_LOOK if question.first_look else Rank.WATCHED
        return Watch(*self._begun(name, question, rank))

    def keeps(self, name: str, question: Question[Any]) -> bool:
        """Whether the answer is kept, so that asking costs nothing."""
        return self._results.get((self.checkpoint_id(name), question), counted=False) is not None

    def status(self) -> Status:
        """How it is: what is computed, kept and loaded at this moment."""
        with self._storing:
            models = tuple(self._models)
        return Status(
            jobs=self._queue.under_way(),
            computed=self._queue.computed(),
            dropped=self._queue.dropped,
            refused=self._queue.refused,
            results=self._results.status(),
            runs=self._supplies.runs.status(),
            models=models,
            memory=resident(),
            memory_most=self._bounds.process,
        )

    def drop(self, who: Hashable) -> int:
        """Give up all that a visitor wants at the moment; returns how many computations. Pages that wait for
        one get an error."""
        return self._queue.drop(who)

    def empty(self) -> None:
        """Forget all results and runs. What is under way goes on; it waits for the end of a step."""

        def steps() -> Steps[None, None]:
            self._results.clear()
            self._supplies.runs.clear()
            return
            yield

        self._queue.ask(object(), steps, self._who(), kind="Emptying").result(self._pulse)

    def _begun(self, name: str, question: Question[R], rank: Rank) -> tuple[Any, Claim[R, R] | None]:
        """The answer if it is kept, or a claim on the job that computes it."""
        model = self.model(name)
        key = self._id(model), question
        kept = self._results.get(key)
        if kept is not None:
            return kept, None
        steps, kind = lambda: self._steps(key, model, question), type(question).__name__
        return None, self._queue.ask(key, steps, self._who(), rank, kind, self._payer())

    def _steps(self, key: Hashable, model: PuzzleGPT, question: Question[R]) -> Steps[R, R]:
        """The computation of an answer, which is then kept. Only the worker runs this."""
        # Another's job may have ended since it was asked for.
        found: R | None = self._results.get(key, counted=False)
        if found is not None:
            return found
        where = stored_under(self._id(model), model)
        found = self._store.find(where, question)
        if found is None:
            found = yield from self._computed(model, question)
            self._store.keep(where, question, found)
        found = self._results.keep(key, found)
        if self._watchman.tight():
            self._relieve()
        elif self._watchman.due():
            give_back()
        return found

    def _relieve(self) -> None:
        """Empty what is kept in part, for the process takes more than it may. Only the worker does this."""
        self._supplies.runs.shrink(KEPT_WHEN_TIGHT)
        self._results.shrink(KEPT_WHEN_TIGHT)
        give_back()

    def _computed(self, model: PuzzleGPT, question: Question[R]) -> Steps[R, R]:
        if isinstance(question, RunQuestion):
            needs = question.means_over
            run = yield from self._supplies.run(model, question.run_of, question.ablation, needs)
            return (yield from question.of_run(model, run))
        if isinstance(question, BasedQuestion):
            key = self._id(model), question.basis
            basis = yield from quietly(self._steps(key, model, question.basis))
            return (yield from question.of_basis(model, basis))
        means = yield from self._supplies.means(model, question.means_over)
        return (yield from question.steps(model, means))


def weight_bytes(model: PuzzleGPT) -> int:
    """Bytes of a model's weights and buffers."""
    return sum(one.nbytes for one in (*model.parameters(), *model.buffers()))
