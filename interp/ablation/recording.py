"""What components write, and where heads look, in runs of the model itself: of each puzzle, or on average.

Hooks that a user has set are put aside while it is looked at (:mod:`interp.model.hooks`).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation.rows import Outputs
from interp.model import PuzzleGPT
from interp.resumable import Steps

NAMES = ("z", "attn_out", "mlp_out")


@torch.inference_mode()
def outputs_of(
    model: PuzzleGPT, prompt: Int[Tensor, "puzzle 405"], *, batch: int = 16
) -> tuple[Outputs, ...]:
    """What every component writes in the run of each of these puzzles, teacher-forced."""
    found: list[Outputs] = []
    for chunk in prompt.split(batch):
        seen = _seen(model, chunk, NAMES)
        found += [Outputs(*(seen[name][:, row] for name in NAMES)) for row in range(len(chunk))]
    return tuple(found)


def mean_outputs(
    model: PuzzleGPT, prompt: Int[Tensor, "puzzle 405"], batch: int
) -> Steps[None, dict[str, Tensor]]:
    """What every component writes on average over these puzzles, by the names of :data:`NAMES`. A pause after
    every batch; no hook of a user's is in a step, and none is gone after it."""
    return (yield from _mean(model, prompt, batch, NAMES))


def mean_pattern(
    model: PuzzleGPT, prompt: Int[Tensor, "puzzle 405"], batch: int
) -> Steps[None, Float[Tensor, "layer head 405 405"]]:
    """Where every head looks on average over these puzzles, otherwise as :func:`mean_outputs`."""
    return (yield from _mean(model, prompt, batch, ("pattern",)))["pattern"]


def _mean(
    model: PuzzleGPT, prompt: Int[Tensor, "puzzle 405"], batch: int, names: tuple[str, ...]
) -> Steps[None, dict[str, Tensor]]:
    sums: dict[str, Tensor] = {}
    for chunk in prompt.split(batch):
        for name, seen in _seen(model, chunk, names).items():
            total = seen.sum(1)
            sums[name] = sums[name].add_(total) if name in sums else total
        yield None
    return {name: total / len(prompt) for name, total in sums.items()}


def _seen(model: PuzzleGPT, prompt: Int[Tensor, "puzzle 405"], names: tuple[str, ...]) -> dict[str, Tensor]:
    """Activations ``[layer, puzzle, ...]`` by these names."""
    layers = range(model.cfg.n_layers)
    wanted = [get_act_name(name, layer) for name in names for layer in layers]
    with model.without_hooks():
        _, cache = model.run_with_cache(prompt, return_type=None, names_filter=wanted)
    return {name: torch.stack([cache[name, layer] for layer in layers]) for name in names}
