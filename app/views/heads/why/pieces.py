"""What a verdict on a head rests on, piece by piece, as far as each is known."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Float

from app.live import why as live
from app.live.why import Asked
from app.state.session import choose
from app.views.heads.choices import MOVED, PAGE
from app.views.heads.why.looking import place_name
from app.widgets.controls import choice
from app.widgets.controls.progress import show_progress
from app.widgets.text import escape_markdown
from app.widgets.why import interventions, phase, score, shares, shift, verdict
from interp.backend import Backend
from interp.figures.why.parts import KINDS, Part
from interp.why.interventions.results import (
    SIDES,
    Intervention,
    Interventions,
    Shift,
    Side,
    key_words,
)
from interp.why.phase import Phase
from interp.why.split import CellSplit
from interp.why.verdict import Check, HeadReason

WHOSE: dict[Side, str] = {"queries": "of the query", "keys": "of the keys"}
Drawn = Callable[[Any, Asked], None]
"""Draws one of them, as far as it is known."""
VERDICTS: dict[str, str] = {
    "pointer": "is a pointer: it {looks} by position alone.",
    "k": "goes by K-composition: an earlier head wrote into the keys what it looks for.",
    "q": "goes by Q-composition: an earlier head wrote into its query where to look.",
    "content": "goes by content: it looks for tokens that match.",
    "mixed": "is mixed: no way alone explains that it {looks}.",
    "none": "has no verdict: over many puzzles it does not keep to {place}, so there is no place to explain.",
}
"""Each verdict, behind the name of the head."""
WAYS = {"pointer": "pointer", "k": "K-composition", "q": "Q-composition", "content": "content"}
STRONGEST = 2
"""Lower writers that have a line of the table for each side: those that take most."""


def draw(group: str, asked: Asked, backend: Backend) -> None:
    """Draw one of them, by the group that it is watched in."""
    _draw(_DRAWN[group], group, asked, backend)


def draw_shares(asked: Asked, backend: Backend) -> None:
    """Draw the shares that the verdict rests on."""
    _draw(_shares, live.VERDICT, asked, backend)


def _draw(drawn: Drawn, group: str, asked: Asked, backend: Backend) -> None:
    seen, problem = live.look(group, asked, backend), live.problem(group)
    drawn(None if problem else seen.state, asked)
    if problem:
        st.caption(escape_markdown(problem))
    elif seen.state is None:
        st.caption("Stopped." if seen.stopped else "Measuring …")


def draw_verdict(asked: Asked, backend: Backend) -> None:
    """Draw the verdict, and how far all of it is."""
    draw(live.VERDICT, asked, backend)
    found = live.all_of_it(asked, backend)
    show_progress(
        found.progress, found.stopped, "Measuring", key="why", on_stop=live.stop, on_again=live.go_on
    )


def parts_of(
    writers: tuple[str, ...], terms: Float[np.ndarray, "writer 2 writer 2"]
) -> tuple[list[Part], list[Part], Float[np.ndarray, "query key"]]:
    """The parts of both sides that add anything, and the term of every pair of them."""
    parts = [Part(writer, kind) for writer in writers for kind in KINDS]
    flat = terms.reshape(len(parts), len(parts))
    rows, columns = (np.flatnonzero(np.abs(flat).sum(axis) > 0) for axis in (1, 0))
    queries, keys = ([parts[k] for k in own] for own in (rows, columns))
    return queries, keys, flat[np.ix_(rows, columns)]


def _verdict(found: HeadReason | None, asked: Asked) -> None:
    if found is not None:
        checks = [_check(one) for one in found.checks]
        verdict.show(words_of(found), numbers_of(found), checks)


def words_of(found: HeadReason) -> str:
    """The verdict in plain words."""
    place = f"{found.back} back" if found.back else "its own position"
    told = VERDICTS[found.verdict].format(place=place, looks=_looks(found.back))
    return f"{found.head.text} {told}"


def numbers_of(found: HeadReason) -> str:
    """What the verdict rests on most; what the sentence above it has said already is left out."""
    if not found.evidence:
        return found.summary()
    where = f"Over {len(found.split.log_odds)} puzzles it gives {key_words(found.back)}"
    return f"{where} {found.split.attention:.0%} of its attention. {found.evidence}"


def _looks(back: int) -> str:
    return f"looks {back} back" if back else "looks at its own position"


def _check(one: Check) -> verdict.Row:
    value = one.measured.replace("-", "−") or "—"
    return WAYS[one.way], "yes" if one.passed else "no", one.what, value, one.bound


def _score(found: CellSplit | None, asked: Asked) -> None:
    score.heading()
    if found is None:
        return
    queries, keys, terms = parts_of(found.writers, found.contrast)
    title = f"{found.head.text}, score of {place_name(asked.puzzle, found.key)} above its other keys"
    score.show(queries, keys, terms, title, found.summary(), key="why-score")


def _shares(found: HeadReason | None, asked: Asked) -> None:
    shares.heading()
    if found is None:
        return
    split = found.split
    title = f"{split.head.text}: what makes it look {split.back} back"
    told = f"Over {len(split.log_odds)} puzzles. {split.summary()} {split.beside}".strip()
    shares.show(split.shares, title, told, key="why-shares")


def _phase(found: Phase | None, asked: Asked) -> None:
    phase.heading()
    if found is None:
        return
    waves = found.frequency, found.angle, found.strength
    null = np.nan if found.null is None else found.null.bound
    fits = np.arange(len(found.concordance)), found.concordance, null
    phase.show(waves, fits, found.offset, found.head.text, found.summary(), key="why-phase")


def _shift(found: Shift | None, asked: Asked) -> None:
    shift.heading()
    _moved(asked)
    if found is None:
        return
    title = f"{found.head.text}: where it looks, its {found.side} moved"
    shift.show(
        found.shifts,
        found.offsets,
        found.profile,
        title,
        found.summary(),
        side=found.expected,
        key="why-shift",
    )


def _moved(asked: Asked) -> None:
    """The choice of what is moved on which side."""
    with st.container(horizontal=True, gap="small"):
        choice.segmented(
            "Whose position",
            WHOSE,
            asked.side,
            key="why-side",
            on_change=lambda side: choose(PAGE, side=side),
        )
        choice.segmented(
            "What is moved",
            MOVED,
            asked.moved,
            key="why-moved",
            on_change=lambda moved: choose(PAGE, moved=moved),
        )


def _sides(found: Interventions | None, asked: Asked) -> None:
    interventions.heading()
    if found is None:
        return
    rows = [_row(found, one) for one in _listed(found)]
    interventions.show(rows, found.summary())


def _listed(found: Interventions) -> list[Intervention]:
    """Those that have a line: of the lower writers and heads only the strongest on each side."""
    of_one = [
        one
        for name in ("writer", "shifted")
        for side in SIDES
        for one in found.strongest(name, side, STRONGEST)
    ]
    return [one for one in found.rest if one.name == "swap"] + of_one


def _row(found: Interventions, one: Intervention) -> tuple[str, str, float, float, float]:
    before, after = float(found.clean.log_odds.mean()), float(one.log_odds.mean())
    return _words(one), one.side or "", before, after, 1 - found.lost(one).value


def _words(one: Intervention) -> str:
    if one.name == "swap":
        return "all that it reads is of another puzzle"
    if one.name == "writer":
        return f"what {one.writer} writes is of another puzzle"
    whose = "all lower heads write" if one.writer in (None, "all") else f"{one.writer} writes"
    return f"what {whose} is moved on by one"


_DRAWN: Mapping[str, Drawn] = {
    live.VERDICT: _verdict,
    live.SPLIT: _score,
    live.PHASE: _phase,
    live.SHIFT: _shift,
    live.SIDES: _sides,
}
