"""Who may look after the server on its own page."""

from collections.abc import Iterable
from ipaddress import ip_address

from app.server.gate.person import Way
from app.server.gate.settings import HEADER, METADATA
from app.server.metrics.guard import PROXIED
from app.server.words import Words
from interp.errors import PuzzlescopeError

ADMINS = "PUZZLESCOPE_ADMINS"
HERE = ("localhost", "127.0.0.1", "::1")


def read(words: Words, way: Way | None) -> frozenset[str]:
    """``PUZZLESCOPE_ADMINS``: the addresses that they sign in with, in lower case.

    Args:
        way: how people sign in.

    Raises:
        PuzzlescopeError: if some are named and nothing tells whose address a visitor has.
    """
    named = frozenset(name.lower() for name in words.names(ADMINS))
    if named and way not in ("provider", "header"):
        raise PuzzlescopeError(
            f"{ADMINS} is set, but nothing tells whose address a visitor has: it goes with {METADATA} or "
            f"{HEADER}. Without it /admin is for those who sit at a machine that serves itself alone, and "
            "`puzzlescope status` for those on the server's own."
        )
    return named


def may_administer(
    admins: frozenset[str], address: str, person: str | None, headers: Iterable[str], *, sign_in: bool
) -> bool:
    """Whether a visitor may.

    Args:
        admins: the addresses of those who may.
        address: where the server listens.
        person: the address that the visitor has signed in with, if any.
        headers: the names of those that the visitor's browser, or a proxy, has sent.
        sign_in: whether visitors sign in. Where they do not, and the server listens on this machine only, all
            who come from this machine itself may.
    """
    if person is not None:
        return person.lower() in admins
    proxied = any(name.lower() in PROXIED for name in headers)
    return not sign_in and _is_here(address) and not proxied


def _is_here(address: str) -> bool:
    try:
        return address in HERE or ip_address(address).is_loopback
    except ValueError:
        return False
