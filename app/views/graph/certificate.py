"""The certificate of the circuit on screen."""

import streamlit as st

from app.live.circuits import Shown
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.graph import asking
from app.views.graph.choices import PAGE
from app.widgets import certificate, terms
from app.widgets.certificate import Line, Section
from app.widgets.controls import choice
from interp.circuits.certificate import Certificate, Curve
from interp.circuits.questions import Certified
from interp.numbers import number

FAITHFUL = (
    "Of the difference between a pair's ends, the share that is kept: 1 for the whole model, 0 for none."
)


def show(scene: Scene, shown: Shown) -> None:
    """Draw it, or how far it is."""
    seen = shown.certificate
    state = None if seen is None else seen.state
    with st.container(key="graph-certificate", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.header("Certificate", anchor=False, width="content")
            choice.segmented(
                "How thorough",
                {False: "quick", True: "full"},
                chosen(PAGE)["full"],
                key="graph-full",
                on_change=lambda full: choose(PAGE, full=full),
            )
        words = asking.pairs_of(scene).others().words
        if state is None or state.certificate is None:
            told = "Measuring" if seen is not None and seen.progress is not None else "To be measured"
            st.caption(f"{told} on {words}.")
            return
        good, verdict = verdict_of(state.certificate)
        certificate.show(sections(state), verdict, good)
        more = "" if state.complete or seen is None or seen.progress is None else " Measuring more …"
        terms.caption(f"On {words}. The ticks on a bar are random circuits.{more}")


def verdict_of(found: Certificate) -> tuple[bool, str]:
    """Whether the circuit is better than chance, in a sentence."""
    if found.faithfulness <= found.chance.most:
        return False, "It keeps no more than random circuits with as many edges of each class."
    return True, (
        f"It keeps {found.faithfulness:.0%} on pairs that it was not found by; the best of"
        f" {found.chance.n} random circuits {found.chance.most:.0%}."
    )


def sections(state: Certified) -> list[Section]:
    """What it says."""
    assert state.certificate is not None
    found = [Section("", _lines(state.certificate))]
    return found if state.curve is None else [*found, Section("Over sizes", _sizes(state.curve))]


def _lines(found: Certificate) -> list[Line]:
    chance = found.chance
    return [
        Line(
            "Faithfulness",
            number(found.faithfulness, ".2f"),
            FAITHFUL,
            found.faithfulness,
            (chance.mean, chance.most),
        ),
        Line(
            "at the first contrast cell",
            number(found.first, ".2f"),
            "The same where the answer drawn so far tells nothing of the rule.",
            found.first,
        ),
        Line(
            f"{chance.n} random circuits",
            f"{number(chance.mean, '.2f')}, at most {number(chance.most, '.2f')}",
            "Faithfulness of random circuits with as many edges of each class.",
        ),
        Line(
            "Answers right",
            f"{found.solved} of {found.pairs}",
            "Puzzles that the circuit alone answers right, cell by cell.",
            found.solved / found.pairs,
        ),
        Line("Cells right", f"{found.cells:.1%}", "Given the true cells before each.", found.cells),
        Line(
            "KL from the whole model",
            f"{number(found.kl, '.2g')} nats",
            "How far its predictions are from the whole model's, mean over the answer's cells.",
        ),
    ]


def _sizes(found: Curve) -> list[Line]:
    return [
        Line("CPR", number(found.cpr, ".2f"), "The area under faithfulness over size; higher is better."),
        Line(
            "CMD, CMD on a log axis",
            f"{number(found.cmd, '.2f')}, {number(found.cmd_log, '.2f')}",
            "The area between faithfulness over size and 1; 0 is best.",
        ),
    ]
