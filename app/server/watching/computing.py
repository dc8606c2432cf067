"""The dashboard's backend as the server sees it. It brings PyTorch along and is there later, if at all: so it
offers itself here, and tells here what it has done."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.server import logs
from app.server.metrics import counters
from app.server.watching.visits import VISITS
from interp.errors import PuzzlescopeError

if TYPE_CHECKING:
    from interp.backend import Ended, Status


@dataclass(frozen=True)
class Turns:
    """Turns of the pages that compute, at one moment.

    Attributes:
        taken: pages that compute.
        in_line: pages that wait for a turn.
        away: pages that have a turn and wait for a result.
        waited: seconds that all have waited in line since the start.
        ended: runs that have had their turn since the start.
        left: runs that were ended while they waited.
    """

    taken: int = 0
    in_line: int = 0
    away: int = 0
    waited: float = 0.0
    ended: int = 0
    left: int = 0


def _no_models() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Computing:
    """What the server may ask of the backend, from any thread.

    Attributes:
        status: how it is.
        drop: gives up what the visitor of this session wants at the moment; returns how many computations.
        empty: forgets all that is kept.
        checkpoints: ids of the weights of the loaded models, by the models' names.
        turns: of the pages.
        talks: how many talks are under way.
    """

    status: "Callable[[], Status]"
    drop: Callable[[str], int]
    empty: Callable[[], None]
    checkpoints: Callable[[], Mapping[str, str]] = _no_models
    turns: Callable[[], Turns] = Turns
    talks: Callable[[], int] = lambda: 0


_offered: Computing | None = None


def offer(computing: Computing) -> None:
    """Be the backend of this process."""
    global _offered
    _offered = computing


def now() -> Computing | None:
    """The backend, if it is there."""
    return _offered


def ended(told: "Ended") -> None:
    """Count and log the end of a computation. The backend's worker calls this."""
    VISITS.worked(told.who, told.seconds)
    counters.COMPUTATIONS.labels(told.kind, told.outcome).inc()
    if told.outcome == "finished":
        counters.COMPUTATION_SECONDS.labels(told.kind).observe(told.seconds)
        counters.COMPUTATION_AGE.labels(told.kind).observe(told.age)
    # What a visitor did wrong the visitor is told; the rest is a fault of ours.
    bug = None if isinstance(told.error, PuzzlescopeError) else told.error
    logs.event(
        "computation",
        logging.INFO if bug is None else logging.ERROR,
        error=bug,
        visitor=logs.visitor_id(told.who),
        kind=told.kind,
        outcome=told.outcome,
        seconds=round(told.seconds, 4),
        age=round(told.age, 4),
        steps=told.steps,
    )
