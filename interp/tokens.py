"""The token layout: four grids behind four markers, 404 tokens, and a start token in front.

There are 15 symbols: the colours 0..10, then one marker for each grid. A grid is its marker and then its 100
cells, row by row; the last grid is always the one to predict.

>>> import numpy as np
>>> grids = np.zeros((4, 10, 10), dtype=np.uint8)    # X, f(X), Y, f(Y): the order of the first structure
>>> grids[0, 0, :3] = 5                              # X has three cyan cells in its first row
>>> tokens = encode(grids, STRUCTURES[0])
>>> tokens.shape, tokens[:6].tolist(), tokens[[0, 101, 202, 303]].tolist()
((404,), [11, 5, 5, 5, 0, 0], [11, 12, 13, 14])
>>> structure_of(tokens).name
'X f(X) Y f(Y)'
>>> (decode(tokens) == grids).all()
np.True_

The model reads the same with a start token (a 0) in front, so that grid ``g`` has its marker at position ``1
+ 101 g``:

>>> prompt = with_start(tokens)
>>> prompt.shape, prompt[0].item(), prompt[[1, 102, 203, 304]].tolist()
((405,), 0, [11, 12, 13, 14])
>>> marker_position(3), cell_position(3, row=0, column=0), cell_position(3, row=9, column=9)
(304, 305, 404)

**Off by one, said once.** Logits at position ``p`` predict token ``p + 1``. The answer is tokens 304..404
(its marker and its cells), predicted at positions 303..403, and in the grid before, the cell where token ``p
+ 1`` will lie is at ``p - 100``:

>>> predicting_position(row=4, column=7)
351
>>> predicting_position(row=4, column=7) - 100 == cell_position(2, row=4, column=7)
True

The four *structures* are the orders in which a puzzle's grids are put; two ask for f(Y) or f(X), two ask for
the inverse:

>>> [s.name for s in STRUCTURES]
['X f(X) Y f(Y)', 'f(X) X f(Y) Y', 'Y f(Y) X f(X)', 'f(Y) Y f(X) X']
>>> [s.reverse for s in STRUCTURES]
[False, True, False, True]
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Integer, UInt8

from interp.errors import PuzzlescopeError, brief
from interp.grids import CELLS, COLORS, N_COLORS, SIZE

GRID_NAMES = ("X", "f(X)", "Y", "f(Y)")
MARKERS = (11, 12, 13, 14)
START = 0
D_VOCAB = N_COLORS + len(MARKERS)

GRID_TOKENS = 1 + CELLS
PUZZLE_TOKENS = 4 * GRID_TOKENS
N_CTX = 1 + PUZZLE_TOKENS

ANSWER_START = 1 + 3 * GRID_TOKENS
"""Position of the answer's marker in the prompt with its start token (304); its cells follow."""

TOKEN_NAMES = (*(str(color) for color in range(N_COLORS)), *GRID_NAMES)


TokensLike: TypeAlias = Any
"""Puzzles as people have them: what :func:`puzzle_tokens` takes."""


@dataclass(frozen=True)
class Structure:
    """One order of the four grids. ``order[k]`` says which of X, f(X), Y, f(Y) stands at place ``k``."""

    order: tuple[int, int, int, int]

    @property
    def name(self) -> str:
        return " ".join(GRID_NAMES[which] for which in self.order)

    @property
    def markers(self) -> tuple[int, ...]:
        return tuple(MARKERS[which] for which in self.order)

    @property
    def reverse(self) -> bool:
        """Whether the puzzle asks for the inverse: for Y from f(Y), or for X from f(X)."""
        return self.order[3] in (0, 2)

    @property
    def noisy(self) -> bool:
        """Whether the public data set puts noise on the third grid of puzzles in this order (the first two
        do)."""
        return self.order[3] in (2, 3)


STRUCTURES = (
    Structure((0, 1, 2, 3)),
    Structure((1, 0, 3, 2)),
    Structure((2, 3, 0, 1)),
    Structure((3, 2, 1, 0)),
)


def encode(
    grids: UInt8[np.ndarray, "*batch 4 10 10"], structure: Structure
) -> UInt8[np.ndarray, "*batch 404"]:
    """Tokens of puzzles whose four grids already stand in the structure's order (no start token)."""
    batch = grids.shape[:-3]
    tokens = np.empty((*batch, 4, GRID_TOKENS), dtype=np.uint8)
    tokens[..., 0] = structure.markers
    tokens[..., 1:] = grids.reshape(*batch, 4, CELLS)
    return tokens.reshape(*batch, PUZZLE_TOKENS)


def decode(tokens: Integer[np.ndarray, "*batch 404"]) -> UInt8[np.ndarray, "*batch 4 10 10"]:
    """The four grids of each puzzle, in the order in which they stand. The inverse of :func:`encode`."""
    batch = tokens.shape[:-1]
    cells = tokens.reshape(*batch, 4, GRID_TOKENS)[..., 1:]
    return cells.reshape(*batch, 4, SIZE, SIZE).astype(np.uint8)


def structure_of(tokens: np.ndarray) -> Structure:
    """The structure that the markers of a puzzle, whole numbers [404], spell.

    Raises:
        PuzzlescopeError: if the tokens are not four grids of colours behind markers in one of the four
            orders.
    """
    tokens = np.asarray(tokens)
    if tokens.shape != (PUZZLE_TOKENS,):
        raise PuzzlescopeError(
            f"A puzzle is {PUZZLE_TOKENS} tokens without the start token, got {tokens.size}."
        )
    grids = tokens.reshape(4, GRID_TOKENS)
    cells = grids[:, 1:]
    if cells.min() < 0 or cells.max() >= N_COLORS:
        grid, cell = np.argwhere((cells < 0) | (cells >= N_COLORS))[0].tolist()
        raise PuzzlescopeError(
            f"A cell is a colour from 0 to {N_COLORS - 1}, got {int(cells[grid, cell])} in grid {grid + 1},"
            f" {cell_name(cell)}."
        )
    markers = tuple(grids[:, 0].tolist())
    for structure in STRUCTURES:
        if structure.markers == markers:
            return structure
    orders = "; ".join(s.name for s in STRUCTURES)
    raise PuzzlescopeError(
        f"The four markers must spell one of these orders: {orders}; got tokens {markers}."
    )


def as_numbers(tokens: TokensLike, expected: str) -> np.ndarray:
    """Tokens as people have them as an array of NumPy, of whatever type and shape they are.

    Raises:
        PuzzlescopeError: beginning with what was ``expected``, if they are no array of numbers.
    """
    many = isinstance(tokens, list | tuple) and len(tokens) > 0
    one = tokens[0] if many else tokens
    if hasattr(one, "tokens"):  # a puzzle, or a set of them
        got = f"{'a list of ' if many else 'a '}{type(one).__name__}"
        raise PuzzlescopeError(f"{expected}, got {got}: give {'their' if many else 'its'} .tokens.")
    try:
        return np.asarray(tokens.detach().cpu() if hasattr(tokens, "detach") else tokens)
    except (
        ValueError,
        TypeError,
        RuntimeError,
        OverflowError,
    ) as error:  # rows of different lengths, or no numbers
        raise PuzzlescopeError(
            f"{expected}, got a {type(tokens).__name__} that is no array of numbers."
        ) from error


def puzzle_tokens(tokens: TokensLike) -> UInt8[np.ndarray, "puzzle 404"]:
    """Puzzles as people have them, as the library computes with them.

    Args:
        tokens: NumPy or torch (on any device), or lists of numbers; whole numbers of any width; one puzzle or
            many, each with or without its start token: ``[404]``, ``[405]``, ``[n, 404]`` or ``[n, 405]``.

    Raises:
        PuzzlescopeError: if they are none of these, or a number is no token.

    Example:
        >>> puzzle_tokens([0, *[11, *[0] * 100] * 4]).shape
        (1, 404)
    """
    expected = (
        f"Puzzles are whole numbers [{PUZZLE_TOKENS}] or [n, {PUZZLE_TOKENS}], or with the start token [n,"
        f" {N_CTX}]"
    )
    found = as_numbers(tokens, expected)
    if found.size == 0 and found.ndim <= 2:
        return np.zeros((0, PUZZLE_TOKENS), dtype=np.uint8)
    if (
        found.dtype.kind not in "iu"
        or found.ndim not in (1, 2)
        or found.shape[-1] not in (PUZZLE_TOKENS, N_CTX)
    ):
        raise PuzzlescopeError(f"{expected}, got {found.dtype} {list(found.shape)}.")
    rows = found.reshape(-1, found.shape[-1])
    wrong = rows[(rows < 0) | (rows >= D_VOCAB)]
    if len(wrong):
        raise PuzzlescopeError(f"A token is a number from 0 to {D_VOCAB - 1}, got {wrong[0]}.")
    if rows.shape[1] == N_CTX:
        if (rows[:, 0] != START).any():
            first = int(rows[rows[:, 0] != START][0, 0])
            raise PuzzlescopeError(f"{N_CTX} tokens begin with the start token {START}, got {first} there.")
        rows = rows[:, 1:]
    return rows.astype(np.uint8, copy=False)


def one_puzzle(tokens: TokensLike) -> UInt8[np.ndarray, "404"]:
    """The same of one puzzle: ``[404]``, ``[405]``, or a batch of one.

    Raises:
        PuzzlescopeError: if it is not exactly one.
    """
    rows = puzzle_tokens(tokens)
    if len(rows) != 1:
        raise PuzzlescopeError(f"Expected the tokens of one puzzle, got {len(rows)}: choose one, tokens[0].")
    return rows[0]


def structure_named(name: str) -> Structure:
    """The structure of this name; spaces do not matter.

    Raises:
        PuzzlescopeError: if there is none.
    """
    for structure in STRUCTURES:
        if structure.name.replace(" ", "") == name.replace(" ", ""):
            return structure
    raise PuzzlescopeError(
        f"No structure '{brief(name)}': expected one of {'; '.join(s.name for s in STRUCTURES)}."
    )


def with_start(tokens: Integer[np.ndarray, "*batch 404"]) -> Integer[np.ndarray, "*batch 405"]:
    """Tokens as the model reads them: the start token in front, ``int64``."""
    start = np.full((*tokens.shape[:-1], 1), START, dtype=np.int64)
    return np.concatenate([start, tokens.astype(np.int64)], axis=-1)


def marker_position(place: int) -> int:
    """Position, start token included, of the marker of the grid at ``place`` (0..3)."""
    return 1 + place * GRID_TOKENS


def cell_position(place: int, row: int, column: int) -> int:
    """Position, start token included, of a cell of the grid at ``place`` (0..3)."""
    return marker_position(place) + 1 + row * SIZE + column


def predicting_position(row: int, column: int) -> int:
    """Position whose logits predict this cell of the answer: one before the cell itself."""
    return cell_position(3, row, column) - 1


def token_name(token: int) -> str:
    """A colour by name, a marker as ``marker Y``."""
    return COLORS[token].name if token < N_COLORS else f"marker {TOKEN_NAMES[token]}"


def cell_name(cell: int) -> str:
    """A cell of the answer (0..99), for people: counted from 1."""
    return f"row {cell // SIZE + 1}, column {cell % SIZE + 1}"
