"""What the view of why a head looks there exports: its numbers, and the Python for them."""

from collections.abc import Callable
from typing import Any

from app.live import why as live
from app.live.why import Asked
from app.state.scene import Scene
from app.views.heads.why import figures
from app.views.shared.export import header_of
from app.views.shared.report import exports
from app.widgets.export_menu.menu import Download, Exports
from interp.backend import Backend
from interp.export.tables import Table

OFFERED = {
    live.SPLIT: ("The score, term by term", "score", "the score split"),
    live.PHASE: ("Phases of the weights", "phase", "the phase test"),
    live.SHIFT: ("The shift experiment", "shift", "the shift experiment"),
    live.SIDES: ("Interventions on one side", "interventions", "interventions"),
    live.VERDICT: ("The verdict and its tests", "verdict", "the verdict"),
}
"""Of each question what its table is called, in words and in a file's name, and its program."""


def offered(scene: Scene, asked: Asked, backend: Backend) -> Exports:
    """What the view offers."""
    downloads = [
        Download.of(label, f"why-{asked.head.text}-{name}", _table(group, scene, asked, backend))
        for group, (label, name, _) in OFFERED.items()
    ]
    programs = {
        words: live.question(group, asked).program(scene.model) for group, (_, _, words) in OFFERED.items()
    }
    return exports(
        scene,
        "Heads",
        figures.shown(scene, asked, backend),
        downloads,
        programs,
        [("View", f"why {asked.head.text} looks there")],
        "why",
    )


def _table(group: str, scene: Scene, asked: Asked, backend: Backend) -> Callable[[], Table]:
    def table() -> Table:
        question: Any = live.question(group, asked)
        rows = figures.rows_of(backend.ask(scene.model, question))
        puzzles = figures.puzzles_of(group, asked, question)
        return Table(header_of(scene, backend, puzzles, ablation=""), rows)

    return table
