"""The studies of whole data sets that lie in the data folder, how far each is, and the one that is asked.

A study that is being computed is looked at as other results are that fill up (:mod:`app.live.fragment`): it
is one whose parts somebody else writes.
"""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from app.live.watching import watched
from app.server import settings
from interp.backend import Watch
from interp.errors import PuzzlescopeError
from interp.outputs import reason
from interp.puzzles.collections import data_folder
from interp.studies.folder import PLAN_FILE, StudyFolder
from interp.studies.progress import Status, status_of
from interp.studies.questions import Study
from interp.studies.questions.guarded import Bounds

GROUP = "kept-studies"
BOUNDS = Bounds(seconds=10.0, memory=1024, threads=2, rows=1000)
"""What one answer may cost a server that many use."""
AT_A_TIME = 1.0
"""Seconds of summing up between two looks."""
FRESH = 2.0
"""Seconds for which a look at the folders is good."""
MOST = 50
"""Studies that are listed, the latest first."""

_lock = threading.Lock()
_asked: dict[str, Study] = {}
_MOST_ASKED = 4


@dataclass(frozen=True)
class Kept:
    """A study that lies here.

    Attributes:
        name: of its folder.
        status: how far it is; ``None`` if it cannot be read.
        problem: why, in a sentence.
    """

    name: str
    status: Status | None
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
        return Kept(path.name, status_of(StudyFolder(str(path), path.name)))
    except PuzzlescopeError as error:
        return Kept(path.name, None, str(error))


def study_named(name: str) -> Study:
    """The study of that name. It is kept with what it has summed up, for all visitors."""
    path = str(folder() / name)
    with _lock:
        study = _asked.pop(path, None)
        if study is None or study.folder.begun is False:
            study = Study(StudyFolder(path, name), bounds=BOUNDS)
        _asked[path] = study
        while len(_asked) > _MOST_ASKED:
            del _asked[next(iter(_asked))]
        return study


class _Progress(Watch[Status]):
    """How far a study is, and how much of it is summed up, as pages look in on what fills up."""

    def __init__(self, study: Study):
        super().__init__(None)
        self.study = study
        self._looked = 0.0
        self.fraction = 0.0

    @property
    def state(self) -> "_Progress":  # type: ignore[override] # how far is all that is asked of it
        return self

    @property
    def finished(self) -> bool:
        """Whether nothing more comes: it is complete and summed up, or nobody is at work on it."""
        self._look()
        return self.fraction >= 1.0

    def _look(self) -> None:
        now = time.monotonic()
        if self.fraction < 1.0 and now - self._looked > FRESH:
            status = status_of(self.study.folder)
            done = status.done / status.chunks if status.chunks else 1.0
            known = self.study.fill(AT_A_TIME) if status.done and self.study.plan.kind == "effects" else 1.0
            still = status.at_work or known < 1.0
            self.fraction = min(done * known, 0.999) if still else 1.0
            self._looked = time.monotonic()


def under_way(name: str) -> bool:
    """Look in on a study: sum up what is new of it. Whether more is to come."""
    study = study_named(name)
    key: Hashable = (study.folder.url, study.plan.fingerprint)
    watches = watched().known(GROUP, key)
    if watches is None:
        watches = watched().keep(GROUP, key, [_Progress(study)])
    return not watches[0].finished
