"""A visitor's own story, as far as it is written: it is kept with the visit and in the visitor's browser, and
is a story as soon as it has a title and a scene."""

from dataclasses import dataclass, replace
from uuid import uuid4

import streamlit as st

from app.state.playing import TELLING
from app.state.session import link
from app.state.sights import SEE
from app.state.stories import Story, StoryScene
from app.state.stories.story import (
    LONGEST_CAPTION,
    LONGEST_LINE,
    LONGEST_TITLE,
    MOST_SCENES,
    name_of,
    tidy,
    tidy_caption,
)
from interp.errors import PuzzlescopeError

_DRAFT = "draft"
UNNAMED, NO_SUMMARY = "My story", "Scenes from Puzzlescope."


@dataclass(frozen=True)
class Draft:
    """What is written.

    Attributes:
        title, summary, author: as in a story; each may be empty yet.
        scenes: in their order.
        version: of the whole text, when another has been opened: the fields that show it begin anew.
    """

    title: str = ""
    summary: str = ""
    author: str = ""
    scenes: tuple[StoryScene, ...] = ()
    version: int = 0

    def story(self) -> Story:
        """The story it is.

        Raises:
            PuzzlescopeError: if it is none yet.
        """
        title = self.title or UNNAMED
        return Story(name_of(title), title, self.summary or NO_SUMMARY, self.scenes, self.author)


def draft() -> Draft:
    """What this visitor has written."""
    found: Draft = st.session_state.get(_DRAFT) or Draft()
    return found


def _put(after: Draft) -> None:
    st.session_state[_DRAFT] = after


def entitle(title: str, summary: str) -> None:
    """Give it a title and a line on what it tells."""
    _put(replace(draft(), title=_line(title, LONGEST_TITLE), summary=_line(summary, LONGEST_LINE)))


def add(page: str, heading: str, caption: str, see: str = "") -> None:
    """Add what is on screen, as a scene.

    Args:
        page: the page that is open.
        heading: may be empty: then it is a number.
        see: which of the page's figures it speaks of; empty for none.

    Raises:
        PuzzlescopeError: if there is no room for one more.
    """
    before = draft()
    if len(before.scenes) == MOST_SCENES:
        raise PuzzlescopeError(f"A story has at most {MOST_SCENES} scenes: remove one first.")
    shown = {name: value for name, value in link().items() if name not in (*TELLING, SEE)}
    query = tuple((shown | ({SEE: see} if see else {})).items())
    scene = _worded(heading, caption, len(before.scenes), page, query)
    _put(replace(before, scenes=(*before.scenes, scene)))


def reword(place: int, heading: str, caption: str) -> None:
    """Change the words of a scene, by its place from 0."""
    scene = draft().scenes[place]
    _set(place, (_worded(heading, caption, place, scene.page, scene.query),))


def remove(place: int) -> None:
    """Take a scene out."""
    _set(place, ())


def move(place: int, by: int) -> None:
    """Let a scene change places with the one before it (-1) or after it (1)."""
    scenes = list(draft().scenes)
    if 0 <= place + by < len(scenes):
        scenes[place], scenes[place + by] = scenes[place + by], scenes[place]
        _put(replace(draft(), scenes=tuple(scenes), version=draft().version + 1))


def take_up(story: Story) -> None:
    """Go on with another story."""
    _put(Draft(story.title, story.summary, story.author, story.scenes, draft().version + 1))


def restore(story: Story) -> None:
    """Go on with what :meth:`Draft.story` has made of a draft: words that it had to make up are none yet."""
    title = "" if story.title == UNNAMED else story.title
    summary = "" if story.summary == NO_SUMMARY else story.summary
    _put(Draft(title, summary, story.author, story.scenes, draft().version + 1))


def new_visit() -> str:
    """A name for a visit that no other has."""
    return uuid4().hex


def forget() -> None:
    """Begin anew."""
    _put(Draft(version=draft().version + 1))


def _set(place: int, scenes: tuple[StoryScene, ...]) -> None:
    before = draft()
    whole = (*before.scenes[:place], *scenes, *before.scenes[place + 1 :])
    version = before.version + (not scenes)
    _put(replace(before, scenes=whole, version=version))


def _worded(
    heading: str, caption: str, place: int, page: str, query: tuple[tuple[str, str], ...]
) -> StoryScene:
    words = _line(heading, LONGEST_TITLE)
    caption = tidy_caption(tidy_caption(caption)[:LONGEST_CAPTION])
    return StoryScene(words or f"Scene {place + 1}", caption, page, query)


def _line(text: str, longest: int) -> str:
    """What a visitor has typed as one line that a file of scenes can hold."""
    return tidy("".join(one for one in tidy(text) if one.isprintable())[:longest])
