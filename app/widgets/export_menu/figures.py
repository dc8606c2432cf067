"""The figures of a page in the export: a preview, its files, and its numbers as a table."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from interp.export.tables import html_table

if TYPE_CHECKING:
    from interp.figures.paper import Plate

WIDTHS = {89.0: "one column (89 mm)", 183.0: "two columns (183 mm)"}
"""Widths of a paper's columns, in millimetres."""
MOST_ROWS = 200
"""Rows of the table that are shown; the CSV has them all."""
MIMES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv"}


@dataclass(frozen=True)
class Figure:
    """A figure of the page.

    Attributes:
        label: as it reads after "Export".
        plate: makes it; what it needs is computed to the end first.
    """

    label: str
    plate: "Callable[[], Plate]"


def show(figures: Mapping[str, Figure], chosen: str, *, key: str) -> None:
    """Draw the choice of the figure and of its width, a preview, and a button a format.

    Args:
        chosen: name of the figure that is shown first.
    """
    names = list(figures)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        name = st.selectbox(
            "Figure",
            names,
            index=names.index(chosen) if chosen in names else 0,
            format_func=lambda one: figures[one].label.capitalize(),
            key=f"{key}-figure-{chosen}",
        )
        width = st.segmented_control(
            "Width",
            list(WIDTHS),
            default=183.0,
            required=True,
            format_func=lambda one: WIDTHS[one],
            key=f"{key}-width",
        )
    with st.spinner("Computing …", show_time=True):
        plate = figures[name].plate()
        svg = plate.svg(width or 183.0)
    address = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    share = "100%" if width == max(WIDTHS) else "60%"
    look = f"width:{share};display:block;border:1px solid rgba(128,128,128,0.35);border-radius:4px"
    st.html(f'<img src="{address}" alt="{escape(plate.title)}" style="{look}">')
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for ending, mime in MIMES.items():
            st.download_button(
                ending.upper(),
                partial(plate.content, ending, width or 183.0),
                file_name=f"{plate.name}.{ending}",
                mime=mime,
                key=f"{key}-{name}-{width}-{ending}",
                on_click="ignore",
                icon=":material/download:",
                help=f"{plate.name}.{ending}",
            )
    if plate.rows:
        with st.expander(f"Show as table ({len(plate.rows):,} rows)"):
            st.html(html_table(plate.rows, plate.title, MOST_ROWS, scrolls=True))
