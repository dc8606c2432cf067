"""The phase test: what the weights of a head alone say of how far back it looks.

A head's score of query position ``p`` and key position ``j`` holds, of the sinusoids that both sides have in
their streams, ``PE(p)^T A PE(j)`` over the two scales of the LayerNorms, with

    A = C diag(w) W_Q W_K^T diag(w) C / sqrt(d_qk)

(``C`` removes the mean over d_model, ``w`` is the LayerNorm's scale). Rows and columns ``(2i, 2i + 1)`` are
the sine and cosine of one frequency ``omega_i``, and their 2 x 2 block ``((m11, m12), (m21, m22))`` gives

    R_i cos(omega_i (p - j) - theta_i)  +  B_i cos(omega_i (p + j) - phi_i)
    R_i = sqrt((m11 + m22)^2 + (m12 - m21)^2) / 2,   theta_i = atan2(m12 - m21, m11 + m22)
    B_i = sqrt((m22 - m11)^2 + (m12 + m21)^2) / 2

a *relative* part, which knows only how far back the key is, and an *absolute* one. A head that looks ``n``
back by this alone has ``theta_i = n omega_i`` (mod 2 pi) wherever ``R_i`` is large: its **concordance**

    c(n) = sum_i R_i cos(theta_i - n omega_i) / sum_i R_i

is near 1 there. This is what positions say directly. In layer 0 there is no other way for them; in a higher
layer they may also come re-coded by what lies below, which :mod:`interp.why.split` weighs.

**Chance.** Over 405 offsets the peak of any matrix lies above 0. The null turns the queries' side and the
keys' side of A each by a random rotation, so that its singular values stay and its phases mean nothing.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from interp.ablation import Component
from interp.errors import PuzzlescopeError
from interp.model import Block, Config, PuzzleGPT
from interp.model.hooks import check_not_planted
from interp.model.network import POSITION_BASE, PosEmbed
from interp.tokens import N_CTX
from interp.why.interventions.one_head import check_head

Matrix = Float[np.ndarray, "d_model d_model"]


@dataclass(frozen=True, eq=False)
class Null:
    """Peaks of the concordance over random rotations of the same matrix.

    Attributes:
        peaks: of each draw the highest concordance over all offsets.
        observed: that of the head.
    """

    peaks: Float[np.ndarray, " draw"]
    observed: float

    @property
    def quantile(self) -> float:
        """The share of draws below the head's own, 0 to 1."""
        return float((self.peaks < self.observed).mean())

    @property
    def bound(self) -> float:
        """The concordance that 95 % of the draws stay below."""
        return float(np.quantile(self.peaks, 0.95))

    @property
    def p(self) -> float:
        """Of the test by permutation: (1 + draws that reach it) / (1 + draws)."""
        return float((1 + (self.peaks >= self.observed).sum()) / (1 + len(self.peaks)))


@dataclass(frozen=True, eq=False)
class Phase:
    """The phases of one head.

    Attributes:
        head: whose.
        frequency: ``omega_i``, radians a position, highest first.
        strength: ``R_i``, of the relative part.
        angle: ``theta_i``, radians, -pi to pi.
        absolute: ``B_i``, of the part in p + j.
        concordance: ``c(n)`` of every offset n = 0..404, -1 to 1; all 0 where the head has no relative part.
        kernel: mean over p >= n of ``PE(p)^T A PE(p - n)``, of every offset n: the whole matrix, with what
            lies between frequencies, before the division by the LayerNorms' scales.
        blocks: share of the square of A's norm that lies in the blocks, 0 to 1.
        null: the chance of such a peak, if asked for.
        applies: whether the model's positions are sinusoids. Of others, such as learned ones, no frequency is
            turned, so that strengths and concordance are 0; the kernel is of them all the same.
    """

    head: Component
    frequency: Float[np.ndarray, " frequency"]
    strength: Float[np.ndarray, " frequency"]
    angle: Float[np.ndarray, " frequency"]
    absolute: Float[np.ndarray, " frequency"]
    concordance: Float[np.ndarray, " offset"]
    kernel: Float[np.ndarray, " offset"]
    blocks: float
    null: Null | None = None
    applies: bool = True

    @cached_property
    def offset(self) -> int:
        """Where the concordance peaks: how far back the weights point."""
        return int(self.concordance.argmax())

    @property
    def peak(self) -> float:
        """The concordance there."""
        return float(self.concordance[self.offset])

    @property
    def width(self) -> int:
        """How many offsets in a row around the peak reach at least half of it."""
        low = high = self.offset
        half = self.peak / 2
        while low > 0 and self.concordance[low - 1] >= half:
            low -= 1
        while high < len(self.concordance) - 1 and self.concordance[high + 1] >= half:
            high += 1
        return high - low + 1

    @property
    def relative_share(self) -> float:
        """Of what the blocks hold, how much is relative: sum R^2 / (sum R^2 + sum B^2), 0 to 1."""
        relative, absolute = (float((one**2).sum()) for one in (self.strength, self.absolute))
        return relative / (relative + absolute) if relative + absolute else 0.0

    def summary(self) -> str:
        """Where the weights point, in a sentence."""
        if not self.applies:
            return (
                "The phase test does not apply: the positions of this model are no sinusoids. Its scores"
                " taken apart and the interventions do not depend on that."
            )
        if not self.strength.any():
            return f"The weights of {self.head.text} hold nothing that tells how far back a position is."
        chance = ""
        if self.null is not None:
            chance = f"; 95 % of random rotations stay below {self.null.bound:.2f}"
        return (
            f"The phases of {self.head.text} point {self.offset} back: concordance {self.peak:.2f}"
            f" ({self.width} offsets wide at half of it){chance}. Of what its blocks hold,"
            f" {self.relative_share:.0%} is relative."
        )

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a frequency."""
        columns = (self.frequency, self.strength, self.angle, self.absolute)
        return tuple(
            {
                "head": self.head.text,
                "frequency": float(frequency),
                "strength": float(strength),
                "angle": float(angle),
                "absolute": float(absolute),
            }
            for frequency, strength, angle, absolute in zip(*columns, strict=True)
        )


NEAR = 1e-3
"""So far positions may be from the sinusoids to be taken for them, as in half precision."""
DRAWS = 200
"""Random rotations of the null."""


def head_phase(model: PuzzleGPT, head: Component, *, draws: int = 0, seed: int = 0) -> Phase:
    """The phases of one head.

    Args:
        draws: random rotations for the null; 0 for none.
        seed: of these.

    Raises:
        PuzzlescopeError: if the model has no such head, has an odd width, or a circuit is planted in it.
    """
    check_not_planted(model, "phases")
    model.check_precision()
    check_head(model, head)
    if model.cfg.d_model % 2:
        raise PuzzlescopeError(
            f"Phases need a sine and a cosine of every frequency: expected an even d_model, got"
            f" {model.cfg.d_model}."
        )
    query, key = _sides(model, head)
    found = _phase_of(model, head, query @ key.T)
    if not draws or not found.applies:
        return found
    return replace(found, null=_null(found, query, key, draws, seed))


def frequencies(cfg: Config) -> Float[np.ndarray, " frequency"]:
    """Those of the model's sinusoids, radians a position."""
    found: np.ndarray = POSITION_BASE ** (-np.arange(0, cfg.d_model - 1, 2) / cfg.d_model)
    return found


def concordance(
    strength: Float[np.ndarray, "*row frequency"],
    angle: Float[np.ndarray, "*row frequency"],
    frequency: Float[np.ndarray, " frequency"],
    n_offsets: int = N_CTX,
) -> Float[np.ndarray, "*row offset"]:
    """``c(n)`` for n = 0, 1, ...; 0 where there is nothing to agree."""
    turns = np.outer(frequency, np.arange(n_offsets))
    relative = strength * np.exp(1j * angle)
    total = strength.sum(-1, keepdims=True)
    found: np.ndarray = (relative @ np.exp(-1j * turns)).real / np.where(total > 0, total, 1)
    return found


def _sides(model: PuzzleGPT, head: Component) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of A, ``[d_model, d_qk]`` each, in float64; the scale is in the queries'."""
    block = model.blocks[head.layer]
    assert isinstance(block, Block) and head.head is not None
    scale = block.ln1.w.double()[:, None]
    sides = []
    for weight in (block.attn.W_Q[head.head], block.attn.W_K[head.head]):
        scaled = weight.double() * scale
        sides.append((scaled - scaled.mean(0)).detach().cpu().numpy())
    return sides[0] * block.attn.scale, sides[1]


def _blocks(found: Float[np.ndarray, "*row d_model d_model"]) -> tuple[np.ndarray, ...]:
    """``m11, m12, m21, m22`` of every frequency, ``[*row, frequency]``."""
    even = np.arange(0, found.shape[-1] - 1, 2)
    return tuple(found[..., even + a, even + b] for a in (0, 1) for b in (0, 1))


def _relative(m11: np.ndarray, m12: np.ndarray, m21: np.ndarray, m22: np.ndarray) -> tuple[np.ndarray, ...]:
    """``R`` and ``theta``."""
    return np.hypot(m11 + m22, m12 - m21) / 2, np.arctan2(m12 - m21, m11 + m22)


def _phase_of(model: PuzzleGPT, head: Component, form: Matrix) -> Phase:
    own = model.pos_embed.W_pos
    applies = torch.allclose(own.cpu().float(), PosEmbed.table(model.cfg), atol=NEAR)
    m11, m12, m21, m22 = _blocks(form if applies else np.zeros_like(form))
    strength, angle = _relative(m11, m12, m21, m22)
    omega = frequencies(model.cfg)
    places = own.double().cpu().numpy()
    scores = places @ form @ places.T
    kernel = np.array([scores.diagonal(-n).mean() for n in range(len(scores))])
    whole = float((form**2).sum())
    inside = float(sum((one**2).sum() for one in (m11, m12, m21, m22)))
    return Phase(
        head=head,
        frequency=omega,
        strength=strength,
        angle=angle,
        absolute=np.hypot(m22 - m11, m12 + m21) / 2,
        concordance=concordance(strength, angle, omega, model.cfg.n_ctx),
        kernel=kernel,
        blocks=inside / whole if whole else 0.0,
        applies=applies,
    )


def _null(found: Phase, query: np.ndarray, key: np.ndarray, draws: int, seed: int) -> Null:
    """Peaks after random rotations: so many orthonormal vectors, at random, take the place of A's singular
    vectors on either side."""
    generator = torch.Generator().manual_seed(seed)
    left, right = (np.linalg.qr(side)[1] for side in (query, key))
    values = torch.from_numpy(np.linalg.svd(left @ right.T, compute_uv=False)).float()
    shape = (draws, 2, len(query), len(values))
    one, other = torch.linalg.qr(torch.randn(shape, generator=generator, device="cpu"))[0].unbind(1)
    one, other = ((one * values).unflatten(1, (-1, 2)), other.unflatten(1, (-1, 2)))
    m = torch.einsum("nfar,nfbr->abnf", one, other).double().numpy()
    strength, angle = _relative(m[0, 0], m[0, 1], m[1, 0], m[1, 1])
    peaks = concordance(strength, angle, found.frequency, len(found.concordance)).max(-1)
    return Null(peaks, found.peak)
