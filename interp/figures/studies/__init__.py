"""Studies of whole data sets: components by task, and effects over puzzles."""

from interp.figures.studies.maps import study_map
from interp.figures.studies.spread import spread_bars

__all__ = ["spread_bars", "study_map"]
