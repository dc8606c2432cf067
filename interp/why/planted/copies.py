"""Sequences that only an induction head can go on with: a block of six colours, no two alike, that comes
back after a random number of markers.

What follows a colour in a block is another in every sequence, so no table knows it; the block comes back at
another distance each time, so no fixed offset finds it. As each colour stands once in a block, one token
back tells the place: "after what stood where I stand now, came ...". Not all colours are in a block: with
all of them a model learns which one is missing instead.
"""

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from interp.tokens import MARKERS, N_CTX, START
from interp.why.interventions.rows import Rows, TokenRows

BLOCK, COLOURS = 6, 10
"""So many of colours 1 to 10. Colour 0 is the start token too."""
PARTNER = 5
"""Colours 6 to 10 are each the partner of the colour so much before."""
PLACE = 200
"""Where the first block stands in rows that a head is looked at on."""
MOST_LAG = N_CTX - PLACE - BLOCK
"""Positions from one block to the next, at most."""


def random_blocks(n: int, generator: torch.Generator) -> Int[Tensor, "row 6"]:
    """Blocks of colours, none twice in one."""
    return 1 + torch.rand(n, COLOURS, generator=generator).argsort(1)[:, :BLOCK]


def _markers(shape: tuple[int, int], generator: torch.Generator) -> Int[Tensor, "row pos"]:
    return torch.randint(min(MARKERS), max(MARKERS) + 1, shape, generator=generator)


def training_batch(
    n: int, length: int, most: int, generator: torch.Generator
) -> tuple[Int[Tensor, "row pos"], Int[Tensor, "row pos"]]:
    """Rows in which a block comes again and again, after 0 to ``most`` markers each time.

    Returns:
        Tokens, and 1 where the next token is to be predicted: after every colour of a block but its last,
        from its second time on.
    """
    tokens, asked = _markers((n, length), generator), torch.zeros(n, length, dtype=torch.long)
    blocks = random_blocks(n, generator)
    for row in range(n):
        gaps = torch.randint(0, most + 1, (length // BLOCK + 1,), generator=generator).tolist()
        place, times = gaps.pop(), 0
        while place + BLOCK <= length:
            tokens[row, place : place + BLOCK] = blocks[row]
            asked[row, place : place + BLOCK - 1] = int(times > 0)
            place, times = place + BLOCK + gaps.pop(), times + 1
    return tokens, asked


def copies_rows(n: int, lag: int, seed: int = 0) -> Rows:
    """Rows with a block at :data:`PLACE` and once more ``lag`` after it, random markers all around, seen from
    the second block but its last colour: what comes next stood ``lag`` - 1 before."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(3):
        block = random_blocks(n, generator)
        found.append(_with_blocks(block, block, lag, generator))
    return _rows(found, np.arange(PLACE + lag, PLACE + lag + BLOCK - 1))


def partner_rows(n: int, lag: int, seed: int = 0) -> Rows:
    """The same with the first five colours, and in the second block, from which they are seen, the partner of
    each: its own lies ``lag`` before it, and nowhere else."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(3):
        block = 1 + torch.rand(n, PARTNER, generator=generator).argsort(1)
        found.append(_with_blocks(block, block + PARTNER, lag, generator))
    return _rows(found, np.arange(PLACE + lag, PLACE + lag + PARTNER))


def _with_blocks(first: Tensor, second: Tensor, lag: int, generator: torch.Generator) -> TokenRows:
    tokens = _markers((len(first), N_CTX), generator)
    tokens[:, 0] = START
    tokens[:, PLACE : PLACE + first.shape[1]] = first
    tokens[:, PLACE + lag : PLACE + lag + second.shape[1]] = second
    found: TokenRows = tokens.numpy()
    return found


def _rows(drawn: list[TokenRows], queries: Int[np.ndarray, " query"]) -> Rows:
    """Of three draws: those looked at, those put in their place, and those that a mean is taken over."""
    tokens, others, reference = drawn
    return Rows(tokens, others, (0,) * len(tokens), (reference,), queries)
