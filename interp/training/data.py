"""An endless, resumable supply of training puzzles, drawn on the fly.

Each kind of puzzle has its own stream, drawn in blocks; the state of the supply is how many puzzles each kind
has given. That is enough to go on where a killed run stopped, and to draw again exactly what a model has
seen.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int, UInt8

from interp.puzzles import PuzzleSet
from interp.puzzles.kinds import KINDS, Kind, draw
from interp.tokens import PUZZLE_TOKENS

Batch = tuple[UInt8[np.ndarray, "n 404"], Int[np.ndarray, " n"]]
"""Puzzles, and the kind of each by its index."""

BLOCK = 64
LOSS_MEMORY = 0.99
SMALLEST_SHARE = 0.4
"""No kind is drawn less often than this share of its fair part, however well it is solved."""


class TrainingData:
    """Batches of puzzles of all kinds, with noise as in the public data set.

    Kinds on which the model still does badly are drawn more often: in proportion to the square root of a
    running mean of their loss.

    Args:
        seed: names the streams.
    """

    def __init__(self, seed: int):
        self.seed = seed
        self.taken: Int[np.ndarray, " kind"] = np.zeros(len(KINDS), dtype=np.int64)
        self.loss: Float[np.ndarray, " kind"] = np.ones(len(KINDS))
        self._blocks: dict[int, tuple[int, np.ndarray]] = {}
        self._ahead: Batch | None = None

    def batch(self, n: int) -> Batch:
        """The next ``n`` puzzles and the kind of each; those drawn ahead, if there are."""
        if self._ahead is None or len(self._ahead[1]) != n:
            self.draw_ahead(n)
        assert self._ahead is not None
        tokens, kinds = self._ahead
        self._ahead = None
        self.taken += np.bincount(kinds, minlength=len(KINDS))
        return tokens, kinds

    def draw_ahead(self, n: int) -> None:
        """Draw the next batch now, while a GPU is busy with this one: the losses of this one come too late
        for it."""
        rng = np.random.default_rng([self.seed, int(self.taken.sum())])
        self._ahead = self._drawn(rng.choice(len(KINDS), size=n, p=self.shares()))

    def shares(self) -> Float[np.ndarray, " kind"]:
        """How often each kind is drawn."""
        weight = np.sqrt(self.loss)
        weight = np.maximum(weight, SMALLEST_SHARE * weight.mean())
        return weight / weight.sum()

    def learn(self, kinds: Int[np.ndarray, " n"], losses: Float[np.ndarray, " n"]) -> None:
        """Take note of the answer loss of puzzles that were just trained on."""
        for kind, loss in zip(kinds, losses, strict=True):
            self.loss[kind] = LOSS_MEMORY * self.loss[kind] + (1 - LOSS_MEMORY) * float(loss)

    def _drawn(self, kinds: Int[np.ndarray, " n"]) -> Batch:
        """The next puzzles of these kinds."""
        tokens = np.empty((len(kinds), PUZZLE_TOKENS), dtype=np.uint8)
        for kind in np.unique(kinds):
            (rows,) = np.nonzero(kinds == kind)
            places = self.taken[kind] + np.arange(len(rows))
            for block in np.unique(places // BLOCK):
                here = places // BLOCK == block
                tokens[rows[here]] = self._block(KINDS[kind], int(block))[places[here] % BLOCK]
        return tokens, kinds

    def _block(self, kind: Kind, block: int) -> UInt8[np.ndarray, "block 404"]:
        if self._blocks.get(kind.index, (-1, None))[0] != block:
            self._blocks[kind.index] = (block, draw("training", self.seed, kind, BLOCK, block=block))
        return self._blocks[kind.index][1]

    def state_dict(self) -> dict[str, list[float] | list[int] | int]:
        """What :meth:`from_state` goes on from; the kinds drawn ahead are part of it, for losses since would
        change them."""
        ahead = [] if self._ahead is None else self._ahead[1].tolist()
        return {
            "seed": self.seed,
            "taken": self.taken.tolist(),
            "loss": self.loss.tolist(),
            "ahead": ahead,
        }

    @classmethod
    def from_state(cls, state: dict) -> "TrainingData":
        data = cls(state["seed"])
        data.taken, data.loss = np.array(state["taken"]), np.array(state["loss"])
        if ahead := state.get("ahead"):  # models made before there was a drawing ahead do not say
            data._ahead = data._drawn(np.array(ahead))
        return data


def puzzles_seen(seed: int, taken: list[int]) -> Iterator[UInt8[np.ndarray, "block 404"]]:
    """Every puzzle a training run has seen, block by block, drawn again from what its model card records."""
    for kind, count in zip(KINDS, taken, strict=True):
        for block in range(-(-count // BLOCK)):
            yield draw("training", seed, kind, BLOCK, block=block)[: count - block * BLOCK]


def count_seen(bank: PuzzleSet, seed: int, taken: list[int]) -> int:
    """How many puzzles of a bank a training run has seen; the third grid, which carries noise, is not
    compared."""
    keys = [_noise_free(puzzle.tokens) for puzzle in bank]
    wanted = set(keys)  # the bank fits in memory, what a model has seen may not
    drawn = (_noise_free(tokens) for block in puzzles_seen(seed, taken) for tokens in block)
    seen = {key for key in drawn if key in wanted}
    return sum(key in seen for key in keys)


def _noise_free(tokens: np.ndarray) -> bytes:
    grids = tokens.reshape(4, -1)
    return grids[0].tobytes() + grids[1].tobytes() + grids[3].tobytes()
