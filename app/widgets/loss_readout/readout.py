"""The loss in its four cuts, the cells that break and mend, and the verdict, each before → after."""

import math
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.widgets.browser.scripts import ELEMENT, joined
from app.widgets.puzzle_strip import Changes
from interp.engine.predict import AnswerLoss, Metric, Prediction
from interp.outputs import NOT_FINITE

HERE = Path(__file__).parent

LABELS: dict[Metric, str] = {
    "final": "Final-grid loss",
    "cells": "Answer cells",
    "copied": "Copied cells",
    "changed": "Changed cells",
}
HELP: dict[Metric, str] = {
    "final": "Mean cross-entropy, in nats, over the answer's marker and its 100 cells, each given the true"
    " ones before it.",
    "cells": "Mean cross-entropy, in nats, over the answer's 100 cells.",
    "copied": "The loss on the cells that equal the third grid: there the model need only copy.",
    "changed": "The loss on the cells that differ from the third grid: there the model does something.",
}
LONGEST_RATIO = 1e7
"""From here on a ratio is written with a power of ten."""
CELLS_HELP = (
    "Cells that are right with nothing off and wrong now; wrong with nothing off and right now; wrong in"
    " both."
)
VERDICT_HELP = "Whether greedy decoding draws all 100 cells right."

SCRIPT = joined(ELEMENT, HERE / "readout.js")
_readout = st.components.v2.component("loss_readout", css=(HERE / "readout.css").read_text(), js=SCRIPT)


@dataclass(frozen=True)
class Item:
    """One entry of the line.

    Attributes:
        label: above it.
        before, after: with nothing off, and now; nothing is off where ``after`` is empty.
        note: behind them, such as how many times as much.
        help: shown on hover and on focus.
        worse: whether what is ``after`` is worth marking.
    """

    label: str
    before: str
    after: str
    note: str
    help: str
    worse: bool = False

    @property
    def spoken(self) -> str:
        """For a screen reader."""
        change = f"from {self.before} to {self.after}" if self.after else self.before
        return f"{self.label}: {change}{f', {self.note}' if self.note else ''}. {self.help}"

    def data(self) -> dict[str, str | bool]:
        return {**self.__dict__, "spoken": self.spoken}


def show(clean: Prediction, ablated: Prediction | None, cells: Changes | None = None) -> None:
    """Draw the line.

    Args:
        clean: the prediction with nothing off.
        ablated: that with parts off, if any are.
        cells: what happened to the answer's cells, if parts are off.
    """
    _readout(
        key="loss-readout",
        data={"items": [item.data() for item in items(clean, ablated, cells)]},
    )


def items(clean: Prediction, ablated: Prediction | None, cells: Changes | None = None) -> list[Item]:
    """The entries of the line: always the same ones, so that nothing moves."""
    losses = [
        _loss(cut, clean.loss.mean(cut), None if ablated is None else ablated.loss.mean(cut))
        if has_cells(clean.loss, cut)
        else Item(LABELS[cut], "no such cell", "", "", HELP[cut])
        for cut in LABELS
    ]
    counts = f"{cells.broken} / {cells.fixed} / {cells.both}" if cells is not None else "–"
    verdict = Item(
        "Greedy answer",
        _verdict(clean),
        _verdict(ablated) if ablated is not None else "",
        "",
        VERDICT_HELP,
        worse=ablated is not None and bool(clean.solved[0] and not ablated.solved[0]),
    )
    return [*losses, Item("Cells broken / fixed / wrong in both", counts, "", "", CELLS_HELP), verdict]


def has_cells(loss: AnswerLoss, cut: Metric) -> bool:
    """Whether there is a cell in this cut of the answer."""
    return {"copied": bool(loss.copied.any()), "changed": not loss.copied.all()}.get(cut, True)


def _loss(cut: Metric, before: float, after: float | None) -> Item:
    if after is None:
        return Item(LABELS[cut], scientific(before), "", "", HELP[cut])
    return Item(
        LABELS[cut],
        scientific(before),
        scientific(after),
        times(before, after),
        HELP[cut],
        worse=scientific(after) != scientific(before) and (after > before or not math.isfinite(after)),
    )


def scientific(number: float, decimals: int = 1) -> str:
    """A few digits and the power of ten: 1.8e-5."""
    if not math.isfinite(number):
        return NOT_FINITE
    if number == 0:
        return "0"
    digits, exponent = f"{number:.{decimals}e}".split("e")
    return f"{digits}e{int(exponent)}"


def times(before: float, after: float) -> str:
    """How many times as much it became, in two digits: 27,000 ×; nothing where there is no such ratio."""
    if not (math.isfinite(before) and math.isfinite(after)) or before <= 0 or after <= 0:
        return ""
    ratio = after / before
    if ratio >= LONGEST_RATIO:
        return f"{scientific(ratio)} ×"
    digits = max(1 - math.floor(math.log10(ratio)), -15)
    return f"{round(ratio, digits):,.{max(digits, 0)}f} ×" if ratio >= 0.001 else "< 0.001 ×"


def _verdict(prediction: Prediction) -> str:
    return "solved" if bool(prediction.solved[0]) else "wrong"
