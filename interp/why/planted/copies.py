"""Sequences that only an induction head can go on with: a block of ten colours, each once, that comes back
after a random number of markers.

What follows a colour in a block is another in every sequence, so no table knows it; the block comes back at
another distance each time, so no fixed offset finds it. As each colour stands once in a block, one token
back tells the place: "after what stood where I stand now, came ...".
"""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from interp.tokens import MARKERS, N_CTX, START

BLOCK = 10
"""Colours 1 to 10. Colour 0 is the start token too."""


def random_blocks(n: int, generator: torch.Generator) -> Int[Tensor, "row 10"]:
    """Blocks of ten colours in random order."""
    return 1 + torch.rand(n, BLOCK, generator=generator).argsort(1)


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


@dataclass(frozen=True, eq=False)
class Copies:
    """Rows in which a block stands twice, at the same two places in all of them.

    Attributes:
        tokens: start token included.
        queries: the colours of the second block but its last: what comes next stood ``back`` before.
        back: how far a head that copies looks back from there, the lag less one.
    """

    tokens: Int[Tensor, "row 405"]
    queries: Int[Tensor, " query"]
    back: int


def copies(n: int, lag: int = 38, seed: int = 0, place: int = 200) -> Copies:
    """Rows with a block at ``place`` and once more ``lag`` after it, and random markers all around."""
    generator = torch.Generator().manual_seed(seed)
    tokens, blocks = _markers((n, N_CTX), generator), random_blocks(n, generator)
    tokens[:, 0] = START
    for start in (place, place + lag):
        tokens[:, start : start + BLOCK] = blocks
    return Copies(tokens, torch.arange(place + lag, place + lag + BLOCK - 1), lag - 1)
