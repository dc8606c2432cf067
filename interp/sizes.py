"""Numbers of bytes as people read and write them."""

import re

from interp.errors import PuzzlescopeError, brief

UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?", re.ASCII)


def parse_bytes(text: str) -> int:
    """A number of bytes as people write it; a unit is a power of 1024.

    >>> parse_bytes("2G"), parse_bytes("1500 MB"), parse_bytes("0.5GiB")
    (2147483648, 1572864000, 536870912)

    Raises:
        PuzzlescopeError: if it is none.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        raise PuzzlescopeError(f"Expected a size such as 2G, 1500M or 0.5G, got '{brief(text)}'.")
    number_of, unit = found.groups()
    return int(float(number_of) * UNITS[unit])


def bytes_in_words(n: int) -> str:
    """A number of bytes in megabytes, or from 10 gigabytes on in those.

    >>> bytes_in_words(734003200), bytes_in_words(17179869184)
    ('700 MB', '16 GB')
    """
    return f"{n / 2**30:.0f} GB" if n >= 10 * 2**30 else f"{n / 2**20:.0f} MB"
