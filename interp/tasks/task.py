"""What a task is: the generator of its puzzles beside the rule by which a solver answers them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from interp.grids import N_COLORS, SIZE, Grid
from interp.tasks.drawing import Pairs
from interp.tasks.solving import Reading, solve
from interp.tokens import STRUCTURES, Structure

NOISE = 0.05
"""Share of the third grid's cells that carry a random colour in the public data set."""


@dataclass(frozen=True)
class Task:
    """A rule ``f`` on grids of three rectangles, stated twice: to draw puzzles of it and to solve them.

    Attributes:
        name: as in labels, files and records.
        description: what ``f`` does, in a few words.
        draw: ``n`` puzzles from a random generator, ``uint8`` colours ``[n, 4, row, column]``: X, f(X), Y
            and f(Y).
        rule: how the solver reads X -> f(X); it shares no code with ``draw``.
    """

    name: str
    description: str
    draw: Callable[[int, np.random.Generator], Pairs]
    rule: type[Reading]

    def generate(
        self,
        n: int,
        rng: np.random.Generator,
        *,
        structure: Structure = STRUCTURES[0],
        noise: float = 0.0,
        verified: bool = False,
    ) -> Pairs:
        """Draw puzzles.

        Args:
            n: how many.
            rng: where all randomness comes from: the same generator state gives the same puzzles.
            structure: the order of the four grids along axis 1.
            noise: probability that a cell of the third grid is replaced by a uniformly random colour. As in
                the public data set this touches only the structures that end in Y or f(Y).
            verified: keep only puzzles whose answer the task's solver works out from the other three grids
                (before the noise). Every forward puzzle passes; some reversed ``translate`` puzzles are not
                determined.

        Returns:
            ``uint8`` colours ``[n, 4, row, column]``; the last of the four is the answer.
        """
        puzzles = (
            self._draw_verified(n, rng, structure) if verified else self.draw(n, rng)[:, structure.order]
        )
        if noise > 0 and structure.noisy:
            add_noise(puzzles[:, 2], noise, rng)
        return puzzles

    def solve(self, x: Grid, fx: Grid, y: Grid, *, reverse: bool = False) -> Grid | None:
        """Work out the answer from the three grids that come before it, in that order.

        ``reverse`` says that they are f(X), X and f(Y). ``None`` if the puzzle is not of this task or not
        determined.
        """
        return solve(self.rule, x, fx, y, reverse=reverse).answer

    def _draw_verified(self, n: int, rng: np.random.Generator, structure: Structure) -> Pairs:
        kept: list[np.ndarray] = []
        while len(kept) < n:
            for puzzle in self.draw(n - len(kept), rng)[:, structure.order]:
                answer = self.solve(*puzzle[:3], reverse=structure.reverse)
                if answer is not None and np.array_equal(answer, puzzle[3]):
                    kept.append(puzzle)
        return np.stack(kept) if kept else np.zeros((0, 4, SIZE, SIZE), dtype=np.uint8)


def add_noise(grids: UInt8[np.ndarray, "n 10 10"], share: float, rng: np.random.Generator) -> None:
    """Replace each cell with probability ``share`` by a uniformly random colour, in place."""
    hit = rng.random(grids.shape) < share
    grids[hit] = rng.integers(N_COLORS, size=int(hit.sum()), dtype=np.uint8)
