"""How a training went, as SVG pictures for a model's card: the loss curve, and the birth of the heads."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from interp.numbers import number
from interp.training.dynamics import NOTHING

LOSS_PICTURE, DYNAMICS_PICTURE = "loss.svg", "dynamics.svg"

QUIET, TEXT = "#b9c0ca", "#39424e"
HUES = ("#d6481e", "#2f77c9", "#2b9c72", "#8a58c4", "#c98a12", "#c2478f", "#5b7083", "#7a9a1e")
NAMED_HEADS = 4
"""How many heads are drawn in colour and named; the rest stay grey lines."""

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": TEXT,
    "axes.titlecolor": TEXT,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "svg.hashsalt": "puzzlescope",
}


def read_log(path: Path) -> pd.DataFrame:
    """A run's ``training_log.csv``."""
    return pd.read_csv(path)


def loss_picture(log: pd.DataFrame) -> str:
    """The loss curve of a run as SVG.

    Args:
        log: ``training_log.csv``: a row for a batch now and then, and one for each evaluation.
    """
    steps, evaluations = log[log.event == "step"], log[log.event == "evaluation"]
    with rc_context(STYLE):
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        axes = figure.add_subplot()
        losses = _with_logarithm(steps[["answer_loss"]]).answer_loss
        axes.plot(steps.puzzles, losses, color=QUIET, linewidth=0.8, label="one batch")
        smooth = losses.rolling(15, center=True, min_periods=1).median()
        axes.plot(steps.puzzles, smooth, color=HUES[0], label="median of 15 batches shown")
        _log_scale(axes, losses)
        axes.set(xlabel="puzzles seen", ylabel="loss on the answer, nats", title="Loss in training")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.legend(loc="upper center")
        if len(evaluations):
            solved = axes.twinx()
            solved.plot(evaluations.puzzles, 100 * evaluations.solved, "o-", color=HUES[1], markersize=4)
            solved.set(ylim=(0, 100))
            solved.set_ylabel("held-out puzzles solved, %", color=HUES[1])
            solved.spines["right"].set_visible(True)
        return _svg(figure)


def dynamics_picture(dynamics: pd.DataFrame) -> str:
    """The birth of the heads as SVG: per task, per head and per attention layer, against the puzzles seen.

    Args:
        dynamics: the table of :mod:`interp.training.dynamics`. The untrained model has no place on the log
            axis and is left out.
    """
    seen = dynamics[dynamics.puzzles > 0]
    with rc_context(STYLE):
        figure = Figure(figsize=(10.4, 8.6), layout="constrained")
        panels = figure.subplots(3, 2, sharex=True).flat
        _draw_parts(next(panels), _wide(seen, "loss"), "Loss on the answer, by task (nats)", log=True)
        _draw_parts(next(panels), 100 * _wide(seen, "solved"), "Puzzles solved, by task (%)", legend=False)
        _draw_heads(next(panels), _wide(seen, "lookback_1"), "Attention 1 back: the previous token")
        _draw_heads(next(panels), _wide(seen, "lookback_100"), "Attention 100 back: the cell to copy")
        off = _wide(seen, "loss_off")
        _draw_parts(next(panels), off, "Loss with one attention layer off (nats)", log=True, baseline=NOTHING)
        ratio = off.drop(columns=NOTHING, errors="ignore").div(off[NOTHING], axis=0)
        _draw_parts(next(panels), ratio, "… as a multiple of the loss with none off", log=True, legend=False)
        for axes in figure.axes[-2:]:
            axes.set(xscale="log", xlabel="puzzles seen")
        return _svg(figure)


def _wide(dynamics: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One column a part, one row a moment, parts in the order in which they were measured."""
    chosen = dynamics[dynamics.measure == measure]
    return chosen.pivot(index="puzzles", columns="part", values="value")[list(dict.fromkeys(chosen.part))]


def _draw_parts(
    axes: Axes, wide: pd.DataFrame, title: str, *, log: bool = False, legend: bool = True, baseline: str = ""
) -> None:
    hues = _hues(part for part in wide if part != baseline)
    wide = _with_logarithm(wide) if log else wide
    for part in wide:
        if part == baseline:
            axes.plot(wide.index, wide[part], color=TEXT, linestyle=":", linewidth=2, label=f"{part} off")
        else:
            axes.plot(wide.index, wide[part], color=hues[part], label=part)
    axes.set(title=title)
    if log:
        _log_scale(axes, wide)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    if legend:
        axes.legend(ncols=2, loc="lower left")


def _with_logarithm(values: pd.DataFrame) -> pd.DataFrame:
    """Those that a log axis has a place for: a loss of exactly 0 has none, nor has one that is not finite."""
    return values.where((values > 0) & np.isfinite(values))


def _log_scale(axes: Axes, values: "pd.DataFrame | pd.Series[float]") -> None:
    """A log axis, if there is anything to be put on it; a word, if there is not."""
    if values.notna().to_numpy().any():
        axes.set_yscale("log")
        return
    axes.text(0.5, 0.5, "no number above 0 here", transform=axes.transAxes, ha="center", color=TEXT)


def _draw_heads(axes: Axes, wide: pd.DataFrame, title: str) -> None:
    named = list(wide.iloc[-1].sort_values(ascending=False).index[:NAMED_HEADS])
    hues = _hues(named)
    for part in [*(part for part in wide if part not in named), *reversed(named)]:
        axes.plot(
            wide.index, wide[part], color=hues.get(part, QUIET), linewidth=1.8 if part in named else 0.6
        )
    for part in named:
        axes.plot([], [], color=hues[part], label=f"{part}, {number(wide[part].iloc[-1], '.2f')} at the end")
    axes.set(title=title, ylim=(0, 1))
    axes.legend(loc="upper left")


def _hues(parts: Iterable[str]) -> dict[str, str]:
    """A colour for each part; beyond eight they begin again."""
    return {part: HUES[k % len(HUES)] for k, part in enumerate(parts)}


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    return file.getvalue()
