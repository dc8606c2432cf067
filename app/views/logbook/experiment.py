"""One experiment of the logbook: its question, what comes out here, what was published, and where to go
on."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.views.logbook.contents import TAGS, Section, verdict_of
from app.widgets import terms
from app.widgets.text import escape_markdown
from app.widgets.workbench_link import workbench_link
from interp.analyses.notebook.published import Finding


def heading(section: Section, question: str) -> None:
    """The start of a section: its number and name, and what is asked."""
    st.divider()
    st.header(f"{section.number}. {section.title}", anchor=section.anchor)
    terms.markdown(question)


def opened(section: Section, question: str, problem: str) -> bool:
    """The start of a section that cannot be shown of every model: why not, in a sentence.

    Args:
        problem: why it cannot be; empty if it can.

    Returns:
        Whether the section goes on.
    """
    heading(section, question)
    if problem:
        st.info(escape_markdown(problem))
    return not problem


def columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """The place for what comes out here, and a narrower one beside it for what to make of it."""
    here, beside = st.columns([7, 4], gap="medium")
    return here, beside


def published(text: str) -> None:
    """What the notebook found, in Markdown."""
    st.markdown(f"**Published** (37 M model, checkpoint 0): {text}")


def finding(found: Finding) -> None:
    """Whether it holds here: a tag and a sentence."""
    st.markdown(f"{TAGS[verdict_of([found])]} **Here:** {escape_markdown(found.sentence)}")


def go_on(query: str, snippet: str, *, key: str) -> None:
    """The link that opens this on the workbench, and the Python that computes it."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        link = workbench_link("Open in workbench →", query, style="white-space:nowrap")
        st.html(link, width="content")
        with st.popover("as Python", icon=":material/code:", key=key):
            st.caption("Run it where Puzzlescope is installed, or in its folder.")
            st.code(snippet, language="python")
