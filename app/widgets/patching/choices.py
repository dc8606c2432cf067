"""What there is to choose: the second puzzle, which way, what is patched, where, and where it is measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from app.widgets import pair, terms
from app.widgets.controls.choice import segmented, select
from interp.analyses.activation_patching import EVERYWHERE, Detail, Edit, Kind, first_edit
from interp.analyses.pair_patching import DIRECTIONS, Direction
from interp.pairs import Kind as PairKind
from interp.puzzles import Puzzle

SHORT = "Which activation carries the source's answer over: 0 for none of it, 1 for all."
ABOUT = (
    "Removing a component tells what breaks without it; *patching* tells what it carries. The model sees"
    " two puzzles: this one, and a source. One activation is copied from the source's run into this one's,"
    " which goes on from there: if the answer turns into the source's, what makes the two differ was in it."
    " Effect 0: the answer is this puzzle's. Effect 1: it is the source's. The answer's grid holds this"
    " puzzle's colours in both runs. Read the map from the top down: what the source's grids say moves from"
    " the positions where it stands to the position that predicts the cell.\n\n"
    "The source is this puzzle's *counterfactual*, which differs in one thing. *Noising* puts activations of"
    " the counterfactual's run into this puzzle's: what breaks the answer was needed. *Denoising* goes the"
    " other way between the same two runs: what brings the answer back is enough. Of two parts that do the"
    " same, none is needed and each is enough, so look both ways.\n\n"
    "It is measured at the *contrast cells*, whose right answers differ: the mean logit of the one colour"
    " less that of the other. Later ones of them also see the answer so far, which already tells whose it"
    " is; the first does not."
)

KINDS: dict[Kind, str] = {
    "resid_pre": "residual stream",
    "attn_out": "attention layers",
    "mlp_out": "MLPs",
    "z": "heads",
}
DETAILS: dict[Detail, str] = {"grids": "whole grids", "rows": "rows of ten"}
EDITED = "an edited copy of this puzzle"
PAIR = "pair"
"""In the place of a puzzle's id: this puzzle's counterfactual."""

Over = Literal["contrast", "first", "cell"]
"""Where it is measured: at all cells whose right answers differ, at the first of them, or at the chosen
cell."""
OVERS: Mapping[Over, str] = {"contrast": "contrast cells", "first": "the first of them", "cell": "one cell"}
WHY_OVER: Mapping[Over, str] = {
    "contrast": "Measured over all contrast cells, each given this puzzle's cells before it.",
    "first": "Measured at the first contrast cell alone: later ones see the answer so far, which already"
    " tells whose it is.",
    "cell": "Measured at the chosen cell.",
}
WAYS: Mapping[Direction, str] = {"noising": "noising", "denoising": "denoising"}


@dataclass(frozen=True)
class Patching:
    """What a visitor has chosen.

    Attributes:
        source: id of the second puzzle, ``PAIR`` for the counterfactual, an edit of this puzzle, or ``None``
            for what is offered first.
        pair: the kind of counterfactual; ``seed``: which of that kind.
        way: of activations between this puzzle's run and the counterfactual's.
        kind: what is patched.
        detail: at whole grids, or at rows of ten cells.
        over: where it is measured; ``None``: at the contrast cells of a pair, else at the chosen cell.
        block: of the heads' map.
        marked: site and block of the patch whose effect on all cells is shown.
    """

    source: str | Edit | None = None
    pair: PairKind = "rule"
    seed: int = 0
    way: Direction = "noising"
    kind: Kind = "resid_pre"
    detail: Detail = "grids"
    over: Over | None = None
    block: str = EVERYWHERE.name
    marked: tuple[str, str] | None = None

    @property
    def measured_over(self) -> Over:
        """Where it is measured, if there are contrast cells."""
        return self.over or ("contrast" if self.source == PAIR else "cell")


def show_choices(
    puzzle: Puzzle,
    candidates: Sequence[Puzzle],
    choice: Patching,
    *,
    key: str,
    why: str = "",
    paired: bool = True,
    contrast: bool = True,
    on_change: Callable[[Patching], None],
) -> None:
    """Draw what there is to choose: the second puzzle, what is patched, and where.

    Args:
        candidates: puzzles offered besides an edited copy, their grids in the same order as this one's.
        why: why this source, in a sentence.
        paired: whether this puzzle has a counterfactual.
        contrast: whether the two have cells whose right answers differ.
        on_change: is given the new choice.
    """
    terms.how_to_read(SHORT, ABOUT)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        _show_sources(puzzle, candidates, choice, key, paired, on_change)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        segmented(
            "What is patched",
            KINDS,
            choice.kind,
            key=f"{key}-kind",
            on_change=lambda kind: on_change(replace(choice, kind=kind, marked=None)),
            label_shown=True,
        )
        segmented(
            "Where",
            DETAILS,
            choice.detail,
            key=f"{key}-detail",
            on_change=lambda detail: on_change(
                replace(choice, detail=detail, block=EVERYWHERE.name, marked=None)
            ),
            label_shown=True,
        )
        if contrast:
            segmented(
                "Measured at",
                OVERS,
                choice.measured_over,
                key=f"{key}-over",
                on_change=lambda over: on_change(replace(choice, over=over)),
                label_shown=True,
            )
    _say(choice, why, contrast)


def _show_sources(
    puzzle: Puzzle,
    candidates: Sequence[Puzzle],
    choice: Patching,
    key: str,
    paired: bool,
    on_change: Callable[[Patching], None],
) -> None:
    """Draw the choice of the second puzzle, and what there is to choose of a pair."""
    offered = {PAIR: "the pair: its counterfactual"} if paired else {}
    offered |= {**{one.id: f"{one.task} {one.id}" for one in candidates}, EDITED: EDITED}
    first = choice.source if choice.source in offered else next(iter(offered))
    current = EDITED if isinstance(choice.source, Edit) else str(first)

    def to_source(name: str) -> None:
        source = first_edit(puzzle) if name == EDITED else name
        on_change(replace(choice, source=source, over=None, marked=None))

    def to_pair(**changes: Any) -> None:
        on_change(replace(choice, source=PAIR, marked=None, **changes))

    select("Source", offered, current, key=f"{key}-source", on_change=to_source, width=260)
    if current == PAIR:
        pair.show_kind(
            choice.pair,
            key=key,
            label="It has",
            on_kind=lambda kind: to_pair(pair=kind, seed=0),
            on_another=lambda: to_pair(seed=choice.seed + 1),
        )
        segmented(
            "Direction",
            WAYS,
            choice.way,
            key=f"{key}-way",
            on_change=lambda way: to_pair(way=way),
            label_shown=True,
        )


def _say(choice: Patching, why: str, contrast: bool) -> None:
    """Say what is chosen, in a line or two."""
    said = [why] if why else []
    if choice.source == PAIR:
        said += [pair.SHORT[choice.pair], f"{choice.way.capitalize()}: {DIRECTIONS[choice.way]}"]
    if contrast:
        said.append(WHY_OVER[choice.measured_over])
    elif choice.source == PAIR:
        said.append(
            "The two answers are the same, so there are no contrast cells: measured at the chosen cell."
        )
    if said:
        terms.caption(" ".join(said))
