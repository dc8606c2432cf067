"""Paper: charts are drawn by script for the width of the screen, and no script runs between there and the
paper."""

from pathlib import Path

from app.widgets.browser.scripts import component

_printing = component("printing", html="<div></div>", js=(Path(__file__).parent / "printing.js").read_text())


def prepare() -> None:
    """Let the charts of the page shrink to the paper's width when it is printed. See ``app/style.css``.
    Shows nothing itself."""
    _printing(key="printing-charts")
