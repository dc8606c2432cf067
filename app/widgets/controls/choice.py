"""Controls whose value stands elsewhere, as in the scene: each is drawn with the value it has there and
passes on what a visitor chooses. What the browser merely repeats is no choice
(:mod:`app.widgets.controls.echoes`).

All take a label, the widget's key, the value, and a callback; other arguments go to Streamlit's widget.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from app.widgets.controls import echoes

T = TypeVar("T")


def segmented(
    label: str,
    choices: Mapping[T, str] | Sequence[T],
    value: T,
    *,
    key: str,
    on_change: Callable[[T], None],
    label_shown: bool = False,
    **options: Any,
) -> None:
    """Draw one of a few values, side by side.

    Args:
        choices: the values, with their names if these differ.
        label_shown: whether the label is drawn; a screen reader is always told.
    """
    options["label_visibility"] = "visible" if label_shown else "collapsed"
    _draw(st.segmented_control, label, key, value, on_change, **_offered(choices), required=True, **options)


def several(
    label: str,
    choices: Mapping[T, str] | Sequence[T],
    value: Sequence[T],
    *,
    key: str,
    on_change: Callable[[list[T]], None],
    **options: Any,
) -> None:
    """Draw some of a few values, side by side: at least one.

    Args:
        choices: the values, with their names if these differ.
    """
    _draw(
        st.segmented_control,
        label,
        key,
        list(value),
        lambda some: on_change(some) if some else None,  # the last one that is taken away comes back
        **_offered(choices),
        selection_mode="multi",
        **options,
    )


def select(
    label: str,
    choices: Mapping[T, str] | Sequence[T],
    value: T,
    *,
    key: str,
    on_change: Callable[[T], None],
    **options: Any,
) -> None:
    """Draw one of many values, as a list to open.

    Args:
        choices: the values, with their names if these differ.
    """
    _draw(st.selectbox, label, key, value, on_change, **_offered(choices), **options)


def toggle(label: str, value: bool, *, key: str, on_change: Callable[[bool], None], **options: Any) -> None:
    """Draw on or off."""
    _draw(st.toggle, label, key, value, on_change, **options)


def number(label: str, value: int, *, key: str, on_change: Callable[[int], None], **options: Any) -> None:
    """Draw a number to type or to step."""
    _draw(st.number_input, label, key, value, on_change, **options)


def slider(label: str, value: float, *, key: str, on_change: Callable[[float], None], **options: Any) -> None:
    """Draw a number on a line."""
    _draw(st.slider, label, key, value, on_change, **options)


def text(label: str, value: str, *, key: str, on_change: Callable[[str], None], **options: Any) -> None:
    """Draw a line of text."""
    _draw(st.text_input, label, key, value, on_change, **options)


def _offered(choices: Mapping[T, str] | Sequence[T]) -> dict[str, Any]:
    if isinstance(choices, Mapping):
        return {"options": list(choices), "format_func": choices.__getitem__}
    return {"options": list(choices)}


def _draw(
    widget: Callable[..., Any],
    label: str,
    key: str,
    value: T,
    on_change: Callable[[T], None],
    **options: Any,
) -> None:
    echoes.show(key, value)

    def change() -> None:
        if key in st.session_state:  # a browser may speak of what this visit has not drawn
            on_change(st.session_state[key])

    widget(label, key=key, on_change=echoes.hears(key, change), **options)
