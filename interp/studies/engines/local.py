"""All chunks in this process, one after the other, each with all cores."""

import random
from collections import deque
from collections.abc import Iterable, Iterator

from interp.model import PuzzleGPT
from interp.studies.folder import StudyFolder
from interp.studies.work import Done, Worker


class LocalEngine:
    """Computes in this process: :class:`interp.studies.engines.Engine`."""

    def run(self, model: PuzzleGPT, folder: StudyFolder, chunks: Iterable[int]) -> Iterator[Done]:
        """Chunk by chunk, in order; where another run on the same folder is met, on from somewhere else, so
        that the two share what is left."""
        worker, left = Worker(model, folder), deque(chunks)
        while left:
            chunk = left.popleft()
            if folder.there(chunk):
                continue
            done = worker.do(chunk)
            if done.again and left:
                left.rotate(random.randrange(len(left)))
            yield done
