"""Figures for papers and slides: every result as SVG, PNG and CSV, always on white, with a caption that says
what it is of.

What is drawn on a page (Plotly, canvases, components of the browser) is drawn here once more, by matplotlib,
from the same results and with the same colours: a picture that is made in Python can be tested, put into a
report, and saved from a notebook.
"""

from interp.figures.paper.chart import Chart
from interp.figures.paper.film import film
from interp.figures.paper.grids import Grid, Strip
from interp.figures.paper.making import plate
from interp.figures.paper.maps import Line, Maps
from interp.figures.paper.names import file_name
from interp.figures.paper.pattern import Pattern
from interp.figures.paper.plates import COLUMN, PAGE, Plate

__all__ = [
    "COLUMN",
    "PAGE",
    "Chart",
    "Grid",
    "Line",
    "Maps",
    "Pattern",
    "Plate",
    "Strip",
    "file_name",
    "film",
    "plate",
]
