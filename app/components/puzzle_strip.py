"""The puzzle strip: the four grids and what the model draws, side by side, with wrong cells outlined."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Float, Integer

from app.palette import CELL_COLORS
from interp.grids import COLORS
from interp.tokens import TOKEN_NAMES

HERE = Path(__file__).parent
TOP = 3

_strip = st.components.v2.component(
    "puzzle_strip",
    css=(HERE / "puzzle_strip.css").read_text(),
    js=(HERE / "puzzle_strip.js").read_text(),
)


@dataclass(frozen=True, eq=False)
class Panel:
    """One grid to draw.

    Attributes:
        title: above the grid.
        cells: 100 tokens, row by row.
        truth: what the cells should be, if they are a prediction; the others are outlined.
        probabilities: of all tokens at each cell, if they are a prediction.
        opens: the sign drawn before the grid: an arrow, a gap, or nothing.
    """

    title: str
    cells: Integer[np.ndarray, " 100"]
    truth: Integer[np.ndarray, " 100"] | None = None
    probabilities: Float[np.ndarray, "100 15"] | None = None
    opens: str = ""

    @property
    def wrong(self) -> int:
        """How many cells differ from the truth."""
        return 0 if self.truth is None else int((self.cells != self.truth).sum())

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"title": self.title, "cells": self.cells.tolist(), "opens": self.opens}
        if self.truth is not None:
            data["wrong"] = np.flatnonzero(self.cells != self.truth).tolist()
            data["note"] = "solved" if not self.wrong else f"{self.wrong} wrong"
        if self.probabilities is not None:
            best = np.argsort(-self.probabilities, axis=1)[:, :TOP]
            data["best"] = best.tolist()
            data["chance"] = np.take_along_axis(self.probabilities, best, axis=1).round(4).tolist()
        return data


def show(panels: list[Panel], *, key: str) -> None:
    """Draw the panels in one row; pointing at a cell tells its place, colour and the likeliest predictions."""
    names = [color.name for color in COLORS] + [
        f"{name} (a marker: invalid here)" for name in TOKEN_NAMES[len(COLORS) :]
    ]
    _strip(
        key=key,
        data={
            "panels": [panel.data() for panel in panels],
            "colors": list(CELL_COLORS),
            "names": names,
            "short": list(TOKEN_NAMES),
        },
    )
