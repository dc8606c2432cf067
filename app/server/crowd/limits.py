"""How much of the machine the server may take, and how many people it takes in."""

from dataclasses import dataclass
from functools import cache

from app.server.words import Words
from interp.errors import PuzzlescopeError
from interp.sizes import bytes_in_words, parse_bytes

LEAST_MEMORY = 1000 * 2**20
"""What one model and its answers need (:data:`interp.backend.memory.LEAST`)."""
MOST_VISITORS = 10_000


@dataclass(frozen=True)
class Limits:
    """Attributes:
    memory: bytes that the process may take; 0: what its container leaves, or no bound.
    visitors: how many may be here at the same time; 0: as many as can be served.
    """

    memory: int = 0
    visitors: int = 0


def read(words: Words) -> Limits:
    """The limits that the environment gives.

    Raises:
        PuzzlescopeError: if one of them cannot be.
    """
    return Limits(_memory(words.text("PUZZLESCOPE_MEMORY")), _visitors(words))


@cache
def own() -> Limits:
    """Those of this process."""
    return read(Words())


def _memory(said: str) -> int:
    if not said:
        return 0
    try:
        memory = parse_bytes(said)
    except PuzzlescopeError as error:
        raise PuzzlescopeError(f"PUZZLESCOPE_MEMORY: {error}") from None
    if memory < LEAST_MEMORY:
        raise PuzzlescopeError(
            f"PUZZLESCOPE_MEMORY is {bytes_in_words(memory)}, and at least {bytes_in_words(LEAST_MEMORY)} "
            "are needed, of which PyTorch and the server take most: give more."
        )
    return memory


def _visitors(words: Words) -> int:
    return int(words.number("PUZZLESCOPE_VISITORS", 0, 1, MOST_VISITORS))
