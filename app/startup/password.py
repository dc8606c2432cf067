"""``puzzlescope password``: the hash of a password that a team shares, for ``PUZZLESCOPE_PASSWORD_HASH``."""

import getpass
import sys
from collections.abc import Callable

from argon2 import PasswordHasher

from interp.errors import PuzzlescopeError

SHORTEST = 12
LONGEST = 1000


def password() -> None:
    """Ask for a password, twice, and print its hash: the value of PUZZLESCOPE_PASSWORD_HASH. What is piped in
    is taken as it is."""
    try:
        said = asked(getpass.getpass) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        print(hashed(said))
    except (KeyboardInterrupt, EOFError):
        raise SystemExit(130) from None
    except PuzzlescopeError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def asked(ask: Callable[[str], str]) -> str:
    """The password that is typed twice.

    Raises:
        PuzzlescopeError: if the two differ.
    """
    said = ask("Password: ")
    if ask("Again: ") != said:
        raise PuzzlescopeError("The two passwords differ: start again.")
    return said


def hashed(said: str) -> str:
    """Its hash, by argon2id.

    Raises:
        PuzzlescopeError: if it is too short, or far too long.
    """
    if not SHORTEST <= len(said) <= LONGEST:
        raise PuzzlescopeError(
            f"A password that a team shares must have {SHORTEST} or more characters, got {len(said)}: "
            "four or five words are easy to remember."
        )
    return PasswordHasher().hash(said)
