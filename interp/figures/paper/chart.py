"""Plotly figures on paper: the charts of this library (:mod:`interp.figures`), drawn by matplotlib.

It reads what they say and nothing else: bars, points, lines, words, heatmaps, shapes, notes and the two axes.
What it does not know it refuses, so that nothing is left out unsaid.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from interp.figures.paper.canvas import PIXEL, Box
from interp.figures.paper.words import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure
else:
    Figure = Any

USUAL_HEIGHT = 300
"""Pixels, of a chart that does not say."""


@dataclass(frozen=True, eq=False)
class Chart:
    """A Plotly figure as a drawing of a plate; its title is the plate's."""

    figure: go.Figure

    @property
    def title(self) -> str:
        return plain(self.figure.layout.title.text)

    def height(self, width: float) -> float:
        """As high as on the page, in proportion to its type; a square map no higher than it is wide."""
        high = PIXEL * (self.figure.layout.height or USUAL_HEIGHT)
        return min(high, 1.05 * width) if self.figure.layout.yaxis.scaleanchor else high

    def draw(self, figure: Figure, box: Box) -> None:
        """Draw it.

        Raises:
            PuzzlescopeError: if the figure holds what cannot be drawn.
        """
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        from interp.figures.paper.axes import Scales, dress
        from interp.figures.paper.notes import draw_legend, draw_notes, draw_shapes
        from interp.figures.paper.traces import draw_trace

        figure.set_layout_engine(
            ConstrainedLayoutEngine(rect=box.bounds, w_pad=0, h_pad=0, wspace=0, hspace=0)
        )
        axes = figure.add_subplot()
        scales = Scales.of(self.figure)
        dress(axes, self.figure, scales, box.width)
        for trace in self.figure.data:
            draw_trace(axes, trace, scales)
        draw_shapes(axes, self.figure)
        draw_notes(axes, self.figure)
        draw_legend(axes, self.figure)
        scales.limit(axes, self.figure)
