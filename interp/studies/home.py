"""Where studies lie that have a name only."""

import re
from collections.abc import Iterator

from interp.errors import PuzzlescopeError, brief
from interp.puzzles.collections import data_folder
from interp.studies.folder import PLAN_FILE, StudyFolder

STUDIES = "studies"


def folder_of(name: str) -> StudyFolder:
    """The folder of a study.

    Args:
        name: a name, whose study lies in the data folder
            (:func:`interp.puzzles.collections.data_folder`); or a path, which has a slash, or a URL.

    Raises:
        PuzzlescopeError: if it is none of them.

    Example:
        >>> folder_of("memory://somewhere/mine").root
        '/somewhere/mine'
    """
    if "/" in name or "\\" in name or name in (".", ".."):
        return StudyFolder(name)
    if not re.fullmatch(r"\w([\w .+-]{0,98}[\w.+-])?", name):
        raise PuzzlescopeError(
            f"Expected a study's name, of letters, digits, spaces and .+-_, or a folder, got '{brief(name)}'."
        )
    return StudyFolder(str(data_folder() / STUDIES / name), name)


def open_study(name: str) -> StudyFolder:
    """A study that is there, by its name, path or URL.

    Raises:
        PuzzlescopeError: if there is none.
    """
    folder = folder_of(name)
    _ = folder.plan
    return folder


def kept_studies() -> Iterator[tuple[str, StudyFolder]]:
    """The studies in the data folder, by name."""
    home = data_folder() / STUDIES
    if home.is_dir():
        for path in sorted(home.iterdir()):
            if (path / PLAN_FILE).is_file():
                yield path.name, StudyFolder(str(path), path.name)
