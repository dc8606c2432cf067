"""What commands work on: the puzzles that were asked for, and what goes with them."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tqdm import tqdm

from interp.ablation import Ablation, Method, ReferenceMeans, means_by
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import PuzzleSet, load_puzzles
from interp.resumable import Steps
from interp.tokens import structure_named


def chosen_puzzles(
    source: str, task: str | None, structure: str | None, limit: int | None, place: str | None
) -> PuzzleSet:
    """Those that the options name, or a sentence that there are none."""
    if limit is not None and limit < 1:
        raise PuzzlescopeError(f"--limit expects at least 1 puzzle, got {limit}.")
    order = None if structure is None else structure_named(structure)
    chosen = load_puzzles(source, task=task, structure=order, limit=limit, place=place)
    if not len(chosen):
        raise PuzzlescopeError(f"No puzzle of '{source}' fits the chosen task and structure.")
    return chosen


def means_if_used(
    model: PuzzleGPT, puzzles: PuzzleSet, ablation: Ablation, *methods: Method
) -> ReferenceMeans | None:
    """What the ablation, and methods by which more is ablated, need to know for these puzzles, if they need
    anything."""
    used = ablation.needs_means or any(method.needs_means for method in methods)
    return means_by(model, load_puzzles("bank"), puzzles, ablation, *methods) if used else None


def progress(
    items: Iterable[Any], what: str, *, total: int | None = None, quiet: bool = False
) -> "tqdm[Any]":
    """The same items, counted on a terminal while they come."""
    seen = sys.stderr is not None and sys.stderr.isatty()
    return tqdm(items, desc=what, total=total, leave=False, disable=quiet or not seen)


def counted(
    steps: Steps[Any, Any],
    what: str,
    *,
    total: int | None = None,
    quiet: bool = False,
    after: Callable[[Any], None] = lambda news: None,
) -> Any:
    """What a computation returns, its news counted on a terminal while they come. (There may be none: what is
    asked for may be there already.)

    Args:
        after: called with each.
    """
    result: list[Any] = []

    def news() -> Iterator[Any]:
        result.append((yield from steps))

    for one in progress((one for one in news() if one is not None), what, total=total, quiet=quiet):
        after(one)
    return result[0]
