"""Links that lead past what stands before a part of the page, and a key for each: seen when they have the
focus, and always heard."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from app.widgets.browser.scripts import ELEMENT, component, joined

HERE = Path(__file__).parent
_links = component("skip_links", css=(HERE / "links.css").read_text(), js=joined(ELEMENT, HERE / "links.js"))


@dataclass(frozen=True)
class Target:
    """Where a link leads.

    Attributes:
        name: of the part of the page, after "Skip to".
        letter: the key that leads there too.
        key: of the widget, or how its key begins.
        within: which part of it, the last one that fits this selector; left out, its first stop of the Tab
            key.
    """

    name: str
    letter: str
    key: str
    within: str = ""


def show(targets: Sequence[Target]) -> None:
    """Draw the links, before all else on the page."""
    with st.container(key="skip"):  # app/style.css: it takes no room
        _links(key="skip-links", data={"targets": [asdict(target) for target in targets]})
