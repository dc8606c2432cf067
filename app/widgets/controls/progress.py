"""A progress bar with stop and resume."""

from collections.abc import Callable

import streamlit as st


def show_progress(
    progress: float | None,
    stopped: bool,
    what: str,
    *,
    left: str = "",
    key: str,
    on_stop: Callable[[], None],
    on_again: Callable[[], None],
    rest: str = "Measure the rest",
) -> None:
    """Draw a bar while it is under way, a button once it is stopped, and nothing when it is complete.

    Args:
        progress: 0 to 1 while it is under way, else ``None``.
        stopped: whether a visitor has stopped it before the end.
        what: is done, for the bar.
        left: how long it will still take, as the end of the bar's text.
        on_stop, on_again: called when the visitor stops it, or wants the rest.
        rest: what the button says that goes on.
    """
    if progress is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(progress, text=f"{what}: {progress:.0%}{left}")
            st.button("Stop", key=f"{key}-stop", on_click=on_stop)
    elif stopped:
        st.button(rest, icon=":material/play_arrow:", key=f"{key}-again", on_click=on_again)
