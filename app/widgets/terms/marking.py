"""Sentences whose terms are marked: a dotted line, and two lines of explanation on hover, focus or tap.

The sentences are Streamlit's own captions, so they are on the page at once; one script for all of them shows
the explanations (:func:`prepare`).
"""

import re
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.widgets.browser.scripts import ELEMENT, component, joined
from app.widgets.terms.glossary import TERMS

HERE = Path(__file__).parent
MOST = 4
"""Terms that are marked in one text: more would be noise, and every one is a stop of the Tab key."""

_terms = component("terms", js=joined(ELEMENT, HERE / "terms.js"))

_PHRASES = {phrase: term.key for term in TERMS.values() for phrase in term.phrases}
_ANY = re.compile(
    rf"`[^`]*`|(?<![\w-])({'|'.join(map(re.escape, sorted(_PHRASES, key=len, reverse=True)))})(?![\w-])",
    re.IGNORECASE,
)


def prepare() -> None:
    """Let the browser explain terms, on this page. Shows nothing itself; app/style.css paints both."""
    _terms(key="terms-script", data={term.key: [term.name, term.text] for term in TERMS.values()})


def marked(text: str) -> str:
    """Markdown in which each term is a button where it first occurs, as HTML. Any other HTML in the text is
    only text; what stands in backticks stays as it is."""
    seen: set[str] = set()

    def button(found: re.Match[str]) -> str:
        phrase = found[1]
        key = _PHRASES[phrase.lower()] if phrase else ""
        if not key or key in seen or len(seen) == MOST:
            return found[0]
        seen.add(key)
        return f'<button type="button" class="term" data-term="{key}">{phrase}</button>'

    pieces = re.split(r"(`[^`]*`)", text)
    # With the backslash that escapes it: before an entity it would escape that.
    safe = "".join(piece if piece.startswith("`") else re.sub(r"\\?<", "&lt;", piece) for piece in pieces)
    return _ANY.sub(button, safe)


def caption(text: str) -> None:
    """Draw an explanation, in Markdown, with its terms marked."""
    st.caption(marked(text), unsafe_allow_html=True)


def how_to_read(
    line: str, more: str, tools: Callable[[], None] | None = None, *, key: str | None = None
) -> None:
    """Draw an explanation of which one sentence is on the page, and the rest where it is asked for. Both are
    Markdown, with their terms marked; ``tools`` draws what else stands in the line. By ``key``, app/style.css
    keeps its room where much stands below it."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=key):
        with st.container(width="stretch"):
            caption(line)
        with st.popover("How to read", icon=":material/menu_book:", type="tertiary"):
            markdown(more)
        if tools is not None:
            tools()


def markdown(text: str) -> None:
    """Draw a text, in Markdown, with its terms marked."""
    st.markdown(marked(text), unsafe_allow_html=True)
