"""Weights of moments of a training, kept in the folder ``moments`` of a run: one file each, named by the
puzzles seen, ``moments/000002512.safetensors``.

What can be known of a model is known of each: a file is a model, for :func:`interp.load_model` and for
``--model``. Moments are spaced evenly in the logarithm of the puzzles seen, the untrained model first, the
trained one last. float16, so that a model of 4.7 million parameters takes 9.5 MB a moment.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch

from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.outputs import write_whole

MOMENTS_FOLDER = "moments"
MOST_A_DECADE = 1000
_NAME = re.compile(r"(\d{9,})\.safetensors")


@dataclass(frozen=True, order=True)
class Moment:
    """A model on its way.

    Attributes:
        puzzles: how many it had seen.
        path: of its weights.
    """

    puzzles: int
    path: Path


def moments_of(folder: Path) -> tuple[Moment, ...]:
    """The moments that a run kept, in order.

    Raises:
        PuzzlescopeError: if it kept none.
    """
    found = _kept(folder)
    if not found:
        raise PuzzlescopeError(
            f"{folder} holds no weights of moments: they are kept by `train {folder} --moments 20`, from a"
            " run's beginning on."
        )
    return found


class MomentKeeper:
    """Keeps a model in training whenever it is time to.

    Args:
        folder: of the run.
        a_decade: moments to a factor of ten of the puzzles seen; 0 keeps none.
        puzzles: what the model has seen by now. What is there of later moments is removed: the run does them
            again.
    """

    def __init__(self, folder: Path, a_decade: int, puzzles: int = 0, *, anew: bool = False):
        self.folder, self.a_decade = folder, a_decade
        kept = _kept(folder)
        for moment in kept:
            if anew or moment.puzzles > puzzles:
                moment.path.unlink()
        self._last = -1 if anew else max((one.puzzles for one in kept if one.puzzles <= puzzles), default=-1)

    def due(self, puzzles: int) -> bool:
        """Whether a new moment has come."""
        return bool(self.a_decade) and (self._last < 0 or self._number(puzzles) > self._number(self._last))

    def keep(self, model: PuzzleGPT, puzzles: int) -> None:
        """Keep these weights now, unless none are to be kept or these were. A kill at any moment leaves the
        file whole or none.

        Raises:
            PuzzlescopeError: if it cannot be written.
        """
        if not self.a_decade or puzzles == self._last:
            return
        dtype = smallest_dtype(model)
        weights = {
            name: weight.detach().to("cpu", dtype).contiguous() for name, weight in model.state_dict().items()
        }
        place = self.folder / MOMENTS_FOLDER
        place.mkdir(parents=True, exist_ok=True)
        write_whole(place / f"{puzzles:09d}.safetensors", safetensors.torch.save(weights, {"format": "pt"}))
        self._last = puzzles

    def _number(self, puzzles: int) -> int:
        return math.floor(self.a_decade * math.log10(puzzles)) if puzzles else -1


def smallest_dtype(model: PuzzleGPT) -> torch.dtype:
    """float16, unless a weight is too large for it."""
    largest = max(float(weight.abs().max()) for weight in model.state_dict().values())
    return torch.float16 if largest < torch.finfo(torch.float16).max else torch.float32


def _kept(folder: Path) -> tuple[Moment, ...]:
    paths = (folder / MOMENTS_FOLDER).glob("*.safetensors")
    named = ((_NAME.fullmatch(path.name), path) for path in paths)
    return tuple(sorted(Moment(int(name[1]), path) for name, path in named if name))
