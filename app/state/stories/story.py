"""A story as a frozen value: a title, a line on what it tells, and scenes in their order with their captions.

A scene is what stands in a page's link: the page and its parameters, as text. So a story is told of any
model, and one that names what is not there is told as far as a link would be.
"""

import re
from dataclasses import dataclass

from interp.errors import PuzzlescopeError, brief

MOST_SCENES = 40
MOST_PARAMETERS = 60
LONGEST_TITLE = 80
LONGEST_LINE = 200
LONGEST_CAPTION = 1200
LONGEST_QUERY = 2000

Query = tuple[tuple[str, str], ...]
"""The parameters of a link in their order, each name once."""


@dataclass(frozen=True)
class StoryScene:
    """One scene of a story.

    Attributes:
        heading: a few words.
        caption: what is to be seen, in Markdown (see :mod:`app.state.stories.caption`).
        page: the page's name, as in :data:`app.views.PAGES`.
        query: the parameters of its link.

    Raises:
        PuzzlescopeError: if a text is empty, too long, or of a form that a file of scenes cannot hold.
    """

    heading: str
    caption: str
    page: str
    query: Query

    def __post_init__(self) -> None:
        check_line("scene's heading", self.heading, LONGEST_TITLE)
        check_caption(self.caption)
        names = [name for name, _ in self.query]
        if len(names) > MOST_PARAMETERS or sum(map(len, sum(self.query, ()))) > LONGEST_QUERY:
            raise PuzzlescopeError(
                f"A scene's link holds at most {MOST_PARAMETERS} parameters and {LONGEST_QUERY} characters."
            )
        if len(set(names)) < len(names) or "" in names:
            raise PuzzlescopeError("Each parameter of a scene's link has a name, and stands there once.")


@dataclass(frozen=True)
class Story:
    """A story.

    Attributes:
        name: of its file, without the ending; what stands in a link to it.
        title: a few words.
        summary: what it tells, in one line.
        scenes: in the order in which they are told.
        author: whose it is; may be empty.

    Raises:
        PuzzlescopeError: if a text is empty, too long, or of a form that a file of scenes cannot hold; if
            there is no scene, or there are too many.
    """

    name: str
    title: str
    summary: str
    scenes: tuple[StoryScene, ...]
    author: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z0-9][a-z0-9-]{0,59}", self.name):
            raise PuzzlescopeError(
                f"A story's name has up to 60 small letters, digits and hyphens, got '{brief(self.name)}'."
            )
        check_line("title", self.title, LONGEST_TITLE)
        check_line("summary", self.summary, LONGEST_LINE)
        if self.author:
            check_line("author", self.author, LONGEST_TITLE)
        if not 1 <= len(self.scenes) <= MOST_SCENES:
            raise PuzzlescopeError(f"A story has 1 to {MOST_SCENES} scenes, got {len(self.scenes)}.")


def name_of(title: str) -> str:
    """The name of a story's file, from its title.

    >>> name_of("Why contact breaks!")
    'why-contact-breaks'
    """
    words = re.findall("[a-z0-9]+", title.lower())
    return "-".join(words)[:60].strip("-") or "story"


def tidy(text: str) -> str:
    """One line of a text, without spaces at its ends."""
    return " ".join(text.split())


def check_line(what: str, text: str, longest: int) -> None:
    """Raise if a text is not one line of at most so many letters."""
    if not text or text != tidy(text) or not _printable(text):
        raise PuzzlescopeError(f"Expected the {what} in one line, got '{brief(text)}'.")
    if len(text) > longest:
        raise PuzzlescopeError(f"Expected a {what} of at most {longest} letters, got {len(text):,}.")


def check_caption(caption: str) -> None:
    """Raise if a file of scenes could not hold a caption."""
    if len(caption) > LONGEST_CAPTION:
        raise PuzzlescopeError(f"A caption has at most {LONGEST_CAPTION} letters, got {len(caption):,}.")
    lines = caption.split("\n")
    if caption != caption.strip() or any(line != line.rstrip() or not _printable(line) for line in lines):
        raise PuzzlescopeError("A caption has no spaces at the ends of its lines, and no control characters.")
    if any(line.startswith(("#", "[scene](")) for line in lines):
        raise PuzzlescopeError("No line of a caption begins with # or with a scene's link.")


def tidy_caption(text: str) -> str:
    """A caption that a visitor has typed, as a file of scenes can hold it."""
    lines = (line.rstrip() for line in text.replace("\r\n", "\n").replace("\t", " ").split("\n"))
    kept = "\n".join(re.sub(r"^(#+ *|\[scene\])", "", line) for line in lines)
    return "".join(one for one in kept if one == "\n" or one.isprintable()).strip()


def _printable(text: str) -> bool:
    return all(one.isprintable() for one in text)
