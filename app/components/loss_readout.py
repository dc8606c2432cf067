"""Loss before and after, in its four cuts, and whether the puzzle is solved."""

import math

import streamlit as st

from interp.predict import Metric, Prediction

CUTS: dict[Metric, str] = {
    "final": "Final-grid loss",
    "cells": "Answer cells",
    "copied": "Copied cells",
    "changed": "Changed cells",
}
HELP: dict[Metric, str] = {
    "final": "Mean cross-entropy, in nats, over the answer's marker and its 100 cells, each given the true ones before it.",
    "cells": "The same over the 100 cells only.",
    "copied": "Over the cells that equal the third grid: there the model need only copy.",
    "changed": "Over the cells that differ from the third grid: there the model does something.",
}


def show(clean: Prediction, ablated: Prediction | None) -> None:
    """Draw one number a cut: the loss now, and how many times the clean loss it is."""
    columns = st.columns(len(CUTS) + 1)
    for column, (cut, label) in zip(columns, CUTS.items(), strict=False):
        before = clean.loss.mean(cut)
        after = ablated.loss.mean(cut) if ablated is not None else None
        with column:
            _number(label, before, after, HELP[cut])
    with columns[-1]:
        now = ablated if ablated is not None else clean
        note = f"with nothing off: {_verdict(clean)}" if ablated is not None else None
        st.metric("Greedy answer", _verdict(now), note, delta_color="off", delta_arrow="off")


def _number(label: str, before: float, after: float | None, explanation: str) -> None:
    if math.isnan(before):
        st.metric(label, "no such cell", help=explanation)
    elif after is None:
        st.metric(label, f"{before:.2e}", help=explanation)
    else:
        change = f"{before:.2e} with nothing off"
        st.metric(label, f"{after:.2e}", change, delta_color="off", delta_arrow="off", help=explanation)


def _verdict(prediction: Prediction) -> str:
    return "solved" if bool(prediction.solved[0]) else "wrong"
