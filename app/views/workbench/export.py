"""What can be taken away from the workbench: its link, its numbers, and the Python that computes them."""

from app.live import sweeps
from app.state.scene import Scene
from app.views.shared.export import header_of, sample_of
from app.widgets.export_menu import menu as take_away
from app.widgets.export_menu.menu import Download
from interp.ablation import components_of
from interp.backend import Backend
from interp.engine.predict import Prediction
from interp.export.programs import attention_snippet, prediction_snippet, sweep_snippet
from interp.export.tables import Table, attention_rows, prediction_rows, sweep_rows
from interp.grids import CELLS, SIZE
from interp.tokens import predicting_position


def show(scene: Scene, backend: Backend, clean: Prediction, ablated: Prediction | None) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""
    makers = {
        "The answer, cell by cell": ("answer", lambda: _prediction(scene, backend, clean, ablated)),
        "What each part is worth": ("sweep", lambda: _sweep(scene, backend)),
        "Where the head looks": ("attention", lambda: _attention(scene, backend)),
    }
    downloads = [
        Download(
            label,
            csv=lambda make=make: make().csv(),
            json=lambda make=make: make().json(),
            name=f"{name}-{scene.puzzle.id}",
        )
        for label, (name, make) in makers.items()
    ]
    take_away.show(downloads, _snippets(scene))


def _prediction(scene: Scene, backend: Backend, clean: Prediction, ablated: Prediction | None) -> Table:
    header = header_of(scene, backend, [scene.puzzle])
    return Table(header, prediction_rows(scene.puzzle, clean, ablated, scene.answer))


def _sweep(scene: Scene, backend: Backend) -> Table:
    """All of it, even if the board was stopped before."""
    puzzles, base = sweeps.puzzles_of(scene, backend), sweeps.sweep_base(scene)
    method, parts = (
        sweeps.sweep_method(scene),
        components_of(backend.model(scene.model).cfg, sweeps.EVERY_PART),
    )
    *_, state = backend.sweep(scene.model, puzzles, parts, base, method)
    clean, *rows = state.rows
    header = header_of(scene, backend, puzzles, base.text)
    return Table(header, sweep_rows(clean, rows, puzzles, method))


def _attention(scene: Scene, backend: Backend) -> Table:
    attention = backend.attention(scene.model, scene.puzzle, scene.layer, scene.ablation)
    row, column = _cell(scene)
    query = predicting_position(row, column)
    header = header_of(scene, backend, [scene.puzzle])
    return Table(header, attention_rows(attention.pattern[scene.head, query], scene.puzzle, query))


def _cell(scene: Scene) -> tuple[int, int]:
    return divmod(scene.cell % CELLS, SIZE)


def _snippets(scene: Scene) -> dict[str, str]:
    off = scene.ablation.text
    return {
        "the answer": prediction_snippet(scene.model, scene.puzzle.id, off),
        "what each part is worth": sweep_snippet(
            scene.model,
            sample_of(scene),
            sweeps.EVERY_PART,
            scene.measure,
            ablation=sweeps.sweep_base(scene).text,
            method=sweeps.sweep_method(scene),
        ),
        "where the head looks": attention_snippet(
            scene.model, scene.puzzle.id, scene.layer, scene.head, *_cell(scene), off
        ),
    }
