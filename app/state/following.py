"""Talks that others follow: a presenter's link, under a code, for all who look at this server.

There is one of it in the process. Only the visit that has begun a talk can write to it.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from interp.errors import PuzzlescopeError, brief

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another when it is read aloud or from a screen."""
CODE = 6
MOST_TALKS = 200
LONGEST_SILENCE = 2 * 60 * 60
"""Seconds after which a talk in which nothing has changed is over."""
PATIENCE = 10.0
"""Seconds after which a follower who has not looked is gone."""
MOST_FOLLOWERS = 2000
"""That are counted."""


@dataclass(frozen=True)
class Talk:
    """What its presenter shows.

    Attributes:
        page: the page's name.
        query: the parameters of the presenter's link.
        step: grows with every change.
        owner: the key that its presenter alone has.
        heard: when it was last written.
    """

    page: str
    query: Mapping[str, str]
    step: int
    owner: str
    heard: float


@dataclass(frozen=True)
class Followers:
    """How many follow a talk.

    Attributes:
        along: who see what its presenter shows.
        own_way: who look at something of their own by now.
    """

    along: int
    own_way: int

    @property
    def words(self) -> str:
        """As a presenter reads it.

        >>> Followers(0, 0).words, Followers(1, 0).words, Followers(3, 1).words
        ('no followers yet', '1 follower', '4 followers, 1 of them looking elsewhere')
        """
        n = self.along + self.own_way
        if not n:
            return "no followers yet"
        told = "1 follower" if n == 1 else f"{n} followers"
        if not self.own_way:
            return told
        which = "" if n == 1 else "all of them " if n == self.own_way else f"{self.own_way} of them "
        return f"{told}, {which}looking elsewhere"


@dataclass(eq=False)
class Talks:
    """All talks of a server.

    Attributes:
        clock: seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _talks: dict[str, Talk] = field(default_factory=dict)
    _looked: dict[str, dict[str, tuple[float, bool]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, page: str, query: Mapping[str, str]) -> tuple[str, str]:
        """Begin a talk: its code, and the key with which it is written."""
        owner = secrets.token_urlsafe(16)
        with self._lock:
            self._forget()
            code = next(code for code in iter(_code, "") if code not in self._talks)
            while len(self._talks) >= MOST_TALKS:  # the one that has been silent longest is over
                del self._talks[min(self._talks, key=lambda one: self._talks[one].heard)]
            self._talks[code] = Talk(page, dict(query), 1, owner, self.clock())
        return code, owner

    def show(self, code: str, owner: str, page: str, query: Mapping[str, str]) -> bool:
        """Write what its presenter shows now. Returns whether there still is such a talk of this owner."""
        with self._lock:
            self._forget()
            talk = self._talks.get(code)
            if talk is None or not secrets.compare_digest(talk.owner, owner):
                return False
            if (talk.page, talk.query) != (page, dict(query)):
                talk = replace(talk, page=page, query=dict(query), step=talk.step + 1)
            self._talks[code] = replace(talk, heard=self.clock())
            return True

    def end(self, code: str, owner: str) -> None:
        """End a talk, if it is this owner's."""
        with self._lock:
            talk = self._talks.get(code)
            if talk is not None and secrets.compare_digest(talk.owner, owner):
                del self._talks[code]

    def __len__(self) -> int:
        """How many are given at the moment."""
        with self._lock:
            self._forget()
            return len(self._talks)

    def find(self, code: str) -> Talk:
        """The talk of this code.

        Raises:
            PuzzlescopeError: if there is none, or none any more.
        """
        with self._lock:
            self._forget()
            talk = self._talks.get(code.strip().lower())
        if talk is None:
            raise PuzzlescopeError(
                f"No talk with the code '{brief(code)}' is given here. It may be over, or the server was"
                " started anew: ask for a new link."
            )
        return talk

    def attend(self, code: str, follower: str, along: bool) -> None:
        """Note that a follower has looked at a talk.

        Args:
            follower: tells it from others.
            along: whether it sees what the presenter shows.
        """
        with self._lock:
            self._forget()
            if code in self._talks:
                looked = self._looked.setdefault(code, {})
                if follower in looked or len(looked) < MOST_FOLLOWERS:
                    looked[follower] = self.clock(), along

    def leave(self, code: str, follower: str) -> None:
        """Note that a follower looks no longer."""
        with self._lock:
            self._looked.get(code, {}).pop(follower, None)

    def followers(self, code: str) -> Followers:
        """How many follow a talk at the moment."""
        with self._lock:
            self._forget()
            along = [along for _, along in self._looked.get(code, {}).values()]
            return Followers(sum(along), len(along) - sum(along))

    def _forget(self) -> None:
        now = self.clock()
        for code in self._looked.keys() - self._talks.keys():
            del self._looked[code]
        for looked in self._looked.values():
            for gone in [one for one, (when, _) in looked.items() if now - when > PATIENCE]:
                del looked[gone]
        over = [code for code, talk in self._talks.items() if now - talk.heard > LONGEST_SILENCE]
        for code in over:
            del self._talks[code]


def _code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(CODE))


TALKS = Talks()
"""Those of this server."""
