"""A plate: one figure as it stands in a paper, with its title, its caption and its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp import outputs
from interp.engine.measures import MEASURES, METRICS
from interp.errors import PuzzlescopeError
from interp.export.tables import Header, Table
from interp.figures.paper.canvas import (
    POINT,
    SMALL,
    SOFT,
    TEXT,
    TITLE,
    Box,
    Drawing,
    as_png,
    as_svg,
    in_points,
    lines_of,
    sheet,
    swatches,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
else:
    Figure = Any

COLUMN, PAGE = 89.0, 183.0
"""Widths of one and of two columns of a paper, in millimetres."""
DPI = 300
ENDINGS = ("svg", "png", "csv")

_MARGIN, _GAP, _LEADING, _BOLD = 4.0, 5.0, 1.35, 1.16


def today() -> str:
    """The date that a caption bears."""
    return datetime.now(UTC).date().isoformat()


@dataclass(frozen=True, eq=False)
class Plate:
    """One figure, ready to be saved.

    Attributes:
        title: above it.
        drawing: what is shown.
        header: what its numbers are of: model, puzzles, ablation, measure, version.
        rows: its numbers, with the same names in every row.
        about: what is seen, in sentences: how to read it, what comes out.
        marks: the colours' legend, each a text and a colour as CSS writes it.
        name: of a file, without ending.
        date: in the caption, as ``2026-11-27``; left out, today's.
        task: of the puzzles, for the caption.
    """

    title: str
    drawing: Drawing
    header: Header
    rows: tuple[dict[str, Any], ...] = ()
    about: str = ""
    marks: Sequence[tuple[str, str]] = ()
    name: str = "figure"
    date: str = field(default_factory=today)
    task: str = ""

    @property
    def caption(self) -> str:
        """What it is, and all that somebody needs to make it again."""
        return f"{self.about} {self.origin}".strip()

    @property
    def origin(self) -> str:
        """Model, puzzles, ablation, measure, version and date, in one line."""
        header = self.header
        parts = [
            f"{header.model} ({header.checkpoint[:6]})",
            self._puzzles(),
            f"ablated: {header.ablation.replace(',', ', ')}" if header.ablation else "nothing ablated",
            f"measure: {_named(header.measure)}" if header.measure else "",
            f"Puzzlescope {header.version}, {self.date}",
        ]
        return " · ".join(part for part in parts if part) + "."

    def _puzzles(self) -> str:
        ids = self.header.puzzles
        if len(ids) == 1:
            return f"{self.task} {ids[0]}".strip()
        return f"{self.task} n = {len(ids)} puzzles".strip() if ids else "weights alone"

    def svg(self, width_mm: float = COLUMN) -> str:
        """The figure as SVG of this width: text stays text, and it has a title and a description for those
        who do not see it."""
        width = _width(width_mm)
        with sheet(width, self._height(width)) as figure:
            self._draw(figure, width)
            return as_svg(figure, width_mm, self.title, self.caption)

    def png(self, width_mm: float = COLUMN, dpi: int = DPI) -> bytes:
        """The figure as PNG of this width."""
        width = _width(width_mm)
        with sheet(width, self._height(width)) as figure:
            self._draw(figure, width)
            return as_png(figure, dpi)

    def csv(self) -> str:
        """Its numbers under a header; see :mod:`interp.export.tables`."""
        return Table(self.header, self.rows).csv()

    def save(self, path: str | Path, width_mm: float = COLUMN, dpi: int = DPI) -> Path:
        """Write it as what the path's ending says: ``.svg``, ``.png`` or ``.csv``.

        Raises:
            PuzzlescopeError: if the ending is none of these, or the file cannot be written.
        """
        target = Path(path)
        ending = target.suffix[1:].lower()
        if ending not in ENDINGS:
            raise PuzzlescopeError(
                f"A figure is saved as .svg, .png or .csv, got '{target.name[:80]}': choose one of these."
            )
        target = outputs.output_path(target, [f".{ending}"])
        outputs.write_whole(target, self.content(ending, width_mm, dpi))
        return target

    def content(self, ending: str, width_mm: float = COLUMN, dpi: int = DPI) -> str | bytes:
        """What stands in the file of this ending."""
        if ending == "csv":
            return self.csv()
        return self.svg(width_mm) if ending == "svg" else self.png(width_mm, dpi)

    def named(self, name: str) -> "Plate":
        """The same under another file name."""
        return replace(self, name=name)

    # ---- where things stand --------------------------------------------------------------------------------

    def _titled(self, width: float) -> list[str]:
        return lines_of(self.title, width, TITLE * _BOLD) if self.title else []

    def _told(self, width: float) -> list[str]:
        return lines_of(self.caption, width, SMALL)

    def _height(self, width: float) -> float:
        inner = width - 2 * _MARGIN
        title = TITLE * _LEADING * len(self._titled(inner))
        legend = SMALL + _GAP if self.marks else 0.0
        told = SMALL * _LEADING * len(self._told(inner))
        return 2 * _MARGIN + title + _GAP + self.drawing.height(inner) + _GAP + legend + told

    def _draw(self, figure: Figure, width: float) -> None:
        """From the top: title, drawing, legend, caption."""
        paper = (width, float(72 * figure.get_figheight()))
        inner, top = width - 2 * _MARGIN, _MARGIN
        title, told = self._titled(inner), self._told(inner)
        words = in_points(figure, Box(_MARGIN, 0.0, inner, paper[1], paper))
        for line in title:
            words.text(0, top + 0.8 * TITLE, line, fontsize=TITLE, fontweight="bold", color=TEXT)
            top += TITLE * _LEADING
        top += _GAP
        high = self.drawing.height(inner)
        self.drawing.draw(figure, Box(_MARGIN, top, inner, high, paper))
        top += high + _GAP
        if self.marks:
            swatches(words, self.marks, top)
            top += SMALL + _GAP
        for line in told:
            words.text(0, top + 0.8 * SMALL, line, fontsize=SMALL, color=SOFT)
            top += SMALL * _LEADING


def _named(measure: str) -> str:
    """A measure in words, if it is one of those of answers: a loss says on what."""
    words = next((words for key, words in MEASURES.items() if key == measure), None)
    if words is None:
        return measure
    return f"loss on {words.place}" if measure in METRICS else words.name


def _width(width_mm: float) -> float:
    if not 40 <= width_mm <= 1000:
        raise PuzzlescopeError(
            f"A figure is 40 to 1000 mm wide, got {width_mm:g}: a paper's column is {COLUMN:g}."
        )
    return width_mm * POINT
