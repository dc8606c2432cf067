"""A person who has signed in, and how the gate tells the pages of one."""

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

HEADER = b"x-puzzlescope-person"
"""What a browser or a proxy sends under this name is taken out; only the gate writes it."""
LONGEST_NAME = 200

Way = Literal["provider", "header", "password"]
Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in.

    Attributes:
        way: who vouches for the address.
        address: an e-mail address or a user's name, which the provider or the proxy vouches for; empty with a
            shared password, which tells nobody's.
        name: to be shown; empty like the address.
        session: of this browser: drawn at random when it signs in. With a proxy it is the address.
        since: seconds since 1970, of the sign-in.
        until: the same, of its end.
    """

    way: Way
    address: str
    name: str
    session: str
    since: float
    until: float

    @property
    def key(self) -> str:
        """The same for one person, wherever he has signed in; with a shared password for one browser."""
        return f"{self.way}:{self.address or self.session}"


def written(person: Person) -> bytes:
    """The header that tells of a person."""
    return base64.urlsafe_b64encode(json.dumps(asdict(person)).encode())


def read(value: str | bytes | None) -> Person | None:
    """The person of such a header, if there is one."""
    return Person(**json.loads(base64.urlsafe_b64decode(value))) if value else None


def without(headers: Headers) -> list[tuple[bytes, bytes]]:
    """These headers as a stranger may send them."""
    return [(name, value) for name, value in headers if name.lower() != HEADER]
