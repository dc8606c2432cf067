"""Whose step comes next: what is waited for before what is watched, and the least served visitor first.

Nothing here computes or waits: :mod:`interp.backend.queue` asks, under its lock, and says what a step took.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import Any, Protocol, runtime_checkable


class Rank(IntEnum):
    """What a computation is to the one who asked for it; the lower comes first."""

    ASKED = 0
    """A page stands still until it is there."""
    FIRST_LOOK = 1
    """It fills up by itself, and is a cheap and rough look at what an exact computation then tells."""
    WATCHED = 2
    """It fills up by itself."""


SHARES = {Rank.FIRST_LOOK: 1 / 8, Rank.WATCHED: 1 / 16}
"""Of the time of what comes before them, that these get all the same: they go on under any load."""
LEAST_CREDIT = 0.05
"""Seconds that must have come together before such a step is taken: what is waited for is held up seldom."""
QUANTUM = 0.25
"""Two visitors whose times differ by less than these seconds count as equally served: the one who has waited
longer comes first, and is done, rather than each a little later."""
BEHIND = 4.0
"""Seconds that one who waits for an answer is put behind others for each second of having been served more.
So costly answers come later, but come: what is asked for after such a wait stands behind it."""
HALF_LIFE = 20.0
"""Seconds after which half of what a visitor was served is forgotten."""
KEPT = 5.0
"""Seconds for which one who no longer waits for an answer keeps the place."""
BUDGET = 20.0
"""Seconds of watched computing that a visitor may use each minute before everybody else. What is beyond is
computed when no other visitor wants anything."""


@runtime_checkable
class Wanting(Protocol):
    """Somebody's interest in a computation.

    Attributes:
        who: the visitor.
        payer: on whose account it goes: the visitor's, or one that several visits of a person share.
        rank: whether it is waited for.
    """

    who: Hashable
    payer: Hashable
    rank: Rank


@dataclass
class Account:
    """What one visitor has been served: of what is waited for, and of what is watched, each fading.

    Attributes:
        left: seconds of watched computing that the visitor may still use before everybody else.
        place: when the visitor came to wait for an answer, and as which of all; kept for a while by one whose
            page is drawn anew before the answer is there.
        place_at: when the visitor was last seen there.
    """

    at: float
    asked: float = 0.0
    watched: float = 0.0
    left: float = BUDGET
    place: tuple[float, int] | None = None
    place_at: float = 0.0

    def pass_time(self, now: float) -> None:
        seconds, self.at = max(now - self.at, 0.0), now
        fade = 0.5 ** (seconds / HALF_LIFE)
        self.asked, self.watched = self.asked * fade, self.watched * fade
        self.left = min(BUDGET, self.left + seconds * BUDGET / 60)

    def served(self, rank: Rank) -> int:
        """In whole quanta, in its class."""
        return int((self.asked if rank is Rank.ASKED else self.watched) / QUANTUM)

    def charge(self, rank: Rank, seconds: float) -> None:
        if rank is Rank.ASKED:
            self.asked += seconds
        else:
            self.watched += seconds
            self.left -= seconds


class Order:
    """All that is wanted, in lines: one a rank, in each the visitors in the order of their coming, and of
    each visitor the wishes, the latest first: it is what that person looks at now.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lines: dict[Rank, dict[Hashable, list[Any]]] = {rank: {} for rank in Rank}
        self._accounts: dict[Hashable, Account] = {}
        self._places = count()
        self._credit = dict.fromkeys(SHARES, 0.0)
        self._by_credit = False

    def add(self, one: Wanting) -> None:
        account = self._account(one.payer)
        new = one.rank is Rank.ASKED and one.who not in self._lines[one.rank]
        if new and (account.place is None or account.at - account.place_at > KEPT):
            account.place = self._place(account)
        self._lines[one.rank].setdefault(one.who, []).append(one)

    def remove(self, one: Wanting, *, done: bool = False) -> None:
        """It is wanted no more.

        Args:
            done: its computation has come to its end.
        """
        line = self._lines[one.rank]
        wishes = line.get(one.who, [])
        if one in wishes:
            wishes.remove(one)
            if not wishes:
                del line[one.who]
        if one.rank is Rank.ASKED:
            account = self._account(one.payer)
            account.place_at = account.at
            if done:  # what else is waited for stands behind those who have come meanwhile
                waits = any(wishes[-1].payer == one.payer for wishes in line.values())
                account.place = self._place(account) if waits else None

    def of(self, who: Hashable) -> Iterator[Any]:
        """A visitor's wishes, what is waited for first, and in each rank the oldest first."""
        for line in self._lines.values():
            yield from line.get(who, [])

    def next(self) -> Any:
        """The wish whose turn it is, or ``None`` if there are none."""
        ranks = [rank for rank in Rank if self._lines[rank]]
        if not ranks:
            return None
        owed = [rank for rank in ranks[1:] if self._credit[rank] >= LEAST_CREDIT]
        self._by_credit = bool(owed)
        rank = owed[0] if owed else ranks[0]
        line = self._lines[rank]
        who = min(line, key=lambda who: self._standing(rank, who))
        return line[who][-1]

    def charge(self, one: Wanting, others: Sequence[Wanting], seconds: float) -> None:
        """A step for this wish took so long; all who share in it bear it together.

        Args:
            others: who else follows the same computation.
        """
        for sharer in (one, *others):
            self._account(sharer.payer).charge(sharer.rank, seconds / (1 + len(others)))
        line = self._lines[one.rank]
        if one.payer != one.who and one.who in line:
            line[one.who] = line.pop(one.who)  # visits of one person take turns
        if self._by_credit:
            self._credit[one.rank] -= seconds
            return
        for rank, share in SHARES.items():
            if not self._lines[rank]:
                self._credit[rank] = 0.0
            elif rank > one.rank:
                self._credit[rank] = min(self._credit[rank] + share * seconds, 1.0)

    def over_budget(self, payer: Hashable) -> bool:
        """Whether one has had more watched computing than a visitor's share of the minute."""
        return payer in self._accounts and self._account(payer).left < 0

    def _standing(self, rank: Rank, who: Hashable) -> tuple[bool, float, int]:
        account = self._account(self._lines[rank][who][-1].payer)
        if rank is Rank.ASKED:
            came, number = account.place or (account.at, 0)
            return False, came + BEHIND * QUANTUM * account.served(rank), number
        return account.left < 0, float(account.served(rank)), 0

    def _place(self, account: Account) -> tuple[float, int]:
        return account.at, next(self._places)

    def _account(self, payer: Hashable) -> Account:
        now = self._clock()
        if payer not in self._accounts:
            self._forget(now)
            self._accounts[payer] = Account(now)
        account = self._accounts[payer]
        account.pass_time(now)
        return account

    def _forget(self, now: float) -> None:
        """Those who have wanted nothing for so long that they count as new."""
        here = {one.payer for line in self._lines.values() for wishes in line.values() for one in wishes}
        old = [one for one, account in self._accounts.items() if now - account.at > 90 and one not in here]
        for one in old:
            del self._accounts[one]
