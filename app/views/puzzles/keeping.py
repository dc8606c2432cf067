"""Collections on the page: puzzles are put into one, and one is renamed, exported or deleted."""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from app.state.collections import attempt, mine
from app.state.session import choose, chosen
from app.views.puzzles import sources
from app.views.puzzles.choices import BANK, COLLECTION, PAGE
from app.widgets.text import escape_markdown
from interp.puzzles.collections import Collection, Collections
from interp.puzzles.collections.names import LONGEST_NAME, LONGEST_NOTES
from interp.puzzles.exchange import FORMS, exported
from interp.puzzles.kept import Kept

NEW = "a new collection"
_DONE = "puzzles-done"
TOLD = 8.0
"""Seconds for which runs of the page say what has been done."""


def done(sentence: str) -> None:
    """Say what has been done: on the next run, and those that follow it at once."""
    st.session_state[_DONE] = sentence, time.monotonic()


def show_done() -> None:
    """Say it."""
    sentence, since = st.session_state.get(_DONE, ("", 0.0))
    if sentence and time.monotonic() - since < TOLD:
        st.success(escape_markdown(sentence), icon=":material/check:")


def show(label: str, taken: Callable[[], Sequence[Kept]], *, key: str, disabled: bool = False) -> None:
    """Draw the button that keeps puzzles, which asks where.

    Args:
        taken: those that are to be kept; asked when they are.
    """
    names = [one.name for one in sources.collections()]
    keys = [f"{key}-{name}" for name in ("where", "name", "notes")]
    turn = st.session_state.get(f"{key}-turn", 0)  # another one once puzzles are kept: it begins closed
    with st.popover(label, icon=":material/bookmark_add:", key=f"{key}-{turn}", disabled=disabled):
        if st.session_state.get(keys[0]) not in names:  # none yet, or one that is gone
            st.session_state[keys[0]] = NEW
        st.selectbox("In", [NEW, *names], key=keys[0])
        if st.session_state.get(keys[0], NEW) == NEW:
            st.text_input("Name", key=keys[1], max_chars=LONGEST_NAME)
            st.text_area("Notes", key=keys[2], max_chars=LONGEST_NOTES, height=80)
        st.button("Keep", key=f"{key}-do", type="primary", on_click=_keep, args=(taken, keys, key))


def _keep(taken: Callable[[], Sequence[Kept]], keys: Sequence[str], key: str) -> None:
    where, name, notes = (st.session_state.get(one) or "" for one in keys)

    def act(own: Collections) -> tuple[str, int, int]:
        new = where in ("", NEW)
        puzzles = list(taken())
        into = own.create(name, notes).name if new else where
        return into, len(puzzles), own.add(into, puzzles)

    found = attempt(act)
    if found is None:
        return
    into, n, fresh = found
    before = "" if fresh == n else f"; {n - fresh} {'was' if n - fresh == 1 else 'were'} there already"
    done(f"{fresh} {'puzzle' if fresh == 1 else 'puzzles'} added to '{into}'{before}.")
    for one in keys[1:]:
        st.session_state[one] = ""
    st.session_state[keys[0]] = into
    st.session_state[f"{key}-turn"] = st.session_state.get(f"{key}-turn", 0) + 1


# ---- a collection that is open -----------------------------------------------------------------------------


def show_collection(source: sources.Source) -> None:
    """Draw what can be done with it."""
    collection = source.collection
    assert collection is not None
    if collection.notes:
        st.caption(escape_markdown(collection.notes))
    for sentence in source.damaged:
        st.warning(escape_markdown(sentence), icon=":material/info:")
    with st.container(horizontal=True, gap="small"):
        _words(collection)
        _export(collection)
        with st.popover("Delete", icon=":material/delete:", key="collection-delete"):
            st.markdown(
                f"Delete **{escape_markdown(collection.name)}** and its {collection.puzzles} puzzles? They"
                " cannot be brought back."
            )
            st.button("Delete it", key="collection-delete-do", on_click=_delete, args=(collection.name,))


def _words(collection: Collection) -> None:
    keys = [f"collection-{what}-{collection.name}" for what in ("name", "notes")]
    with st.popover("Name and notes", icon=":material/edit:", key="collection-words"):
        for one, value in zip(keys, (collection.name, collection.notes), strict=True):
            st.session_state.setdefault(one, value)
        st.text_input("Name", key=keys[0], max_chars=LONGEST_NAME)
        st.text_area("Notes", key=keys[1], max_chars=LONGEST_NOTES, height=100)
        st.button("Save", key="collection-save", type="primary", on_click=_save, args=(collection, keys))


def _save(collection: Collection, keys: Sequence[str]) -> None:
    name, notes = (st.session_state[one] for one in keys)

    def act(own: Collections) -> str:
        found = collection.name
        if notes != collection.notes:
            own.annotate(found, notes)
        return own.rename(found, name).name if name != found else found

    found = attempt(act)
    if found is not None:
        choose(PAGE, **{"from": COLLECTION + found})
        done(f"Saved as '{found}'.")


def _export(collection: Collection) -> None:
    own = mine()
    with st.popover("Export", icon=":material/download:", key="collection-export"):
        form = st.selectbox(
            "As", list(FORMS), format_func=lambda one: FORMS[one].label, key="collection-form"
        )
        st.caption(f"Keeps {FORMS[form].keeps}.")
        st.download_button(
            "Download",
            lambda: exported(own.contents(collection.name).kept, form),
            file_name=collection.name + FORMS[form].ending,
            key="collection-download",
            on_click="ignore",
            type="primary",
        )


def _delete(name: str) -> None:
    def act(own: Collections) -> bool:
        own.delete(name)
        return True

    if attempt(act):
        done(f"'{name}' is deleted.")
        if chosen(PAGE)["from"] == COLLECTION + name:
            choose(PAGE, **{"from": BANK}, page=1)


def remove(name: str, kept: Sequence[Kept]) -> None:
    """Take puzzles out of a collection; for callbacks."""
    n = attempt(lambda own: own.remove(name, [one.puzzle for one in kept]))
    if n is not None:
        done(f"{n} {'puzzle' if n == 1 else 'puzzles'} taken out of '{name}'.")
