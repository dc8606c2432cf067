"""What each view of the circuits exports: its numbers, computed when asked for, and the Python for them."""

from collections.abc import Callable
from typing import Any

from app.live import sweeps
from app.state.scene import Scene
from app.state.session import chosen
from app.views.circuits import figures
from app.views.circuits import readers as readers_view
from app.views.circuits.attribution_graph import effects_of, graph_of
from app.views.circuits.cell import cell_of
from app.views.circuits.choices import PAGE, VIEWS
from app.views.circuits.patching import cells_at, program_of, question_of, source_of
from app.views.shared import note
from app.views.shared.export import header_of, name_of, sample_of
from app.views.shared.report import exports
from app.widgets.export_menu import menu
from app.widgets.export_menu.menu import Download, Exports
from interp.analyses.composition import CompositionScores
from interp.analyses.direct_attribution import AttributionOf
from interp.analyses.logit_lens import LensOf
from interp.analyses.path_ablation import PathAblation
from interp.backend import Backend
from interp.export.tables import Table
from interp.puzzles import Puzzle

Rows = Callable[[], tuple[dict[str, Any], ...]]
Exported = tuple[list[Download], dict[str, str]]
"""Downloads, and programs by what they compute."""


def _download(
    label: str, name: str, scene: Scene, backend: Backend, puzzles: list[Puzzle], rows: Rows
) -> Download:
    header = header_of(scene, backend, puzzles)
    return Download.of(label, name, lambda: Table(header, rows()))


def readers(scene: Scene, backend: Backend) -> Exported:
    source, puzzles = readers_view.source_of(scene, backend), sweeps.puzzles_of(scene, backend)
    method = sweeps.sweep_method(scene)
    paths = PathAblation(tuple(puzzles), source, scene.ablation, method)

    def effects() -> tuple[dict[str, Any], ...]:
        return backend.ask(scene.model, paths).rows(puzzles, method)

    def weights() -> tuple[dict[str, Any], ...]:
        return backend.ask(scene.model, CompositionScores()).rows()

    return [
        _download(
            "Composition of every sender with every receiver", "composition", scene, backend, [], weights
        ),
        _download(
            f"{source.text} taken from each reader",
            f"paths-{source.text}-{name_of(scene)}",
            scene,
            backend,
            puzzles,
            effects,
        ),
    ], {
        "by weights": CompositionScores().program(scene.model, source=source),
        "by effect": paths.program(
            scene.model, sample=sample_of(scene), measure=readers_view.measure_of(scene)
        ),
    }


def lens(scene: Scene, backend: Backend) -> Exported:
    puzzle, question = scene.puzzle, LensOf(scene.puzzle, scene.ablation)

    def rows() -> tuple[dict[str, Any], ...]:
        return backend.ask(scene.model, question).rows()

    return [_download("The logit lens, cell by cell", f"lens-{puzzle.id}", scene, backend, [puzzle], rows)], {
        "the logit lens": question.program(scene.model)
    }


def attribution(scene: Scene, backend: Backend) -> Exported:
    puzzle, own, cell = scene.puzzle, chosen(PAGE), cell_of(scene)
    question, toward, over = AttributionOf(puzzle, scene.ablation), own["toward"], own["over"]

    def rows() -> tuple[dict[str, Any], ...]:
        return backend.ask(scene.model, question).rows(cell, toward, over)

    return [
        _download(
            "Every component's direct logit contribution at the cell",
            f"attribution-{puzzle.id}",
            scene,
            backend,
            [puzzle],
            rows,
        )
    ], {"direct logit attribution": question.program(scene.model, cell=cell, toward=toward, over=over)}


def graph(scene: Scene, backend: Backend) -> Exported:
    puzzle, of_flows, of_effects = scene.puzzle, graph_of(scene), effects_of(scene)

    def flows() -> tuple[dict[str, Any], ...]:
        return backend.ask(scene.model, of_flows).rows()

    def effects() -> tuple[dict[str, Any], ...]:
        return backend.ask(scene.model, of_effects).rows()

    return [
        _download("The largest flows of the graph", f"flows-{puzzle.id}", scene, backend, [puzzle], flows),
        _download(
            "Predicted and true effects of every component",
            f"predictions-{puzzle.id}",
            scene,
            backend,
            [puzzle],
            effects,
        ),
    ], {
        "the attribution graph": of_flows.program(scene.model),
        "predicted and true effects": of_effects.program(scene.model),
    }


def patching(scene: Scene, backend: Backend) -> Exported:
    puzzle, cells, source = scene.puzzle, cells_at(scene, backend), source_of(scene, backend)
    question = question_of(scene, backend)
    if source is None or question is None:
        return [], {}

    def rows() -> tuple[dict[str, Any], ...]:
        return backend.ask(scene.model, question).rows(cells)

    return [
        _download(
            "The effect of every patch", f"patching-{puzzle.id}", scene, backend, [puzzle, source], rows
        )
    ], {"activation patching": program_of(scene, backend)}


_OFFERED = {
    "readers": (readers, figures.readers),
    "lens": (lens, figures.lens),
    "attribution": (attribution, figures.attribution),
    "graph": (graph, figures.graph),
    "patching": (patching, figures.patching),
}


def show(scene: Scene, backend: Backend, view: str) -> None:
    """Draw the button that opens all that a view offers."""
    menu.show(lambda: offered(scene, backend, view), key="circuits-export-menu", note=note.editor(scene))


def offered(scene: Scene, backend: Backend, view: str) -> Exports:
    """What a view of the page offers."""
    numbers, shown = _OFFERED[view]
    downloads, programs = numbers(scene, backend)
    return exports(
        scene, "Circuits", shown(scene, backend), downloads, programs, [("View", VIEWS[view])], view
    )
