"""A Plotly chart whose bars or tiles can be clicked, with a button that opens its export.

It is a component of its own, for Streamlit's chart is another one, drawn anew, whenever its figure differs.
Here the chart of a key stays and takes up what is new.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from app.startup.bundles import PLOTLY, bundle_address
from app.widgets.browser.hearing import said
from app.widgets.browser.news import News, sent, since_sent
from app.widgets.browser.scripts import ELEMENT, NEWS, component, joined
from app.widgets.export_menu import asking
from interp.figures.draft import Draft
from interp.figures.tiles import write_on

T = TypeVar("T")
HERE = Path(__file__).parent

# Plotly puts its style sheet into the document, so this component cannot live in a shadow root.
_chart = component(
    "chart",
    css=(HERE / "chart.css").read_text(),
    js=joined(ELEMENT, NEWS, HERE / "chart.js"),
    isolate_styles=False,
)


def show(figure: Draft, *, key: str, name: str, on_click: Callable[[list[str]], None]) -> None:
    """Draw the figure, as wide as there is room.

    Args:
        key: of the chart on the page: it stays the same whatever data is in it.
        name: among the figures of the page; its button opens the export there.
        on_click: called with the ``customdata`` of what was clicked.
    """
    data = chart_data(figure, name)
    _chart(
        key=key,
        data=sent(key, data),
        height=data["height"],  # its room is there before it is
        on_clicked_change=partial(_clicked, key, on_click),
        on_exported_change=partial(asking.ask, name),
    )


def news(figure: Draft, *, key: str, name: str) -> News | None:
    """What is new since the chart of this key was drawn."""
    return since_sent(key, chart_data(figure, name))


def chart_data(figure: Draft, name: str) -> dict[str, Any]:
    """The chart as the browser takes it: the figure as JSON, what it is called, and where Plotly is."""
    theme = st.context.theme.type or "light"
    write_on(figure, st.get_option(f"theme.{theme}.backgroundColor") or "#ffffff")
    title = figure.layout["title"]["text"]
    return {
        "figure": figure.json(),
        "height": int(figure.layout["height"]),
        "title": title or name,
        "heading": title,
        "name": name,
        "bundle": bundle_address(PLOTLY),
    }


def _clicked(key: str, on_click: Callable[[list[str]], None]) -> None:
    found = clicked_data(said(key, "clicked"))
    if found:
        on_click(found)


def clicked_data(payload: Any) -> list[str]:
    """The ``customdata`` of what was clicked, from a message that may be anything; nothing if it is none."""
    match payload:
        case {"said": list(said)} if len(said) < 10 and all(isinstance(one, str) for one in said):
            return said
    return []


def clicking(shown: Mapping[str, T], on_click: Callable[[T], None]) -> Callable[[list[str]], None]:
    """What a click means that names one thing: a browser may send what an earlier chart showed, or anything,
    so only what is shown can be named.

    Args:
        shown: what can be clicked, by the first of its ``customdata``.
        on_click: called with what was clicked.
    """

    def click(data: list[str]) -> None:
        if data[0] in shown:
            on_click(shown[data[0]])

    return click
