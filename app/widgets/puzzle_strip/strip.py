"""The puzzle strip: the four grids and what the model draws, side by side, with wrong cells outlined.

Pointing at cells, keys and downloads are answered in the browser; only a cell that is chosen comes back to
Python.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import ELEMENT, SVG_CELLS, component, joined
from app.widgets.export_menu import asking
from app.widgets.palette import PALETTES
from interp import outputs
from interp.errors import PuzzlescopeError, brief
from interp.figures.grids import ink
from interp.figures.outcomes import BOTH, BROKEN, FIXED, WRONG, outcomes, told
from interp.grids import CELLS, COLORS
from interp.tokens import TOKEN_NAMES

HERE = Path(__file__).parent
TOP = 3
DIFFERS = "differs"
"""In the place of what became of a cell: it is another in the puzzle's counterfactual."""
LOOKED = "looked"
"""Likewise: a head looks at it."""
SCRIPT = joined(ELEMENT, SVG_CELLS, HERE / "strip.js", HERE / "mini.js")

_strip = component(
    "puzzle_strip",
    css=(HERE / "strip.css").read_text(),
    js=SCRIPT,
)


@dataclass(frozen=True)
class Look:
    """How cells are painted: one of :data:`app.widgets.palette.PALETTES`, and whether each shows its colour's
    number.

    Raises:
        PuzzlescopeError: if there is no such palette.
    """

    palette: str = "soft"
    digits: bool = False

    def __post_init__(self) -> None:
        if self.palette not in PALETTES:
            raise PuzzlescopeError(
                f"No palette '{brief(self.palette)}': expected one of {', '.join(PALETTES)}."
            )


PLAIN = Look()


@dataclass(frozen=True, eq=False)
class Panel:
    """One grid to draw.

    Attributes:
        title: above the grid.
        cells: 100 tokens, row by row; ``None`` keeps the place free, as an empty frame.
        truth: what the cells should be, if they are a prediction; the others are outlined.
        probabilities: of all tokens at each cell, if they are a prediction.
        opens: the sign drawn before the grid: an arrow, "gap" for a line, or nothing.
        compared: the prediction in the clean run, if this is the one with parts off: its cells are then
            outlined as broken, fixed or still wrong.
        note: beside the title, or inside an empty frame; left out, whether a prediction is right.
        forced: cells that were given a colour before the model drew on: each carries a pin.
        answer: whether these are cells of the answer, which a click chooses. A prediction's always are.
        marked: the cells that differ from the counterfactual's; of grids that are no prediction.
        looked: the cell that a head looks at, if it is one of this grid.
    """

    title: str
    cells: Integer[np.ndarray, " 100"] | None
    truth: Integer[np.ndarray, " 100"] | None = None
    probabilities: Float[np.ndarray, "100 15"] | None = None
    opens: str = ""
    compared: Integer[np.ndarray, " 100"] | None = None
    note: str | None = None
    answer: bool = False
    forced: tuple[int, ...] = ()
    marked: Bool[np.ndarray, " 100"] | None = None
    looked: int | None = None

    @property
    def wrong(self) -> int:
        """How many cells differ from the truth."""
        return 0 if self.cells is None or self.truth is None else int((self.cells != self.truth).sum())

    @cached_property
    def kinds(self) -> list[tuple[int, str]]:
        """The cells to outline, in reading order, and why."""
        seen = [(self.looked, LOOKED)] if self.looked is not None else []
        return sorted([*((cell, kind) for cell, kind in self._became if cell != self.looked), *seen])

    @property
    def _became(self) -> list[tuple[int, str]]:
        """The cells that became something else than they should, and what."""
        if self.cells is None or self.truth is None:
            marked = [] if self.marked is None else np.flatnonzero(self.marked).tolist()
            return [(cell, DIFFERS) for cell in marked]
        kinds = outcomes(self.cells, self.truth, self.compared).tolist()
        return [(cell, kind) for cell, kind in enumerate(kinds) if kind]

    def data(self) -> dict[str, Any]:
        """The panel as the browser gets it."""
        predicted = self.cells is not None and self.truth is not None
        data: dict[str, Any] = {
            "title": self.title,
            "cells": [] if self.cells is None else self.cells.tolist(),
            "opens": self.opens,
            "note": self._note(predicted),
            "choosable": self.cells is not None and (self.answer or predicted),
            "wrong": self.wrong,
            "kinds": self.kinds,
            "forced": list(self.forced),
        }
        if self.cells is not None and self.truth is not None:
            data["truth"] = self.truth.tolist()
            data["first"] = int((self.cells != self.truth).argmax()) if self.wrong else None
        if self.probabilities is not None:
            best = np.argsort(-self.probabilities, axis=1)[:, :TOP]
            data["best"] = best.tolist()
            data["chance"] = outputs.plain(
                np.take_along_axis(self.probabilities, best, axis=1).astype(float).round(4)
            )
        return data

    def _note(self, predicted: bool) -> str:
        if self.note is not None or not predicted:
            return self.note or ""
        return told(self.wrong)


def show(
    panels: Sequence[Panel],
    *,
    key: str,
    look: Look = PLAIN,
    cell: int | None = None,
    figure: str = "answer",
    summary: str = "",
    on_cell: Callable[[int], None] | None = None,
) -> None:
    """Draw the panels in one row; pointing at a cell tells its place, colour and the likeliest predictions.

    Args:
        cell: the answer cell (0..99, row by row) that is chosen, ringed in every panel that shows the answer.
        figure: its name among the figures of the page; a button opens the export there.
        summary: what became of the answer, in a sentence; with one, the answers stay in sight, small, when
            the strip is scrolled away.
        on_cell: called, before the page runs again, with the answer cell that was clicked.
    """
    _strip(
        key=key,
        data=_data(panels, look, cell, summary),
        on_exported_change=partial(asking.ask, figure),
        on_cell_change=partial(report_cell, key, on_cell),
    )


def report_cell(key: str, on_cell: Callable[[int], None] | None) -> None:
    """Pass on the answer cell that a browser sent for a component. It is only a claim: anything but a cell is
    passed over."""
    chosen = said(key, "cell")
    if on_cell is not None and type(chosen) is int and 0 <= chosen < CELLS:
        on_cell(chosen)


def _data(panels: Sequence[Panel], look: Look, cell: int | None, summary: str = "") -> dict[str, Any]:
    return {
        "panels": [panel.data() for panel in panels],
        "legend": _legend(panels),
        "cell": cell,
        "summary": summary,
        **painting(look),
    }


def painting(look: Look) -> dict[str, Any]:
    """What a browser needs to paint cells and to name them."""
    colors = PALETTES[look.palette]
    return {
        "colors": list(colors),
        "inks": [ink(color) for color in colors],
        "names": [color.name for color in COLORS] + [f"marker {name}" for name in TOKEN_NAMES[len(COLORS) :]],
        "short": list(TOKEN_NAMES),
        "digits": look.digits,
    }


def _legend(panels: Sequence[Panel]) -> list[tuple[str, int]]:
    """The kinds that occur and how often. Of what a head looks at there is one: 0 here. Beside a comparison,
    how many are plainly wrong is told by their panel's note: 0 too."""
    count = Counter(kind for panel in panels for _, kind in panel.kinds)
    found = [(kind, count[kind]) for kind in (WRONG, BROKEN, FIXED, BOTH, DIFFERS, LOOKED) if count[kind]]
    plain = {LOOKED}
    if any(panel.cells is not None and panel.compared is not None for panel in panels):
        plain.add(WRONG)
    return [(kind, 0 if kind in plain else n) for kind, n in found]
