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
PLACE = 200
"""Where the first block stands in rows that a head is looked at on."""
COPIES_LAG, MOST_LAG = BLOCK + 1, N_CTX - PLACE - BLOCK
"""Positions from one block to the next."""


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
        gaps = torch.randint(0, most + 1, (length // BLOCK,), generator=generator).tolist()
        place, times = gaps.pop(), 0
        while place + BLOCK <= length:
            tokens[row, place : place + BLOCK] = blocks[row]
            asked[row, place : place + BLOCK - 1] = int(times > 0)
            place, times = place + BLOCK + gaps.pop(), times + 1
    return tokens, asked


def copies(n: int, lag: int, generator: torch.Generator) -> TokenRows:
    """Rows with a block at :data:`PLACE` and once more ``lag`` after it, and random markers all around."""
    tokens, blocks = _markers((n, N_CTX), generator), random_blocks(n, generator)
    tokens[:, 0] = START
    for start in (PLACE, PLACE + lag):
        tokens[:, start : start + BLOCK] = blocks
    found: TokenRows = tokens.numpy()
    return found


def copies_rows(n: int, lag: int = 38, seed: int = 0) -> tuple[Rows, int]:
    """The same as rows for interventions, seen from the second block but its last colour; and how far back
    what comes next stood: the lag less one."""
    generator = torch.Generator().manual_seed(seed)
    tokens, others, reference = (copies(n, lag, generator) for _ in range(3))
    queries = np.arange(PLACE + lag, PLACE + lag + BLOCK - 1)
    return Rows(tokens, others, (0,) * n, (reference,), queries), lag - 1
