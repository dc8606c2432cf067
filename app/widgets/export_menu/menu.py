"""The export menu: the link to what is on screen, its numbers, and the Python that computes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from interp.export.tables import Table

HERE = Path(__file__).parent

_copy_link = st.components.v2.component(
    "copy_link",
    html='<div class="copy"><button type="button">Copy link</button><span class="said" role="status"></span>'
    '<input type="text" readonly hidden aria-label="Link to what is on screen"></div>',
    css=(HERE / "menu.css").read_text(),
    js=(HERE / "menu.js").read_text(),
)


@dataclass(frozen=True)
class Download:
    """A file that is made when somebody asks for it.

    Attributes:
        label: what is in it.
        csv, json: make its text; called on another thread than the page's, so they must not ask Streamlit
            anything.
        name: of the file, without ending.
    """

    label: str
    csv: Callable[[], str]
    json: Callable[[], str]
    name: str

    @classmethod
    def of(cls, label: str, name: str, make: Callable[[], Table]) -> "Download":
        """The download of a table."""
        return cls(label, csv=lambda: make().csv(), json=lambda: make().json(), name=name)


def show(
    downloads: Sequence[Download],
    snippets: Mapping[str, str],
    *,
    key: str = "export-menu",
    note: Callable[[], None] = lambda: None,
) -> None:
    """Draw the button that opens it all.

    Args:
        downloads: results, each as CSV and as JSON.
        snippets: programs by what they compute.
        note: draws what can be said besides in the link.
    """
    with st.popover("Export", icon=":material/ios_share:", key=key):
        _copy_link(key=f"{key}-link")
        note()
        for download in downloads:
            _download(download, key)
        if snippets:
            st.markdown("**As Python**: run it where Puzzlescope is installed, or in its folder")
            for tab, program in zip(st.tabs(list(snippets)), snippets.values(), strict=True):
                tab.code(program, language="python")


def _download(download: Download, key: str) -> None:
    """One line: what it is, and a button a format."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(download.label, width="stretch")
        for ending, make, mime in (
            ("csv", download.csv, "text/csv"),
            ("json", download.json, "application/json"),
        ):
            st.download_button(
                ending.upper(),
                make,
                file_name=f"{download.name}.{ending}",
                mime=mime,
                key=f"{key}-{download.name}-{ending}",
                on_click="ignore",
                help=f"{download.label}, as {ending.upper()}",
            )
