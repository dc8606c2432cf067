"""A figure of a notebook or a script as a plate, in one call."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from interp.ablation import NO_ABLATION, Ablation
from interp.export.tables import Header
from interp.figures.paper.canvas import Drawing
from interp.figures.paper.chart import Chart
from interp.figures.paper.plates import Plate
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle


def plate(
    figure: go.Figure | Drawing,
    model: PuzzleGPT,
    puzzles: Sequence[Puzzle] = (),
    ablation: Ablation = NO_ABLATION,
    *,
    title: str = "",
    about: str = "",
    measure: str = "",
    rows: Sequence[dict[str, Any]] = (),
    name: str = "model",
) -> Plate:
    """A figure with a caption that says what it is of, to be saved as SVG, PNG or CSV.

    >>> import interp
    >>> model, puzzles = interp.load_model("default"), interp.load_puzzles("bank").limit(1)
    >>> found = list(interp.sweep(model, puzzles.tokens, interp.components_of(model.cfg, ["attn"])))
    >>> chart = interp.figures.layer_chart(found[1:], found[0])
    >>> board = interp.plate(chart, model, puzzles, measure="final", name="default")
    >>> board.origin
    'default (4b7571) · ... · nothing ablated · measure: loss on the final grid · Puzzlescope ...'

    ``board.save("layers.svg")`` writes it, 89 mm wide; ``board.save("layers.png", 183, dpi=600)`` too.

    Args:
        figure: a chart of :mod:`interp.figures`, or a drawing of :mod:`interp.figures.paper`.
        puzzles: that it is over.
        ablation: under which the model was run.
        title: left out, the chart's.
        about: what is seen, in a sentence.
        rows: its numbers, for the CSV.
        name: of the model.
    """
    drawing = Chart(figure) if isinstance(figure, go.Figure) else figure
    tasks = {puzzle.task for puzzle in puzzles}
    return Plate(
        title or getattr(drawing, "title", ""),
        drawing,
        Header(name, model.checkpoint_id, tuple(puzzle.id for puzzle in puzzles), ablation.text, measure),
        tuple(rows),
        about,
        task=tasks.pop() if len(tasks) == 1 else "",
    )
