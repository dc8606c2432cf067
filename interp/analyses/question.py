"""What can be asked of a model: frozen values that say what is to be computed, each its own cache key.

An analysis is a question and its result. The question is a frozen dataclass with all that the result depends
on but the model; the result has ``rows(...)``, which exports write (:class:`interp.export.tables.Table`), and
``summary(...)``, its finding in a sentence, where there is something to export or to say. Whoever keeps
results (:class:`interp.backend.Backend`) knows no analysis by name: it takes any question.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class CountOfParameters(Question[int]):
...     def steps(self, model, means=None):
...         yield from ()  # it is done in one step
...         return model.n_params
...     def program(self, model):
...         return f"from interp import load_model\\n\\nprint(load_model({model!r}).n_params)"
>>> CountOfParameters() == CountOfParameters()
True
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import UInt8

from interp.ablation import NO_ABLATION, ZERO, Ablation, Method, Need, ReferenceMeans
from interp.ablation.hooks import methods_in
from interp.engine.runs import Run, run_puzzle
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet
from interp.resumable import Steps

R = TypeVar("R")


class Question(ABC, Generic[R]):
    """Something to be computed of a model. Subclasses are frozen dataclasses of hashable fields: two that are
    equal have the same result."""

    @property
    def means_over(self) -> tuple[Need, ...]:
        """What methods of ablation need to know: nothing, unless an analysis says otherwise (see
        :func:`means_over`)."""
        return ()

    @property
    def first_look(self) -> bool:
        """Whether it is a cheap and rough look at what another question then tells exactly: where computing
        is shared, it comes before that."""
        return False

    @abstractmethod
    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[R, R]:
        """The computation, which pauses between steps of a few milliseconds to some tenths of a second.

        Args:
            means: those of :attr:`means_over`; ``None`` where none are needed.

        Yields:
            The result itself, once and before anything else, if it fills up while one looks (it then has a
            ``fraction``, 0 to 1); after that, or if the result comes at the end, ``None`` at every pause.

        Returns:
            The result.
        """

    @abstractmethod
    def program(self, model: str) -> str:
        """The Python program that computes the same with this library and prints it.

        Args:
            model: its name, as :func:`interp.load_model` takes it.
        """


@dataclass(frozen=True)
class PuzzleQuestion(Question[R]):
    """A question about one puzzle, in the run under an ablation."""

    puzzle: Puzzle
    ablation: Ablation = NO_ABLATION

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over([self.puzzle], self.ablation)


class RunQuestion(PuzzleQuestion[R]):
    """A question that a cached run answers: it computes only what is not in the run itself.

    The backend asks :meth:`of_run`, with a run that goes on from those it has kept; :meth:`steps` makes the
    run first.
    """

    @property
    def run_of(self) -> Puzzle:
        """The puzzle whose run it is: :attr:`puzzle`, unless an analysis says otherwise."""
        return self.puzzle

    @abstractmethod
    def of_run(self, model: PuzzleGPT, run: Run) -> Steps[R, R]:
        """The computation, from the run of :attr:`run_of` under :attr:`ablation`. Otherwise as
        :meth:`steps`."""

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[R, R]:
        run = run_puzzle(model, self.run_of.tokens, self.ablation, means)
        return (yield from self.of_run(model, run))


class BasedQuestion(Question[R]):
    """A question whose answer goes on from that of another, the *basis*: what took long there is computed
    once for all that go on from it.

    The backend asks :meth:`of_basis`, with the basis that it has kept, or computes first; :meth:`steps`
    computes both.
    """

    @property
    @abstractmethod
    def basis(self) -> Question[Any]:
        """The question that it goes on from."""

    @abstractmethod
    def of_basis(self, model: PuzzleGPT, found: Any) -> Steps[R, R]:
        """The computation, from the answer of :attr:`basis`. Otherwise as :meth:`steps`."""

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[R, R]:
        found = yield from quietly(self.basis.steps(model, means))
        return (yield from self.of_basis(model, found))


def quietly(steps: Steps[Any, R]) -> Steps[Any, R]:
    """The same computation, which tells nothing on its way: only pauses."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: R = end.value
            return result
        yield None


def means_over(puzzles: Iterable[Puzzle], ablation: Ablation, method: Method = ZERO) -> tuple[Need, ...]:
    """What must be known to run these puzzles under an ablation, and to ablate more by a method."""
    chosen = tuple(puzzles)
    needs = (need for one in methods_in([ablation, method]) for need in one.needs(chosen))
    return tuple(dict.fromkeys(needs))


def tokens_of(puzzles: tuple[Puzzle, ...]) -> UInt8[np.ndarray, "puzzle 404"]:
    """The tokens of several puzzles, without start token."""
    return PuzzleSet("asked for", puzzles).tokens
