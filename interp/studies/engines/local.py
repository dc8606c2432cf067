"""All chunks in this process, one after the other, each with all cores."""

from collections.abc import Iterable, Iterator

from interp.model import PuzzleGPT
from interp.studies.folder import StudyFolder
from interp.studies.work import Done, Worker


class LocalEngine:
    """Computes in this process: :class:`interp.studies.engines.Engine`."""

    def run(self, model: PuzzleGPT, folder: StudyFolder, chunks: Iterable[int]) -> Iterator[Done]:
        worker = Worker(model, folder)
        for chunk in chunks:
            yield worker.do(chunk)
