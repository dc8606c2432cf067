"""The easel: the four grids of a puzzle, whose cells are painted in the browser.

A stroke is drawn at once where it is made, and travels when it is finished, with all that is painted. So do
the steps back and forth: the browser keeps them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from app.widgets.ablation_board.hearing import seen
from app.widgets.ablation_board.wishes import seen_after
from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import AT_WORK, ELEMENT, SVG_CELLS, WISHES, component, joined
from app.widgets.paint.reading import Painted, read_painted
from app.widgets.puzzle_picker.picker import digits
from app.widgets.puzzle_strip import Look, painting
from interp.puzzles import Puzzle

HERE = Path(__file__).parent
SCRIPT = joined(ELEMENT, SVG_CELLS, AT_WORK, WISHES, HERE / "paint.js", HERE / "tools.js")

_paint = component("paint", css=(HERE / "paint.css").read_text(), js=SCRIPT)


@dataclass(frozen=True)
class Verdict:
    """What the solvers say of what is painted.

    Attributes:
        kind: "sound", "open" or "broken": told by a sign besides the words.
        words: in a sentence.
    """

    kind: str
    words: str


def show(
    puzzle: Puzzle, verdict: Verdict, *, key: str, look: Look, on_painted: Callable[[Painted], None]
) -> None:
    """Draw it.

    Args:
        on_painted: is given what was painted, when a stroke is finished.
    """
    now = seen(key)
    _paint(
        key=key,
        data={
            "cells": digits(puzzle.grids.ravel()),
            "titles": puzzle.structure.name.split(" "),
            "origin": f"{puzzle.task} {puzzle.structure.name}",
            "verdict": [verdict.kind, verdict.words],
            "seen": [now.client, now.number],
            **painting(look),
        },
        on_wishes_change=partial(_hear, key, on_painted),
    )


def _hear(key: str, on_painted: Callable[[Painted], None]) -> None:
    payload, before = said(key, "wishes"), seen(key)
    st.session_state[f"{key}-seen"] = seen_after(payload, before)
    painted = read_painted(payload, before)
    if painted is not None:
        on_painted(painted)
