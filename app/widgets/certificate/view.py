"""A certificate as lines of numbers, each with what it means; a share is drawn as a bar too, with what it is
compared with as ticks on it."""

import streamlit as st

from interp.figures.circuit import Said, said_html
from interp.figures.circuit.said import CERTIFICATE_STYLE

CSS = CERTIFICATE_STYLE.read_text()


def show(said: Said) -> None:
    """Draw it."""
    st.html(f"<style>{CSS}</style>{said_html(said)}")
