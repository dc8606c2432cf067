"""From three or four grids of any size to a puzzle: padded, its answer worked out, judged."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from interp.errors import PuzzlescopeError
from interp.grids import SIZE
from interp.puzzles.arc import place_grid
from interp.puzzles.exchange.preview import Found
from interp.puzzles.exchange.truth import truth_of, work_out
from interp.puzzles.kept import LONGEST_NAME, LONGEST_PROVENANCE, one_line
from interp.puzzles.puzzle import Puzzle
from interp.puzzles.rows import UNKNOWN, BadRowError
from interp.tasks import TASKS
from interp.tokens import Structure, encode


def made(
    grids: Sequence[tuple[str, Any]],
    structure: Structure,
    *,
    name: str,
    source: str,
    place: str,
    put: str,
    label: str | None,
) -> Found:
    """A puzzle of grids as somebody has written them, or why they are none.

    Args:
        grids: three or four, in the structure's order, each with its name for messages: lists of rows, or
            whatever else stands in a file in their place.
        structure: the order.
        name: what the puzzle would be called.
        source: the file.
        place: where in it, in words.
        put: where a smaller grid goes on a blank one, of PLACES.
        label: the task it is said to be of; that which it follows if none is said.
    """
    done: list[str] = []
    name = one_line(name, LONGEST_NAME)
    try:
        laid = np.stack([place_grid(rows, put, what) for what, rows in grids])
        sizes = [(len(rows), len(rows[0])) for _, rows in grids]
        small = [
            f"{what} ({h} x {w})" for (what, _), (h, w) in zip(grids, sizes, strict=True) if h * w < SIZE**2
        ]
        if small:
            how = "at the top left" if put == "top-left" else "in the centre"
            done.append(f"Put {how} of a blank {SIZE} x {SIZE} grid: {', '.join(small)}.")
        if len(laid) == 3:
            tasks = [task for task in TASKS if label not in TASKS or task == label]
            worked = work_out(laid, structure, tasks)
            laid = np.concatenate([laid, worked.answer[None]])
            done.append(worked.words)
        puzzle = Puzzle.of(UNKNOWN if label is None else label, encode(laid, structure))
        truth = truth_of(puzzle)
        if label is None and truth.task is not None:
            puzzle = Puzzle(truth.task, puzzle.cells)
    except (BadRowError, PuzzlescopeError) as error:
        return refusal(name, source, place, str(error))
    return Found(name, place, puzzle, tuple(done), truth.words)


def refusal(name: str, source: str, place: str, why: str) -> Found:
    """What was to be a puzzle and is none."""
    sentence = f"{source}, {place}: {why}"
    return Found(
        one_line(name, LONGEST_NAME), place, refused=sentence if sentence.endswith(".") else f"{sentence}."
    )


def with_origin(found: Found, provenance: object) -> Found:
    """The same, with what a file says of where it comes from."""
    if found.puzzle is None or not isinstance(provenance, str) or not provenance.strip():
        return found
    return replace(found, done=(*found.done, f"Before that: {one_line(provenance, LONGEST_PROVENANCE)}"))
