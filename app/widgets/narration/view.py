"""A sentence that follows what a visitor does: seen in its place, and announced when it changes."""

from pathlib import Path

from app.widgets.browser.scripts import ELEMENT, component, joined

HERE = Path(__file__).parent

_narration = component(
    "narration", css=(HERE / "narration.css").read_text(), js=joined(ELEMENT, HERE / "narration.js")
)


def show(sentence: str, *, key: str = "narration") -> None:
    """Draw it, in room for two lines, so that nothing moves when it changes. A screen reader is told of a
    change, not of the sentence that the page opens with."""
    _narration(key=key, data={"sentence": sentence})
