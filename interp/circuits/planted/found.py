"""How well scores tell the edges of a planted circuit from all others."""

import numpy as np
from jaxtyping import Bool, Float

from interp.analyses.by_method.rankings import ranked


def auroc(scores: Float[np.ndarray, " edge"], truth: Bool[np.ndarray, " edge"]) -> float:
    """The area under the receiver operating characteristic: how often an edge of the truth has a higher score
    than one that is not, ties counting half (Conmy et al., 2023, "Towards Automated Circuit Discovery",
    section 4). nan if there are not both.

    >>> auroc(np.array([3.0, 0.0, 0.0, 1.0]), np.array([True, True, False, False]))
    0.625
    """
    n, others = int(truth.sum()), int((~truth).sum())
    if not n or not others:
        return float("nan")
    return float((ranked(scores)[truth].sum() - n * (n + 1) / 2) / (n * others))
