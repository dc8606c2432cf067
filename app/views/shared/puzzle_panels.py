"""The grids of a puzzle and the answers of runs to it, as panels of a strip."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from app.widgets.puzzle_strip import Panel
from interp.engine.answers import Decoding, Prediction
from interp.puzzles import Puzzle


def grids(puzzle: Puzzle, marked: Bool[np.ndarray, "4 10 10"] | None = None) -> list[Panel]:
    """Its four grids, which are two pairs; the last is the true answer.

    Args:
        marked: the cells that differ from the counterfactual's, if it is one end of a pair.
    """
    names, cells = puzzle.structure.name.split(" "), puzzle.grids.reshape(4, -1)
    marks = [None] * 4 if marked is None else list(marked.reshape(4, -1))
    return [
        Panel(names[0], cells[0], marked=marks[0]),
        Panel(names[1], cells[1], opens="→", marked=marks[1]),
        Panel(names[2], cells[2], opens="gap", marked=marks[2]),
        Panel(f"{names[3]}, truth", cells[3], opens="→", answer=True, marked=marks[3]),
    ]


def answer(title: str, puzzle: Puzzle, run: Prediction, decoding: Decoding = "greedy", **more: Any) -> Panel:
    """What a run answers.

    Args:
        more: other arguments of the panel.
    """
    cells, probabilities = decoded(run, decoding)
    return Panel(title, cells, puzzle.grids[3].ravel(), probabilities, **more)


def decoded(
    run: Prediction, decoding: Decoding
) -> tuple[Int[np.ndarray, " 100"], Float[np.ndarray, "100 15"]]:
    """The answer of a run over one puzzle, and the probabilities of all tokens at each of its cells."""
    if decoding == "greedy":
        return run.greedy[0], run.greedy_probabilities[0]
    return run.teacher_forced[0], run.probabilities[0]
