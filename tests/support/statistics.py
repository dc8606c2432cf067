"""Chi-square tests in a few lines of numpy, for tests that compare random draws."""

import math

import numpy as np


def chi_square_p(counts: np.ndarray, weights: np.ndarray) -> float:
    """How likely counts at least as odd as these are if outcomes are as probable as their weights say."""
    expected = weights / weights.sum() * counts.sum()
    return _p(float(((counts - expected) ** 2 / expected).sum()), len(counts) - 1)


def same_distribution_p(one: np.ndarray, other: np.ndarray) -> float:
    """How likely two rows of counts at least as different as these are if both are draws from one
    distribution."""
    table = np.stack([one, other]).astype(float)
    table = table[:, table.sum(0) > 0]
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    return _p(float(((table - expected) ** 2 / expected).sum()), table.shape[1] - 1)


def _p(chi2: float, freedom: int) -> float:
    """Of the chi-square distribution, by the cube root approximation of Wilson and Hilferty."""
    if freedom == 0:
        return 1.0
    spread = 2 / (9 * freedom)
    z = ((chi2 / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return math.erfc(z / math.sqrt(2)) / 2
