"""The bar of the story that is told, at the top of every page."""

from collections.abc import Mapping

import streamlit as st

from app.state import playing
from app.state.link import Parameter
from app.state.scene import Scene
from app.state.stories import Story
from app.state.stories.caption import paragraphs
from app.widgets import story_bar
from app.widgets.story_bar import Close, Return, Step, Telling, TellingScene, Wish
from interp.backend import Backend


def show(scene: Scene, page: str, choices: Mapping[str, Parameter], backend: Backend) -> None:
    """Draw it, if a story is told."""
    story = playing.told(scene)
    if story is None:
        return
    telling = Telling(
        scene.story,
        story.title,
        _captions(story),
        scene.at,
        playing.strayed(scene, page, choices, backend),
    )
    with st.container(key="story"):  # app/style.css keeps it in sight
        story_bar.show(telling, key="story-bar", on_wish=lambda wish: _grant(wish, telling))


def _captions(story: Story) -> list[TellingScene]:
    return [TellingScene(scene.heading, paragraphs(scene.caption)) for scene in story.scenes]


def _grant(wish: Wish, telling: Telling) -> None:
    match wish:
        case Step(at):
            playing.play(telling.story, at)
        case Return():
            playing.play(telling.story, telling.at)
        case Close():
            playing.close()
