"""Where the chunks of a study are computed.

An engine is given the chunks that are missing and gives word of each when it is written; in which order they
come, and on which machine, does not matter, for a chunk's name says what it is.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Protocol, runtime_checkable

from interp.errors import PuzzlescopeError, brief
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


ENGINES = {"local": "LocalEngine", "ray": "RayEngine"}
"""The engines, each in the module of its name: that of a cluster is imported where it is asked for."""


def engine_named(name: str) -> Engine:
    """The engine of this name.

    Raises:
        PuzzlescopeError: if there is none.
    """
    if name not in ENGINES:
        raise PuzzlescopeError(f"No engine '{brief(name)}': expected one of {', '.join(ENGINES)}.")
    try:
        engine: Engine = getattr(import_module(f"interp.studies.engines.{name}"), ENGINES[name])()
    except ModuleNotFoundError as error:
        raise PuzzlescopeError(
            f"The engine '{name}' needs the package {error.name}: install it with pip install"
            f" -r requirements-{name}.txt."
        ) from error
    return engine
