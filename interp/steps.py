"""Long computations as generators that pause: whoever runs one can stop there, or do something else in between."""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

Steps = Generator[T | None, None, R]
"""What it yields is news for whoever follows it (``None``: no news, only a pause); what it returns is its result."""


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
