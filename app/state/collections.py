"""The collections that this page's visitor keeps."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.server import settings
from app.server.gate.person import Person
from app.server.watching import runs
from app.state import session
from interp.errors import PuzzlescopeError
from interp.puzzles.collections import Collections, data_folder

R = TypeVar("R")


def mine() -> Collections:
    """Those of who looks at this page: of one who has signed in the own ones, else everybody's on this
    machine, which the command line has, too.

    Raises:
        PuzzlescopeError: if nothing says where to keep them.
    """
    folder = settings.now().data.folder
    return Collections(
        Path(folder).expanduser().absolute() if folder else data_folder(), owner_of(runs.signed_in())
    )


def owner_of(person: Person | None) -> str:
    """Whose collections somebody's are: an id that tells neither name nor address. With a shared password,
    which tells nobody's, they are everybody's who knows it: a browser's own would be lost at its next
    sign-in."""
    if person is None or person.way == "password":
        return ""
    return hashlib.sha256(f"puzzlescope collections {person.key}".encode()).hexdigest()[:32]


def attempt(act: Callable[[Collections], R]) -> R | None:
    """Change one's collections; for use in widget callbacks. What is the matter (a full disk, a name that is
    taken) is said at the top of the page.

    Returns:
        What it returns, or ``None`` if it could not be done: then nothing has changed.
    """
    try:
        return act(mine())
    except PuzzlescopeError as error:
        session.notify(str(error))
        return None
