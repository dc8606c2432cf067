"""The export menu of the page of the puzzles: the puzzle on screen with its answers."""

from app.state.scene import Scene
from app.views.shared import note
from app.views.shared.export import header_of
from app.views.shared.plates import answer_strip, figures
from app.views.shared.report import exports
from app.widgets.export_menu import menu
from app.widgets.export_menu.figures import Figure
from app.widgets.export_menu.menu import Download, Exports
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.engine.answers import Prediction
from interp.export.tables import Table


def show(scene: Scene, backend: Backend) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""
    menu.show(lambda: offered(scene, backend), key="puzzles-export-menu", note=note.editor(scene))


def offered(scene: Scene, backend: Backend) -> Exports:
    """What the page offers."""
    downloads = [
        Download.of("The answer, cell by cell", f"answer-{scene.puzzle.id}", lambda: _table(scene, backend))
    ]
    program = PredictionOf(scene.puzzle, scene.ablation).program(scene.model)
    return exports(scene, "Puzzles", shown(scene, backend), downloads, {"the answer": program})


def shown(scene: Scene, backend: Backend) -> dict[str, Figure]:
    """The figures, by their names."""
    return figures(
        ("answer", "the puzzle and the answer", lambda: answer_strip(scene, backend, *_runs(scene, backend)))
    )


def _runs(scene: Scene, backend: Backend) -> tuple[Prediction, Prediction | None]:
    clean = backend.ask(scene.model, PredictionOf(scene.puzzle))
    off = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation)) if scene.ablation else None
    return clean, off


def _table(scene: Scene, backend: Backend) -> Table:
    clean, off = _runs(scene, backend)
    return Table(header_of(scene, backend, [scene.puzzle]), clean.rows(scene.puzzle, off, scene.answer))
