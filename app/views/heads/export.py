"""The export menu of the heads page."""

from collections.abc import Callable
from typing import Any

from app.live import studies, sweeps
from app.state.scene import Scene
from app.state.session import chosen
from app.views.heads.choices import PAGE
from app.views.heads.figures import shown
from app.views.heads.why import export as of_why
from app.views.heads.why.body import asked_of
from app.views.shared import note
from app.views.shared.export import header_of, name_of, sample_of
from app.views.shared.report import exports
from app.widgets.export_menu import menu
from app.widgets.export_menu.menu import Download, Exports
from interp.analyses.head_roles import Roles
from interp.analyses.head_study import HeadStudy, HeadStudyOf, Over
from interp.backend import Backend
from interp.export.tables import Table


def show(scene: Scene, backend: Backend, view: str) -> None:
    """Draw the button that opens all that a view offers. Nothing is computed before it is asked for."""

    def all_of_it() -> Exports:
        if view == "why":
            return of_why.offered(scene, asked_of(scene, backend), backend)
        return offered(scene, backend, chosen(PAGE)["over"])

    menu.show(all_of_it, key="heads-export-menu", note=note.editor(scene))


def offered(scene: Scene, backend: Backend, over: Over) -> Exports:
    """What the view of all heads offers."""
    sweep = studies.head_sweep(scene, backend).states[0]
    head = scene.shown_head.text

    def download(label: str, name: str, rows: Callable[[HeadStudy], tuple[dict[str, Any], ...]]) -> Download:
        def table() -> Table:
            header = header_of(scene, backend, sweeps.puzzles_of(scene, backend))
            return Table(header, rows(_whole(scene, backend)))

        return Download.of(label, f"{name}-{name_of(scene)}", table)

    downloads = [
        download(
            "All heads",
            "heads",
            lambda study: Roles.of(study).beside(study.rows(over, studies.costs(scene, sweep))),
        ),
        download("Their spectra", "spectra", lambda study: study.spectrum_rows(over)),
        download(
            f"The maps of {head}", f"maps-{head}", lambda study: study.map_rows(scene.layer, scene.head)
        ),
    ]
    program = _question(scene, backend).program(scene.model, sample=sample_of(scene), over=over)
    return exports(scene, "Heads", shown(scene, backend), downloads, {"the heads": program})


def _whole(scene: Scene, backend: Backend) -> HeadStudy:
    """The study of all puzzles, even if it is still under way."""
    return backend.ask(scene.model, _question(scene, backend))


def _question(scene: Scene, backend: Backend) -> HeadStudyOf:
    return HeadStudyOf(tuple(sweeps.puzzles_of(scene, backend)), scene.ablation)
