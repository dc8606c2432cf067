"""Two answers side by side: the present ablation beside one that is pinned, and beside another model."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.state.models import fitting_here, turn_to
from app.state.scene import Scene
from app.state.session import change, now, of_this_model
from app.views.shared import puzzle_panels
from app.widgets import loss_readout, puzzle_strip
from app.widgets.controls import choice
from app.widgets.puzzle_strip import Look, Panel
from app.widgets.text import escape_markdown
from interp.ablation import Ablation
from interp.analyses.narration import narrate
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.checkpoints import list_models
from interp.engine.answers import Prediction
from interp.grids import CELLS
from interp.model import Config

PIN_HELP = "Keep this ablation, to compare the next ones with it."
WIDTHS = (100, 15.5)
"""Of the strip with six panels, and of one more that is as large."""


# ---- choosing ----------------------------------------------------------------------------------------------


def show_pin(scene: Scene) -> None:
    """Draw the buttons that pin, swap and unpin; for a horizontal container."""
    if scene.pin is None:
        st.button(
            "Pin",
            key="pin",
            icon=":material/push_pin:",
            help=PIN_HELP,
            disabled=not scene.ablation,
            on_click=of_this_model(_pin),
        )
        return
    st.button("Unpin", key="unpin", icon=":material/keep_off:", on_click=_unpin)
    st.button(
        "Swap",
        key="swap",
        icon=":material/swap_horiz:",
        help="What is pinned becomes the ablation, and the ablation is pinned.",
        disabled=not scene.ablation,
        on_click=of_this_model(_swap),
    )


def show_models(scene: Scene) -> None:
    """Draw the choice of another model."""
    names = [name for name in dict.fromkeys([*list_models(), scene.beside]) if name not in ("", scene.model)]
    choice.select(
        "Beside it, another model",
        {"": "none"} | {name: name for name in names},
        scene.beside,
        key="beside",
        on_change=lambda name: change(beside=name),
    )


def _pin() -> None:
    change(pin=now().ablation or None)


def _unpin() -> None:
    change(pin=None)


def _swap() -> None:
    scene = now()
    if scene.pin is not None and scene.ablation:
        change(ablation=scene.pin, pin=scene.ablation)


def _open(backend: Backend) -> None:
    """The other model in the place of this one, which then stands beside it."""
    scene = now()
    turn_to(scene.beside, backend, beside=scene.model)


# ---- the other model ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Other:
    """What another model answers to the puzzle of a scene.

    Attributes:
        off: what is ablated in it: the same, if it fits and can be had, or nothing.
        misfit: that it does not, and why, in a sentence; or nothing.
        clean: of its clean run.
        ablated: under the ablation; ``None`` if nothing is ablated.
    """

    off: Ablation
    misfit: str
    clean: Prediction
    ablated: Prediction | None

    def told(self, scene: Scene, cfg: Config) -> str:
        """What became of its answer, in the first sentence of it, to stand after a colon."""
        sentence = narrate(scene.puzzle, self.off, self.clean, self.ablated, decoding=scene.answer, cfg=cfg)
        first, _, _ = sentence.removesuffix(".").partition(". ")
        return f"{first[:1].lower()}{first[1:]}."

    def panel(self, scene: Scene, title: str) -> Panel:
        """Its answer, under the ablation if there is one."""
        held = tuple(cell for cell, _ in scene.force)
        if self.ablated is None:
            return puzzle_panels.answer(title, scene.puzzle, self.clean, scene.answer, forced=held)
        before, _ = puzzle_panels.decoded(self.clean, scene.answer)
        return puzzle_panels.answer(
            title, scene.puzzle, self.ablated, scene.answer, compared=before, forced=held
        )


def ask_other(scene: Scene, backend: Backend) -> Other:
    """The answer of the model that stands beside this one."""
    other = scene.beside
    off, why = fitting_here(scene.ablation, other, scene.puzzle, backend)
    misfit = f"{other} is shown clean, for the ablation does not fit it: {why}" if why else ""
    clean = backend.ask(other, PredictionOf(scene.puzzle, forced=scene.force))
    run = backend.ask(other, PredictionOf(scene.puzzle, off, scene.force)) if off else None
    return Other(off, misfit, clean, run)


@dataclass(frozen=True, eq=False)
class Rooms:
    """The places of another model's answer and of its losses."""

    answer: DeltaGenerator
    losses: DeltaGenerator


def columns(scene: Scene) -> tuple[DeltaGenerator, DeltaGenerator | None]:
    """The place of the strip, and beside it that of another model's answer, as large as those of the
    strip, if there is to be one."""
    if not scene.beside:
        return st.container(), None
    with st.container(key="strips"):  # app/style.css: seven grids in a row instead of six
        strip, beside = st.columns(WIDTHS, gap="small")
    return strip, beside


def losses_room() -> DeltaGenerator:
    """The place of another model's losses: a line."""
    return st.container(horizontal=True, gap="small", vertical_alignment="center", key="beside-line")


def show_other(scene: Scene, backend: Backend, rooms: Rooms) -> None:
    """Draw the other model's answer to this puzzle, under the same ablation if it fits. To be called last of
    all: nothing else on the page then waits for it."""
    other, asked = scene.beside, ask_other(scene, backend)
    title = other if asked.off else f"{other}, clean"  # what is ablated stands below
    with rooms.answer:
        puzzle_strip.show(
            [asked.panel(scene, title)],
            key="strip-beside",
            look=Look(scene.palette, scene.digits),
            cell=scene.answer_cell,
            on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
        )
    with rooms.losses:
        with st.container(width="stretch", gap=None):
            st.caption(escape_markdown(f"{other}: {asked.told(scene, backend.model(other).cfg)}"))
            loss_readout.show(asked.clean, asked.ablated, key="loss-beside")
            if asked.misfit:
                st.caption(escape_markdown(asked.misfit))
        st.button(
            f"Open {other}",
            key="beside-open",
            help="Go on with this model; the present one then stands beside it.",
            on_click=lambda: _open(backend),
        )
