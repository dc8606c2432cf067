"""A Plotly chart whose bars or tiles can be clicked, with a button that exports it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import plotly.graph_objects as go
import streamlit as st

from app.widgets.controls import echoes
from app.widgets.export_menu import button
from interp.figures.paper.words import plain

T = TypeVar("T")


def show(figure: go.Figure, *, key: str, name: str, on_click: Callable[[list[str]], None]) -> None:
    """Draw the figure, as wide as there is room.

    Args:
        key: a chart keeps what is selected in it, and a second click on that would only deselect it. So the
            key must say all that a click changes: then the click leaves this chart behind, and the next one
            has nothing selected.
        name: among the figures of the page; its button opens the export there.
        on_click: called with the ``customdata`` of what was clicked.
    """
    _darken(figure)
    title = plain(figure.layout.title.text)
    with st.container(gap=None):
        button.show(name, title[:1].lower() + title[1:] if title else name, key=f"export-{key}", over=True)
        st.plotly_chart(
            figure,
            key=key,
            on_select=echoes.hears(key, lambda: _clicked(key, on_click)),
            selection_mode="points",
            config={"displayModeBar": False},
        )


def _darken(figure: go.Figure) -> None:
    """Write in the page's own colour: Streamlit's for charts is too faint on light pages for words this
    small."""
    color = st.get_option(f"theme.{st.context.theme.type or 'light'}.textColor")
    figure.update_layout(font_color=color, hoverlabel_font_color=color)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(tickfont_color=color, title_font_color=color)


def _clicked(key: str, on_click: Callable[[list[str]], None]) -> None:
    found = clicked_data(st.session_state.get(key))
    if found:
        on_click(found)


def clicked_data(state: Any) -> list[str]:
    """The ``customdata`` of the first point that is selected in a chart; nothing if none is."""
    points = state["selection"]["points"] if state else []
    data = points[0].get("customdata") if points else None
    return [str(one) for one in data] if isinstance(data, list | tuple) else []


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
