"""Long computations as generators that pause: whoever runs one can stop there, or do something else in
between."""

from collections.abc import Callable, Generator
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

Steps = Generator[T | None, None, R]
"""What it yields is news for whoever follows it (``None``: no news, only a pause); what it returns is its
result."""


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


def without_gradients(make: Callable[P, Steps[T, R]]) -> Callable[P, Steps[T, R]]:
    """Let a computation run in PyTorch's inference mode, but not whoever it pauses for.

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
