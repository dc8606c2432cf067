"""The one stateful room: loaded models, and answers to questions, computed once and kept within a bound of
bytes.

Everything the dashboard shows comes from here. A result is kept under the checkpoint's id and the question
(:class:`interp.analyses.question.Question`), which says all else that it depends on: two visitors who ask the
same share one answer, and nobody sees another model's numbers. All computing is done by one worker
(:mod:`interp.backend.queue`), in small steps, fairly among those who ask.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import cachetools

from interp.ablation import REFERENCE_PUZZLES
from interp.analyses.question import Question, RunQuestion
from interp.backend.cache import Results
from interp.backend.job import Claim
from interp.backend.order import Rank
from interp.backend.queue import WorkQueue
from interp.backend.status import Status
from interp.backend.supplies import Supplies
from interp.backend.watch import Watch
from interp.checkpoints import load_model
from interp.model import PuzzleGPT
from interp.puzzles import PuzzleSet, load_puzzles
from interp.resumable import Steps

R = TypeVar("R")

RESULT_BYTES = 256 * 2**20
RUN_BYTES = 96 * 2**20
"""Of 6 layers of width 256 that is 12 runs of 8 MB."""
MAX_MODELS = 4


class Backend:
    """Models and results for all who share this process. Every method may be called from any thread.

    Args:
        result_bytes: bound on the results kept; the least recently used go first.
        run_bytes: bound on the runs kept, residual streams with keys and values, from which others go on.
        who: names whoever is asking now, so that everybody gets a fair share. By default, each thread is
            somebody.
        pulse: called every ``interp.backend.job.TICK`` seconds by whoever waits for a result. What it
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
        self._loading = threading.Lock()
        self._storing = threading.Lock()
        self._bank: PuzzleSet | None = None
        self._public: PuzzleSet | None = None
        self._results = Results(result_bytes)
        self._supplies = Supplies(run_bytes, self._results, self._id, self.bank)
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

    def ask(self, name: str, question: Question[R]) -> R:
        """The answer: kept, or computed now. Whoever asks the same meanwhile waits for the same computation.

        Args:
            name: of the model.

        Raises:
            Exception: the one with which the computation ended, or what ``pulse`` raises.
        """
        kept, claim = self._begun(name, question, Rank.ASKED)
        return kept if claim is None else claim.result(self._pulse)

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
        )

    def _begun(self, name: str, question: Question[R], rank: Rank) -> tuple[Any, Claim[R, R] | None]:
        """The answer if it is kept, or a claim on the job that computes it."""
        model = self.model(name)
        key = self._id(model), question
        kept = self._results.get(key)
        if kept is not None:
            return kept, None
        steps, kind = lambda: self._steps(key, model, question), type(question).__name__
        return None, self._queue.ask(key, steps, self._who(), rank, kind)

    def _steps(self, key: Hashable, model: PuzzleGPT, question: Question[R]) -> Steps[R, R]:
        """The computation of an answer, which is then kept. Only the worker runs this."""
        # Another's job may have ended since it was asked for.
        found: R | None = self._results.get(key, counted=False)
        if found is not None:
            return found
        return self._results.keep(key, (yield from self._computed(model, question)))

    def _computed(self, model: PuzzleGPT, question: Question[R]) -> Steps[R, R]:
        if isinstance(question, RunQuestion):
            run = yield from self._supplies.run(model, question.puzzle, question.ablation)
            return (yield from question.of_run(model, run))
        means = yield from self._supplies.means(model, question.means_over)
        return (yield from question.steps(model, means))
