"""The browser's side of components: what several need stands in a file of its own, put before theirs."""

from pathlib import Path

HERE = Path(__file__).parent
ELEMENT = HERE / "element.js"
CANVAS = HERE / "canvas_view.js"
SVG_CELLS = HERE / "svg_cells.js"
LEGEND = HERE / "scale_legend.js"
KEYS = HERE / "keys.js"
WISHES = HERE / "wishes.js"
KEPT = HERE / "kept.js"
NEWS = HERE / "news.js"
RING, RING_STYLE = HERE / "ring.js", HERE / "ring.css"


def joined(*files: Path) -> str:
    """One module of these files, in this order; the last of them to export decides what it is."""
    return "\n".join(file.read_text() for file in files)
