"""A story's file: Markdown that reads well by itself, with one heading and one link a scene.

---
title: What matters
summary: Six attention layers, and one that costs most.
author: optional
---

## Nothing is ablated

The model sees one example of a rule, and a *new* grid.

[scene](?puzzle=9a3726a23b)

## Without layer 1

...

[scene](heads?puzzle=9a3726a23b&off=L1.attn)
"""

import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from app.state.stories.story import MOST_PARAMETERS, Query, Story, StoryScene, tidy
from app.views import PAGES
from interp.errors import PuzzlescopeError, brief

ENDING = ".md"
LONGEST_FILE = 100_000
"""Characters."""

_ADDRESSES = {page.url_path: page.name for page in PAGES}
_FIELDS = ("title", "summary", "author")
_LINK = re.compile(r"\[scene\]\((\S*)\)")

Known = Mapping[str, Collection[str]]
"""For each page, by its name, the parameters that may stand in its link."""

Line = tuple[int, str]
"""A line of the file with its number, from 1."""


def parse(text: str, name: str, known: Known | None = None, file: str = "") -> Story:
    """The story of a file's text.

    Args:
        name: of the story.
        known: the parameters that a scene's link may hold; left out, any.
        file: its name, for what there is to say; left out, the story's with the ending.

    Raises:
        PuzzlescopeError: if it is no such file; the sentence says in which line.
    """
    if len(text) > LONGEST_FILE:
        raise PuzzlescopeError(f"A story has at most {LONGEST_FILE:,} characters, got {len(text):,}.")
    lines = list(enumerate((line.rstrip() for line in text.split("\n")), start=1))
    place = _Place(brief(file or name + ENDING))
    with place:
        fields, rest = _front(lines, place)
        scenes = tuple(_scene(block, known, place) for block in _blocks(rest, place))
        place.line = 1
        return Story(name, fields["title"], fields["summary"], scenes, fields.get("author", ""))


def write(story: Story) -> str:
    """The text of a story's file; :func:`parse` finds the same story in it."""
    front = [("title", story.title), ("summary", story.summary)]
    front += [("author", story.author)] if story.author else []
    head = "\n".join(["---", *(f"{name}: {value}" for name, value in front), "---"])
    return "\n\n".join([head, *map(_written, story.scenes)]) + "\n"


def address(scene: StoryScene) -> str:
    """A scene's link as it stands in the file, relative to the dashboard's address."""
    (path,) = (path for path, page in _ADDRESSES.items() if page == scene.page)
    return f"{path}?{urlencode(scene.query, quote_via=quote, safe=',:*@')}"


def _written(scene: StoryScene) -> str:
    pieces = [f"## {scene.heading}", scene.caption, f"[scene]({address(scene)})"]
    return "\n\n".join(filter(None, pieces))


# ---- reading -----------------------------------------------------------------------------------------------


class _Place:
    """Where in the file one is: put before the sentence of what goes wrong there."""

    def __init__(self, file: str) -> None:
        self.file, self.line = file, 1

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PuzzlescopeError):
            raise PuzzlescopeError(f"{self.file}, line {self.line}: {error}") from error


def _front(lines: list[Line], place: _Place) -> tuple[dict[str, str], list[Line]]:
    """What stands between the two lines of hyphens at the top, and the lines below."""
    marks = [k for k, (_, line) in enumerate(lines) if line == "---"][:2]
    if len(marks) < 2 or any(line for _, line in lines[: marks[0]]):
        raise PuzzlescopeError("Expected the title and the summary at the top, between two lines of ---.")
    fields: dict[str, str] = {}
    for place.line, line in lines[marks[0] + 1 : marks[1]]:
        name, colon, value = line.partition(":")
        if line and (not colon or name not in _FIELDS or name in fields):
            raise PuzzlescopeError(f"Expected one of title, summary, author once, got '{brief(line)}'.")
        if line:
            fields[name] = tidy(value)
    place.line = lines[marks[1]][0]
    for name in ("title", "summary"):
        if not fields.get(name):
            raise PuzzlescopeError(f"There is no {name}: expected a line such as '{name}: What matters'.")
    return fields, lines[marks[1] + 1 :]


def _blocks(lines: list[Line], place: _Place) -> Iterator[list[Line]]:
    """The lines of each scene, its heading first."""
    block: list[Line] = []
    for number, line in lines:
        if line.startswith("## "):
            if block:
                yield block
            block = [(number, line)]
        elif block:
            block.append((number, line))
        elif line:
            place.line = number
            raise PuzzlescopeError(f"Expected a scene's heading such as '## Layer 1', got '{brief(line)}'.")
    if block:
        yield block


def _scene(block: list[Line], known: Known | None, place: _Place) -> StoryScene:
    place.line, first = block[0]
    links = [(number, found[1]) for number, line in block[1:] if (found := _LINK.fullmatch(line))]
    if len(links) != 1:
        raise PuzzlescopeError(f"Expected one link a scene, as [scene](?off=L1.attn), got {len(links)}.")
    words = "\n".join(line for number, line in block[1:] if number != links[0][0])
    place.line, target = links[0]
    page, query = _target(target, known)
    place.line = block[0][0]
    return StoryScene(tidy(first.removeprefix("## ")), words.strip(), page, query)


def _target(link: str, known: Known | None) -> tuple[str, Query]:
    """The page and the parameters of a scene's link."""
    try:
        parts = urlsplit(link)
        query = tuple(
            parse_qsl(
                parts.query,
                keep_blank_values=True,
                strict_parsing=bool(parts.query),
                max_num_fields=MOST_PARAMETERS,
                errors="strict",
            )
        )
    except ValueError as error:
        raise PuzzlescopeError(f"This is no link of a scene: '{brief(link)}'.") from error
    page = _ADDRESSES.get(parts.path.removeprefix(".").removeprefix("/"))
    if parts.scheme or parts.netloc or parts.fragment or page is None:
        paths = ", ".join(f"{path}?..." for path in _ADDRESSES)
        raise PuzzlescopeError(f"Expected a link to a page here ({paths}), got '{brief(link)}'.")
    for name, _ in query:
        if known is not None and name not in known[page]:
            raise PuzzlescopeError(f"The page {page} has no parameter '{brief(name)}' in its link.")
    return page, query
