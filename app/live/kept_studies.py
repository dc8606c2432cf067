"""The studies of whole data sets that lie in the data folder, how far each is, and the one that is asked.

A study that is being computed is looked at as other results are that fill up (:mod:`app.live.fragment`): it
is one whose parts somebody else writes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.live.watching import watched
from app.server import settings
from interp.backend import Watch
from interp.errors import PuzzlescopeError
from interp.outputs import reason
from interp.puzzles.collections import data_folder
from interp.studies.folder import PLAN_FILE, StudyFolder
from interp.studies.progress import Status, status_of
from interp.studies.questions import Study
from interp.studies.sql.guarded import Bounds

GROUP = "kept-studies"
BOUNDS = Bounds(seconds=10.0, memory=1024, threads=2, rows=1000, size=16, apart=True)
"""What one answer may cost a server that many use."""
AT_A_TIME = 1.0
"""Seconds of summing up between two looks."""
FRESH = 2.0
"""Seconds for which a look at the folders is good."""
MOST = 50
"""Studies that are listed, the latest first."""

T = TypeVar("T")

_lock = threading.Lock()
_turns = threading.BoundedSemaphore(2)
"""Whoever asks the rows while two others do waits for his turn: each answer takes memory of its own."""
_asked: dict[tuple[str, int], Study] = {}
_MOST_ASKED = 4
_answers: OrderedDict[Hashable, Any] = OrderedDict()
_MOST_ANSWERS, _LARGEST_ANSWER = 16, 1 << 22


@dataclass(frozen=True)
class Kept:
    """A study that lies here.

    Attributes:
        name: of its folder.
        status: how far it is; ``None`` if it cannot be read.
        kind: of study; empty if it cannot be read.
        problem: why, in a sentence.
    """

    name: str
    status: Status | None
    kind: str = ""
    problem: str = ""


def folder() -> Path:
    """Where studies lie.

    Raises:
        PuzzlescopeError: if nothing says where.
    """
    said = settings.now().data.folder
    return (Path(said).expanduser().absolute() if said else data_folder()) / "studies"


class _Listed:
    """The last look at the folders, which all visitors share."""

    def __init__(self) -> None:
        self.at: tuple[Path, float] | None = None
        self.found: tuple[Kept, ...] = ()

    def look(self) -> tuple[Kept, ...]:
        where, now = folder(), time.monotonic()
        with _lock:
            if self.at is None or self.at[0] != where or now - self.at[1] > FRESH:
                self.found = _kept_in(where)
                self.at = (where, time.monotonic())
            return self.found


_LISTED = _Listed()


def kept() -> tuple[Kept, ...]:
    """All studies that lie here, the latest first.

    Raises:
        PuzzlescopeError: if the folder cannot be read.
    """
    return _LISTED.look()


def _kept_in(where: Path) -> tuple[Kept, ...]:
    try:
        plans = [path for path in where.glob(f"*/{PLAN_FILE}") if not path.parent.name.startswith(".")]
        plans.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError as error:
        raise PuzzlescopeError(f"The studies could not be listed: {reason(error)}.") from error
    return tuple(_kept(path.parent) for path in plans[:MOST])


def _kept(path: Path) -> Kept:
    try:
        found = StudyFolder(str(path), path.name)
        return Kept(path.name, status_of(found), found.plan.kind)
    except PuzzlescopeError as error:
        return Kept(path.name, None, problem=str(error))


def study_named(name: str) -> Study:
    """The study of that name. It is kept with what it has summed up, for all visitors, as long as its plan
    is the same file."""
    path = folder() / name
    try:
        key = str(path), (path / PLAN_FILE).stat().st_mtime_ns
    except OSError:
        key = str(path), 0
    with _lock:
        study = _asked.pop(key, None)
        if study is None or study.folder.begun is False:
            study = Study(StudyFolder(str(path), name), bounds=BOUNDS)
        _asked[key] = study
        while len(_asked) > _MOST_ASKED:
            del _asked[next(iter(_asked))]
        return study


class Progress(Watch[Status]):
    """How far a study is, and how much of it is summed up, as pages look in on what fills up.

    Attributes:
        study: whose.
        status: at the last look.
        known: share of the chunks that are done which is summed up.
    """

    def __init__(self, study: Study):
        super().__init__(None)
        self.study, self.known = study, 0.0
        self.status = self._status()
        self._looked = 0.0

    @property
    def state(self) -> "Progress":  # type: ignore[override] # how far is all that is asked of it
        return self

    @property
    def fraction(self) -> float:
        """How much is computed and summed up, 0 to 1."""
        return self.status.done / self.status.chunks * self.known

    @property
    def finished(self) -> bool:
        """Whether nothing more comes. One that was stopped may be gone on with at any moment."""
        self._look()
        return self.fraction >= 1.0

    def _look(self) -> None:
        if self.fraction >= 1.0 or time.monotonic() - self._looked <= FRESH:
            return
        self.status = self._status()
        counts = self.status.done and self.study.plan.kind == "effects"
        self.known = self.study.fill(AT_A_TIME) if counts else 1.0
        self._looked = time.monotonic()

    def _status(self) -> Status:
        return status_of(self.study.folder)


class _Idle(Watch[Status]):
    """Whether nobody is at work on a study, which is news of it too."""

    def __init__(self, progress: Progress):
        super().__init__(None)
        self.progress = progress

    @property
    def state(self) -> Progress:  # type: ignore[override]
        return self.progress

    @property
    def finished(self) -> bool:
        return not self.progress.status.at_work


def progress(name: str) -> Progress:
    """How far a study is, for this visitor, who is told of all that is new of it.

    Raises:
        PuzzlescopeError: if it cannot be read any more.
    """
    study = study_named(name)
    key: Hashable = (study.folder.url, study.plan.fingerprint, id(study))
    watches = watched().known(GROUP, key)
    if watches is None:
        found = Progress(study)
        watches = watched().keep(GROUP, key, [found, _Idle(found)])
    first = watches[0]
    assert isinstance(first, Progress)
    return first


def under_way(name: str) -> bool:
    """Look in on a study: sum up what is new of it. Whether more is to come."""
    return not progress(name).finished


def answered(study: Study, question: Hashable, ask: Callable[[], T]) -> T:
    """The answer to a question to the rows of a study, kept for all visitors as long as its files are the
    same."""
    files = tuple(path for paths in study.parts().of().values() for path in paths)
    key = study.folder.url, study.plan.fingerprint, files, question
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            found: T = _answers[key]
            return found
    with _turns:
        found = ask()
    if getattr(found, "nbytes", 0) > _LARGEST_ANSWER:
        return found
    with _lock:
        _answers[key] = found
        while len(_answers) > _MOST_ANSWERS:
            _answers.popitem(last=False)
    return found
