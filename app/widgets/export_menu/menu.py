"""The export: the link to what is on screen, its figures, its numbers, and the Python that computes them.

It is a dialog, drawn only while it is open: the page pays for one button.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.widgets.browser.scripts import component
from app.widgets.export_menu import asking, figures
from app.widgets.export_menu.figures import Figure
from app.widgets.text import escape_markdown
from interp.export.tables import Table

HERE = Path(__file__).parent
FIGURES, DATA, CODE, LINK = "Figures", "Data", "Code", "Link"

_copy_link = component(
    "copy_link",
    html='<div class="copy"><button type="button">Copy link</button><span class="said" role="status"></span>'
    '<input type="text" readonly hidden aria-label="Link to what is on screen"></div>',
    css=(HERE / "menu.css").read_text(),
    js=(HERE / "menu.js").read_text(),
)


@dataclass(frozen=True)
class Download:
    """A file that is made when a visitor asks for it.

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


@dataclass(frozen=True)
class File:
    """A file of one kind that is made when a visitor asks for it.

    Attributes:
        label: what is in it.
        name: of the file, with its ending.
        make: makes what is in it; called on another thread than the page's.
    """

    label: str
    name: str
    make: Callable[[], str | bytes]


@dataclass(frozen=True)
class Exports:
    """All that a page offers.

    Attributes:
        figures: those of the page, by their names.
        downloads: results, each as CSV and as JSON.
        snippets: programs by what they compute.
        report: makes the page as one HTML file; called on another thread than the page's.
        name: of that file, without ending.
        files: other files.
    """

    figures: Mapping[str, Figure]
    downloads: Sequence[Download] = ()
    snippets: Mapping[str, str] | None = None
    report: Callable[[], str] | None = None
    name: str = "puzzlescope"
    files: Sequence[File] = ()


def show(make: Callable[[], Exports], *, key: str, note: Callable[[], None] = lambda: None) -> None:
    """Draw the button that opens it all, and, while it is open, the dialog.

    Args:
        make: says what there is; called only while the dialog is open.
        note: draws what can be said besides in the link.
    """
    st.button("Export", icon=":material/ios_share:", key=key, on_click=asking.ask)
    opened = asking.opened()
    if opened is not None:
        dialog = st.dialog("Export", width="large", on_dismiss=asking.close)
        dialog(lambda: _draw(make(), opened, key, note))()


def _draw(exports: Exports, figure: str, key: str, note: Callable[[], None]) -> None:
    offered = {FIGURES: exports.figures, DATA: exports.downloads, CODE: exports.snippets, LINK: True}
    sections = [section for section, there in offered.items() if there]
    section = st.segmented_control(
        "Section",
        sections,
        default=sections[0],
        required=True,
        key=f"{key}-section-{figure}",
        label_visibility="collapsed",
    )
    if section == LINK:
        _copy_link(key=f"{key}-link")
        note()
    elif section == FIGURES:
        figures.show(exports.figures, figure, key=key)
        _report(exports, key)
    elif section == DATA:
        for download in exports.downloads:
            _download(download, key)
        for file in exports.files:
            _file(file, key)
    else:
        snippets = exports.snippets or {}
        st.caption("These programs run where Puzzlescope is installed, or in its folder.")
        for tab, program in zip(st.tabs(list(snippets)), snippets.values(), strict=True):
            tab.code(program, language="python")


def _report(exports: Exports, key: str) -> None:
    if exports.report is None:
        return
    st.download_button(
        "The whole page as one HTML file",
        exports.report,
        file_name=f"{exports.name}.html",
        mime="text/html",
        key=f"{key}-report",
        on_click="ignore",
        icon=":material/description:",
        help="All figures of this page with captions, tables and programs, in a file that needs no network.",
    )


def _file(file: File, key: str) -> None:
    """One line: what it is, and a button."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(escape_markdown(file.label), width="stretch")
        st.download_button(
            file.name.rpartition(".")[2].upper(),
            file.make,
            file_name=file.name,
            key=f"{key}-{file.name}",
            on_click="ignore",
            help=escape_markdown(f"{file.label}: {file.name}"),
        )


def _download(download: Download, key: str) -> None:
    """One line: what it is, and a button a format."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(escape_markdown(download.label), width="stretch")
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
                help=escape_markdown(f"{download.label}, as {ending.upper()}"),
            )
