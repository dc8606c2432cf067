"""What goes to a browser."""

import math
from typing import Any

import numpy as np


def sendable(data: Any) -> Any:
    """The same with ``None`` for every number that is not finite, which JSON cannot hold: a browser could not read any of it."""
    if isinstance(data, dict):
        return {name: sendable(one) for name, one in data.items()}
    if isinstance(data, list | tuple):
        return [sendable(one) for one in data]
    if isinstance(data, float | np.floating):
        return float(data) if math.isfinite(data) else None
    return data


def finite(array: np.ndarray) -> np.ndarray:
    """The same with 0 for every number that is not finite: where a browser draws numbers, there is then nothing."""
    return np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
