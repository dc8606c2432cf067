"""Which scene is asked for: that of the browser's address, at a visitor's first run and whenever Back or
Forward brings another; or one that a page is to go to, as if its address had been opened.

A light module: it is there before PyTorch is.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_ASKED, _PAGE, _LENGTH = "asked", "asked-page", "asked-too-long"

LONGEST_LINK = 16_000
"""Characters of all parameters together. A story in a link has 6,000."""


def note() -> None:
    """Take down what the address asks for; at the very start of a run. Streamlit may stop a run anywhere, for
    what else the visitor does, and the next one knows nothing of the address: so it is kept until a page has
    shown it."""
    context = get_script_run_ctx(suppress_warning=True)
    query = _fitting(st.query_params.to_dict())
    if _ASKED not in st.session_state:
        st.session_state[_ASKED] = query
    elif context is not None and context.is_history_navigation and "puzzle" in query:
        # An address without a scene is that of a page left before its scene was written there: what is shown
        # stays.
        ask(query)


def _fitting(query: dict[str, str]) -> dict[str, str]:
    """The address's parameters; none of one that is too long to be a link of ours."""
    length = sum(len(name) + len(value) + 2 for name, value in query.items())
    if length <= LONGEST_LINK:
        return query
    st.query_params.clear()
    st.session_state[_LENGTH] = length
    return {}


def problem() -> str | None:
    """What was wrong with the address, in a sentence, until it has been told."""
    length: int | None = st.session_state.pop(_LENGTH, None)
    if length is None:
        return None
    return (
        f"The link has {length:,} characters of parameters, and at most {LONGEST_LINK:,} are read: it was "
        "left out."
    )


def ask(query: dict[str, str], page: str | None = None) -> None:
    """Let the next run show what an address with these parameters would.

    Args:
        page: on which page; left out, on the one that is open.
    """
    st.session_state[_ASKED], st.session_state[_PAGE] = query, page


def asked() -> dict[str, str] | None:
    """The parameters of the address that no page has shown yet, if there is one."""
    query: dict[str, str] | None = st.session_state.get(_ASKED)
    return query


def page() -> str | None:
    """The page on which it is to be shown, if that is said."""
    return st.session_state.get(_PAGE)


def answered() -> None:
    """Its scene is the visitor's scene now."""
    st.session_state[_ASKED] = st.session_state[_PAGE] = None
