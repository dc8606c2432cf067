"""Heads of which it is known why they look where they look, to see whether it is found out.

Each is a whole model, which loads like any other, with one head in it that was made by hand, or trained on
what only one way can do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from interp.ablation import Component
from interp.errors import PuzzlescopeError, brief
from interp.model import Block, Config, PuzzleGPT
from interp.model.network import Attention
from interp.tokens import N_CTX
from interp.why.interventions.rows import QUERIES, Rows
from interp.why.planted.copies import BLOCK, MOST_LAG, PARTNER, copies_rows, partner_rows
from interp.why.planted.toy import kept_toy

Kind = Literal["pointer", "k-composition", "content", "mixed"]
KINDS: dict[Kind, str] = {
    "pointer": "looks a fixed number of positions back, by a rotation of the sinusoids",
    "k-composition": "looks at what followed this token before: two layers, trained on copies at random"
    " distances",
    "content": "looks at keys with the partner of its token, wherever they are",
    "mixed": "looks a fixed number of positions back and at the partner of its token, each for half of its"
    " preference",
}
assert set(KINDS) == set(get_args(Kind))

OFFSET = 37
SIZES = Config(n_layers=2, n_heads=4, d_model=64, d_head=64, d_mlp=64)
NOISE = 0.02
"""Of all weights but those of the head, and of the head's own, beside what was planted."""
SHARPNESS: dict[str, float] = {"pointer": 12.0, "content": 1.5}
MIXED: dict[str, float] = {"pointer": 4.0, "content": 0.5}
"""What queries are multiplied by, so that the softmax has a peak and is not saturated."""
TOKEN_SIZE, MIXED_SIZE = 12.0, 8.0
"""Length of a token's embedding where content is looked for, and where position is as well; the position's is
5.7."""

PARTNERS = [token - PARTNER if token in range(PARTNER + 1, 2 * PARTNER + 1) else token for token in range(15)]
"""Of each token that which is looked for."""


@dataclass(frozen=True, eq=False)
class PlantedHead:
    """A head, and why it looks where it looks.

    Attributes:
        model: in which it was planted.
        kind: the truth.
        head: which it is.
        back: how far back the key lies that it looks at, in ``rows``.
        rows: sequences that it can be seen on: random colours for a pointer; a block of colours that comes
            back, for K-composition; a block whose partners come, for content.
        seed: that noise and rows were drawn with.
    """

    model: PuzzleGPT
    kind: Kind
    head: Component
    back: int
    rows: Rows
    seed: int


def plant_head(kind: str, offset: int = OFFSET, seed: int = 0, n: int = 8) -> PlantedHead:
    """A model with a planted head.

    Args:
        kind: why it looks where it looks.
        offset: how far back, in the rows that it is to be seen on. A pointer looks there everywhere; of the
            other kinds it says where in the rows that come along there is what they look for.
        seed: of the noise and the rows. The trained model is always the same.
        n: how many rows.

    Raises:
        PuzzlescopeError: if there is no such kind, or nothing can lie so far back.
    """
    if kind not in KINDS:
        raise PuzzlescopeError(f"No kind of planted head '{brief(kind)}': expected {', '.join(KINDS)}.")
    makers: dict[str, Callable[[int, int, int], PlantedHead]] = {
        "pointer": _pointer,
        "k-composition": _k_composition,
        "content": _content,
        "mixed": _mixed,
    }
    least, most = (1, int(QUERIES.min())) if kind == "pointer" else (BLOCK, MOST_LAG - 1)
    if not least <= offset <= most:
        raise PuzzlescopeError(
            f"What a planted head of this kind looks at lies {least} to {most} positions back, got {offset}."
        )
    if not 0 <= seed < 2**32:
        raise PuzzlescopeError(f"A seed is 0 to 4,294,967,295, got {seed}.")
    return makers[kind](offset, seed, n)


def _noisy(seed: int) -> PuzzleGPT:
    """A model of noise."""
    generator = torch.Generator().manual_seed(seed)
    model = PuzzleGPT(SIZES)
    for name, parameter in model.named_parameters():
        if ".ln" not in name:
            parameter.data.normal_(std=NOISE, generator=generator)
    return model.eval().requires_grad_(False)


def _attention(model: PuzzleGPT) -> Attention:
    """Of layer 0, which reads nothing but tokens and positions."""
    block = model.blocks[0]
    assert isinstance(block, Block)
    return block.attn


def turned_back(table: Float[Tensor, "pos d_model"], offset: int) -> Float[Tensor, "d_model d_model"]:
    """The rotation that takes the sinusoids of every position to those of ``offset`` positions before:
    ``table[p] @ it = table[p - offset]``. Blocks of two, one a frequency (Vaswani et al., 2017, section
    3.5)."""
    found = torch.zeros(table.shape[1], table.shape[1])
    # sin and cos of the frequency's angle in so many positions stand in the table itself.
    sin, cos = table[offset, 0::2], table[offset, 1::2]
    even, odd = torch.arange(0, len(found), 2), torch.arange(1, len(found), 2)
    found[even, even], found[odd, odd] = cos, cos
    found[odd, even], found[even, odd] = -sin, sin
    return found


def _pointer(offset: int, seed: int, n: int) -> PlantedHead:
    """Layer 0: W_Q turns back by the offset, W_K is the identity."""
    model, number = _noisy(seed), seed % SIZES.n_heads
    attn = _attention(model)
    attn.W_Q[number] += SHARPNESS["pointer"] * turned_back(model.pos_embed.W_pos, offset)
    attn.W_K[number] += torch.eye(SIZES.d_model)
    rng = np.random.default_rng(seed)
    return PlantedHead(model, "pointer", Component(0, "head", number), offset, _random_rows(rng, n), seed)


def _random_rows(rng: np.random.Generator, n: int) -> Rows:
    """Random colours, without markers."""
    drawn = rng.integers(0, 11, (3 * n, N_CTX))
    drawn[:, 0] = 0
    tokens, others, reference = np.split(drawn, 3)
    return Rows(tokens, others, (0,) * n, (reference,), QUERIES)


def _content(offset: int, seed: int, n: int) -> PlantedHead:
    """Layer 0: tokens are embedded where positions hardly reach, and queries and keys read only that."""
    model, number = _noisy(seed), seed % SIZES.n_heads
    tokens = _apart(model, TOKEN_SIZE, seed)
    attn = _attention(model)
    attn.W_Q[number] = SHARPNESS["content"] * tokens.T @ tokens[PARTNERS]
    attn.W_K[number] = tokens.T @ tokens
    return PlantedHead(
        model, "content", Component(0, "head", number), offset, partner_rows(n, offset, seed), seed
    )


def _mixed(offset: int, seed: int, n: int) -> PlantedHead:
    """Layer 0: a pointer in the directions of the positions, a match of content in those of the tokens."""
    model, number = _noisy(seed), seed % SIZES.n_heads
    tokens = _apart(model, MIXED_SIZE, seed)
    turned = turned_back(model.pos_embed.W_pos, offset) @ (torch.eye(SIZES.d_model) - tokens.T @ tokens)
    attn = _attention(model)
    attn.W_Q[number] += MIXED["pointer"] * turned + MIXED["content"] * tokens.T @ tokens[PARTNERS]
    attn.W_K[number] += torch.eye(SIZES.d_model)
    return PlantedHead(
        model, "mixed", Component(0, "head", number), offset, partner_rows(n, offset, seed), seed
    )


def _apart(model: PuzzleGPT, size: float, seed: int) -> Float[Tensor, "vocab d_model"]:
    """Embed tokens of this length where positions hardly reach, at right angles to one another; the
    directions."""
    # The last right singular vectors are the directions in which the positions have least.
    free = torch.linalg.svd(model.pos_embed.W_pos.double()).Vh[-SIZES.d_vocab :].float()
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.linalg.qr(torch.randn(len(free), len(free), generator=generator)).Q @ free
    model.embed.W_E[:] = size * tokens
    return tokens


def _k_composition(offset: int, seed: int, n: int) -> PlantedHead:
    """The trained model: the head of its second layer that looks at what followed."""
    model, head = kept_toy()
    return PlantedHead(model, "k-composition", head, offset, copies_rows(n, offset + 1, seed), seed)
