"""What runs on a node of a cluster: a worker that is told what to compute, and says in words what it
cannot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interp.checkpoints.weights import build, build_planted
from interp.errors import PuzzlescopeError
from interp.machine import Machine, own_version
from interp.model import Config
from interp.outputs import reason
from interp.studies.folder import StudyFolder
from interp.studies.work import Done, Worker

Weights = dict[str, np.ndarray]
"""A model's state dict, as it comes out of the object store."""


@dataclass(frozen=True)
class Told:
    """What a node is told of a study.

    Attributes:
        study: path or URL of its folder.
        plan: fingerprint of its plan.
        sizes: of the model, as :class:`interp.model.Config` takes them.
        planted: whether a circuit is planted in the model.
        version: of Puzzlescope, on the machine that asks.
    """

    study: str
    plan: str
    sizes: dict[str, Any]
    planted: bool
    version: str


class Chunks:
    """Computes chunks of a study on a node.

    Args:
        told: of which study.
        name: of the node, for those who look at the progress.
        threads: that PyTorch computes with.
        card: whether to compute on a graphics card.
    """

    def __init__(self, told: Told, name: str, threads: int, card: bool = False):
        self.told, self.name = told, name
        self.threads, self.card = threads, card
        self._worker: Worker | None = None

    def ready(self, weights: Weights) -> str:
        """Make ready; returns a sentence if that cannot be."""
        try:
            self._made(weights)
        except Exception as error:  # whatever it is, a stack from another machine helps nobody
            return reason(error)
        return ""

    def do(self, chunk: int, weights: Weights) -> Done | str:
        """Compute a chunk and write it. Returns a sentence in the place of an error: to try again would be of
        no use."""
        try:
            return self._made(weights).do(chunk)
        except PuzzlescopeError as error:
            return str(error)
        except Exception as error:
            kind = type(error).__name__
            return f"Chunk {chunk} could not be computed on {self.name}: {kind}: {reason(error)}."

    def _made(self, weights: Weights) -> Worker:
        """The worker. After a restart it is made anew by the first chunk."""
        if self._worker is not None:
            return self._worker
        told = self.told
        if own_version() != told.version:
            raise PuzzlescopeError(
                f"it has version {own_version()} of Puzzlescope, and the study is run by {told.version}:"
                " install the same"
            )
        machine = Machine("cuda" if self.card else "cpu", self.threads)
        machine.use_threads()
        tensors = {name: torch.from_numpy(np.array(weight)) for name, weight in weights.items()}
        make = build_planted if told.planted else build
        model = make(Config(**told.sizes), tensors, Path("the model of the study"))
        model = model.to(machine.place()).eval().requires_grad_(False)
        folder = StudyFolder(told.study)
        if folder.plan.fingerprint != told.plan or folder.plan.checkpoint != model.checkpoint_id:
            raise PuzzlescopeError(f"another study lies in {told.study} there: it must be a shared folder")
        self._worker = Worker(model, folder, self.name)
        return self._worker
