"""Activation patching from a second puzzle into the one at hand, filling up while it is computed."""

from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st
from jaxtyping import Bool

from app.live import fragment
from app.live.watching import Seen, look_in, watched
from app.state.scene import Scene, first_changed
from app.state.session import of_this_model
from app.views.circuits.cell import cell_of, look_at
from app.views.circuits.choices import PAGE, choose_patching, chosen_patching
from app.views.shared.pairs import pair_of, usual_pair
from app.widgets import patching
from app.widgets.patching import PAIR, Patching
from app.widgets.puzzle_strip import Look
from app.widgets.text import escape_markdown
from interp.analyses.activation_patching import Cells, Edit, PatchState, copied_cell, telling_source
from interp.analyses.activation_patching import Patching as OfTwo
from interp.analyses.pair_patching import PairPatching
from interp.backend import Backend
from interp.engine.contrast import Contrast
from interp.grids import CELLS
from interp.pairs import Pair
from interp.puzzles import Puzzle

GROUP = "patching"
WHY = {
    Edit: "The source is this puzzle with one cell recoloured, from which the chosen cell is copied: all that"
    " differs is what that cell carries.",
    str: "The source is the puzzle of this task whose answer is most like this one's, but differs at the"
    " chosen cell.",
}
"""Of a source that was not chosen and is no pair, by its kind."""
OFFERED = 12
"""Puzzles that are offered as the second one."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw the choices and the effects."""
    choice, source = choice_of(scene, backend), source_of(scene, backend)
    unpaired = pair_of(scene.puzzle, choice.pair, choice.seed)
    if isinstance(unpaired, str) and chosen_patching().source in (None, PAIR):
        st.caption(escape_markdown(unpaired))
    chosen = chosen_patching().source is not None
    patching.show_choices(
        scene.puzzle,
        candidates_of(scene, backend),
        choice,
        key="patch",
        why="" if chosen or choice.source == PAIR else WHY[type(choice.source)],
        paired=not isinstance(unpaired, str),
        contrast=source is not None and bool(_contrasting(scene, source).any()),
        on_change=choose_patching,
    )
    if source is None:
        patching.show_edit_of(scene.puzzle, choice, key="patch", on_change=choose_patching)
        return

    def under_way() -> bool:
        return look(scene, backend).progress is not None

    def draw_patching() -> None:
        _draw(scene, source, backend)

    fragment.show(draw_patching, scene=scene, page=PAGE, under_way=under_way, groups=[GROUP], alone=True)


def choice_of(scene: Scene, backend: Backend) -> Patching:
    """What is chosen; where no source is, this puzzle's counterfactual; and where it has none, a source with
    another answer at the cell that is looked at."""
    choice = chosen_patching()
    if choice.source not in (None, PAIR):
        return choice
    if choice.source is None and choice.pair == Patching.pair:  # none is chosen
        choice = replace(choice, pair=usual_pair(scene.puzzle))
    if not isinstance(pair_of(scene.puzzle, choice.pair, choice.seed), str):
        return replace(choice, source=PAIR)
    source = telling_source(scene.puzzle, _cell_to_tell(scene), _same_kind(scene, backend))
    return replace(choice, source=source)


def pair_at(scene: Scene, backend: Backend) -> Pair | None:
    """The pair that is patched between; none if the source is another."""
    choice = choice_of(scene, backend)
    found = pair_of(scene.puzzle, choice.pair, choice.seed) if choice.source == PAIR else None
    return found if isinstance(found, Pair) else None


def cells_at(scene: Scene, backend: Backend) -> Cells:
    """Where it is measured: at the contrast cells, the first of them, or the cell that is looked at."""
    choice, source = choice_of(scene, backend), source_of(scene, backend)
    if source is None or choice.measured_over == "cell":
        return cell_at(scene, backend)
    if not _contrasting(scene, source).any():
        return cell_at(scene, backend)
    first_only = choice.measured_over == "first"
    contrast = Contrast.between(scene.puzzle.grids[3], source.grids[3], first_only=first_only)
    return tuple(contrast.cells.tolist())


def _contrasting(scene: Scene, source: Puzzle) -> Bool[np.ndarray, " 100"]:
    return (scene.puzzle.grids[3] != source.grids[3]).ravel()


def cell_at(scene: Scene, backend: Backend) -> int:
    """The cell that is looked at; one that is copied until another cell or a source is chosen where there is
    no pair, for then one cell of the puzzle is all that has to differ."""
    unchosen = chosen_patching().source is None and choice_of(scene, backend).source != PAIR
    return _cell_to_tell(scene) if unchosen else cell_of(scene)


def _cell_to_tell(scene: Scene) -> int:
    cell, first = cell_of(scene), first_changed(scene.puzzle) - 3 * CELLS
    copied = copied_cell(scene.puzzle)
    return cell if cell != first or copied is None else copied


def look_at_cell(scene: Scene, backend: Backend, cell: int) -> None:
    """Choose a cell of the answer, measure there, and stay with the source that is shown; for callbacks."""
    choose_patching(replace(choice_of(scene, backend), over="cell"))
    look_at(cell)


def _same_kind(scene: Scene, backend: Backend) -> list[Puzzle]:
    same = backend.bank().filter(task=scene.puzzle.task, structure=scene.puzzle.structure)
    return [puzzle for puzzle in same if puzzle != scene.puzzle]


def candidates_of(scene: Scene, backend: Backend) -> list[Puzzle]:
    """Other puzzles of the same task whose grids stand in the same order."""
    offered = _same_kind(scene, backend)[:OFFERED]
    source = choice_of(scene, backend).source
    wanted = backend.bank().find(source) if isinstance(source, str) else None
    if (
        wanted is not None
        and wanted.structure == scene.puzzle.structure
        and wanted not in [*offered, scene.puzzle]
    ):
        offered.append(wanted)  # a link may name any
    return offered


def source_of(scene: Scene, backend: Backend) -> Puzzle | None:
    """The second puzzle; none if an edit changes nothing."""
    pair = pair_at(scene, backend)
    if pair is not None:
        return pair.counterfactual
    return patching.source_of(scene.puzzle, candidates_of(scene, backend), choice_of(scene, backend))


def question_of(scene: Scene, backend: Backend) -> PairPatching | OfTwo | None:
    """What is asked; nothing if an edit changes nothing."""
    choice, pair, source = (
        choice_of(scene, backend),
        pair_at(scene, backend),
        source_of(scene, backend),
    )
    if pair is not None:
        return PairPatching(pair, choice.kind, choice.way, choice.detail, scene.ablation)
    if source is None:
        return None
    return OfTwo(scene.puzzle, source, choice.kind, choice.detail, scene.ablation)


def program_of(scene: Scene, backend: Backend) -> str:
    """The program for what is asked, measured as it is shown."""
    question, cells = question_of(scene, backend), cells_at(scene, backend)
    assert question is not None
    if isinstance(question, PairPatching):
        all_of_them = not isinstance(cells, int) and choice_of(scene, backend).measured_over == "contrast"
        return question.program(scene.model, cell=None if all_of_them else cells, seed=chosen_patching().seed)
    return question.program(scene.model, cell=cells)


def marks_of(scene: Scene, backend: Backend) -> Bool[np.ndarray, "4 10 10"] | None:
    """The cells of this puzzle's grids that differ from its counterfactual's; none are marked if the source
    is another."""
    pair = pair_at(scene, backend)
    return None if pair is None else pair.base.grids != pair.counterfactual.grids


def look(scene: Scene, backend: Backend) -> Seen[PatchState]:
    question = question_of(scene, backend)
    assert question is not None
    return look_in(GROUP, (scene.model, question), lambda: backend.watch(scene.model, question))


def _draw(scene: Scene, source: Puzzle, backend: Backend) -> None:
    seen, choice = look(scene, backend), choice_of(scene, backend)
    colours, changed = Look(scene.palette, scene.digits), of_this_model(choose_patching)

    def draw_source() -> None:
        patching.show_source(scene.puzzle, source, choice, key="patch", look=colours, on_change=changed)

    patching.show(
        seen.state,
        choice,
        progress=seen.progress,
        stopped=seen.stopped,
        key="patched",
        cell=cells_at(scene, backend),
        on_cell=of_this_model(partial(look_at_cell, scene, backend)),
        on_change=changed,
        source=draw_source,
        on_stop=lambda: watched().stop(GROUP),
        on_again=lambda: watched().forget(GROUP),
    )
