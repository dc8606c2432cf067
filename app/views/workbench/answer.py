"""The puzzle and the model's answers to it, side by side, and how they are shown."""

from dataclasses import dataclass

import streamlit as st

from app.state.scene import Scene
from app.state.session import change
from app.views.shared import puzzle_panels
from app.views.workbench import compare, desk, forcing, pair
from app.widgets import loss_readout, narration, puzzle_strip
from app.widgets.controls import choice
from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import Look, Panel
from interp.ablation import NO_ABLATION
from interp.analyses.narration import narrate
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.engine.answers import Decoding, Prediction
from interp.engine.comparison import compare as compare_two
from interp.errors import brief
from interp.grids import CELLS

ANSWERS: dict[Decoding, str] = {"greedy": "greedy", "teacher-forced": "teacher-forced"}
ANSWER_HELP = (
    "Greedy: the model draws by itself; each cell follows from the cells that it drew before. Teacher-forced:"
    " each cell given the true cells before it, as the loss is measured; one mistake does not lead to the"
    " next."
)
PALETTE_NAMES = {"soft": "pastel", "original": "original", "safe": "colour-blind-safe"}
assert set(PALETTE_NAMES) == set(PALETTES)
LONGEST_TITLE = 26
"""Letters of what is ablated above its answer."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What is shown side by side.

    Attributes:
        clean: of the clean run.
        ablated: under the present ablation; ``None`` if nothing is ablated.
        pinned: under the ablation that the present one is compared with, if one is pinned.
    """

    clean: Prediction
    ablated: Prediction | None
    pinned: Prediction | None

    @property
    def now(self) -> Prediction:
        """Of the present run."""
        return self.clean if self.ablated is None else self.ablated


def ask(scene: Scene, backend: Backend) -> Answers:
    """The answers to the puzzle of the scene."""
    clean, *others = (
        None if off is None else backend.ask(scene.model, PredictionOf(scene.puzzle, off, scene.force))
        for off in (NO_ABLATION, scene.ablation or None, scene.pin)
    )
    assert clean is not None
    return Answers(clean, *others)


def told(scene: Scene, backend: Backend, answers: Answers) -> str:
    """What became of the answer, in a sentence or two: beside the clean run, or beside what is pinned."""
    if scene.pin is not None and answers.pinned is not None:
        pinned, present = (scene.pin, answers.pinned), (scene.ablation, answers.now)
        return forcing.sentence(scene) + compare_two(scene.puzzle, pinned, present, scene.answer)
    clean, ablated, cfg = answers.clean, answers.ablated, backend.model(scene.model).cfg
    became = narrate(scene.puzzle, scene.ablation, clean, ablated, decoding=scene.answer, cfg=cfg)
    return forcing.sentence(scene) + became


def show(scene: Scene, backend: Backend, answers: Answers) -> compare.Rooms | None:
    """Draw the strip, what became of the answer in a sentence, the losses, and how it is shown.

    Returns:
        The places for another model's answer, if there is to be one (:func:`compare.show_other`).
    """
    clean, ablated = answers.clean, answers.ablated
    sentence = told(scene, backend, answers)
    strip, beside = compare.columns(scene)
    with strip:
        _strip(scene, answers, sentence)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="answer-line"):
        with st.container(width="stretch"):
            narration.show(sentence)
        forcing.show(scene)
        desk.show_button(scene, answers.now)
        pair.show_button(scene)
        compare.show_pin(scene)
        _switches(scene)
    if answers.pinned is None:
        loss_readout.show(clean, ablated)
    else:
        loss_readout.show(answers.pinned, answers.now, runs="of the pinned ablation and now")
    return None if beside is None else compare.Rooms(beside, compare.losses_room())


def _strip(scene: Scene, answers: Answers, sentence: str) -> None:
    puzzle_strip.show(
        _panels(scene, answers),
        key="strip",
        look=Look(scene.palette, scene.digits),
        cell=scene.answer_cell,
        summary=sentence,
        on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
    )


def _panels(scene: Scene, answers: Answers) -> list[Panel]:
    """The grids, then two answers: of the clean run and the ablated one, or of the pinned ablation and now;
    the second is compared with the first."""
    off = brief(scene.ablation.text, LONGEST_TITLE)
    base, first, second = answers.clean, "Model", "Ablated" if scene.beside else f"Ablated: {off}"
    if answers.pinned is not None and scene.pin is not None:
        base, first = answers.pinned, f"Pinned: {brief(scene.pin.text, LONGEST_TITLE)}"
        second = f"Now: {off or 'clean'}"
    held = tuple(cell for cell, _ in scene.force)
    before = puzzle_panels.answer(first, scene.puzzle, base, scene.answer, opens="gap", forced=held)
    panels = [*puzzle_panels.grids(scene.puzzle, pair.marks_of(scene)), before]
    if answers.ablated is None and answers.pinned is None:
        return [*panels, Panel("Ablated", None, note="ablate a component below")]
    run = answers.now
    after = puzzle_panels.answer(second, scene.puzzle, run, scene.answer, compared=before.cells, forced=held)
    return [*panels, after]


def _switches(scene: Scene) -> None:
    choice.segmented(
        "Answer",
        ANSWERS,
        scene.answer,
        key="answer",
        on_change=lambda answer: change(answer=answer),
        help=ANSWER_HELP,
    )
    with st.popover("View", key="view", icon=":material/palette:"):
        choice.select(
            "Colours",
            PALETTE_NAMES,
            scene.palette,
            key="palette",
            on_change=lambda palette: change(palette=palette),
        )
        choice.toggle("Digits", scene.digits, key="digits", on_change=lambda digits: change(digits=digits))
        compare.show_models(scene)
