"""The certificate of the circuit on screen."""

import streamlit as st

from app.live.circuits import Shown
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.graph import asking
from app.views.graph.choices import FILL_WORDS, PAGE
from app.widgets import certificate, terms
from app.widgets.certificate import Line, Section
from app.widgets.controls import choice
from interp.circuits.certificate import MEANINGS, RANDOM, Certificate
from interp.circuits.checks.answers import CONFIDENCE, Answers
from interp.circuits.finder import Target
from interp.circuits.questions import Certified
from interp.numbers import number

TICKS = " The ticks on the first bar are random circuits, their mean and best."
LEAST = 0.5
"""Of the difference: a circuit that keeps less is not told to be good, however sure it is that it does."""


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
        if asking.every():
            st.caption("All edges are the whole model. Keep fewer, and a certificate says how good they are.")
            return
        words = asking.pairs_of(scene).others().words
        if state is None or state.certificate is None:
            told = "Measuring" if seen is not None and seen.progress is not None else "To be measured"
            st.caption(f"{told} on {words}.")
            return
        wanted = chosen(PAGE)["target"] if not chosen(PAGE)["circuit"] else None
        verdict, good = verdict_of(state, wanted)
        certificate.show(sections(state), verdict, good)
        ticks = "" if state.certificate.chance is None else TICKS
        terms.caption(f"On {words}.{ticks}")
        st.caption(_thorough(state, None if seen is None else seen.progress))


def _thorough(state: Certified, progress: float | None) -> str:
    """What is still to come, or what the other kind of certificate has.

    Args:
        progress: of what is under way, 0 to 1.
    """
    if progress is not None:
        return f"Measuring more: {progress:.0%} …"
    if state.full:
        return "This is the full certificate."
    return (
        f"This is the quick one, of {RANDOM['quick']} random circuits. The full one has {RANDOM['full']}, and"
        " says whether anything is missing or idle, and what cut edges that read something else would make of"
        " it: minutes."
    )


def verdict_of(state: Certified, wanted: Target | None = None) -> tuple[str, bool | None]:
    """What is said of the circuit, and whether that is for it.

    Args:
        wanted: what it was looked for.
    """
    found, circuit = state.certificate, state.circuit
    if found is None or circuit is None or found.verdict is None:
        return "", None
    if not found.verdict.accepted:
        return " ".join(found.verdict.reasons), None if found.verdict.undecided else False
    if found.faithfulness < LEAST:
        both = f"{found.faithfulness:.0%} of the difference on new pairs, {circuit.faithfulness:.0%} on"
        return f"It keeps {both} those it was found by: far from the whole model.", None
    assert found.chance is not None and found.answers is not None
    chance = f"better than each of {found.chance.n} random circuits"
    if wanted is not None and wanted.kind == "solved":
        own = found.answers
        sure = f"at least {own.at_least:.0%} of such answers do ({CONFIDENCE:.0%} confidence)"
        told = f"All {own.whole} new answers that the whole model gives right stay right: {sure}"
        return f"{told}. It is {chance}.", True
    told = f"As faithful on new pairs ({found.faithfulness:.2f}) as on those it was found by"
    return f"{told} ({circuit.faithfulness:.2f}), and {chance}.", True


def sections(state: Certified) -> list[Section]:
    """What it says."""
    found = state.certificate
    assert found is not None
    parts = [Section("", _lines(found))]
    if found.sizes is not None or found.stable is not None:
        parts.append(Section("The order of the edges", _order(found)))
    if found.complete is not None or found.minimal is not None:
        parts.append(Section("Nothing missing, nothing idle", _parts(found)))
    if found.fills:
        parts.append(Section("With something else read by cut edges", _fills(found)))
    return parts


def _lines(found: Certificate) -> list[Line]:
    chance, logits = found.chance, found.logit_difference
    lines = [
        Line(
            "Faithfulness",
            number(found.faithfulness, ".2f"),
            MEANINGS["faithfulness"],
            found.faithfulness,
            () if chance is None else (chance.mean, chance.most),
        ),
        Line("at the first contrast cell", number(found.first, ".2f"), MEANINGS["first"], found.first),
    ]
    if chance is not None:
        said = f"{_share(chance.mean)}, at most {_share(chance.most)}"
        lines.append(Line(f"{chance.n} random circuits", said, MEANINGS["random"]))
    shares = (("Answers right", "solved", found.solved), ("as the whole model's", "alike", found.alike))
    lines += [
        Line(name, f"{n} of {found.pairs}", MEANINGS[key], n / found.pairs)
        for name, key, n in shares
        if n is not None
    ]
    if found.answers is not None:
        lines.append(_stay_right(found.answers))
    return [
        *lines,
        Line("Cells right", f"{found.cells:.1%}", MEANINGS["cells"], found.cells),
        Line("KL from the whole model", f"{number(found.kl, '.2g')} nats", MEANINGS["kl"]),
        Line(
            "Logit difference",
            f"{number(logits['circuit'], '.1f')} of {number(logits['whole'], '.1f')}",
            MEANINGS["logit_difference"],
        ),
    ]


def _stay_right(own: Answers) -> Line:
    """How many of the whole model's right answers stay right, and the least that this shows."""
    said = f"{own.kept} of {own.whole}, at least {own.at_least:.0%}"
    return Line("Right answers that stay right", said, MEANINGS["answers"], own.at_least)


def _share(value: float) -> str:
    """A share in two digits, without a sign before 0."""
    return number(round(value, 2) + 0.0, ".2f")


def _order(found: Certificate) -> list[Line]:
    lines = []
    if found.sizes is not None:
        lines += [
            Line("CPR", number(found.sizes.cpr, ".2f"), MEANINGS["cpr"]),
            Line("CMD", number(found.sizes.cmd, ".2f"), MEANINGS["cmd"]),
            Line("CMD, log axis", number(found.sizes.cmd_log, ".2f"), MEANINGS["cmd_log"]),
        ]
    if found.stable is not None:
        stable = found.stable
        lines.append(
            Line("Stability", number(stable.mean, ".2f"), MEANINGS["stability"], stable.mean, (stable.least,))
        )
    return lines


def _parts(found: Certificate) -> list[Line]:
    lines = []
    if found.complete is not None:
        said = f"{number(found.complete.mean, '.2f')}, at most {number(found.complete.most, '.2f')}"
        lines.append(Line("Completeness gap", said, MEANINGS["completeness"]))
    if found.minimal is not None:
        needed = found.minimal.needed
        lines.append(Line("Edges that are needed", f"{needed:.0%}", MEANINGS["minimality"], needed))
    return lines


def _fills(found: Certificate) -> list[Line]:
    return [
        Line(FILL_WORDS[fill], number(own.faithfulness, ".2f"), MEANINGS["faithfulness"], own.faithfulness)
        for fill, own in (found.fills or {}).items()
    ]
