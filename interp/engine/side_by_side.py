"""Small computations at once, each in a thread of its own.

One run of a circuit is some hundred products of a few hundred rows each. Shared among threads, they spend
more time on waiting for each other than they save; several runs, a thread each, have nothing to wait for.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")

MOST = 4
"""Threads side by side: each needs the memory of a run of its own."""


def lanes(device: torch.device) -> int:
    """How many computations run at once: no more than PyTorch has threads; one on a card, which takes one
    after the other all the same."""
    return min(MOST, torch.get_num_threads()) if device.type == "cpu" else 1


def side_by_side(work: Callable[[T], R], items: Sequence[T], device: torch.device) -> list[R]:
    """What some work makes of each item, in PyTorch's inference mode, as many at once as there are lanes.

    The first error that an item raises is raised, when all have ended.
    """
    n = min(lanes(device), len(items))
    if n < 2:
        with torch.inference_mode():
            return [work(item) for item in items]

    def one(item: T) -> R:
        with torch.inference_mode():
            return work(item)

    begun = [_threads(torch.get_num_threads(), n).submit(one, item) for item in items]
    for future in begun:
        future.exception()
    return [future.result() for future in begun]


@cache
def _threads(of: int, n: int) -> ThreadPoolExecutor:
    """Threads among which PyTorch's are divided."""
    share, all_here = max(1, of // n), Barrier(n)
    pool = ThreadPoolExecutor(n, "side by side", _use, (share,))
    for begun in [pool.submit(all_here.wait) for _ in range(n)]:  # or one thread would do for all of them
        begun.result()
    torch.set_num_threads(of)  # the last word is also that for threads that begin later
    return pool


def _use(n: int) -> None:
    """Let this thread compute with so many of PyTorch's. Its first question for their number sets it to what
    it is elsewhere, so that comes before."""
    torch.get_num_threads()
    torch.set_num_threads(n)
