"""Forced cells: cells of the answer that are given a colour, whatever the model would draw there; it draws on
from them (the "poisoned" start of the second notebook).

Where the model draws by itself, a forced cell stands in what it sees from there on; where it is given the
true cells, it is given the forced one in the place of the true one. What is right stays what it was.

>>> forced = parse_forced("r4c5=2, r1c10=0")
>>> forced, forced_text(forced)
(((9, 0), (34, 2)), 'r1c10=0,r4c5=2')
>>> forced_words(forced)
'row 1, column 10 blank and row 4, column 5 green'
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

import torch
from jaxtyping import Int
from torch import Tensor

from interp.errors import PuzzlescopeError, brief
from interp.grids import CELLS, COLORS, N_COLORS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import ANSWER_START, PUZZLE_TOKENS, cell_name

Forced: TypeAlias = tuple[tuple[int, int], ...]
"""Cells of the answer, 0 to 99 in reading order, each with the colour that it is given; in that order."""

MOST_FORCED = 20
FREE = -1
"""Stands for the colour of a cell that the model draws."""
MOST_SAID = 3


def forced_cells(cells: Iterable[tuple[int, int]]) -> Forced:
    """These cells and colours as a value; of a cell that comes twice, the last colour.

    Raises:
        PuzzlescopeError: if there is no such cell or colour, or there are too many.
    """
    latest = dict(cells)
    for cell, color in latest.items():
        if not (0 <= cell < CELLS and 0 <= color < N_COLORS):
            raise PuzzlescopeError(
                f"Expected a cell from 0 to {CELLS - 1} and a colour from 0 to {N_COLORS - 1}, got {cell} and"
                f" {color}."
            )
    if len(latest) > MOST_FORCED:
        raise PuzzlescopeError(f"At most {MOST_FORCED} cells are forced, got {len(latest)}.")
    return tuple(sorted(latest.items()))


def parse_forced(text: str) -> Forced:
    """Cells as people write them: ``r4c5=2`` is row 4, column 5 (from 1) in colour 2; several with commas.

    Raises:
        PuzzlescopeError: if it reads otherwise.
    """
    found: list[tuple[int, int]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = re.fullmatch(r"r(\d{1,2})c(\d{1,2})=(\d{1,2})", part, re.ASCII)
        row, column, color = (int(one) for one in match.groups()) if match else (0, 0, 0)
        if not (1 <= row <= SIZE and 1 <= column <= SIZE and color < N_COLORS):
            raise PuzzlescopeError(
                f"Expected cells such as r4c5=2, rows and columns 1 to {SIZE}, colours 0 to {N_COLORS - 1},"
                f" with commas between; got '{brief(part)}'."
            )
        if any(cell == SIZE * (row - 1) + column - 1 for cell, _ in found):
            raise PuzzlescopeError(f"Expected each cell once, got r{row}c{column} twice.")
        found.append((SIZE * (row - 1) + column - 1, color))
    return forced_cells(found)


def forced_text(forced: Forced) -> str:
    """The text of forced cells; :func:`parse_forced` reads it."""
    return ",".join(f"r{cell // SIZE + 1}c{cell % SIZE + 1}={color}" for cell, color in forced)


def forced_words(forced: Forced) -> str:
    """The same in words; of many, the first few."""
    said = [f"{cell_name(cell)} {COLORS[color].name}" for cell, color in forced[:MOST_SAID]]
    if len(forced) > MOST_SAID:
        said.append(f"{len(forced) - MOST_SAID} more")
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def with_forced(forced: Forced, cell: int, color: int | None) -> Forced:
    """The same cells with one more, or one in another colour; without one, if the colour is ``None``."""
    rest = [one for one in forced if one[0] != cell]
    return forced_cells(rest if color is None else [*rest, (cell, color)])


def put(puzzle: Puzzle, forced: Forced) -> Puzzle:
    """The puzzle with the forced cells in its answer."""
    if not forced:
        return puzzle
    tokens = puzzle.tokens.copy()
    for cell, color in forced:
        tokens[PUZZLE_TOKENS - CELLS + cell] = color
    return Puzzle.of(puzzle.task, tokens)


def held(forced: Forced, n: int, device: torch.device) -> Int[Tensor, "row 100"]:
    """The forced colour of each cell, the same in ``n`` rows; ``FREE`` where the model draws."""
    found = torch.full((n, CELLS), FREE, dtype=torch.long, device=device)
    for cell, color in forced:
        found[:, cell] = color
    return found


def written(drawn: Int[Tensor, "*row cell"], forced: Int[Tensor, "*row cell"]) -> Int[Tensor, "*row cell"]:
    """What stands in cells: what the model has drawn, but for those that are forced."""
    return torch.where(forced == FREE, drawn, forced)


def forced_prompt(prompt: Int[Tensor, "row 405"], forced: Int[Tensor, "row 100"]) -> Int[Tensor, "row 405"]:
    """Prompts with the forced cells in their answers."""
    found = prompt.clone()
    found[:, ANSWER_START + 1 :] = written(prompt[:, ANSWER_START + 1 :], forced)
    return found
