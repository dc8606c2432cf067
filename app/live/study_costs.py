"""How fast this server would be with a study, measured when a visitor asks for it."""

from collections.abc import Hashable

from app.live.watching import Seen, how_far, watched
from interp.backend import Backend, Watch
from interp.studies.cost import Rate, RateOf

GROUP = "rate of a study"
"""Of what a visitor looks in on."""


def rate(model: str, kinds: tuple[str, ...], backend: Backend) -> Seen[Rate] | None:
    """How far it is measured; ``None`` if nobody has asked for it, and it is not kept either.

    Args:
        kinds: of components.
    """
    asked = RateOf(kinds)
    watches = watched().known(GROUP, _key(model, asked))
    if watches is None:
        if not backend.keeps(model, asked):
            return None
        watches = begin(model, kinds, backend)
    (watch,) = watches
    return how_far(GROUP, watch)


def begin(model: str, kinds: tuple[str, ...], backend: Backend) -> list[Watch[Rate]]:
    """Measure it, anew if that was stopped."""
    watched().forget(GROUP)
    asked = RateOf(kinds)
    return watched().keep(GROUP, _key(model, asked), [backend.watch(model, asked)])


def measuring() -> bool:
    """Whether one is measured for this visitor."""
    return any(how_far(GROUP, watch).progress is not None for watch in watched().held(GROUP))


def _key(model: str, asked: RateOf) -> Hashable:
    return model, asked
