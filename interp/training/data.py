"""An endless, resumable supply of training puzzles, drawn on the fly.

Each kind of puzzle has its own stream, drawn in blocks; the state of the supply is how many puzzles each kind
has given. That is enough to go on where a killed run stopped, and to draw again exactly what a model has
seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from interp.puzzles import PuzzleSet
from interp.puzzles.kinds import KINDS, PuzzleKind, draw, require_known_kinds
from interp.tokens import PUZZLE_TOKENS

Batch = tuple[UInt8[np.ndarray, "n 404"], Int[np.ndarray, " n"]]
"""Puzzles, and the kind of each by its index."""

BLOCK = 64
LOSS_MEMORY = 0.99
SMALLEST_SHARE = 0.4
"""No kind is drawn less often than this share of its fair part, however well it is solved."""


@dataclass(frozen=True)
class DataState:
    """How far a supply has come, kinds by name: for a kind that is not named, it has not begun.

    Attributes:
        seed: names the streams.
        taken: how many puzzles each kind has given.
        loss: running mean of each kind's answer loss, nats.
        ahead: the kinds of the batch that is drawn ahead, puzzle by puzzle. They are part of the state, for
            losses learned since would change them.
    """

    seed: int
    taken: Mapping[str, int]
    loss: Mapping[str, float]
    ahead: tuple[str, ...] = ()

    @property
    def kinds(self) -> set[str]:
        """The names of all kinds in it."""
        return {*self.taken, *self.loss, *self.ahead}

    @classmethod
    def read(cls, content: dict[str, Any]) -> "DataState":
        """The state of which a file holds ``asdict``."""
        return cls(
            seed=int(content["seed"]),
            taken={name: int(count) for name, count in content["taken"].items()},
            loss={name: float(loss) for name, loss in content["loss"].items()},
            ahead=tuple(content["ahead"]),
        )


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

    def _block(self, kind: PuzzleKind, block: int) -> UInt8[np.ndarray, "block 404"]:
        if self._blocks.get(kind.index, (-1, None))[0] != block:
            self._blocks[kind.index] = (block, draw("training", self.seed, kind, BLOCK, block=block))
        return self._blocks[kind.index][1]

    def state(self) -> DataState:
        """What :meth:`from_state` goes on from."""
        names = [kind.name for kind in KINDS]
        ahead = [] if self._ahead is None else self._ahead[1].tolist()
        return DataState(
            seed=self.seed,
            taken=dict(zip(names, self.taken.tolist(), strict=True)),
            loss=dict(zip(names, self.loss.tolist(), strict=True)),
            ahead=tuple(names[kind] for kind in ahead),
        )

    @classmethod
    def from_state(cls, state: DataState) -> "TrainingData":
        """A supply that goes on from there.

        Raises:
            PuzzlescopeError: if the state names a kind that there is not.
        """
        require_known_kinds(state.kinds, "The state of the training data")
        data = cls(state.seed)
        index = {kind.name: kind.index for kind in KINDS}
        for name, count in state.taken.items():
            data.taken[index[name]] = count
        for name, loss in state.loss.items():
            data.loss[index[name]] = loss
        if state.ahead:
            data._ahead = data._drawn(np.array([index[name] for name in state.ahead]))
        return data


def puzzles_seen(seed: int, taken: Mapping[str, int]) -> Iterator[UInt8[np.ndarray, "block 404"]]:
    """Every puzzle a training run has seen, block by block, drawn again from what its record says.

    Args:
        seed: of the training data.
        taken: how many puzzles of each kind, by its name.
    """
    for kind in KINDS:
        count = taken.get(kind.name, 0)
        for block in range(-(-count // BLOCK)):
            yield draw("training", seed, kind, BLOCK, block=block)[: count - block * BLOCK]


def count_seen(bank: PuzzleSet, seed: int, taken: Mapping[str, int]) -> int:
    """How many puzzles of a bank a training run has seen, of which ``taken`` of each kind; the third grid,
    which carries noise, is not compared."""
    keys = [_noise_free(puzzle.tokens) for puzzle in bank]
    wanted = set(keys)  # the bank fits in memory, what a model has seen may not
    drawn = (_noise_free(tokens) for block in puzzles_seen(seed, taken) for tokens in block)
    seen = {key for key in drawn if key in wanted}
    return sum(key in seen for key in keys)


def _noise_free(tokens: np.ndarray) -> bytes:
    grids = tokens.reshape(4, -1)
    return grids[0].tobytes() + grids[1].tobytes() + grids[3].tobytes()
