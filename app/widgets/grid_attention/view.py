"""Attention on the grids: point at a cell to see where every head of a layer attends, or what attends to it.

The patterns of the layer travel to the browser once, a byte a weight
(:mod:`app.widgets.grid_attention.weights`), and everything that follows the pointer or the arrow keys is
drawn there. Only what is kept (a click, Enter) comes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import CANVAS, ELEMENT, component, joined
from app.widgets.grid_attention.choice import Choice, read_choice
from app.widgets.grid_attention.weights import FIRST_QUERY, weights_of
from interp.analyses.attention import LayerAttention
from interp.grids import CELLS
from interp.puzzles import Puzzle
from interp.tokens import N_CTX

HERE = Path(__file__).parent

SCRIPT = joined(ELEMENT, CANVAS, HERE / "weights.js", HERE / "view.js")

_view = component(
    "grid_attention",
    css=(HERE / "view.css").read_text(),
    js=SCRIPT,
)


class Tag(NamedTuple):
    """What a head is called besides its number.

    Attributes:
        glyph: one character.
        name: in a word or two; may be empty.
        help: what that means, on hover.
    """

    glyph: str
    name: str
    help: str


def message(
    attention: LayerAttention,
    puzzle: Puzzle,
    choice: Choice,
    *,
    layer: int,
    note: str,
    colors: Sequence[str],
    tags: Sequence[Tag] = (),
) -> dict[str, Any]:
    """What the browser gets: all but the weights, and where those are to be fetched."""
    weights = weights_of(attention)
    answer, others = weights.addresses()
    return {
        "layer": layer,
        "heads": len(attention.off),
        "positions": N_CTX,
        "firstQuery": FIRST_QUERY,
        "answer": answer,
        "others": others,
        "off": attention.off.tolist(),
        "largest": weights.largest,
        "names": puzzle.structure.name.split(" "),
        "cells": puzzle.grids.ravel().tolist(),
        "colors": list(colors),
        "note": note,
        "tags": [tag._asdict() for tag in tags],
        "choice": asdict(choice),
    }


def show(
    attention: LayerAttention,
    puzzle: Puzzle,
    choice: Choice,
    *,
    key: str,
    layer: int,
    note: str = "",
    colors: Sequence[str],
    tags: Sequence[Tag] = (),
    on_change: Callable[[Choice], None],
) -> None:
    """Draw every head of a layer on small maps of the four grids, or one head large.

    Args:
        attention: of the run on screen: the ablated one if something is off.
        choice: what is shown; what does not fit the layer is brought to the nearest that does.
        note: which run this is, as it reads after "in", such as "the run with L1.attn off".
        colors: of the eleven cell colours.
        tags: one a head, shown beside its name; none are shown if there are none.
        on_change: is given what a visitor chooses. Pointing chooses nothing.
    """
    n_heads = len(attention.off)
    if not choice.within(n_heads):
        place = 3 if choice.view == "from" else choice.cell // CELLS % 4
        head = choice.head if choice.head is not None and 0 <= choice.head < n_heads else None
        choice = Choice(place * CELLS + choice.cell % CELLS, choice.view, choice.weighting, head)
    _view(
        key=key,
        data=message(attention, puzzle, choice, layer=layer, note=note, colors=colors, tags=tags),
        on_choice_change=partial(_report, key, n_heads, on_change),
    )


def _report(key: str, n_heads: int, on_change: Callable[[Choice], None]) -> None:
    choice = read_choice(said(key, "choice"), n_heads)
    if choice is not None:
        on_change(choice)
