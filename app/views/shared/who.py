"""Who is signed in, in the bar of the pages. There is nothing where people need not sign in."""

from html import escape

import streamlit as st
from streamlit import config

from app.server.watching import runs
from app.widgets.text import escape_markdown

_BY = {
    "provider": "Signed in with your organisation's account.",
    "header": "Signed in by the proxy through which you have come.",
    "password": "Signed in with the password that the team shares.",
}
_LINK = '<a href="{}" target="_self" style="color: inherit">Sign out</a>'


def is_known() -> bool:
    """Whether there is something to show."""
    return runs.signed_in() is not None


def show() -> None:
    """Draw the button that says who it is; below it stands how to sign out."""
    person = runs.signed_in()
    if person is None:
        return
    with st.popover(escape_markdown(person.name or "Signed in"), icon=":material/person:", key="who"):
        told = [person.name, *([person.address] if person.address != person.name else [])]
        st.html("".join(f"<div>{escape(one)}</div>" for one in told if one) or "<div>Signed in</div>")
        st.caption(_BY[person.way])
        if person.way != "header":
            st.html(_LINK.format(escape(_sign_out())))


def show_way_out() -> None:
    """Draw the link by which one signs out, on what has no bar: a page that lets this person not in."""
    person = runs.signed_in()
    if person is not None and person.way != "header":
        name = f"Signed in as {person.name}." if person.name else "You are signed in."
        st.html(f"{escape(name)} {_LINK.format(escape(_sign_out()))}")


def _sign_out() -> str:
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/sign-out" if base else "/sign-out"
