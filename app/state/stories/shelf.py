"""The stories that come along, one file each, and the story that a link names or holds."""

import re
from pathlib import Path

from app.state.stories.markdown_file import ENDING, LONGEST_FILE, Known, parse
from app.state.stories.packed import MARK, unpack
from app.state.stories.story import Story
from interp.assets import ASSETS
from interp.errors import PuzzlescopeError, brief

FOLDER = ASSETS / "stories"


def shelf(known: Known | None = None, folder: Path = FOLDER) -> tuple[list[Story], list[str]]:
    """The stories in a folder, in the order of their files' names (a number before the story's own name gives
    it its place, as in ``1-what-matters.md``), and a sentence for each file that is none.

    Args:
        known: see :func:`app.state.stories.parse`.
    """
    stories, problems = [], []
    for path in _paths(folder):
        try:
            stories.append(_read(path, known))
        except PuzzlescopeError as error:
            problems.append(str(error))
    return stories, problems


def opened(text: str, folder: Path = FOLDER) -> Story:
    """The story of this name, or the one that the text itself holds.

    Raises:
        PuzzlescopeError: if there is none.
    """
    if text.startswith(MARK):
        return unpack(text)
    for path in _paths(folder):
        if _name(path) == text:
            return _read(path)
    names = ", ".join(map(_name, _paths(folder)))
    raise PuzzlescopeError(f"There is no story '{brief(text)}': expected one of {names}.")


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"*{ENDING}") if path.name != f"README{ENDING}")


def _name(path: Path) -> str:
    return re.sub(r"^\d+-", "", path.stem)


def _read(path: Path, known: Known | None = None) -> Story:
    try:
        with path.open(encoding="utf-8") as file:
            words = file.read(LONGEST_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise PuzzlescopeError(f"{path.name} could not be read as text.") from error
    return parse(words, _name(path), known, path.name)
