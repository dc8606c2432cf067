"""Why a head looks where it looks, as charts."""

from interp.figures.why.phase import concordance_curve, phase_points
from interp.figures.why.score import score_bars, score_matrix
from interp.figures.why.shares import share_bars
from interp.figures.why.shift import shift_map
from interp.figures.why.training import moments_chart

__all__ = [
    "concordance_curve",
    "moments_chart",
    "phase_points",
    "score_bars",
    "score_matrix",
    "share_bars",
    "shift_map",
]
