"""Activation patching from a second puzzle into the one at hand, filling up while it is computed."""

from dataclasses import replace
from functools import partial

from app.live import fragment
from app.live.watching import Seen, look_in, watched
from app.state.scene import Scene, first_changed
from app.state.session import of_this_model
from app.views.circuits.cell import cell_of, look_at
from app.views.circuits.choices import PAGE, choose_patching, chosen_patching
from app.widgets.charts import patching
from app.widgets.charts.patching import Patching
from app.widgets.puzzle_strip import Look
from interp.analyses.activation_patching import Edit, PatchState, copied_cell, telling_source
from interp.analyses.activation_patching import Patching as Question
from interp.backend import Backend
from interp.grids import CELLS
from interp.puzzles import Puzzle

GROUP = "patching"
WHY = {
    Edit: "The source is this puzzle with one cell recoloured, from which the chosen cell is copied: all that"
    " differs is what that cell carries.",
    str: "The source is the puzzle of this task whose answer is most like this one's, but differs at the"
    " chosen cell.",
}
"""Of a source that was not chosen, by its kind."""
OFFERED = 12
"""Puzzles that are offered as the second one."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw the choices and the effects."""
    candidates = candidates_of(scene, backend)
    patching.show_choices(
        scene.puzzle,
        candidates,
        choice_of(scene, backend),
        key="patch",
        why=WHY.get(type(choice_of(scene, backend).source), "") if chosen_patching().source is None else "",
        on_change=choose_patching,
    )
    source = source_of(scene, backend)
    if source is None:
        patching.show_edit_of(scene.puzzle, choice_of(scene, backend), key="patch", on_change=choose_patching)
        return

    def under_way() -> bool:
        return look(scene, source, backend).progress is not None

    def draw_patching() -> None:
        _draw(scene, source, backend)

    fragment.show(draw_patching, scene=scene, page=PAGE, under_way=under_way, groups=[GROUP], alone=True)


def choice_of(scene: Scene, backend: Backend) -> Patching:
    """What is chosen; where no source is, one with another answer at the cell that is looked at."""
    choice = chosen_patching()
    if choice.source is not None:
        return choice
    source = telling_source(scene.puzzle, cell_at(scene), _same_kind(scene, backend))
    return replace(choice, source=source)


def cell_at(scene: Scene) -> int:
    """The cell that is looked at; one that is copied until another cell or a source is chosen, for then one
    cell of the puzzle is all that has to differ."""
    cell, first = cell_of(scene), first_changed(scene.puzzle) - 3 * CELLS
    if chosen_patching().source is not None or cell != first:
        return cell
    copied = copied_cell(scene.puzzle)
    return cell if copied is None else copied


def look_at_cell(scene: Scene, backend: Backend, cell: int) -> None:
    """Choose a cell of the answer, and stay with the source that is shown; for callbacks."""
    if chosen_patching().source is None:
        choose_patching(choice_of(scene, backend))
    look_at(cell)


def _same_kind(scene: Scene, backend: Backend) -> list[Puzzle]:
    same = backend.bank().filter(task=scene.puzzle.task, structure=scene.puzzle.structure)
    return [puzzle for puzzle in same if puzzle != scene.puzzle]


def candidates_of(scene: Scene, backend: Backend) -> list[Puzzle]:
    """Other puzzles of the same task whose grids stand in the same order."""
    offered = _same_kind(scene, backend)[:OFFERED]
    source = choice_of(scene, backend).source
    wanted = backend.bank().find(source) if source is not None and not isinstance(source, Edit) else None
    if (
        wanted is not None
        and wanted.structure == scene.puzzle.structure
        and wanted not in [*offered, scene.puzzle]
    ):
        offered.append(wanted)  # a link may name any
    return offered


def source_of(scene: Scene, backend: Backend) -> Puzzle | None:
    """The second puzzle; none if an edit changes nothing."""
    return patching.source_of(scene.puzzle, candidates_of(scene, backend), choice_of(scene, backend))


def look(scene: Scene, source: Puzzle, backend: Backend) -> Seen[PatchState]:
    choice = choice_of(scene, backend)
    question = Question(scene.puzzle, source, choice.kind, choice.detail, scene.ablation)
    return look_in(GROUP, (scene.model, question), lambda: backend.watch(scene.model, question))


def _draw(scene: Scene, source: Puzzle, backend: Backend) -> None:
    seen, choice = look(scene, source, backend), choice_of(scene, backend)
    colours, changed = Look(scene.palette, scene.digits), of_this_model(choose_patching)

    def draw_source() -> None:
        patching.show_source(scene.puzzle, source, choice, key="patch", look=colours, on_change=changed)

    patching.show(
        seen.state,
        choice,
        progress=seen.progress,
        stopped=seen.stopped,
        key="patched",
        cell=cell_at(scene),
        on_cell=of_this_model(partial(look_at_cell, scene, backend)),
        on_change=changed,
        source=draw_source,
        on_stop=lambda: watched().stop(GROUP),
        on_again=lambda: watched().forget(GROUP),
    )
