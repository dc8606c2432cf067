"""The figures of why a head looks there, for papers: made when asked for, from complete results."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from app.live import why as live
from app.live.why import Asked
from app.state.scene import Scene
from app.views.heads.why.looking import place_name
from app.views.heads.why.pieces import parts_of
from app.views.shared.plates import figures, plate
from app.widgets.export_menu.figures import Figure
from interp.ablation import NO_ABLATION
from interp.backend import Backend
from interp.figures.why import (
    concordance_curve,
    phase_points,
    score_bars,
    score_matrix,
    share_bars,
    shift_map,
)
from interp.why.split import CellSplit

if TYPE_CHECKING:
    from interp.figures.paper import Plate

GROUPS = {
    "score": live.SPLIT,
    "score-matrix": live.SPLIT,
    "shares": live.VERDICT,
    "shift": live.SHIFT,
    "phase": live.PHASE,
    "concordance": live.PHASE,
}
"""Of each figure what it is drawn from."""


def shown(scene: Scene, asked: Asked, backend: Backend) -> dict[str, Figure]:
    """All of the view, by their names."""
    name = asked.head.text

    def made(figure: str) -> "Plate":
        group = GROUPS[figure]
        question = live.question(group, asked)
        found = backend.ask(scene.model, question)
        if figure == "shares":
            found = found.split
        return plate(
            scene,
            backend,
            _chart(figure, found, asked),
            figure=figure,
            puzzles=puzzles_of(group, asked, question),
            ablation=NO_ABLATION,
            rows=rows_of(found),
            about=found.summary(),
            more=["why", name, *([asked.side, asked.moved] if figure == "shift" else [])],
        )

    return figures(
        ("score", "the score split", lambda: made("score")),
        ("score-matrix", "the same as a matrix", lambda: made("score-matrix")),
        ("shares", "shares over many puzzles", lambda: made("shares")),
        ("shift", "the shift experiment", lambda: made("shift")),
        ("phase", f"the phases of {name}", lambda: made("phase")),
        ("concordance", "which offset fits them", lambda: made("concordance")),
    )


def rows_of(found: Any) -> tuple[dict[str, Any], ...]:
    """The rows of a table: of a score split one for each of its terms, the largest first."""
    if not isinstance(found, CellSplit):
        rows: tuple[dict[str, Any], ...] = found.rows()
        return rows
    names = ("query", "query_part", "key", "key_part", "nats")
    return tuple(
        {"head": found.head.text, **{name: getattr(term, name) for name in names}}
        for term in found.strongest(found.contrast.size)
        if term.nats
    )


def puzzles_of(group: str, asked: Asked, question: Any) -> list[Any]:
    """Those that a figure is over; none of the weights'."""
    if group == live.PHASE:
        return []
    return [asked.puzzle] if group == live.SPLIT else list(question.puzzles)


def _chart(figure: str, found: Any, asked: Asked) -> go.Figure:
    name = asked.head.text
    if figure == "shares":
        return share_bars(found.shares, f"{name}: what makes it look {found.back} back")
    if figure == "shift":
        title = f"{name}: attention when the position of its {found.side} is moved"
        return shift_map(found.shifts, found.offsets, found.profile, title, side=found.expected)
    if figure == "phase":
        title = f"{name}: how far each wave of the position is turned, and the line of {found.offset} back"
        return phase_points(found.frequency, found.angle, found.strength, found.offset, title)
    if figure == "concordance":
        null = np.nan if found.null is None else found.null.bound
        offsets = np.arange(len(found.concordance))
        return concordance_curve(offsets, found.concordance, null, f"{name}: how well each offset fits")
    place = place_name(asked.puzzle, found.key)
    parts = parts_of(found.writers, found.contrast)
    if figure == "score":
        return score_bars(*parts, f"{name}, score of {place} above its other keys")
    return score_matrix(*parts, f"{name}, {place}: the query's side (rows) with the key's")
