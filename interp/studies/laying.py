"""Laying a source's puzzles down as parts, as they come, before there is a plan.

The plan is written last: until then the same request begins anew, and writes only what differs from what is
there.
"""

from collections.abc import Sequence

from interp.circuits.attribution import check_pairs
from interp.errors import PuzzlescopeError
from interp.pairs import Pair
from interp.pairs.files import read_pairs
from interp.puzzles import Puzzle
from interp.studies.folder import StudyFolder
from interp.studies.plan import MOST, Plan
from interp.studies.rows import pair_rows, puzzle_rows
from interp.studies.schema import PAIRS, PUZZLES
from interp.studies.sources import Hash, read_source


class Laying:
    """Takes a source's puzzles and writes them down, a chunk at a time.

    Args:
        folder: of the study.
        plan: of which only the source, the chunk and the request are known yet.
    """

    def __init__(self, folder: StudyFolder, plan: Plan):
        self.hash = Hash()
        self._folder, self._plan = folder, plan
        self._waiting: list[Puzzle] = []
        self._chunk = 0

    def take(self, puzzles: Sequence[Puzzle]) -> None:
        """Take some more."""
        self.hash.add(puzzles)
        if self.hash.n > MOST:
            raise PuzzlescopeError(f"A study has at most {MOST:,} puzzles: ask for fewer with --limit.")
        self._waiting += puzzles
        size = self._plan.chunk
        while len(self._waiting) >= size:
            self._write(self._waiting[:size])
            self._waiting = self._waiting[size:]

    def end(self) -> None:
        """Write what is left, and remove what a longer source had left before."""
        if self._waiting:
            self._write(self._waiting)
            self._waiting = []
        parts = self._folder.listed(PUZZLES)
        self._folder.remove([part for part in parts if part.last >= self._chunk])

    def _write(self, puzzles: Sequence[Puzzle]) -> None:
        if not self._chunk:  # a source that cannot be had leaves no folder behind
            self._folder.make_room(self._plan.tables)
        first = self._chunk * self._plan.chunk
        self._folder.write(PUZZLES, self._chunk, puzzle_rows(puzzles, first), self._plan.request)
        self._chunk += 1


def lay_down(folder: StudyFolder, plan: Plan) -> Hash:
    """Read a plan's source and lay its puzzles down, and its pairs if they are read too. Returns the hash of
    what was read.

    Raises:
        PuzzlescopeError: if it cannot be had, or nothing can be written.
    """
    laying = Laying(folder, plan)
    read_source(plan, laying.take)
    laying.end()
    if plan.pairs_from_file:
        pairs: list[Pair] = read_pairs(plan.pairs)
        check_pairs(pairs)
        for chunk, start in enumerate(range(0, len(pairs), plan.chunk)):
            rows = pair_rows(list(enumerate(pairs))[start : start + plan.chunk])
            folder.write(PAIRS, chunk, rows, plan.request)
    return laying.hash


def source_hash(plan: Plan) -> Hash:
    """The hash of a plan's source, read without writing anything (errors as of :func:`lay_down`)."""
    found = Hash()
    read_source(plan, found.add)
    return found
