"""Long computations that can be advanced a step at a time, and stopped or interleaved in between."""

from collections.abc import Callable, Generator
from functools import update_wrapper, wraps
from typing import Generic, ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

Steps = Generator[T | None, None, R]
"""It yields progress updates for its followers (``None``: only a pause); what it returns is the result."""


def finish(steps: Steps[T, R]) -> R:
    """Run a computation to its end, without pausing.

    >>> def sum_up(numbers):
    ...     total = 0
    ...     for number in numbers:
    ...         total += number
    ...         yield None
    ...     return total
    >>> finish(sum_up([1, 2, 3]))
    6
    """
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result


class Resumable(Generic[P, T, R]):
    """A computation in two forms, made by :func:`resumable`: ``x(...)`` runs to its end and returns the
    result; ``x.steps(...)`` is a generator that pauses, and returns the same."""

    def __init__(self, make: Callable[P, Steps[T, R]]):
        self.steps = without_gradients(make)
        update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return finish(self.steps(*args, **kwargs))


def resumable(make: Callable[P, Steps[T, R]]) -> Resumable[P, T, R]:
    """Make a computation of a generator function. It runs in PyTorch's inference mode.

    >>> @resumable
    ... def sum_up(numbers):
    ...     total = 0
    ...     for number in numbers:
    ...         total += number
    ...         yield total
    ...     return total
    >>> sum_up([1, 2, 3])
    6
    >>> list(sum_up.steps([1, 2, 3]))
    [1, 3, 6]
    """
    return Resumable(make)


def without_gradients(make: Callable[P, Steps[T, R]]) -> Callable[P, Steps[T, R]]:
    """Let a computation run in PyTorch's inference mode, but not the code that runs while it pauses.

    ``torch.inference_mode`` does so itself for what it sees to be a generator function. It does not see it
    through another decorator, such as that of the shape checks: the mode then ends before the first step.
    """

    @wraps(make)
    def steps(*args: P.args, **kwargs: P.kwargs) -> Steps[T, R]:
        inner = make(*args, **kwargs)
        try:
            while True:
                try:
                    with torch.inference_mode():
                        news = next(inner)
                except StopIteration as stop:
                    result: R = stop.value
                    return result
                yield news
        finally:
            inner.close()

    return steps
