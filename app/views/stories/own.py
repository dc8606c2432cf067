"""A visitor's own story: its words, the order of its scenes, and the ways to share it."""

from urllib.parse import quote

import streamlit as st

from app.state import drafting, playing
from app.state.drafting import Draft, draft
from app.state.session import notify
from app.state.stories import ENDING, Story, pack, parse, write
from app.state.stories.story import LONGEST_CAPTION, LONGEST_LINE, LONGEST_TITLE, name_of
from app.views import PAGES
from app.views.shared.talks.address import address
from app.views.shared.talks.known import known
from app.views.stories import html_file
from app.widgets.text import escape_markdown
from interp.backend import Backend
from interp.errors import PuzzlescopeError, brief

TITLES = {page.name: page.title for page in PAGES}
MOST_MEGABYTES = 1
_TRIES, _REFUSED = "own-file-tries", "own-file-refused"


def show(backend: Backend) -> None:
    """Draw it."""
    st.space("small")
    now = draft()
    with st.container(gap="small"):
        st.header("Your story", anchor=False)
        if not now.scenes:
            st.markdown(
                "On the other pages, *Story* in the top line adds what is on screen, with a caption. Or open"
                " a file of scenes."
            )
    if not now.scenes:
        _open()
        return
    st.caption("It is kept in this browser as you write, and nowhere else; *Begin anew* takes it away.")
    _words(now)
    for place in range(len(now.scenes)):
        _scene(now, place)
    _share(now, backend)
    _open()


def _words(now: Draft) -> None:
    keys = [f"own-{name}-{now.version}" for name in ("title", "summary")]

    def hear() -> None:
        drafting.entitle(*(st.session_state[key] for key in keys))

    for key, value in zip(keys, (now.title, now.summary), strict=True):
        st.session_state[key] = value
    with st.container(horizontal=True):
        st.text_input("Title", key=keys[0], max_chars=LONGEST_TITLE, on_change=hear, width=320)
        st.text_input("In one line", key=keys[1], max_chars=LONGEST_LINE, on_change=hear)


def _scene(now: Draft, place: int) -> None:
    scene = now.scenes[place]
    keys = [f"own-{name}-{place}-{now.version}" for name in ("heading", "caption")]

    def hear() -> None:
        drafting.reword(place, *(st.session_state[key] for key in keys))

    for key, value in zip(keys, (scene.heading, scene.caption), strict=True):
        st.session_state[key] = value
    with st.container(horizontal=True, border=True, vertical_alignment="top"):
        with st.container(width=320):
            st.text_input(f"Scene {place + 1}, on {TITLES[scene.page]}", key=keys[0], on_change=hear)
            with st.container(horizontal=True, gap="small"):
                _button(place, "up", "Earlier", ":material/arrow_upward:", not place, drafting.move, -1)
                last = place == len(now.scenes) - 1
                _button(place, "down", "Later", ":material/arrow_downward:", last, drafting.move, 1)
                _button(place, "remove", "Remove", ":material/delete:", False, drafting.remove)
        st.text_area("Caption", key=keys[1], max_chars=LONGEST_CAPTION, on_change=hear, height=98)


def _button(place: int, name: str, label: str, icon: str, disabled: bool, act: object, *more: int) -> None:
    st.button(
        label,
        key=f"own-{name}-{place}",
        icon=icon,
        disabled=disabled,
        on_click=act,  # type: ignore[arg-type]
        args=(place, *more),
    )


# ---- sharing -----------------------------------------------------------------------------------------------


def _share(now: Draft, backend: Backend) -> None:
    try:
        story = now.story()
    except PuzzlescopeError as error:
        st.warning(escape_markdown(str(error)))
        return
    with st.container(horizontal=True, gap="small"):
        _play(story)
        root = address()
        st.download_button(
            "As Markdown",
            lambda: write(story),
            file_name=story.name + ENDING,
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
            help="A file of scenes: to be opened again here, or put among the stories of a server.",
        )
        st.download_button(
            "As a page of its own",
            lambda: html_file.made(story, root, backend),
            file_name=f"{story.name}.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            help="One HTML file with pictures of every scene, which needs no server.",
        )
        st.button("Begin anew", icon=":material/delete:", on_click=drafting.forget)
    _link(story, root)


def _play(story: Story) -> None:
    def play() -> None:
        try:
            playing.play(pack(story))
        except PuzzlescopeError as error:
            notify(str(error))

    st.button("Play", key="own-play", icon=":material/play_arrow:", type="primary", on_click=play)


def _link(story: Story, root: str) -> None:
    try:
        packed = pack(story)
    except PuzzlescopeError as error:
        st.caption(escape_markdown(str(error)))
        return
    st.caption("The whole story in one link")
    st.code(f"{root}?story={quote(packed, safe='~')}", language=None)


# ---- opening -----------------------------------------------------------------------------------------------


def _open() -> None:
    """Draw the place for a file, and what was wrong with the last one until the next run. It takes any file:
    what it would itself refuse stays in its list, with its own words."""
    key = f"own-file-{draft().version}-{st.session_state.get(_TRIES, 0)}"
    st.file_uploader(
        "Open a file of scenes",
        key=key,
        max_upload_size=MOST_MEGABYTES,
        on_change=lambda: _take_up(key),
        width=480,
        help=f"A story's Markdown ({ENDING}), as this page saves it.",
    )
    refused = st.session_state.pop(_REFUSED, None)
    if refused is not None:
        st.warning(escape_markdown(refused), icon=":material/info:")


def _take_up(key: str) -> None:
    file = st.session_state[key]
    if file is None:
        return
    st.session_state[_TRIES] = st.session_state.get(_TRIES, 0) + 1
    try:
        words = file.getvalue().decode()
    except UnicodeDecodeError:
        st.session_state[_REFUSED] = (
            f"{brief(file.name)} is no text: expected a story's Markdown, as this page saves it."
        )
        return
    try:
        drafting.take_up(parse(words, name_of(file.name.removesuffix(ENDING)), known(), file.name))
    except PuzzlescopeError as error:
        st.session_state[_REFUSED] = str(error)
