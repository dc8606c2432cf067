"""What the logbook exports: a figure and numbers for each of its experiments, and the Python for them."""

from typing import TYPE_CHECKING

from app.state.heads import copy_head
from app.state.scene import Scene
from app.views.logbook import answers, losses, readers, ways
from app.views.shared import attention_plates, note
from app.views.shared.export import header_of
from app.views.shared.plates import ablated, as_grid, figures, plate
from app.views.shared.puzzle_panels import answer, grids
from app.views.shared.report import exports
from app.widgets.export_menu import menu
from app.widgets.export_menu.figures import Figure
from app.widgets.export_menu.menu import Download, Exports
from app.widgets.palette import PALETTES
from interp.ablation import Ablation, Component, Term, components_of, parse_ablation
from interp.analyses.ablation_sweep import Sweep, sweep_summary
from interp.analyses.lookback import LookbackScores
from interp.analyses.notebook.experiments import copy_circuit_text
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.export.programs import Sample
from interp.export.tables import Table
from interp.figures.scale import legend
from interp.figures.sweep import layer_chart
from interp.puzzles import Puzzle

if TYPE_CHECKING:
    from interp.figures.paper import Plate


def show(scene: Scene, backend: Backend) -> None:
    """Draw the button that opens it all."""
    menu.show(lambda: offered(scene, backend), key="logbook-export-menu", note=note.editor(scene))


def offered(scene: Scene, backend: Backend) -> Exports:
    """What the page offers."""
    question = losses.question(scene, backend)
    own = copy_head(backend, scene.model).layer

    def numbers() -> Table:
        rows = backend.ask(scene.model, question).rows(question.puzzles, question.method)
        return Table(header_of(scene, backend, question.puzzles), rows)

    downloads = [Download.of("The loss with each attention layer ablated", "logbook-losses", numbers)]
    programs = {
        "attention layers ablated": question.program(scene.model, sample=Sample(limit=len(question.puzzles))),
        "heads by attention offset": LookbackScores(
            scene.puzzle, scene.ablation, (1, 100), clamp=True
        ).program(scene.model, threshold=0.1),
        "the copy circuit": PredictionOf(scene.puzzle, _circuit(scene, backend, own)).program(scene.model),
        "the two ways": ways.question(ways.heads_of(scene, backend)[0]).program(scene.model),
        "who reads layer 0": readers.EDGES.program(scene.model),
    }
    return exports(scene, "Logbook", _figures(scene, backend, question, own), downloads, programs)


def _figures(scene: Scene, backend: Backend, question: Sweep, own: int) -> dict[str, Figure]:
    frame = answers.marker_puzzle(scene, backend)

    def off(layer: int) -> Ablation:
        return scene.ablation.with_term(Term(Component(layer, "attn")))

    layers = list(dict.fromkeys((0, own)))
    return figures(
        ("layers", "the loss with each attention layer ablated", lambda: _losses(scene, backend, question)),
        *(
            (
                f"marker-{layer}",
                f"the answer without the attention of layer {layer}",
                lambda layer=layer: _answer(scene, backend, frame, off(layer), "marker"),
            )
            for layer in layers
        ),
        *attention_plates.tokens_offered(scene, backend),
        *(
            (
                f"copy-{layer}",
                f"the copy circuit in layer {layer}",
                lambda layer=layer: _answer(
                    scene, backend, scene.puzzle, _circuit(scene, backend, layer), "copy"
                ),
            )
            for layer in layers
        ),
        ("one-by-one", "each attention layer ablated, on one puzzle", lambda: _one_by_one(scene, backend)),
    )


def _circuit(scene: Scene, backend: Backend, layer: int) -> Ablation:
    cfg = backend.model(scene.model).cfg
    return Ablation.of((*scene.ablation.terms, *parse_ablation(copy_circuit_text(cfg, layer), cfg).terms))


def _losses(scene: Scene, backend: Backend, question: Sweep) -> "Plate":
    state = backend.ask(scene.model, question)
    clean, *rows = state.common()
    chart = layer_chart(rows, clean, "final", "attn", list(scene.ablation.components))
    return plate(
        scene,
        backend,
        chart,
        figure="layers",
        puzzles=question.puzzles,
        measure="final",
        rows=state.rows(question.puzzles, question.method),
        about=f"Each attention layer zeroed in turn. {legend('final')} {sweep_summary(rows, clean)}",
    )


def _answer(scene: Scene, backend: Backend, puzzle: Puzzle, off: Ablation, figure: str) -> "Plate":
    from interp.figures.paper import Strip

    found = backend.ask(scene.model, PredictionOf(puzzle, off))
    panels = [*grids(puzzle), answer("Ablated", puzzle, found, opens="gap")]
    return plate(
        scene,
        backend,
        Strip([as_grid(panel) for panel in panels], PALETTES[scene.palette], scene.digits),
        figure=figure,
        title=ablated(off),
        puzzles=[puzzle],
        ablation=off,
        rows=found.rows(puzzle),
        about="Answer: greedy.",
    )


def _one_by_one(scene: Scene, backend: Backend) -> "Plate":
    from interp.figures.paper import Grid, Strip

    layers = components_of(backend.model(scene.model).cfg, ["attn"])
    runs = [
        (
            part.text,
            backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation.with_term(Term(part)))),
        )
        for part in layers
    ]
    truth = scene.puzzle.grids[3].ravel()
    shown = [Grid("truth", truth), *(Grid(f"without {name}", run.greedy[0], truth) for name, run in runs)]
    return plate(
        scene,
        backend,
        Strip(shown, PALETTES[scene.palette], scene.digits, answers.A_ROW),
        figure="one-by-one",
        title="Each attention layer ablated in turn",
        rows=[{"ablated": name, **row} for name, run in runs for row in run.rows(scene.puzzle)],
        about="Answer: greedy.",
    )
