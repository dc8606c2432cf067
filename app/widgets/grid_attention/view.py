"""Attention drawn on the grids: point at a cell and see where every head of a layer looks to predict it, or
who reads it.

The patterns of the layer travel to the browser once, a byte a weight, and everything that follows the pointer
or the arrow keys is drawn there. Only what is kept (a click, Enter) comes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import streamlit as st

from app.widgets.browser.scripts import CANVAS, ELEMENT, joined
from app.widgets.browser.sending import finite
from interp.analyses.attention import LayerAttention, packed, quantise
from interp.grids import CELLS
from interp.puzzles import Puzzle
from interp.tokens import N_CTX

HERE = Path(__file__).parent

View = Literal["from", "to"]
Weighting = Literal["attention", "value"]
FIRST_ANSWER_CELL = 3 * CELLS
LAST_CELL = 4 * CELLS - 1

SCRIPT = joined(ELEMENT, CANVAS, HERE / "view.js")

_view = st.components.v2.component(
    "grid_attention",
    css=(HERE / "view.css").read_text(),
    js=SCRIPT,
)


@dataclass(frozen=True)
class Choice:
    """What a visitor has chosen here, and what a link should hold.

    Attributes:
        cell: one of the 400 cells, ``100 * place + 10 * row + column``; of the answer (300 to 399) if
            ``view`` is "from".
        view: "from": where the position that predicts this cell looks. "to": which positions look at this
            cell.
        weighting: "attention", or "value": times the length of what the value writes.
        head: the one that is enlarged, or ``None`` for all of the layer.
    """

    cell: int = FIRST_ANSWER_CELL
    view: View = "from"
    weighting: Weighting = "attention"
    head: int | None = None

    def within(self, n_heads: int) -> bool:
        """Whether this can be shown of a layer of so many heads."""
        first = FIRST_ANSWER_CELL if self.view == "from" else 0
        return first <= self.cell <= LAST_CELL and (self.head is None or 0 <= self.head < n_heads)


def read_choice(value: object, n_heads: int) -> Choice | None:
    """The choice that a browser sent, or ``None`` if it is no such thing: whatever it sends is only a
    claim."""
    if not isinstance(value, dict) or value.keys() != {"cell", "view", "weighting", "head"}:
        return None
    cell, view, weighting, head = value["cell"], value["view"], value["weighting"], value["head"]
    if not _whole(cell) or not (head is None or _whole(head)):
        return None
    if view not in get_args(View) or weighting not in get_args(Weighting):
        return None
    choice = Choice(int(cell), view, weighting, None if head is None else int(head))
    return choice if choice.within(n_heads) else None


def _whole(value: object) -> bool:
    # JSON has one kind of number: a whole one may arrive as a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


def message(
    attention: LayerAttention, puzzle: Puzzle, choice: Choice, *, layer: int, note: str, colors: Sequence[str]
) -> bytes:
    """What the browser gets: a header, the patterns in steps of 1/255 and the norms of the values
    (float32)."""
    pattern, norms = finite(attention.pattern), finite(attention.value_norms).astype(np.float32)
    moved = pattern * norms[:, None, :].astype(np.float64)
    header: dict[str, Any] = {
        "layer": layer,
        "heads": len(attention.off),
        "positions": N_CTX,
        "off": attention.off.tolist(),
        "largest": float(moved.max()),
        "names": puzzle.structure.name.split(" "),
        "cells": puzzle.grids.ravel().tolist(),
        "colors": list(colors),
        "note": note,
        "choice": asdict(choice),
    }
    return packed(header, quantise(pattern), norms)


def show(
    attention: LayerAttention,
    puzzle: Puzzle,
    choice: Choice,
    *,
    key: str,
    layer: int,
    note: str = "",
    colors: Sequence[str],
    on_change: Callable[[Choice], None],
) -> None:
    """Draw every head of a layer on small maps of the four grids, or one head large.

    Args:
        attention: of the run on screen: the ablated one if something is off.
        choice: what is shown; what does not fit the layer is brought to the nearest that does.
        note: which run this is, as it reads after "in", such as "the run with L1.attn off".
        colors: of the eleven cell colours.
        on_change: is given what a visitor chooses. Pointing chooses nothing.
    """
    n_heads = len(attention.off)
    if not choice.within(n_heads):
        place = 3 if choice.view == "from" else choice.cell // CELLS % 4
        head = choice.head if choice.head is not None and 0 <= choice.head < n_heads else None
        choice = Choice(place * CELLS + choice.cell % CELLS, choice.view, choice.weighting, head)
    _view(
        key=key,
        data=message(attention, puzzle, choice, layer=layer, note=note, colors=colors),
        on_choice_change=partial(_report, key, n_heads, on_change),
    )


def _report(key: str, n_heads: int, on_change: Callable[[Choice], None]) -> None:
    choice = read_choice(st.session_state[key].get("choice"), n_heads)
    if choice is not None:
        on_change(choice)
