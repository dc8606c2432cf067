"""How a study is begun: its plan, what that costs on this machine, and the command."""

import shlex
from dataclasses import dataclass

import streamlit as st

from app.live import fragment, study_costs
from app.live.watching import Seen, watched
from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.studies.choices import KINDS, PAGE, SOURCES
from app.widgets import terms
from app.widgets.controls import choice
from interp.backend import Backend
from interp.checkpoints import DEFAULT, list_models
from interp.studies.cost import Cost, Rate, priced
from interp.studies.plan import MOST, Plan
from interp.studies.schema import MEASURES
from interp.studies.sources import GENERATE
from interp.studies.words import cost_in_words

HUB = 1_000_000
"""Puzzles of the public data set, more or less."""
NAME = "my-study"


@dataclass(frozen=True)
class Wish:
    """A study that somebody may begin.

    Attributes:
        source: of puzzles, one of :data:`app.views.studies.choices.SOURCES`.
        puzzles: how many.
        kinds: of components.
        measures: whose columns are filled.
        model: its name.
    """

    source: str
    puzzles: int
    kinds: tuple[str, ...]
    measures: tuple[str, ...]
    model: str

    def command(self, name: str) -> str:
        """What begins it; what is usual is left out."""
        words = ["python", "-m", "interp", "study", name, "--puzzles"]
        words.append(f"{GENERATE}{self.puzzles}" if self.source == "generate" else self.source)
        if self.source == "hub" and self.puzzles < HUB:
            words += ["--limit", str(self.puzzles)]
        if self.kinds != tuple(KINDS):
            words += ["--components", ",".join(self.kinds)]
        if self.measures != tuple(MEASURES):
            words += ["--measures", ",".join(self.measures)]
        if self.model != DEFAULT:
            words += ["--model", self.model]
        return shlex.join(words)

    def cost(self, rate: Rate) -> Cost:
        """What it costs at this rate."""
        plan = Plan(self.source, self.puzzles, 0, "", self.model, "", (), measures=self.measures)
        return priced(plan, self.puzzles, rate.components + 1, rate.seconds)


def show(scene: Scene, backend: Backend, taken: set[str]) -> None:
    """Draw it all.

    Args:
        taken: names that studies have.
    """

    def draw_beginning() -> None:
        st.markdown(
            "A study is begun at the command line, with this server's `PUZZLESCOPE_DATA`, and may run for"
            " days: stop it at any moment, the same command goes on. What it would cost is measured here."
        )
        wish = _wish(scene, backend)
        _show_cost(wish, backend)
        name = next(one for one in (NAME, *(f"{NAME}-{k}" for k in range(2, 100))) if one not in taken)
        st.code(wish.command(name), language=None)
        st.caption(
            "Puzzles may also be a file or a collection: `--puzzles FILE`. Elsewhere the same command"
            " with `--estimate` says what it would cost there, and begins nothing."
        )

    fragment.show(
        draw_beginning,
        scene=scene,
        page=PAGE,
        under_way=study_costs.measuring,
        groups=[study_costs.GROUP],
        alone=True,
    )


def _wish(scene: Scene, backend: Backend) -> Wish:
    """Draw the choices; returns what is chosen."""
    own = chosen(PAGE)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        choice.select(
            "Puzzles",
            SOURCES,
            own["source"],
            key="studies-source",
            on_change=lambda one: choose(PAGE, source=one),
            width=200,
        )
        n = len(backend.bank())
        if own["source"] != "bank":
            n = min(own["n"], HUB) if own["source"] == "hub" else own["n"]
            choice.number(
                "How many",
                n,
                key="studies-n",
                on_change=lambda many: choose(PAGE, n=many),
                min_value=1,
                max_value=HUB if own["source"] == "hub" else MOST,
                step=10_000,
                width=170,
            )
        models = list(dict.fromkeys([*list_models(), scene.model]))
        model = own["of"] or scene.model
        choice.select(
            "Model",
            models,
            model,
            key="studies-of",
            on_change=lambda one: choose(PAGE, of=one),
            width=150,
        )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        choice.several(
            "Components",
            KINDS,
            own["kinds"],
            key="studies-kinds",
            on_change=lambda some: choose(PAGE, kinds=tuple(kind for kind in KINDS if kind in some)),
        )
        choice.several(
            "Measures",
            tuple(MEASURES),
            own["columns"],
            key="studies-columns",
            on_change=lambda some: choose(PAGE, columns=tuple(one for one in MEASURES if one in some)),
        )
    return Wish(own["source"], n, own["kinds"], own["columns"], model)


def _show_cost(wish: Wish, backend: Backend) -> None:
    """What it costs, or what measures it."""
    seen = study_costs.rate(wish.model, wish.kinds, backend)
    if seen is not None and seen.progress is None and not seen.stopped:
        _say(wish, seen)
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if seen is None or seen.stopped:
            st.button(
                "Measure what it costs",
                icon=":material/timer:",
                key="studies-measure",
                on_click=_begin,
                args=(wish, backend),
            )
            st.caption("A few seconds: 8 puzzles of the bank, a few components.")
        else:
            st.button("Stop", key="studies-measure-stop", on_click=lambda: watched().stop(study_costs.GROUP))
            terms.caption("Measuring the rate of this machine …")


def _begin(wish: Wish, backend: Backend) -> None:
    study_costs.begin(wish.model, wish.kinds, backend)


def _say(wish: Wish, seen: Seen[Rate]) -> None:
    assert seen.state is not None
    st.markdown(f"**{cost_in_words(wish.cost(seen.state), 'effects')}**")
    terms.caption(
        "An estimate: this machine is the one that serves this page, with one process; measured on 8"
        " puzzles while it served others too. A cluster (`--engine ray`) shares the time among its nodes."
    )
