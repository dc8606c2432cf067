"""Telling a story: from scene to scene, each opened as its link would be, on whatever page it is."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from app.startup import arrival
from app.state import texts
from app.state.following import TALKS
from app.state.link import Context, Parameter, read_query
from app.state.scene import NAMES, Scene, scene_from_query
from app.state.session import change, chosen, now
from app.state.stories import Story, StoryScene, opened
from interp.backend import Backend
from interp.errors import PuzzlescopeError

CARRIED = ("present", "follow", "palette", "digits")
"""What stays as the visitor has it from scene to scene, unless a scene says otherwise."""
TELLING = ("story", "at", "present", "follow")
"""What belongs to the telling of a story, so that no scene of one says it."""

ENTERED = "entered"
"""In the visitor's session: the scene that was entered last."""


def told(scene: Scene) -> Story | None:
    """The story that is told, if one is."""
    return opened(scene.story) if scene.story else None


def play(story: str, at: int = 1) -> None:
    """Go to a scene of a story, for use in widget callbacks.

    Args:
        story: its name, or all of it.
        at: from 1; the nearest there is.
    """
    scenes = opened(story).scenes
    at = min(max(at, 1), len(scenes))
    kept = {name: value for name, value in now().query().items() if name in CARRIED}
    st.session_state.pop(ENTERED, None)  # it is entered anew, even if it is the one that is told
    arrival.ask({**kept, **query_of_step(scenes[at - 1], story, at)}, scenes[at - 1].page)


def close() -> None:
    """Leave the story, and stay where it has led."""
    change(story="", at=1)


def query_of_step(step: StoryScene, story: str, at: int) -> dict[str, str]:
    """The parameters of the link to a scene of a story."""
    own = {name: value for name, value in step.query if name not in TELLING}
    return {**own, "story": story, **({"at": str(at)} if at > 1 else {})}


def page_asked_for() -> str | None:
    """The page that is to be shown instead of the one that is open: an address that names a story or a talk,
    but no puzzle, is that of the story's scene, or of what is shown in the talk."""
    query = arrival.asked()
    if query is not None and "puzzle" not in query:
        try:
            meant = _meant(query)
        except PuzzlescopeError:
            meant = None  # it is told when the link is read
        if meant is not None:
            page, scene = meant
            arrival.ask({**scene, **query}, page)
    return arrival.page()


def _meant(query: Mapping[str, str]) -> tuple[str, Mapping[str, str]] | None:
    """The page and the parameters of the story's scene, or of the talk, that an address names."""
    if query.get("follow"):
        talk = TALKS.find(query["follow"])
        return talk.page, talk.query
    if query.get("story"):
        scenes = opened(query["story"]).scenes
        step = scenes[min(texts.at(query.get("at", "1")), len(scenes)) - 1]
        return step.page, dict(step.query)
    return None


def strayed(scene: Scene, page: str, choices: Mapping[str, Parameter], backend: Backend) -> bool:
    """Whether the visitor has left the scene that the story shows here: its page, or anything on it."""
    step = opened(scene.story).scenes[scene.at - 1]
    if step.page != page:
        return True
    query = dict(step.query)
    wanted, _ = scene_from_query({name: query[name] for name in query if name not in TELLING}, backend)
    kept = [*TELLING, *(name for name in CARRIED if name not in query)]
    kept += ["attention"] if wanted.attention is None else []
    if replace(wanted, **{name: getattr(scene, name) for name in kept}) != scene:
        return True
    context = Context(backend.model(scene.model).cfg, backend.bank())
    return read_query(query, choices, context)[0] != chosen(page)


assert set(CARRIED) | set(TELLING) <= NAMES.keys()
