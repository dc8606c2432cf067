"""What components that send wishes have in common: each wish is carried out once."""

from collections.abc import Callable

import streamlit as st

from app.widgets.ablation_board.wishes import Seen, Wish, read_wishes, seen_after
from app.widgets.browser.hearing import said
from interp.model import Config


def seen(key: str) -> Seen:
    """Up to which wish those of the component of this key have been carried out."""
    found: Seen = st.session_state.get(f"{key}-seen", Seen())
    return found


def hear(key: str, cfg: Config, on_wish: Callable[[Wish], None]) -> None:
    """Carry out what is new in the message of the component of this key."""
    payload, before = said(key, "wishes"), seen(key)
    st.session_state[f"{key}-seen"] = seen_after(payload, before)
    for wish in read_wishes(payload, cfg, before):
        on_wish(wish)
