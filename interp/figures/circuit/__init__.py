"""A circuit as a picture: layers upward, parts as boxes, an edge as wide as its effect. The page, the SVG and
the HTML file draw the same object."""

from interp.figures.circuit.page import html
from interp.figures.circuit.picture import CircuitPicture, picture_of
from interp.figures.circuit.said import Said, said_html, said_of
from interp.figures.circuit.state import DEFAULT_STATE, PictureState, read_state
from interp.figures.circuit.svg import svg

__all__ = [
    "DEFAULT_STATE",
    "CircuitPicture",
    "PictureState",
    "Said",
    "html",
    "picture_of",
    "read_state",
    "said_html",
    "said_of",
    "svg",
]
