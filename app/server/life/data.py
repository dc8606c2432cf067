"""The folder that survives the process: results that took long to compute are kept there."""

from dataclasses import dataclass

from app.server.words import Words
from interp.errors import PuzzlescopeError
from interp.sizes import bytes_in_words, parse_bytes

FOLDER, BYTES = "PUZZLESCOPE_DATA", "PUZZLESCOPE_DATA_MOST"
MOST = 2**30
LEAST = 2**20


@dataclass(frozen=True)
class Data:
    """Attributes:
    folder: its path; empty: nothing is kept.
    most: bytes of all that is kept in it.
    """

    folder: str = ""
    most: int = MOST


def read(words: Words) -> Data:
    """What the environment says.

    Raises:
        PuzzlescopeError: if it is no number of bytes, or too small.
    """
    said = words.text(BYTES)
    try:
        most = parse_bytes(said) if said else MOST
    except PuzzlescopeError as error:
        raise PuzzlescopeError(f"{BYTES}: {error}") from None
    if most < LEAST:
        raise PuzzlescopeError(
            f"{BYTES} is {bytes_in_words(most)}, expected at least {bytes_in_words(LEAST)}; to keep nothing,"
            f" leave {FOLDER} out."
        )
    return Data(words.text(FOLDER), most)
