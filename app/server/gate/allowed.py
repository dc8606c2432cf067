"""Whose addresses are let in."""

import re
from dataclasses import dataclass

from interp.errors import PuzzlescopeError, brief

ANYBODY = "*"
_ENTRY = re.compile(r"[^@\s,]+@[^@\s,]+|@?[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9._-]+@?")


@dataclass(frozen=True)
class Allowed:
    """Domains and addresses that are let in; none at all lets nobody in.

    Attributes:
        entries: in lower case: ``example.org`` or ``@example.org``, ``ann@example.org``, or ``*``.
    """

    entries: frozenset[str] = frozenset()

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, str) or not address:
            return False
        if ANYBODY in self.entries:
            return True
        if not address.isascii():  # a letter that looks like another might be folded into it
            return False
        known = address.casefold()
        name, at, domain = known.rpartition("@")
        return known in self.entries or bool(name and at and {domain, f"@{domain}"} & self.entries)


EVERYBODY = Allowed(frozenset({ANYBODY}))


def allowed(name: str, said: tuple[str, ...]) -> Allowed:
    """Those whom a variable lists.

    Args:
        name: the variable's.

    Raises:
        PuzzlescopeError: if an entry can be neither a domain nor an address.
    """
    for one in said:
        if one != ANYBODY and not _ENTRY.fullmatch(one.casefold()):
            raise PuzzlescopeError(
                f"{name} must list domains (example.org) and addresses (ann@example.org), or be *, "
                f"got '{brief(one)}'."
            )
    return Allowed(frozenset(one.casefold() for one in said))
