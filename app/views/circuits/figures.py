"""The figures of each view of the circuits, for papers: made when asked for, from complete results."""

from typing import TYPE_CHECKING, Any

from app.live import sweeps
from app.state.scene import Scene
from app.state.session import chosen
from app.views.circuits import readers as readers_view
from app.views.circuits.attribution_graph import effects_of, graph_of
from app.views.circuits.cell import cell_of
from app.views.circuits.choices import PAGE
from app.views.circuits.patching import cells_at, choice_of, question_of, source_of
from app.views.shared.plates import ablated, answer_strip, figures, plate
from app.widgets.export_menu.figures import Figure
from app.widgets.palette import PALETTES
from app.widgets.patching import PAIR, Patching
from interp.analyses.activation_patching import EVERYWHERE, Cells, PatchState
from interp.analyses.composition import CompositionScores
from interp.analyses.direct_attribution import AttributionOf
from interp.analyses.logit_lens import LensOf, place_of
from interp.analyses.pair_patching import DIRECTIONS
from interp.analyses.path_ablation import PathAblation
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.figures.answer_cell import cell_flows, cell_predictions
from interp.figures.attribution import attribution_bars, attribution_map, part_map
from interp.figures.composition import head_matrix, weights_board, weights_ranking
from interp.figures.patching import effect_cells, gap_cells, head_patch_map, patch_map
from interp.figures.paths import effects_board, effects_ranking, views_scatter
from interp.figures.scale import legend
from interp.grids import CELLS
from interp.tokens import cell_name

if TYPE_CHECKING:
    from interp.figures.paper import Plate


def readers(scene: Scene, backend: Backend) -> dict[str, Figure]:
    own, cfg = chosen(PAGE), backend.model(scene.model).cfg
    source, puzzles = readers_view.source_of(scene, backend), sweeps.puzzles_of(scene, backend)
    off = list(scene.ablation.components)
    question = PathAblation(tuple(puzzles), source, scene.ablation, sweeps.sweep_method(scene))

    def weights(name: str) -> "Plate":
        scores = backend.ask(scene.model, CompositionScores())
        readings = scores.readings(source)
        chart = {
            "weights": lambda: weights_board(readings, source, cfg, off),
            "weights-ranking": lambda: weights_ranking(readings, source),
            "matrix": lambda: head_matrix(scores, own["input"], cfg, source),
        }[name]()
        return plate(
            scene,
            backend,
            chart,
            figure=name,
            puzzles=[],
            rows=scores.rows(None if name == "matrix" else source),
            about=scores.summary(source),
            more=[own["input"] if name == "matrix" else source.text],
        )

    def effects(name: str) -> "Plate":
        state = backend.ask(scene.model, question)
        readings = backend.ask(scene.model, CompositionScores()).readings(source)
        rows = state.rows(puzzles, question.method)
        chart = {
            "effects": lambda: effects_board(state, cfg, scene.measure, off),
            "effects-ranking": lambda: effects_ranking(state, scene.measure),
            "agreement": lambda: views_scatter(readings, state, scene.measure),
        }[name]()
        if name == "agreement":
            excess, costs = {one.reader: one.excess for one in readings}, state.costs(scene.measure)
            rows = tuple(
                {"reader": reader.text, "excess": excess[reader], "effect": cost}
                for reader, cost in costs.items()
                if reader in excess
            )
        return plate(
            scene,
            backend,
            chart,
            figure=name,
            puzzles=puzzles,
            measure=scene.measure,
            rows=rows,
            about=f"{legend(scene.measure)} {state.summary(scene.measure)}",
            more=[source.text],
        )

    return figures(
        ("weights", "composition by receiver", lambda: weights("weights")),
        ("weights-ranking", "the highest composition scores", lambda: weights("weights-ranking")),
        ("matrix", "composition of every pair of heads", lambda: weights("matrix")),
        ("effects", "the effects of path ablation", lambda: effects("effects")),
        ("effects-ranking", "the largest effects of path ablation", lambda: effects("effects-ranking")),
        ("agreement", "composition against effect", lambda: effects("agreement")),
    )


def lens(scene: Scene, backend: Backend) -> dict[str, Figure]:
    def stages() -> "Plate":
        from interp.figures.paper import film

        found = backend.ask(scene.model, LensOf(scene.puzzle, scene.ablation))
        return plate(
            scene,
            backend,
            film(found, PALETTES[scene.palette], digits=scene.digits),
            figure="lens",
            title=f"Logit lens. {ablated(scene.ablation)}",
            rows=found.rows(),
            about="The answer read off after each attention layer and each MLP, each cell given the true ones"
            f" before it; beside its name, how many of 100 cells are right. {found.summary()}",
        )

    return figures(_answer(scene, backend), ("lens", "the logit lens", stages))


def attribution(scene: Scene, backend: Backend) -> dict[str, Figure]:
    own, cell = chosen(PAGE), cell_of(scene)
    toward, over = own["toward"], own["over"]
    same = toward is not None and toward == over

    def made(name: str) -> "Plate":
        found = backend.ask(scene.model, AttributionOf(scene.puzzle, scene.ablation))
        pushes = found.push(toward, over)
        part = own["part"] if own["part"] in found.parts else found.parts[int(abs(pushes[:, cell]).argmax())]
        rows = found.rows(cell, toward, over)
        title = ""
        if name == "bars":
            chart = attribution_bars(found, cell, toward, over, part)
        elif name == "map":
            chart = attribution_map(found, cell, toward, over, part)
            title = f"Each component's contribution at {cell_name(cell)}, by layer"
        else:
            chart = part_map(found, part, toward, over, cell)
            pushed = pushes[found.parts.index(part)].tolist()
            rows = tuple({"part": part, **place_of(k), "push": pushed[k]} for k in range(CELLS))
        return plate(
            scene,
            backend,
            chart,
            figure=name,
            title=title,
            rows=rows,
            about=found.summary(cell, toward, over),
            more=[
                "attribution",
                _place(cell),
                *([part] if name == "cells" else []),
                *([f"{toward}-over-{over}"] if (toward, over) != (None, None) else []),
            ],
        )

    charts = (
        ()
        if same
        else (
            ("bars", "every component's contribution", lambda: made("bars")),
            ("map", "the contributions by layer", lambda: made("map")),
            ("cells", "one component's contribution at every cell", lambda: made("cells")),
        )
    )
    return figures(_answer(scene, backend), *charts)


def graph(scene: Scene, backend: Backend) -> dict[str, Figure]:
    cell, lead = cell_of(scene), chosen(PAGE)["lead"]

    def flows() -> "Plate":
        found = backend.ask(scene.model, graph_of(scene))
        return plate(
            scene,
            backend,
            cell_flows(found, marked=chosen(PAGE)["box"] or None),
            figure="flows",
            rows=found.rows(),
            about=found.summary(),
            more=["graph", _place(cell), lead],
        )

    def predictions() -> "Plate":
        question = effects_of(scene)
        found = backend.ask(scene.model, question)
        return plate(
            scene,
            backend,
            cell_predictions(found),
            figure="predictions",
            rows=found.rows(),
            about=found.summary(),
            more=["graph", _place(cell), lead, question.method.text],
        )

    return figures(
        _answer(scene, backend),
        ("flows", "what leads to the cell", flows),
        ("predictions", "predicted and true effects", predictions),
    )


def patching(scene: Scene, backend: Backend) -> dict[str, Figure]:
    choice, source = choice_of(scene, backend), source_of(scene, backend)
    question = question_of(scene, backend)
    if source is None or question is None:
        return figures(_answer(scene, backend))
    cells = cells_at(scene, backend)

    def made(name: str) -> "Plate":
        state = backend.ask(scene.model, question)
        chart, rows, more = _patching_chart(name, state, choice, cells)
        asked = [choice.way] if choice.source == PAIR else []
        return plate(
            scene,
            backend,
            chart,
            figure=name,
            puzzles=[scene.puzzle, source],
            rows=rows,
            about=f"{_direction(choice)}{state.summary(cells)}",
            more=[scene.puzzle.id[:6], "patching", *asked, choice.kind, choice.detail, source.id[:6], *more],
        )

    return figures(
        _answer(scene, backend),
        ("patches", "the effect of every patch", lambda: made("patches")),
        ("gaps", "where the two runs differ", lambda: made("gaps")),
        *([("cells", "one patch at every cell", lambda: made("cells"))] if choice.marked else []),
    )


def _patching_chart(
    name: str, state: PatchState, choice: Patching, cells: Cells
) -> tuple[Any, tuple[dict[str, Any], ...], list[str]]:
    """A chart of the patches, its rows, and what else its name says."""
    blocks = [block.name for block in state.blocks]
    known = choice.marked is not None and choice.marked[0] in state.sites and choice.marked[1] in blocks
    marked = choice.marked if known else None
    here = _measured_at(cells, choice)
    if name == "patches" and state.kind == "z":
        block = choice.block if choice.block in blocks else EVERYWHERE.name
        return head_patch_map(state, cells, block, marked), state.rows(cells), [here, block]
    if name == "patches":
        return patch_map(state, cells, marked), state.rows(cells), [here]
    if name == "cells" and marked is not None:
        found = state.effects()[state.sites.index(marked[0]), blocks.index(marked[1])].tolist()
        rows = tuple(
            {"site": marked[0], "block": marked[1], **place_of(k), "effect": found[k]} for k in range(CELLS)
        )
        return effect_cells(state, *marked, cells), rows, [here, "@".join(marked)]
    ends = zip(state.target.tolist(), state.source.tolist(), strict=True)
    rows = tuple({**place_of(k), "target": a, "source": b} for k, (a, b) in enumerate(ends))
    return gap_cells(state, cells), rows, [here]


def _direction(choice: Patching) -> str:
    """Which way, for a caption; nothing where the source is no counterfactual."""
    return f"{choice.way.capitalize()}. {DIRECTIONS[choice.way]} " if choice.source == PAIR else ""


def _measured_at(cells: Cells, choice: Patching) -> str:
    return _place(cells) if isinstance(cells, int) else choice.measured_over


def _answer(scene: Scene, backend: Backend) -> tuple:
    def made() -> "Plate":
        clean = backend.ask(scene.model, PredictionOf(scene.puzzle))
        off = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation)) if scene.ablation else None
        return answer_strip(scene, backend, clean, off, forced=True)

    return "answer", "the answer", made


def _place(cell: int) -> str:
    return "r{row}c{column}".format(**place_of(cell))
