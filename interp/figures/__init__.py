"""Plotly figures of the analyses' results, and grids as SVG."""

from interp.figures.answer_cell import cell_flows, cell_predictions
from interp.figures.attribution import attribution_bars, attribution_map, part_map
from interp.figures.composition import head_matrix, weights_board, weights_ranking
from interp.figures.grids import grid_svg
from interp.figures.heads import scatter_figure, spectrum_figure
from interp.figures.patching import effect_cells, gap_cells, head_patch_map, patch_map
from interp.figures.paths import effects_board, effects_ranking, views_scatter
from interp.figures.rankings import rankings_map
from interp.figures.studies import spread_bars, study_map
from interp.figures.sweep import board_map, head_map, layer_chart, task_map
from interp.figures.synergy import synergy_map
from interp.figures.why import (
    concordance_curve,
    moments_chart,
    phase_points,
    score_bars,
    score_matrix,
    share_bars,
    shift_map,
)

__all__ = [
    "attribution_bars",
    "attribution_map",
    "board_map",
    "cell_flows",
    "cell_predictions",
    "concordance_curve",
    "effect_cells",
    "effects_board",
    "effects_ranking",
    "gap_cells",
    "grid_svg",
    "head_map",
    "head_matrix",
    "head_patch_map",
    "layer_chart",
    "moments_chart",
    "part_map",
    "patch_map",
    "phase_points",
    "rankings_map",
    "scatter_figure",
    "score_bars",
    "score_matrix",
    "share_bars",
    "shift_map",
    "spectrum_figure",
    "spread_bars",
    "study_map",
    "synergy_map",
    "task_map",
    "views_scatter",
    "weights_board",
    "weights_ranking",
]
