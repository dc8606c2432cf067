"""Every chart of the library, drawn from results made by hand, by the name of the function that draws it."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go

from interp import figures
from interp.ablation import MEAN, ZERO, Component
from interp.analyses.ablation_sweep import SweepPart, SweepState
from interp.analyses.by_method.rankings import rankings
from interp.analyses.composition import composition
from interp.analyses.head_study import HeadStudy, study_heads
from interp.analyses.synergy import SynergyState
from interp.circuits.cells import cell_effects, cell_graph
from interp.figures.why.parts import Part
from interp.puzzles import Puzzle, load_puzzles
from interp.studies.questions.tables import Distribution, Effect, Mean
from interp.why.split import Share
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.results import SOURCE, attribution, patched, paths
from tests.support.rows import attn, cells, losses, row

CLEAN = row(None, 0.02)
ROWS = [attn(0, 0.2), attn(1, 3.0, "00"), attn(2, 0.01, "11")]
ROWS += [row(Component(layer, "head", head), 0.02 * 3**head) for layer in range(3) for head in range(4)]
OFF = [Component(2, "attn"), Component(1, "head", 1)]


def sweep() -> SweepState:
    """Two puzzles: layer 0 costs most, layer 1 helps."""
    state = SweepState([Component(layer, "attn") for layer in range(3)], 2)
    for number, loss in enumerate((0.02, 3.0, 0.001, 0.02)):
        state.add(SweepPart(number, 0, losses(loss, 2), cells([True, loss < 1])))
    return state


def first_puzzle() -> Puzzle:
    return load_puzzles("bank")[0]


def study() -> HeadStudy:
    return study_heads(small_model(), six_puzzles()[:1])


def _scatter() -> go.Figure:
    names = [f"L{layer}.H{head}" for layer in range(3) for head in range(4)]
    across, up = ({name: (k * step % 7) / 7 for k, name in enumerate(names)} for step in (2, 3))
    costs = {name: k / 6 - 1 for k, name in enumerate(names[:-1])}
    return figures.scatter_figure((across, up), ("previous token", "cell above"), costs, costs, "L1.H1")


def _pairs() -> SynergyState:
    """Of three heads, one puzzle: two replace one another."""
    heads = [Component(0, "head", 1), Component(1, "head", 1), Component(1, "head", 2)]
    state = SynergyState(heads, 1)
    for number, loss in enumerate((0.02, 0.03, 0.02, 0.05, 2.0, 0.04, 0.05)):
        state.add(SweepPart(number, 0, losses(loss, 1), cells([loss < 1])))
    return state


def _score() -> tuple[list[Part], list[Part], np.ndarray]:
    """Twelve parts on each side, whose terms fall off and change their sign."""
    parts = [Part(f"L{k // 4}.H{k % 4}", kind) for k in range(6) for kind in ("position", "content")]
    return parts, parts, np.outer(0.7 ** np.arange(12), (-0.8) ** np.arange(12)) * 9


def _phases() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of a head that looks 37 back, but for one sinusoid."""
    frequencies = 1e5 ** -(np.arange(16) / 16)
    return frequencies, 37 * frequencies + (np.arange(16) == 9), 0.9 ** np.arange(16)


def _shifted() -> go.Figure:
    shifts, places = np.arange(-5, 6), np.arange(-8, 9)
    attention = (shifts[:, None] == places) * 0.9
    return figures.shift_map(shifts, places, attention, "L1.H5: the query is moved")


def _effects() -> list[Effect]:
    """Of two components on a task, and all together."""
    return [
        Effect(task, part, Mean(9, mean, mean - 0.01, mean + 0.01), 0.0, mean, 2 * mean, 3, 0)
        for task in ("", "frame")
        for part, mean in (("L0.attn", -0.02), ("L1.attn", 0.7))
    ]


def _readings() -> tuple:
    return composition(small_model()).readings(SOURCE)


CHARTS: dict[str, Callable[[], go.Figure]] = {
    "attribution_bars": lambda: figures.attribution_bars(attribution(), 7, marked="L1.H1"),
    "attribution_map": lambda: figures.attribution_map(attribution(), 7, marked="L1.H1"),
    "cell_flows": lambda: figures.cell_flows(cell_graph(small_model(), first_puzzle(), 37, neurons=6)),
    "cell_predictions": lambda: figures.cell_predictions(cell_effects(small_model(), first_puzzle(), 37)),
    "part_map": lambda: figures.part_map(attribution(), "L0.mlp", marked=7),
    "head_matrix": lambda: figures.head_matrix(composition(small_model()), "k", SMALL, SOURCE),
    "weights_board": lambda: figures.weights_board(_readings(), SOURCE, SMALL, OFF),
    "weights_ranking": lambda: figures.weights_ranking(_readings(), SOURCE),
    "effects_board": lambda: figures.effects_board(paths(), SMALL, "final", OFF),
    "effects_ranking": lambda: figures.effects_ranking(paths()),
    "views_scatter": lambda: figures.views_scatter(_readings(), paths()),
    "effect_cells": lambda: figures.effect_cells(patched(), "L0.attn_out", "X", 3),
    "gap_cells": lambda: figures.gap_cells(patched(), 3),
    "patch_map": lambda: figures.patch_map(patched(), 3),
    "head_patch_map": lambda: figures.head_patch_map(patched("z"), 3, "everywhere"),
    "scatter_figure": _scatter,
    "spectrum_figure": lambda: figures.spectrum_figure(study().spectrum[1, 1], "L1.H1"),
    "layer_chart": lambda: figures.layer_chart(ROWS, CLEAN, off=OFF),
    "board_map": lambda: figures.board_map([*ROWS, row(Component(1, "mlp"), 0.1)], CLEAN, off=OFF),
    "head_map": lambda: figures.head_map(ROWS, CLEAN, off=OFF),
    "synergy_map": lambda: figures.synergy_map(_pairs(), "cells", OFF),
    "study_map": lambda: figures.study_map(_effects(), "final", "L1.attn"),
    "spread_bars": lambda: figures.spread_bars(
        Distribution((-0.01, 0.0, 0.1), (-0.0063, 0.0, 0.158), (2, 5, 9), 0), "L1.attn"
    ),
    "rankings_map": lambda: figures.rankings_map(rankings({ZERO: sweep(), MEAN: sweep()}, "final")),
    "score_bars": lambda: figures.score_bars(*_score(), "L1.H5: the score of one key"),
    "score_matrix": lambda: figures.score_matrix(*_score()),
    "share_bars": lambda: figures.share_bars(
        {"direct": Share(0.93, 0.9, 0.97), "content": Share(-0.02, np.nan, np.nan)}, "L1.H5"
    ),
    "phase_points": lambda: figures.phase_points(*_phases(), 37, "L1.H5: how far each sinusoid is turned"),
    "moments_chart": lambda: figures.moments_chart(
        np.array([0, 16, 160, 1600]),
        {
            "L1.H1, 100 back": {
                "attention": np.array([0, 0, 0.1, 0.9]),
                "concordance": np.array([0, 0.1, 0.7, 0.8]),
            },
            "L3.H3, 1 back": {
                "attention": np.array([0, 0, 0, 0.5]),
                "concordance": np.array([0, -0.1, 0.2, 0.9]),
            },
        },
        0.25,
        "Heads over a training",
    ),
    "concordance_curve": lambda: figures.concordance_curve(
        np.arange(405), np.cos(np.arange(405) - 37) * 0.9, 0.3, "L1.H5: which offset fits"
    ),
    "shift_map": _shifted,
    "task_map": lambda: figures.task_map({"contact": sweep(), "frame": sweep()}, "final", OFF),
}
