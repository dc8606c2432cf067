"""Where the chunks of a study are computed.

An engine is given the chunks that are missing and gives word of each when it is written; in which order they
come, and on which machine, does not matter, for a chunk's name says what it is.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from interp.model import PuzzleGPT
from interp.studies.folder import StudyFolder
from interp.studies.work import Done


@runtime_checkable
class Engine(Protocol):
    """Computes chunks of a study."""

    def run(self, model: PuzzleGPT, folder: StudyFolder, chunks: Iterable[int]) -> Iterator[Done]:
        """Compute these chunks, each at least once; yields as they are written. To close it stops the work.

        Raises:
            PuzzlescopeError: if it cannot go on; what was written stays.
        """
