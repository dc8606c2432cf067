"""What all pages begin with: the scene of this visitor and the top of the page."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.startup import title as names
from app.state.backend import shared_backend
from app.state.link import Parameter
from app.state.models import possible
from app.state.scene import Scene
from app.state.session import current_scene, lead_to, show_notices
from app.views.shared import header, note, who
from app.views.shared.talks import following, looking, menu, presenting, telling
from app.widgets import terms
from app.widgets.text import escape_markdown
from interp.backend import Backend
from interp.engine.forcing import forced_text


class Opened(NamedTuple):
    """A page whose top is drawn.

    Attributes:
        scene: what it shows.
        backend: whom it asks.
        bar: within it, what is drawn stands in the bar of the pages, behind the menu of stories; each page
            exports from there. To be entered once, when what visitors wait for is drawn.
    """

    scene: Scene
    backend: Backend
    bar: Callable[[], AbstractContextManager[None]]


def opened(
    page: str,
    choices: Mapping[str, Parameter],
    title: str,
    about: str,
    introduction: str = "",
    *,
    sentence: str = "",
    last: Callable[[Scene], None] | None = None,
    has_board: bool = False,
    example: str = "",
) -> Opened:
    """Open a page: its scene is that of the link, and its top is drawn.

    Args:
        page: its name, as in :data:`app.views.PAGES`.
        choices: what stands in its link besides the scene; see :func:`app.state.session.chosen`.
        title: its heading.
        about: the page in a sentence or two, shown on the heading's tooltip.
        introduction: what it begins with, in Markdown.
        sentence: what it is for, in two short lines below the heading.
        last: draws what stands behind the choices of model and puzzle.
        has_board: whether it has an ablation board; else what is off stands, and can be edited, as text.
        example: the id of the puzzle that it opens with where nobody has chosen one.
    """
    backend, scene = _begun(page, choices, example)
    names.say(*scene.title, title)
    room = _room()
    header.show(scene, backend, title, about, sentence, last)
    note.show(scene)
    with st.container(key="on-paper"):  # app/style.css: on nothing else
        st.caption(escape_markdown(on_paper(scene)))
    if not has_board:
        header.show_off(scene, backend)
    show_notices()
    if introduction:
        terms.markdown(introduction)
    return Opened(scene, backend, partial(_bar, scene, page, room))


@contextmanager
def _bar(scene: Scene, page: str, room: DeltaGenerator) -> Iterator[None]:
    looking.show(scene, page)
    with room:
        menu.show(page)
        yield
        who.show()


def _room() -> DeltaGenerator:
    """Where that stands which is about the page as a whole."""
    room = st.container(horizontal=True, gap="xsmall", key="bar")  # app/style.css: in the bar of the pages
    with room:  # an empty container has no room: what comes into it late would move the page
        st.html("<span hidden></span>")
    return room


def _begun(page: str, choices: Mapping[str, Parameter], example: str = "") -> tuple[Backend, Scene]:
    """The scene of the link, and what stands above every page while a story is told or a talk is given."""
    backend = shared_backend()
    scene = possible(current_scene(backend, page, choices, example), backend)
    lead_to(scene, page, choices)
    following.publish(page)
    presenting.show(scene)
    following.show(scene, page)
    telling.show(scene, page, choices, backend)
    return backend, scene


def on_paper(scene: Scene) -> str:
    """What is shown, in a line for a page that is printed."""
    ablated = f"ablated: {scene.ablation.text}" if scene.ablation else "nothing ablated"
    if scene.force:
        ablated += f" · forced: {forced_text(scene.force)}"
    puzzle = scene.puzzle
    return f"Puzzle {puzzle.id} ({puzzle.task}, {puzzle.structure.name}) · model {scene.model} · {ablated}"


def opened_plain(
    page: str, choices: Mapping[str, Parameter], title: str, introduction: str
) -> tuple[Scene, Backend]:
    """The same for a page on which no model and no puzzle is chosen."""
    backend, scene = _begun(page, choices)
    names.say(title)
    if who.is_known():
        with _room():
            who.show()
    with st.container(gap="small"):
        st.title(title, anchor=False)
        show_notices()
        st.markdown(introduction)
    looking.show(scene, page)
    return scene, backend
