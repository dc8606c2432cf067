"""Where plates are drawn: the one place that knows how matplotlib is set up.

Nothing here uses ``pyplot``, which keeps figures for ever and is not for threads. But matplotlib's settings
are one for the whole process, so one plate is drawn at a time.
"""

import io
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from xml.sax.saxutils import escape

from interp.figures.paper.words import writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:  # matplotlib takes a while to import: only whoever draws waits for it
    Axes = Figure = Any

POINT = 72 / 25.4
"""Points a millimetre."""
PIXEL = 7 / 12
"""Points for a pixel of the page: its type of 12 pixels is 7 points on paper."""

TEXT, SOFT, RULE = "#1f2328", "#4a5058", "#c9ced6"
"""Of words, of what explains, and of thin lines: all on white."""
SMALL, BODY, TITLE = 6.0, 7.0, 8.0
"""Sizes of type, in points: as journals ask for."""

FONT = "DejaVu Sans"
"""It comes with matplotlib, so a plate is laid out alike on every computer; no usual font is wider."""
FONTS = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"
"""What an SVG asks for. Its text is text: it can be searched, edited and read aloud."""

STYLE: dict[Any, Any] = {
    "font.family": [FONT],
    "font.size": BODY,
    "text.color": TEXT,
    "text.parse_math": False,  # a name with a dollar sign in it is a name
    "axes.edgecolor": RULE,
    "axes.labelcolor": TEXT,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
    "hatch.linewidth": 0.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "puzzlescope",  # else names inside the file differ from one time to the next
}

_drawing = threading.Lock()


@dataclass(frozen=True)
class Box:
    """A place on the paper in points, ``top`` from above.

    Attributes:
        paper: width and height of all of it.
    """

    left: float
    top: float
    width: float
    height: float
    paper: tuple[float, float]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, width and height as shares of the paper, as matplotlib has them."""
        wide, high = self.paper
        return self.left / wide, 1 - (self.top + self.height) / high, self.width / wide, self.height / high


@runtime_checkable
class Drawing(Protocol):
    """What stands between a plate's title and its caption."""

    def height(self, width: float) -> float:
        """Points that it needs where it is this wide."""

    def draw(self, figure: Figure, box: Box) -> None:
        """Draw it there."""


@contextmanager
def sheet(width: float, height: float) -> Iterator[Figure]:
    """A white sheet of so many points, for whoever's turn it is."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with _drawing, rc_context(STYLE):
        yield Figure(figsize=(width / 72, height / 72), facecolor="white")


def in_points(figure: Figure, box: Box) -> Axes:
    """Axes without axes: x from the left and y from the top, both in points."""
    axes = figure.add_axes(box.bounds)
    axes.set_xlim(0, box.width)
    axes.set_ylim(box.height, 0)
    axes.set_autoscale_on(False)
    axes.set_axis_off()
    return axes


def lines_of(text: str, width: float, size: float) -> list[str]:
    """The text in lines that fit a width in points."""
    letters = max(int(width / (0.56 * size)), 8)
    return [line for part in writable(text).split("\n") for line in (wrap(part, letters) or [""])]


def as_svg(figure: Figure, width_mm: float, title: str, about: str) -> str:
    """The sheet as SVG, which says what it shows to those who do not see it."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    file = io.StringIO()
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": "Puzzlescope"})
    text = file.getvalue().replace(f"'{FONT}'", FONTS)
    text = text[text.index("<svg") :]
    high = figure.get_figheight() * 25.4
    text = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', rf'\1 width="{width_mm:g}mm"', text, count=1, flags=re.DOTALL
    )
    text = re.sub(
        r'(<svg[^>]*?) height="[^"]*"', rf'\1 height="{high:.2f}mm"', text, count=1, flags=re.DOTALL
    )
    head, body = text.split(">", 1)
    told = f"<title>{escape(writable(title))}</title><desc>{escape(writable(about))}</desc>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head} role="img">{told}{body}'


def as_png(figure: Figure, dpi: int) -> bytes:
    """The sheet as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    file = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(file, format="png", dpi=dpi, facecolor="white", metadata={"Software": "Puzzlescope"})
    return file.getvalue()


def swatches(axes: Axes, marks: Sequence[tuple[str, str]], top: float, size: float = SMALL) -> None:
    """A line of small fields and what their colours mean."""
    from matplotlib.patches import Rectangle

    from interp.figures.paper.colours import paint

    x = 0.0
    for text, colour in marks:
        if paint(colour)[3] == 0:  # a heading
            axes.text(x, top + size / 2, text, va="center_baseline", fontsize=size, color=SOFT)
            x += 2 * size + 0.55 * size * len(text)
            continue
        axes.add_patch(
            Rectangle((x, top), size * 1.3, size, facecolor=paint(colour), edgecolor=RULE, linewidth=0.4)
        )
        axes.text(x + size * 1.7, top + size / 2, text, va="center_baseline", fontsize=size, color=SOFT)
        x += size * 2.4 + 0.62 * size * len(text)
