"""Names for what Streamlit does not name: see ``naming.js``."""

from pathlib import Path

from app.widgets.browser.scripts import component

_naming = component("naming", html="<div></div>", js=(Path(__file__).parent / "naming.js").read_text())


def prepare() -> None:
    """Names of icons are not read out, and buttons of cards are told apart by name. Shows nothing itself."""
    _naming(key="naming")
