"""What can be taken away from the page of the circuits: its link, its numbers, and the Python that computes
them."""

from collections.abc import Callable
from typing import Any

from app.live import sweeps
from app.state.scene import Scene
from app.state.session import chosen
from app.views.circuits.cell import cell_of
from app.views.circuits.choices import PAGE, VIEWS, patching
from app.views.circuits.patching import source_of
from app.views.shared.export import header_of, name_of, sample_of
from app.widgets.export_menu import menu as take_away
from app.widgets.export_menu.menu import Download
from interp.backend import Backend
from interp.export.answer_programs import attribution_snippet, lens_snippet, patching_snippet
from interp.export.circuit_programs import composition_snippet, path_snippet
from interp.export.circuit_tables import composition_rows, path_rows
from interp.export.tables import Table
from interp.grids import SIZE
from interp.puzzles import Puzzle

Rows = Callable[[], tuple[dict[str, Any], ...]]


def show(scene: Scene, backend: Backend) -> None:
    """Draw the button that opens it all, of the view that is open. Nothing is computed before it is asked
    for."""
    downloads, snippets = {
        "readers": _readers,
        "lens": _lens,
        "attribution": _attribution,
        "patching": _patching,
    }[chosen(PAGE)["show"]](scene, backend)
    take_away.show(downloads, snippets, key="circuits-take-away")


assert set(VIEWS) == {"readers", "lens", "attribution", "patching"}


def _download(
    label: str, name: str, scene: Scene, backend: Backend, puzzles: list[Puzzle], rows: Rows
) -> Download:
    header = header_of(scene, backend, puzzles)
    return Download(
        label,
        csv=lambda: Table(header, rows()).csv(),
        json=lambda: Table(header, rows()).json(),
        name=name,
    )


def _readers(scene: Scene, backend: Backend) -> tuple[list[Download], dict[str, str]]:
    source, puzzles = chosen(PAGE)["source"], sweeps.puzzles_of(scene, backend)
    method = sweeps.sweep_method(scene)

    def effects() -> tuple[dict[str, Any], ...]:
        with backend.paths(scene.model, puzzles, source, scene.ablation, method) as watch:
            return path_rows(watch.result(), puzzles, method)

    def weights() -> tuple[dict[str, Any], ...]:
        return composition_rows(backend.composition(scene.model))

    return [
        _download("Composition of every part with every reader", "composition", scene, backend, [], weights),
        _download(
            f"{source.text} taken from each reader",
            f"paths-{source.text}-{name_of(scene)}",
            scene,
            backend,
            puzzles,
            effects,
        ),
    ], {
        "by weights": composition_snippet(scene.model, source.text),
        "by effect": path_snippet(
            scene.model,
            sample_of(scene),
            source.text,
            scene.measure,
            ablation=scene.ablation.text,
            method=method,
        ),
    }


def _lens(scene: Scene, backend: Backend) -> tuple[list[Download], dict[str, str]]:
    puzzle = scene.puzzle

    def rows() -> tuple[dict[str, Any], ...]:
        return tuple(backend.lens(scene.model, puzzle, scene.ablation).rows())

    return [_download("The logit lens, cell by cell", f"lens-{puzzle.id}", scene, backend, [puzzle], rows)], {
        "the logit lens": lens_snippet(scene.model, puzzle.id, scene.ablation.text)
    }


def _attribution(scene: Scene, backend: Backend) -> tuple[list[Download], dict[str, str]]:
    puzzle, own, cell = scene.puzzle, chosen(PAGE), cell_of(scene)
    tokens = own["toward"], own["over"]

    def rows() -> tuple[dict[str, Any], ...]:
        return tuple(backend.attribution(scene.model, puzzle, scene.ablation).rows(cell, *tokens))

    return [
        _download("Every part's push at the cell", f"attribution-{puzzle.id}", scene, backend, [puzzle], rows)
    ], {
        "direct logit attribution": attribution_snippet(
            scene.model, puzzle.id, *divmod(cell, SIZE), scene.ablation.text, *tokens
        )
    }


def _patching(scene: Scene, backend: Backend) -> tuple[list[Download], dict[str, str]]:
    puzzle, choice, cell, source = scene.puzzle, patching(), cell_of(scene), source_of(scene, backend)
    if source is None:
        return [], {}

    def rows() -> tuple[dict[str, Any], ...]:
        asked = (scene.model, puzzle, source, choice.kind, choice.detail, scene.ablation)
        with backend.patching(*asked) as watch:
            return tuple(watch.result().rows(cell))

    edit_or_id = (
        choice.source if choice.source is not None and not isinstance(choice.source, str) else source.id
    )
    return [
        _download(
            "The effect of every patch", f"patching-{puzzle.id}", scene, backend, [puzzle, source], rows
        )
    ], {
        "activation patching": patching_snippet(
            scene.model,
            puzzle.id,
            edit_or_id,
            choice.kind,
            *divmod(cell, SIZE),
            scene.ablation.text,
            choice.detail,
        )
    }
