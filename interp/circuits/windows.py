"""The positions of a pair's runs that matter, and attention at these.

Before the first position at which two prompts differ, every run that mixes theirs has the same stream, keys
and values: later positions look at them, and nothing there is computed again. After the last cell that a
metric looks at, nothing is read; and of the last layer only what predicts these cells.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.engine.contrast import Contrast
from interp.engine.forward import Weights, attend_sharing, flash_for
from interp.engine.products import product
from interp.grids import CELLS
from interp.model import LAYER_NORM_EPS, LayerNorm
from interp.tokens import ANSWER_START

Early = tuple[Float[Tensor, "head early d_qk"], Float[Tensor, "head early d_head"]]
"""A layer's keys and values before the window."""


@dataclass(frozen=True, eq=False)
class Window:
    """Positions from ``start`` to before ``stop``.

    Attributes:
        asked: those that predict the cells that are asked for, counted from ``start``.
    """

    start: int
    stop: int
    asked: Int[Tensor, " cell"]

    @classmethod
    def of(cls, start: int, device: torch.device, cells: Int[np.ndarray, " cell"] | None = None) -> "Window":
        """From a position on, up to the last of some cells of the answer: by default all 100."""
        cells = np.arange(CELLS) if cells is None else cells
        asked = torch.from_numpy(cells + ANSWER_START - start).to(device)
        return cls(start, ANSWER_START + int(cells[-1]) + 1, asked)

    @property
    def all(self) -> slice:
        return slice(self.start, self.stop)

    def __len__(self) -> int:
        return self.stop - self.start


def first_difference(one: Float[Tensor, "pos d_model"], other: Float[Tensor, "pos d_model"]) -> int:
    """The first position at which two runs are given something else, from what is embedded; at the latest
    where the answer begins."""
    differs = (one != other).any(-1)[:ANSWER_START].nonzero()
    return int(differs[0]) if len(differs) else ANSWER_START


@dataclass(frozen=True, eq=False)
class Toward:
    """The metric of a pair as a direction for each contrast cell: it is linear in the stream that is
    unembedded.

    Attributes:
        directions: what the stream is multiplied by; the mean over cells is in them.
        constant: what is added.
    """

    directions: Float[Tensor, "cell d_model"]
    constant: float

    @classmethod
    def of(cls, weights: Weights, contrast: Contrast) -> "Toward":
        unembed = weights.model.unembed
        own, other = (torch.from_numpy(one).to(unembed.W_U.device) for one in (contrast.own, contrast.other))
        directions = (unembed.W_U[:, own] - unembed.W_U[:, other]).T / len(own)
        return cls(directions.contiguous(), float((unembed.b_U[own] - unembed.b_U[other]).mean()))

    def __call__(self, stream: Float[Tensor, "*row cell d_model"]) -> Float[Tensor, "*row"]:
        """The metric of runs, from their streams at the contrast cells after the last layer."""
        return (stream * self.directions).flatten(-2).sum(-1) + self.constant


# ---- reading -----------------------------------------------------------------------------------------------


def normalized(norm: LayerNorm, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
    """What a reader's LayerNorm makes of its input."""
    return F.layer_norm(x, norm.w.shape, norm.w, norm.b, LAYER_NORM_EPS)


def by_head(x: Float[Tensor, "*row pos width"], n_heads: int) -> Float[Tensor, "*row head pos d"]:
    return x.unflatten(-1, (n_heads, -1)).transpose(-2, -3)


def queries_keys_values(
    weights: Weights, layer: int, x: Float[Tensor, "*row pos d_model"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Of all heads of a layer, ``[*row, head, pos, d]``, from what its LayerNorm hands on."""
    own, n_heads = weights.layers[layer], weights.cfg.n_heads
    q, k, v = (by_head(product(x, one.W), n_heads) for one in (own.q, own.k, own.v))
    return q, k, v


# ---- attention ---------------------------------------------------------------------------------------------


def attend(
    q: Float[Tensor, "row head query d_qk"],
    k: Float[Tensor, "row head pos d_qk"],
    v: Float[Tensor, "row head pos d_head"],
    early: Early,
    scale: float,
    asked: Int[Tensor, " query"] | None = None,
) -> tuple[Float[Tensor, "row head query d_head"], Float[Tensor, "row head query"]]:
    """What heads move to a window's positions, and the logarithm of each query's sum of exponentials.

    Args:
        early: keys and values before the window, the same for every row.
        asked: where the queries stand; at every position of the window by default.
    """
    flash = flash_for(q, k) if asked is None else None
    if flash is not None:
        if not early[0].shape[1]:
            return flash(q, k, v, 0.0, True, scale=scale)
        return attend_sharing(flash, q, k, v, early[0][None], early[1][None], scale)
    scores = scores_of(q, k, early[0], scale, asked)
    sums = scores.logsumexp(-1)
    pattern = scores.sub_(sums[..., None]).exp_()
    start = early[0].shape[1]
    return pattern[..., :start] @ early[1] + pattern[..., start:] @ v, sums


def scores_of(
    q: Float[Tensor, "*#batch query d_qk"],
    k: Float[Tensor, "*#batch pos d_qk"],
    early: Float[Tensor, "*#batch early d_qk"],
    scale: float,
    asked: Int[Tensor, " query"] | None = None,
) -> Float[Tensor, "*batch query key"]:
    """What the softmax is taken of: over the keys before the window, and in it up to each query's place."""
    late = (q @ k.transpose(-1, -2)).mul_(scale)
    late = late.masked_fill_(_later(k.shape[-2], asked, q.device), -torch.inf)
    first = (q @ early.transpose(-1, -2)).mul_(scale)
    return torch.cat([first.expand(*late.shape[:-1], -1), late], -1)


def attend_back(
    gradient: Float[Tensor, "row head query d_head"],
    q: Float[Tensor, "row head query d_qk"],
    k: Float[Tensor, "row head pos d_qk"],
    v: Float[Tensor, "row head pos d_head"],
    early: Early,
    done: tuple[Float[Tensor, "row head query d_head"], Float[Tensor, "row head query"]],
    scale: float,
    asked: Int[Tensor, " query"] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradient at what heads move taken back to the window's queries, keys and values: that of each part
    of the softmax, from the sums over all of it (Dao et al., 2022, "FlashAttention", appendix B.2).

    Args:
        done: what :func:`attend` returned.
    """
    z, sums = done
    along = (gradient * z).sum(-1, keepdim=True)
    if asked is None and flash_for(q, k) is not None:
        back = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
        at_q, at_k, at_v = back(gradient, q, k, v, z, sums, 0.0, True, scale=scale)
    else:
        hidden = _later(k.shape[2], asked, q.device)
        pattern, at_scores = _scores_back(gradient, q, k, v, sums, along, scale, hidden)
        at_q, at_k = at_scores @ k, at_scores.transpose(-1, -2) @ q
        at_v = pattern.transpose(-1, -2) @ gradient
    if early[0].shape[1]:
        _, at_scores = _scores_back(gradient, q, *early, sums, along, scale)
        at_q = at_q + at_scores @ early[0]
    return at_q, at_k, at_v


def _scores_back(
    gradient: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    sums: Tensor,
    along: Tensor,
    scale: float,
    hidden: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The pattern over some keys, and the gradient at its scores before they are scaled."""
    pattern = (q @ k.transpose(-1, -2)).mul_(scale).sub_(sums[..., None]).exp_()
    if hidden is not None:
        pattern.masked_fill_(hidden, 0)
    at_scores = (gradient @ v.transpose(-1, -2)).sub_(along).mul_(pattern).mul_(scale)
    return pattern, at_scores


def _later(n: int, asked: Int[Tensor, " query"] | None, device: torch.device) -> Bool[Tensor, "query key"]:
    """Which keys come after each query."""
    places = torch.arange(n, device=device)
    return places > (places if asked is None else asked)[:, None]
