"""Who may look after the server on its own page."""

from collections.abc import Iterable
from ipaddress import ip_address

from app.server.metrics.guard import PROXIED
from app.server.words import Words

HERE = ("localhost", "127.0.0.1", "::1")


def read(words: Words) -> frozenset[str]:
    """``PUZZLESCOPE_ADMINS``: the addresses that they sign in with, in lower case."""
    return frozenset(name.lower() for name in words.names("PUZZLESCOPE_ADMINS"))


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
