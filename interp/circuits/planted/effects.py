"""Effects of the edges of a planted circuit: exact, and the gradients by which they are estimated.

An edge outside the circuit carries the same constant in every run, so that its effect is 0.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.gradients import Gradients, Metric
from interp.circuits.graph import Graph
from interp.circuits.planted.runs import PlantedPass, kept_edges, planted_logits
from interp.circuits.writes import BothRuns
from interp.model import PuzzleGPT
from interp.resumable import Steps

ROWS = 8
"""Edges that are cut in one pass."""


def planted_gradients(
    model: PuzzleGPT,
    tokens: Int[Tensor, " pos"],
    stream: Float[Tensor, "pos d_model"],
    metric: Metric,
) -> Gradients:
    """The metric's gradients at what each reader reads (:func:`interp.circuits.gradients.gradients`), 0 where
    nothing that is heard comes of it; none at what heads hand on.

    Args:
        tokens: of the prompt, which tell the order of the grids.
        stream: what the embedding writes.
    """
    graph = Graph(model.cfg)
    with torch.inference_mode(False), torch.enable_grad():
        embedded = stream.detach().clone()[None].requires_grad_()
        one = PlantedPass(model, tokens.clone()[None], embedded=embedded, recording=True)
        value = metric(one.logits[0])
        asked = list(one.inputs.values())
        found = torch.autograd.grad(value, asked, allow_unused=True)
    readers = stream.new_zeros(len(graph.readers), *stream.shape)
    for reader, gradient in zip(one.inputs, found, strict=True):
        if gradient is not None:
            readers[reader] = gradient[0]
    nothing = stream.new_zeros(0, 0, len(stream), model.cfg.d_head)
    return Gradients(float(value.detach()), readers, nothing, nothing)


def exact_effects(both: BothRuns, effects: Float[np.ndarray, "reader writer"]) -> Steps[None, None]:
    """Cut every edge of the planted circuit in a run of its own, all else as it is, and note by how much the
    metric falls.

    Args:
        both: the runs of a pair.
        effects: filled in: 0 outside the circuit.
    """
    kept = kept_edges(both.weights.model)
    effects[~kept] = 0
    places = np.argwhere(kept)
    for some in (places[first : first + ROWS] for first in range(0, len(places), ROWS)):
        masks = np.repeat(kept[None], len(some), 0)
        masks[np.arange(len(some)), some[:, 0], some[:, 1]] = False
        logits = planted_logits(
            both.weights.model,
            both.tokens.expand(len(some), -1),
            masks,
            both.other.expand(len(some), *both.other.shape),
        )
        effects[some[:, 0], some[:, 1]] = both.value - both.metric(logits).double().cpu().numpy()
        yield None
