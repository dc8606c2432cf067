"""The certificate of the circuit on screen."""

import streamlit as st

from app.live.circuits import Shown
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.graph import asking
from app.views.graph.choices import PAGE
from app.widgets import plain_table, terms
from app.widgets.controls import choice
from interp.backend import Backend
from interp.circuits.questions import Certified
from interp.numbers import number

HEIGHT = 330


def show(scene: Scene, backend: Backend, shown: Shown) -> None:
    """Draw it, or how far it is."""
    with st.container(key="graph-certificate", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.header("Certificate", anchor=False, width="content")
            choice.segmented(
                "How thorough",
                {False: "quick", True: "full"},
                chosen(PAGE)["full"],
                key="graph-full",
                on_change=lambda full: choose(PAGE, full=full),
                help="Quick: 20 random circuits. Full: 100, and takes minutes.",
            )
        state = None if shown.certificate is None else shown.certificate.state
        pairs = asking.pairs_of(scene).others()
        if state is None:
            st.caption(f"It is measured on {pairs.words}, once the circuit is found.")
        plain_table.show("Held-out", ("", "\N{NO-BREAK SPACE}"), rows_of(state), HEIGHT, "…")
        if state is not None:
            terms.caption(f"On {pairs.words}. {'' if state.complete else 'Measuring …'}")


def rows_of(state: Certified | None) -> list[tuple[str, str]]:
    """What it says, a row a number."""
    rows: list[tuple[str, str]] = []
    found = None if state is None else state.certificate
    if found is not None:
        rows += [
            ("Faithfulness", number(found.faithfulness, ".2f")),
            ("at the first contrast cell", number(found.first, ".2f")),
            (f"{found.chance.n} random circuits: mean", number(found.chance.mean, ".2f")),
            ("and the best of them", number(found.chance.most, ".2f")),
            ("Puzzles answered right", f"{found.solved} of {found.pairs}"),
            ("Cells right", f"{found.cells:.1%}"),
            ("KL from the whole model, nats a cell", number(found.kl, ".2g")),
        ]
    sized = None if state is None else state.curve
    if sized is not None:
        rows += [
            ("CPR", number(sized.cpr, ".2f")),
            ("CMD", number(sized.cmd, ".2f")),
            ("CMD, log axis", number(sized.cmd_log, ".2f")),
        ]
    return rows
