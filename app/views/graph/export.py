"""The export menu of the page of the graph: the picture, the circuit and its numbers, and programs."""

from dataclasses import replace
from io import BytesIO
from typing import Any

from app.live.circuits import certificate_of
from app.state.scene import Scene
from app.state.session import chosen
from app.views.graph import asking, drawing
from app.views.graph.choices import EVERY, PAGE, target_text
from app.views.shared import note
from app.views.shared.export import header_of
from app.views.shared.report import exports
from app.widgets.export_menu import menu
from app.widgets.export_menu.menu import Download, Exports, File
from interp.backend import Backend
from interp.circuits.certificate import certificate_json
from interp.circuits.files import Record, record_json
from interp.circuits.finder import Circuit
from interp.circuits.graph import Edge
from interp.circuits.questions import CertificateOf, Certified, CircuitOf, Effects
from interp.circuits.text import edges_text
from interp.export.tables import Header, Table
from interp.figures.circuit import CircuitPicture, Said, html, said_of, svg
from interp.figures.circuit.said import FILL_WORDS
from interp.outputs import strict_json

SEED = 0
"""What the page draws at random is drawn with: what ``certify`` and the finder take if nothing is said."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""
    menu.show(lambda: offered(scene, backend), key="graph-export-menu", note=note.editor(scene))


def offered(scene: Scene, backend: Backend) -> Exports:
    """What the page offers."""
    asked = asking.circuit_of(scene)
    made = _Made(
        scene, backend, asked, asking.given(scene, backend), chosen(PAGE)["full"], drawing.arranged()
    )
    words, name = asked.effects.pairs.words, made.name
    downloads = [Download.of("All edges", f"edges-{name}", made.edges_table)]
    files = [
        File("The picture", f"graph-{name}.svg", made.svg),
        File("All edges, as a table", f"edges-{name}.parquet", made.parquet),
    ]
    programs = {"the edges": asked.effects.program(scene.model)}
    if made.every:
        files.append(File("The picture to walk in, as one file", f"graph-{name}.html", made.html))
    else:
        downloads.append(Download.of("The circuit's edges", f"circuit-{name}", made.circuit_table))
        walk = "The picture to walk in, with its certificate, as one file"
        files.append(File(walk, f"circuit-{name}.html", made.html))
        files.append(File("The circuit with its certificate", f"certified-{name}.json", made.json))
        programs["the circuit"] = asked.program(scene.model)
    found = exports(scene, "Graph", {}, downloads, programs, [("Pairs", words)])
    return replace(found, files=files, report=None)


class _Made:
    """What is in the files, each made when it is asked for.

    Args:
        given: the edges of the circuit, where it is not looked for.
        state: what was made of the picture, as JSON.
    """

    def __init__(
        self,
        scene: Scene,
        backend: Backend,
        asked: CircuitOf,
        given: tuple[Edge, ...] | None,
        full: bool,
        state: Any,
    ):
        self.scene, self.backend, self.asked, self.given = scene, backend, asked, given
        self.full, self.state = full, state
        self.every = given is None and asked.target == EVERY
        self.header: Header = header_of(scene, backend, [scene.puzzle])
        pairs = asked.effects.pairs
        whose = pairs.puzzle.id[:6] if pairs.puzzle is not None else pairs.task or "all-tasks"
        self.name = f"{whose}-{asked.effects.how}-{target_text(asked.target)}"

    def effects(self) -> Effects:
        return self.backend.ask(self.scene.model, self.asked.effects)

    def circuit(self) -> Circuit:
        """The circuit, found or given, or all edges."""
        if self.every:
            graph = asking.graph_of(self.scene, self.backend)
            return Circuit(graph, graph.possible, 1.0)
        if self.given is None:
            found = self.backend.ask(self.scene.model, self.asked).circuit
            assert found is not None
            return found
        graph = asking.graph_of(self.scene, self.backend)
        return Circuit(graph, graph.mask(self.given), float("nan"))

    def certified(self) -> Certified:
        return self.backend.ask(self.scene.model, self._question())

    def picture(self) -> CircuitPicture:
        scores = self.effects().scores
        assert scores is not None
        pairs = self.asked.effects.pairs
        return drawing.picture(self.scene, self.backend, self.circuit(), scores, pairs)

    def of_edges(self) -> Header:
        """What edges are scored on: their pairs' bases, whatever is on screen, and with nothing ablated."""
        own = self.asked.effects
        puzzles = tuple(pair.base.id for pair in own.pairs.all())
        measure = f"logit difference, {own.how}, cut edges read {FILL_WORDS[own.fill]}"
        return replace(self.header, puzzles=puzzles, ablation="", measure=measure)

    def circuit_table(self) -> Table:
        kept = {(edge.writer, edge.reader) for edge in self.circuit().edges}
        rows = (row for row in self.effects().rows() if (row["writer"], row["reader"]) in kept)
        return Table(self.of_edges(), tuple(rows))

    def edges_table(self) -> Table:
        return Table(self.of_edges(), self.effects().rows())

    def parquet(self) -> bytes:
        scores, file = self.effects().scores, BytesIO()
        assert scores is not None
        scores.frame(self.header.checkpoint).to_parquet(file, index=False)
        return file.getvalue()

    def svg(self) -> str:
        picture = self.picture()
        return svg(picture, drawing.read(self.state, picture))

    def html(self) -> str:
        picture, pairs = self.picture(), self.asked.effects.pairs
        state, program = drawing.read(self.state, picture), self.asked.effects.program(self.scene.model)
        facts = [("Checkpoint", self.header.checkpoint), ("Scored on", pairs.words)]
        if self.every:
            return html(picture, None, facts, programs={"Python": program}, state=state)
        facts += [
            ("Held against", pairs.others().words),
            ("Seed", f"{SEED}, of all that is drawn at random"),
            ("The circuit as text", edges_text(picture.kept, picture.graph)),
        ]
        programs = {
            "Python": self.asked.program(self.scene.model),
            "The certificate": self._question().program(self.scene.model),
        }
        return html(picture, self._said(), facts, programs=programs, state=state, record=self._record())

    def json(self) -> str:
        return strict_json(self._record()) + "\n"

    def _record(self) -> dict[str, Any]:
        """The circuit's file."""
        effects, question = self.asked.effects, self._question()
        found, scores = self.certified(), self.effects().scores
        assert scores is not None and found.circuit is not None and found.certificate is not None
        record = Record(
            found.circuit,
            scores.total,
            self.scene.model,
            self.header.checkpoint,
            effects.pairs.all(),
            question.pairs.all(),
            effects.fill,
            SEED,
            self.asked.target,
            scores,
            question.signed,
            found.certificate.stable,
            question.more(),
        )
        return record_json(record, self._told())

    def _question(self) -> CertificateOf:
        if self.given is not None:
            return certificate_of(self.asked, self.given, full=self.full, given=True)
        return certificate_of(self.asked, self.circuit().edges, full=self.full)

    def _said(self) -> Said:
        """The certificate, in the words of the page."""
        found, wanted = self.certified(), None if self.given is not None else self.asked.target
        assert found.certificate is not None
        held = self.asked.effects.pairs.others().words
        return said_of(found.certificate, found.circuit, wanted, held)

    def _told(self) -> dict[str, Any]:
        """The certificate, as JSON."""
        found = self.certified()
        assert found.certificate is not None and found.circuit is not None
        return certificate_json(found.certificate, found.circuit)
