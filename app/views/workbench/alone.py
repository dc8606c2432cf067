"""One figure of the workbench alone, for a frame in a slide or a wiki: all else is there and not seen."""

import streamlit as st

from app.state.scene import Scene

PLACES = {"strip": "st-key-strip", "board": "st-key-board", "attention": "st-key-grid-attention"}
"""What the class of each figure's element begins with."""


def show(scene: Scene) -> None:
    """Hide what is not wanted, if one figure is."""
    if scene.only:
        st.html(f"<style>{style(PLACES[scene.only])}</style>")


def style(place: str) -> str:
    """The style of a page on which only what holds this place is seen, and what is said of its link."""
    kept = f':has([class*="{place}"], [data-testid="stAlert"])'
    page = '[data-testid="stMainBlockContainer"]'
    return (
        f'[data-testid="stHeader"], {page} > [data-testid="stVerticalBlock"] > :not({kept}),'
        f' [data-testid="stColumn"]:not({kept}) {{ display: none !important; }}'
        f" {page} {{ padding: 0.6rem !important; }}"
        ' [data-testid="stColumn"] { flex: 1 1 100% !important; max-width: 100% !important; }'
    )
