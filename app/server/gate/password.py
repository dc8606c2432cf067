"""The shared password."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

AT_ONCE = 2
"""Checks that run at the same time: each takes 64 MiB and a good part of a second of a core, on purpose."""
LONGEST = 1000


class Password:
    """Tells whether a password is the right one.

    Args:
        encoded: its hash, by argon2.
    """

    def __init__(self, encoded: str) -> None:
        self._encoded = encoded
        self._hasher = PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def is_right(self, said: str) -> bool:
        """Whether it is; the event loop goes on meanwhile."""
        async with self._turns:
            return await asyncio.to_thread(self._check, said)

    def _check(self, said: str) -> bool:
        try:
            return len(said) <= LONGEST and self._hasher.verify(self._encoded, said)
        except (Argon2Error, InvalidHashError):
            return False
