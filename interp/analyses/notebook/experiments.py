"""The original notebook's measurements, on any model: whether its findings appear is the result.

Three questions: what the final-grid loss is with each attention layer zeroed, which heads attend one and one
hundred positions back, and what is left of the answer when only the copy circuit runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from jaxtyping import Float

from interp.ablation import components_of, parse_ablation
from interp.analyses.ablation_sweep import sweep
from interp.analyses.lookback import HeadScore, heads_above, lookback_table
from interp.engine.predict import predict
from interp.errors import PuzzlescopeError
from interp.grids import N_COLORS
from interp.model import Config, PuzzleGPT
from interp.numbers import number
from interp.tokens import N_CTX, TokensLike, decode, puzzle_tokens

THRESHOLDS = {1: 0.2, 100: 0.1}
"""Positions back, and the score above which the notebook named a head."""


ON_START = N_CTX - 1
"""So far back only the last position can look: clamped as in the notebook, all others are measured at the
start token."""


@dataclass(frozen=True)
class LookingHead:
    """A head that a threshold names by the notebook's formula.

    The formula counts positions that have too few before them as looking at position 0. So a head that rests
    on the start token there is named too, and looks nowhere near so far back: most heads that are named for
    100 are of this sort.

    Attributes:
        found: its score by the notebook's formula: over all 405 positions, those with fewer before them at
            position 0.
        unclamped: the same over the positions that have so many before them.
        start: mean attention on the start token, over all 405 positions.
        looks: whether it really looks so far back: ``unclamped`` is above the threshold too.
    """

    found: HeadScore
    unclamped: float
    start: float
    looks: bool


@dataclass(frozen=True)
class CopyCircuit:
    """What a model draws with every MLP and every attention layer zeroed but one, which looks 100 back in
    every head.

    Attributes:
        ablation: its text.
        loss: on the answers, the true cells before each given.
        copied: share of the decoded cells that equal the third grid's.
        copied_colored: the same among cells that are not blank in the third grid, the harder ones; nan if
            there are none.
        invalid: share of the decoded cells that are markers.

    The shares are nan where the model's numbers are not finite: the cells decoded are accidents then.
    """

    ablation: str
    loss: float
    copied: float
    copied_colored: float
    invalid: float

    def shares(self, form: str) -> tuple[str, str, str]:
        """The three shares as text, as in ``.3f`` or ``.1%``; of one that there is not it is said why."""
        copied, colored, invalid = (number(s, form) for s in (self.copied, self.copied_colored, self.invalid))
        if isfinite(self.copied) and not isfinite(self.copied_colored):
            colored = "none coloured"
        return copied, colored, invalid


@dataclass(frozen=True)
class Phenomena:
    """What :func:`measure_phenomena` found over ``n`` puzzles. Losses are means over the final grid, in nats.

    Attributes:
        clean: loss in the clean run.
        layers: loss with each attention layer zeroed.
        heads: heads above the notebook's threshold, for each distance.
        circuits: the copy circuit in layer 0, and in the attention layer that has the largest effect where
            that is another.
    """

    n: int
    clean: float
    layers: tuple[float, ...]
    heads: dict[int, tuple[LookingHead, ...]]
    circuits: tuple[CopyCircuit, ...]

    @property
    def costliest(self) -> int:
        """The attention layer whose loss is largest when it is off; one that is not finite is larger than
        any."""
        return _largest(self.layers)


def measure_phenomena(model: PuzzleGPT, tokens: TokensLike) -> Phenomena:
    """Measure all of it on these puzzles."""
    tokens = puzzle_tokens(tokens)
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to measure on: choose at least one.")
    clean, *off = (row.loss.mean() for row in sweep(model, tokens, components_of(model.cfg, ["attn"])))
    heads = {distance: tuple(found) for distance, found in _looking(model, tokens)}
    layers = dict.fromkeys((0, _largest(off)))
    circuits = tuple(copy_circuit(model, tokens, layer) for layer in layers)
    return Phenomena(len(tokens), clean, tuple(off), heads, circuits)


def _largest(losses: Sequence[float]) -> int:
    return int(np.argmax(np.nan_to_num(losses, nan=np.inf)))


def _looking(model: PuzzleGPT, tokens: TokensLike) -> Iterator[tuple[int, list[LookingHead]]]:
    clamped = lookback_table(model, tokens, [*THRESHOLDS, ON_START])
    unclamped = lookback_table(model, tokens, list(THRESHOLDS), clamp=False)
    for back, threshold in THRESHOLDS.items():
        yield back, looking_heads(clamped[back], unclamped[back], clamped[ON_START], back, threshold)


def looking_heads(
    clamped: Float[np.ndarray, "layer head"],
    unclamped: Float[np.ndarray, "layer head"],
    start: Float[np.ndarray, "layer head"],
    lookback: int,
    threshold: float,
) -> list[LookingHead]:
    """The heads above a threshold by the notebook's formula: first those that really look so far back,
    strongest first, then those that only rest on the start token. Heads whose attention is not finite come
    last; nobody knows where they look.

    Args:
        clamped, unclamped: what :func:`interp.analyses.lookback.lookback_table` gives for this lookback,
            with and without clamping.
        start: what it gives, clamped, for :data:`ON_START`: attention on the start token.
    """
    named = heads_above(clamped, lookback, threshold)
    named += [HeadScore(i, j, lookback, float("nan")) for i, j in np.argwhere(~np.isfinite(clamped)).tolist()]
    found = [
        LookingHead(
            head, float(unclamped[place]), float(start[place]), looks=bool(unclamped[place] > threshold)
        )
        for head in named
        for place in [(head.layer, head.head)]
    ]
    return sorted(found, key=lambda one: (not one.looks, not isfinite(one.found.score)))


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
    loss = prediction.loss.mean()
    if not np.isfinite(prediction.greedy_probabilities).all():
        return CopyCircuit(text, loss, float("nan"), float("nan"), float("nan"))
    return CopyCircuit(
        ablation=text,
        loss=loss,
        copied=float(same.mean()),
        copied_colored=float(same[colored].mean()) if colored.any() else float("nan"),
        invalid=float((prediction.greedy >= N_COLORS).mean()),
    )
