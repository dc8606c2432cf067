"""An endless, resumable supply of training puzzles, drawn on the fly.

Each kind of puzzle has its own stream, drawn in blocks; the state of the supply is how many puzzles each kind has
given. That is enough to go on where a killed run stopped, and to draw again exactly what a model has seen.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int, UInt8

from interp.kinds import KINDS, Kind, draw
from interp.tokens import PUZZLE_TOKENS

BLOCK = 64
LOSS_MEMORY = 0.99
SMALLEST_SHARE = 0.4
"""No kind is drawn less often than this share of its fair part, however well it is solved."""


class TrainingData:
    """Batches of puzzles of all kinds, with noise as in the public data set.

    Kinds on which the model still does badly are drawn more often: in proportion to the square root of a running mean
    of their loss.

    Args:
        seed: names the streams.
    """

    def __init__(self, seed: int):
        self.seed = seed
        self.taken: Int[np.ndarray, " kind"] = np.zeros(len(KINDS), dtype=np.int64)
        self.loss: Float[np.ndarray, " kind"] = np.ones(len(KINDS))
        self._blocks: dict[int, tuple[int, np.ndarray]] = {}

    def batch(self, n: int) -> tuple[UInt8[np.ndarray, "n 404"], Int[np.ndarray, " n"]]:
        """The next ``n`` puzzles and the kind of each."""
        rng = np.random.default_rng([self.seed, int(self.taken.sum())])
        kinds = rng.choice(len(KINDS), size=n, p=self.shares())
        tokens = np.empty((n, PUZZLE_TOKENS), dtype=np.uint8)
        for row, kind in enumerate(kinds):
            tokens[row] = self._next(KINDS[kind])
        return tokens, kinds

    def shares(self) -> Float[np.ndarray, " kind"]:
        """How often each kind is drawn."""
        weight = np.sqrt(self.loss)
        weight = np.maximum(weight, SMALLEST_SHARE * weight.mean())
        return weight / weight.sum()

    def learn(self, kinds: Int[np.ndarray, " n"], losses: Float[np.ndarray, " n"]) -> None:
        """Take note of the answer loss of puzzles that were just trained on."""
        for kind, loss in zip(kinds, losses, strict=True):
            self.loss[kind] = LOSS_MEMORY * self.loss[kind] + (1 - LOSS_MEMORY) * float(loss)

    def _next(self, kind: Kind) -> UInt8[np.ndarray, "404"]:
        block, place = divmod(int(self.taken[kind.index]), BLOCK)
        if self._blocks.get(kind.index, (-1, None))[0] != block:
            self._blocks[kind.index] = (block, draw("training", self.seed, kind, BLOCK, block=block))
        self.taken[kind.index] += 1
        return self._blocks[kind.index][1][place]

    def state_dict(self) -> dict[str, list[float] | list[int] | int]:
        return {"seed": self.seed, "taken": self.taken.tolist(), "loss": self.loss.tolist()}

    @classmethod
    def from_state(cls, state: dict) -> "TrainingData":
        data = cls(state["seed"])
        data.taken, data.loss = np.array(state["taken"]), np.array(state["loss"])
        return data


def puzzles_seen(seed: int, taken: list[int]) -> Iterator[UInt8[np.ndarray, "block 404"]]:
    """Every puzzle a training run has seen, block by block, drawn again from what its model card records."""
    for kind, count in zip(KINDS, taken, strict=True):
        for block in range(-(-count // BLOCK)):
            yield draw("training", seed, kind, BLOCK, block=block)[: count - block * BLOCK]
