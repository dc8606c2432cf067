"""Plates read back: what is written in them, in which colours, and where."""

from xml.etree import ElementTree as ET

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

from interp.export.tables import Header
from interp.figures.paper import Plate
from interp.figures.paper.canvas import POINT, sheet

SVG = "{http://www.w3.org/2000/svg}"
HEADER = Header("default", "4b7571aa", ("ec6638a2a9",), "L1.attn", "final")


def read(svg: str) -> ET.Element:
    """The SVG's root; it must be well-formed."""
    return ET.fromstring(svg.encode())


def words(svg: str) -> list[str]:
    """Every text that is drawn, in the order of the file."""
    return ["".join(node.itertext()) for node in read(svg).iter(f"{SVG}text")]


def texts_of(plate: Plate, width_mm: float) -> tuple[list[Text], list[str]]:
    """The texts that are drawn, and those of them that stand beyond the edge of the paper."""
    width = width_mm * POINT
    with sheet(width, plate._height(width)) as figure:
        plate._draw(figure, width)
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()
        texts = [one for one in figure.findobj(Text) if one.get_text().strip() and one.get_visible()]
        for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
            ticks = [label for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)]
            drawn = [label for tick in axis._update_ticks() for label in (tick.label1, tick.label2)]
            texts = [one for one in texts if one not in ticks or one in drawn]
        paper = figure.bbox.padded(0.5)
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
        return texts, [text for text, box in boxes if not within(box, paper)]


def within(box: BboxBase, paper: BboxBase) -> bool:
    return bool(paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1)
