"""What a browser component has said, in the callback that hears it."""

from typing import Any

import streamlit as st


def said(key: str, name: str) -> Any:
    """What the component of this key says under this name, as a browser has sent it; ``None`` where it says
    nothing, or where this visit does not know the component: its page may have been drawn in another visit,
    before the server was started anew, and messages come from strangers too."""
    return (st.session_state.get(key) or {}).get(name)
