"""The loss in its four cuts, clean → ablated."""

import math
from dataclasses import dataclass
from pathlib import Path

from app.widgets.browser.scripts import ELEMENT, component, joined
from interp.engine.answers import AnswerLoss, Prediction
from interp.engine.measures import MEASURES, METRICS, Metric
from interp.numbers import has_ratio, short, times

HERE = Path(__file__).parent

LABELS: dict[Metric, str] = {
    "final": "Loss (nats)",
    "cells": "cells",
    "copied": "copied",
    "changed": "changed",
}
"""The first is of all the answer's tokens; the others follow it in one line."""

SCRIPT = joined(ELEMENT, HERE / "readout.js")
_readout = component("loss_readout", css=(HERE / "readout.css").read_text(), js=SCRIPT)


@dataclass(frozen=True)
class Item:
    """One entry of the line.

    Attributes:
        label: above it.
        before, after: in the clean run, and now; nothing is ablated where ``after`` is empty.
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


def show(
    clean: Prediction,
    ablated: Prediction | None,
    *,
    key: str = "loss-readout",
    what: str = "Loss",
    runs: str = "in the clean run and now",
) -> None:
    """Draw the line.

    Args:
        clean: the prediction in the clean run, or in another that is compared with.
        ablated: that under an ablation, if there is one.
        what: the label's first word or words.
        runs: of which runs the numbers are, for a screen reader.
    """
    found = [item.data() for item in items(clean, ablated, what)]
    _readout(key=key, data={"items": found, "label": f"{what} in nats, {runs}"})


def items(clean: Prediction, ablated: Prediction | None, what: str = "Loss") -> list[Item]:
    """The entries of the line: always the same ones, so that nothing moves."""
    labels = {**LABELS, "final": f"{what} (nats)"}
    return [
        _loss(cut, labels[cut], clean.loss.mean(cut), None if ablated is None else ablated.loss.mean(cut))
        if has_cells(clean.loss, cut)
        else Item(labels[cut], "no such cell", "", "", MEASURES[cut].help)
        for cut in METRICS
    ]


def has_cells(loss: AnswerLoss, cut: Metric) -> bool:
    """Whether there is a cell in this cut of the answer."""
    return {"copied": bool(loss.copied.any()), "changed": not loss.copied.all()}.get(cut, True)


def _loss(cut: Metric, label: str, before: float, after: float | None) -> Item:
    if after is None:
        return Item(label, short(before), "", "", MEASURES[cut].help)
    return Item(
        label,
        short(before),
        short(after),
        _times(before, after),
        MEASURES[cut].help,
        worse=short(after) != short(before) and (after > before or not math.isfinite(after)),
    )


def _times(before: float, after: float) -> str:
    """How many times as much it became: 27,000 ×; nothing where there is no such ratio."""
    return f"{times(after / before)} ×" if has_ratio(after, before) and after > 0 else ""
