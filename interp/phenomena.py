"""What the original notebook found in its models, measured on any model: whether it appears or not is the result.

Three questions: what the final-grid loss is with each attention layer zeroed, which heads attend one and one hundred
positions back, and what is left of the answer when only the copy circuit runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from interp.ablation import parse_ablation
from interp.attention import HeadScore, heads_above, lookback_table
from interp.errors import PuzzlescopeError
from interp.grids import N_COLORS
from interp.model import Config, PuzzleGPT
from interp.predict import predict
from interp.sweep import components_of, sweep
from interp.tokens import TokensLike, decode, puzzle_tokens

THRESHOLDS = {1: 0.2, 100: 0.1}
"""Positions back, and the score above which the notebook named a head."""


@dataclass(frozen=True)
class LookingHead:
    """A head that the notebook's threshold names.

    Attributes:
        found: its score by the notebook's formula: over all 405 positions, those with fewer before them at position 0.
        unclamped: the same over the positions that have so many before them. Far lower than ``found.score`` for a head
            that rests on the start token.
    """

    found: HeadScore
    unclamped: float


@dataclass(frozen=True)
class CopyCircuit:
    """What a model draws with every MLP and every attention layer zeroed but one, which looks 100 back in every head.

    Attributes:
        ablation: its text.
        loss: on the answers, the true cells before each given.
        copied: share of the decoded cells that equal the third grid's.
        copied_colored: the same among cells that are not blank in the third grid, the harder ones.
        invalid: share of the decoded cells that are markers.
    """

    ablation: str
    loss: float
    copied: float
    copied_colored: float
    invalid: float


@dataclass(frozen=True)
class Phenomena:
    """What :func:`measure_phenomena` found over ``n`` puzzles. Losses are means over the final grid, in nats.

    Attributes:
        clean: loss with nothing off.
        layers: loss with each attention layer zeroed.
        heads: heads above the notebook's threshold, for each distance.
        circuits: the copy circuit in layer 0, and in the attention layer that costs most where that is another.
    """

    n: int
    clean: float
    layers: tuple[float, ...]
    heads: dict[int, tuple[LookingHead, ...]]
    circuits: tuple[CopyCircuit, ...]

    @property
    def costliest(self) -> int:
        """The attention layer whose loss is largest when it is off."""
        return int(np.argmax(self.layers))


def measure_phenomena(model: PuzzleGPT, tokens: TokensLike) -> Phenomena:
    """Measure all of it on these puzzles."""
    tokens = puzzle_tokens(tokens)
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to measure on: choose at least one.")
    clean, *off = (row.loss.mean() for row in sweep(model, tokens, components_of(model.cfg, ["attn"])))
    heads = {distance: tuple(found) for distance, found in _looking(model, tokens)}
    layers = dict.fromkeys((0, int(np.argmax(off))))
    circuits = tuple(copy_circuit(model, tokens, layer) for layer in layers)
    return Phenomena(len(tokens), clean, tuple(off), heads, circuits)


def _looking(model: PuzzleGPT, tokens: TokensLike) -> Iterator[tuple[int, list[LookingHead]]]:
    notebook = lookback_table(model, tokens, list(THRESHOLDS))
    unclamped = lookback_table(model, tokens, list(THRESHOLDS), clamp=False)
    for distance, threshold in THRESHOLDS.items():
        found = heads_above(notebook[distance], distance, threshold)
        yield distance, [LookingHead(h, float(unclamped[distance][h.layer, h.head])) for h in found]


def copy_circuit_text(cfg: Config, layer: int = 0) -> str:
    """The ablation that leaves one attention layer, looking 100 back: for layer 0 of 12 the notebook's own.

    >>> copy_circuit_text(Config(n_layers=12))
    'L0.attn:lookback=100,L1-11.attn,L0-11.mlp'
    """
    return parse_ablation(f"L*.mlp,L*.attn,L{layer}.attn:lookback=100", cfg).text


def copy_circuit(model: PuzzleGPT, tokens: TokensLike, layer: int = 0) -> CopyCircuit:
    """Run only the copy circuit of a layer, decode, and compare with the third grid."""
    tokens = puzzle_tokens(tokens)
    text = copy_circuit_text(model.cfg, layer)
    prediction = predict(model, tokens, parse_ablation(text, model.cfg))
    third = decode(tokens)[:, 2].reshape(len(tokens), -1)
    same, colored = prediction.greedy == third, third > 0
    return CopyCircuit(
        ablation=text,
        loss=prediction.loss.mean(),
        copied=float(same.mean()),
        copied_colored=float(same[colored].mean()) if colored.any() else float("nan"),
        invalid=float((prediction.greedy >= N_COLORS).mean()),
    )
