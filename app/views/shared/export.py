"""What the pages' exports and programs have in common: the puzzles that their numbers are of."""

from collections.abc import Sequence

from app.state.scene import Scene
from interp.backend import Backend
from interp.export.programs import Sample
from interp.export.tables import Header
from interp.puzzles import Puzzle


def header_of(
    scene: Scene, backend: Backend, puzzles: Sequence[Puzzle], ablation: str | None = None
) -> Header:
    """The header of an export over these puzzles; what is off is the scene's ablation unless it is said."""
    off = scene.ablation.text if ablation is None else ablation
    ids = tuple(puzzle.id for puzzle in puzzles)
    return Header(scene.model, backend.checkpoint_id(scene.model), ids, off, scene.measure)


def sample_of(scene: Scene) -> Sample:
    """The puzzles that a page is over (:func:`app.live.sweeps.puzzles_of`), for a program."""
    if scene.sample == 1:
        return Sample.of([scene.puzzle])
    structure = scene.structure.name if scene.structure else None
    return Sample(task=scene.puzzle.task, structure=structure, limit=scene.sample)


def name_of(scene: Scene) -> str:
    """The same puzzles in a file's name."""
    return scene.puzzle.id if scene.sample == 1 else f"{scene.puzzle.task}-{scene.sample}"
