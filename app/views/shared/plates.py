"""Plates of what the pages show: the drawings, with the caption and the file name of the scene."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from app.state.scene import Scene
from app.views.shared.export import header_of
from app.views.shared.puzzle_panels import decoded, grids
from app.widgets.export_menu.figures import Figure
from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import Panel
from interp.ablation import ZERO, Ablation
from interp.backend import Backend
from interp.engine.answers import Prediction, answer_rows
from interp.engine.measures import MEASURES
from interp.errors import brief
from interp.figures.scale import colour, marks, quantity
from interp.puzzles import Puzzle

if TYPE_CHECKING:
    from interp.figures.paper import Plate

IN_NAMES = {"wrong": "cells-broken"}
"""What a measure is called in a file's name, where its key would be misread."""
COLUMNS = {"Model": "clean", "Ablated": "ablated", "Pinned": "pinned", "Now": "now"}
"""What the columns of an answer begin with in a table."""
IN_A_ROW = 6
"""Grids of a strip, or more if there are more."""
LONGEST = 60
"""Letters of what is ablated in a title."""


def ablated(ablation: Ablation) -> str:
    """What is ablated, as it stands above an answer: "Ablated: L1.attn (zero)"."""
    if not ablation:
        return "Clean run"
    plain = all(term.method == ZERO for term in ablation.terms)
    return f"Ablated: {brief(ablation.text, LONGEST)}{' (zero)' if plain else ''}"


def plate(
    scene: Scene,
    backend: Backend,
    drawing: Any,
    *,
    figure: str,
    title: str = "",
    puzzles: Sequence[Puzzle] | None = None,
    ablation: Ablation | None = None,
    measure: str = "",
    marked: bool = True,
    rows: Sequence[dict[str, Any]] = (),
    about: str = "",
    more: Sequence[str] = (),
) -> "Plate":
    """A plate of this scene.

    Args:
        drawing: a Plotly figure, whose title is the plate's unless there is one, or a drawing.
        figure: its name in the file's name.
        puzzles: that it is over; left out, the one on screen.
        ablation: under which the model is run; left out, the scene's.
        marked: whether the colours of effects by the measure are told below; a drawing may tell its own.
        more: what else it depends on, for the file's name.
    """
    from interp.figures.paper import Chart, Plate, file_name

    own = [scene.puzzle] if puzzles is None else list(puzzles)
    off = scene.ablation if ablation is None else ablation
    shown = Chart(drawing) if isinstance(drawing, go.Figure) else drawing
    tasks = {puzzle.task for puzzle in own}
    task = tasks.pop() if len(tasks) == 1 else "all-tasks" if tasks else "weights"
    which = "" if not own else own[0].id if len(own) == 1 else f"{len(own)}-puzzles"
    order = [scene.structure.name.replace(" ", ".")] if scene.structure and len(own) > 1 else []
    return Plate(
        title=title or getattr(shown, "title", "") or figure,
        drawing=shown,
        header=replace(header_of(scene, backend, own, off.text), measure=measure),
        rows=tuple(rows),
        about=about,
        marks=legend_marks(measure, len(own)) if marked else [],
        name=file_name(
            figure,
            task=task,
            puzzle=which,
            ablation=off.text,
            model=scene.model,
            more=[*order, *([IN_NAMES.get(measure, measure)] if measure else []), *more],
        ),
        task="" if task in ("weights", "all-tasks") else task,
    )


def legend_marks(measure: str, n: int) -> list[tuple[str, str]]:
    """The legend of the colours, where they are of effects by a measure."""
    own = next((words.key for words in MEASURES.values() if words.key == measure), None)
    if own is None:
        return []
    found = [(mark.text, colour(mark.position)) for mark in marks(own, n)]
    return [(f"{quantity(own)}:", "rgba(0,0,0,0)"), *found]


def answer_strip(
    scene: Scene,
    backend: Backend,
    clean: Prediction,
    off: Prediction | None,
    *,
    names: tuple[str, str] = ("Model", "Ablated"),
    beside: Mapping[str, tuple[Panel, Prediction]] = MappingProxyType({}),
    title: str = "",
    about: str = "",
    forced: bool = False,
    more: Sequence[str] = (),
) -> "Plate":
    """The puzzle and the model's answers, in a row.

    Args:
        clean: or what the other answer is compared with.
        names: of both answers.
        beside: answers of other models, by the models' names.
        title: left out, what is ablated.
    """
    from interp.figures.paper import Grid, Strip

    decoding = "teacher-forced" if forced else scene.answer
    truth = scene.puzzle.grids[3].ravel()
    before = decoded(clean, decoding)[0]
    shown = [as_grid(panel) for panel in grids(scene.puzzle)]
    shown.append(Grid(names[0], before, truth, opens="gap"))
    if off is not None:
        shown.append(Grid(names[1], decoded(off, decoding)[0], truth, before))
    shown += [replace(as_grid(panel), opens="gap") for panel, _ in beside.values()]
    runs = {names[0]: clean} | ({names[1]: off} if off is not None else {})
    runs |= {name: run for name, (_, run) in beside.items()}
    return plate(
        scene,
        backend,
        Strip(shown, PALETTES[scene.palette], scene.digits, across=max(IN_A_ROW, len(shown))),
        figure="answer",
        title=title or ablated(scene.ablation),
        rows=answer_rows(
            scene.puzzle, {COLUMNS.get(name, name): run for name, run in runs.items()}, decoding
        ),
        about=f"{about} Answer: {decoding}.".strip(),
        more=[*more, *([decoding] if decoding != "greedy" else [])],
    )


def as_grid(panel: Panel) -> Any:
    """A panel of a strip on paper."""
    from interp.figures.paper import Grid

    assert panel.cells is not None
    return Grid(panel.title, panel.cells, panel.truth, panel.compared, panel.note, panel.opens)


def figures(*made: tuple[str, str, "Callable[[], Plate]"]) -> dict[str, Figure]:
    """Figures by their names: name, label, what makes its plate."""
    return {name: Figure(label, make) for name, label, make in made}
