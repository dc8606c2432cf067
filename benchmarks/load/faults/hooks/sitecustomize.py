"""Read by Python at the start of a process whose path names this folder: one question of the dashboard's then
ends with an error while it is computed. Nothing of the dashboard knows of it."""

import os
from typing import Any

from interp.analyses.prediction import PredictionOf

BROKEN = os.environ["BENCH_BROKEN"]
"""What must not be ablated alone."""
_of_run = PredictionOf.of_run


def _fail(self: PredictionOf, *given: Any) -> Any:
    if self.ablation.text == BROKEN:
        raise RuntimeError("an error of the bench, on purpose")
    return _of_run(self, *given)


PredictionOf.of_run = _fail  # type: ignore[method-assign, assignment]
