"""Gates that are open, shut or in between, at random, and whose distribution can be learned: hard concrete
(Louizos, Welling and Kingma, 2018, "Learning Sparse Neural Networks through L0 Regularization", section 4.1,
with its constants)."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

BETA = 2 / 3
"""Temperature: the lower, the more often a gate is quite open or quite shut."""
LOW, HIGH = -0.1, 1.1
"""The interval onto which what is between 0 and 1 is stretched; what lies beyond 0 and 1 is cut off, so that
gates are exactly 0 or 1 with some probability."""
_SHIFT = BETA * math.log(-LOW / HIGH)

LogOdds = Float[Tensor, "reader writer"]


def drawn(
    log_odds: LogOdds, possible: Bool[Tensor, "reader writer"], rng: torch.Generator
) -> Float[Tensor, "reader writer"]:
    """A gate for every edge, 0 to 1, drawn at random; differentiable in the log-odds. 0 where there is no
    edge."""
    u = torch.rand(log_odds.shape, generator=rng).clamp_(1e-6, 1 - 1e-6).to(log_odds.device)
    between = torch.sigmoid((torch.logit(u) + log_odds) / BETA)
    return (between * (HIGH - LOW) + LOW).clamp(0, 1) * possible


def open_chance(log_odds: LogOdds) -> Float[Tensor, "reader writer"]:
    """The probability that each gate is not quite shut."""
    return torch.sigmoid(log_odds - _SHIFT)
