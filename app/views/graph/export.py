"""The export menu of the page of the graph."""

from typing import Any

from app.state.scene import Scene
from app.views.graph import asking
from app.views.shared import note
from app.views.shared.export import header_of
from app.views.shared.report import exports
from app.widgets.export_menu import menu
from app.widgets.export_menu.menu import Download, Exports
from interp.backend import Backend
from interp.circuits.graph import Edge
from interp.circuits.questions import Effects
from interp.export.tables import Table


def show(scene: Scene, backend: Backend) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""
    menu.show(lambda: offered(scene, backend), key="graph-export-menu", note=note.editor(scene))


def offered(scene: Scene, backend: Backend) -> Exports:
    """What the page offers."""
    asked, given = asking.circuit_of(scene), asking.given(scene, backend)
    name = f"{asked.effects.pairs.task or 'puzzle'}-{asked.effects.how}"
    header = header_of(scene, backend, [scene.puzzle])

    def effects() -> Effects:
        return backend.ask(scene.model, asked.effects)

    def edges() -> tuple[Edge, ...]:
        found = backend.ask(scene.model, asked).circuit if given is None else None
        return given or (() if found is None else found.edges)

    def circuit() -> tuple[dict[str, Any], ...]:
        kept = {(edge.writer, edge.reader) for edge in edges()}
        return tuple(row for row in effects().rows() if (row["writer"], row["reader"]) in kept)

    downloads = [
        Download.of("The circuit's edges", f"circuit-{name}", lambda: Table(header, circuit())),
        Download.of("All edges", f"edges-{name}", lambda: Table(header, effects().rows())),
    ]
    programs = {
        "the edges": asked.effects.program(scene.model),
        "the circuit": asked.program(scene.model),
    }
    return exports(scene, "Graph", {}, downloads, programs, [("Pairs", asked.effects.pairs.words)])
