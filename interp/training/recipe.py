"""What a training run is told to do."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from interp.errors import PuzzlescopeError
from interp.model import Config
from interp.training.moments import MOST_A_DECADE

LARGEST_SIZE = 16384
"""Far beyond what is trained on puzzles; a typed-in zero too many should be a sentence, not a full memory."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run computes.

    ``minutes`` of computing or ``puzzles`` seen end the run, whichever is given; the learning rate follows
    the fraction that is done: up over ``warmup_steps``, level, and down to nothing over the last ``cooldown``
    of it. ``continues`` names a trained model that the run starts from, with the puzzles that come after
    those it has seen. ``moments`` to a factor of ten of the puzzles seen keep their weights
    (:mod:`interp.training.moments`).

    Raises:
        PuzzlescopeError: if a value makes no run.
    """

    model: Config = field(default_factory=lambda: Config(n_layers=6, d_model=256, d_head=32, d_mlp=1024))
    seed: int = 1
    batch: int = 16
    puzzles: int = 0
    minutes: float = 0.0
    lr: float = 2.5e-3
    weight_decay: float = 0.05
    warmup_steps: int = 200
    cooldown: float = 0.5
    evaluate_every: float = 15.0
    evaluate_per_kind: int = 16
    continues: str = ""
    moments: int = 0

    def __post_init__(self) -> None:
        if (self.puzzles > 0) == (self.minutes > 0):
            raise PuzzlescopeError(
                "Say how long to train: either a number of puzzles or a number of minutes, above 0."
            )
        if not math.isfinite(self.minutes):
            raise PuzzlescopeError(f"Training needs a finite number of minutes, got {self.minutes}.")
        for name in ("batch", "lr", "evaluate_every", "evaluate_per_kind"):
            if not 0 < getattr(self, name) < math.inf:
                raise PuzzlescopeError(
                    f"Training needs {name} above 0 and finite, got {getattr(self, name)}."
                )
        if max(asdict(self.model).values()) > LARGEST_SIZE or self.batch > LARGEST_SIZE:
            raise PuzzlescopeError(f"Sizes and batch are at most {LARGEST_SIZE:,} to be trained.")
        if self.seed < 0:
            raise PuzzlescopeError(f"A seed is a whole number from 0, got {self.seed}.")
        if not 0 <= self.moments <= MOST_A_DECADE:
            raise PuzzlescopeError(
                f"Moments to a factor of ten are 0 to {MOST_A_DECADE:,}, got {self.moments}."
            )
        if not 0 <= self.cooldown <= 1:
            raise PuzzlescopeError(f"cooldown is the share of the run it takes, 0 to 1, got {self.cooldown}.")

    @classmethod
    def read(cls, content: dict[str, Any]) -> "Recipe":
        """The recipe of which a file holds ``asdict``."""
        return cls(**content | {"model": Config(**content["model"])})
