"""The board as a picture of the model, with the way of the chosen cell through the copy heads."""

from collections.abc import Callable

from app.state.heads import copy_heads
from app.state.scene import Scene, first_changed
from app.views.shared import puzzle_panels
from app.widgets import model_picture
from app.widgets.ablation_board import Board, Wish
from app.widgets.model_picture import CopyPath, Picture
from app.widgets.palette import PALETTES
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.grids import CELLS


def show(scene: Scene, backend: Backend, board: Board, *, on_wish: Callable[[Wish], None]) -> None:
    """Draw it; ``on_wish`` is called with what a visitor clicks for."""
    model_picture.show(Picture(board, _path(scene, backend)), key=scene.key("picture"), on_wish=on_wish)


def _path(scene: Scene, backend: Backend) -> CopyPath:
    puzzle = scene.puzzle
    names = puzzle.structure.name.split()
    run = backend.ask(scene.model, PredictionOf(puzzle, scene.ablation))
    answer, _ = puzzle_panels.decoded(run, scene.answer)
    chosen = scene.answer_cell
    return CopyPath(
        copy_heads(backend, scene.model),
        first_changed(puzzle) - 3 * CELLS if chosen is None else chosen,
        (names[2], names[3]),
        puzzle.grids[2].ravel(),
        answer,
        PALETTES[scene.palette],
    )
