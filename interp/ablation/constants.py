"""Constants in the place of components: for each the value that costs least, or as little as is known.

Li & Janson (2024, "Optimal ablation for interpretability", NeurIPS, section 2.3) put in the place of a
component the constant that minimises the expected loss: whatever effect is then left is of what the component
knows about the input, not of a value that the rest of the model has never seen. Here the value at a position
is

    scale * mean + shift

with the component's mean output at that position in puzzles of the same order, a number ``scale``, and a
vector ``shift`` for each role that a position has (:data:`ROLES`). Scale 0 and shift 0 is ``zero`` exactly,
and scale 1 and shift 0 is ``mean`` exactly; components for which training found nothing better keep one of
these two (:mod:`interp.analyses.by_method.optimal`).

They are kept in a file of safetensors beside the model's weights, which says what they were trained on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors import torch as tensors_file
from torch import Tensor

from interp.ablation.components import Component
from interp.ablation.rows import Outputs
from interp.checkpoints.loading import find_model
from interp.errors import PuzzlescopeError, brief
from interp.model import Config, PuzzleGPT
from interp.outputs import write_whole
from interp.tokens import GRID_TOKENS, N_CTX, Structure

ROLES = ("marker", "X", "f(X)", "Y", "f(Y)")
"""What a position is of: a cell of one of the grids, or a marker (and the start token)."""
FILE = "optimal.safetensors"
NO_CONSTANTS = (
    "This model has no trained constants for the method optimal: train them with"
    " 'python -m interp optimal --model MODEL', which takes some minutes, or choose another method."
)
_KINDS = ("attn", "mlp", "head")


@dataclass(frozen=True, eq=False)
class Constants:
    """What stands in the place of every component: ``scale * mean + shift``.

    Attributes:
        checkpoint_id: of the weights that they are of.
        scales: of each kind of component, factors of the means: ``attn`` and ``mlp`` [layer], ``head``
            [layer, head].
        shifts: of each kind, what is added at positions of each role: ``attn`` and ``mlp`` [layer, role,
            d_model], ``head`` [layer, head, role, d_head].
        about: how they were trained and what they cost, as JSON has it.
    """

    checkpoint_id: str
    scales: Mapping[str, Float[Tensor, "*component"]]
    shifts: Mapping[str, Float[Tensor, "*component role d"]]
    about: Mapping[str, Any]

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return sum(one.nbytes for one in (*self.scales.values(), *self.shifts.values()))

    def outputs(self, means: Outputs, structure: Structure) -> Outputs:
        """The constants at every position of puzzles in this order, whose means these are."""
        roles = roles_of(structure)
        scales = {kind: one.to(means.z) for kind, one in self.scales.items()}
        shifts = {kind: one.to(means.z)[..., roles.to(one.device), :] for kind, one in self.shifts.items()}
        z = means.z * scales["head"][:, None, :, None] + shifts["head"].transpose(1, 2)
        attn = means.attn_out * scales["attn"][:, None, None] + shifts["attn"]
        mlp = means.mlp_out * scales["mlp"][:, None, None] + shifts["mlp"]
        return Outputs(z, attn, mlp)

    def what(self, component: Component) -> str:
        """What stands in the place of a component: ``zero``, ``mean`` or ``trained``."""
        at = (component.layer,) if component.head is None else (component.layer, component.head)
        scale, shift = float(self.scales[component.kind][at]), self.shifts[component.kind][at]
        if not bool(shift.any()) and scale in (0, 1):
            return "mean" if scale else "zero"
        return "trained"


def roles_of(structure: Structure) -> Int[Tensor, "405"]:
    """Of every position the number of its role among :data:`ROLES`, in puzzles of this order."""
    roles = torch.zeros(N_CTX, dtype=torch.long)
    for place, grid in enumerate(structure.order):
        marker = 1 + place * GRID_TOKENS
        roles[marker + 1 : marker + GRID_TOKENS] = 1 + grid
    return roles


def constants_file(model: str) -> Path:
    """Where the constants of the model of this name lie: in its folder, or beside its file."""
    path = find_model(model)
    return path / FILE if path.is_dir() else path.with_name(f"{path.name}.{FILE}")


def write_constants(constants: Constants, path: Path) -> None:
    """Write a file of constants, whole or not at all.

    Raises:
        PuzzlescopeError: if it cannot be written.
    """
    arrays = {
        f"{what}.{kind}": one.contiguous()
        for what, own in (("scale", constants.scales), ("shift", constants.shifts))
        for kind, one in own.items()
    }
    told = {"checkpoint_id": constants.checkpoint_id, "about": json.dumps(dict(constants.about))}
    write_whole(path, tensors_file.save(arrays, told))


def constants_of(model: PuzzleGPT) -> Constants:
    """The constants that lie beside a model's weights.

    Raises:
        PuzzlescopeError: if there are none, they are of other weights, or the file is damaged.
    """
    try:
        path = constants_file(model.source) if model.source else None
    except PuzzlescopeError:  # it was loaded, and its files are gone since
        path = None
    if path is None or not path.is_file():
        raise PuzzlescopeError(NO_CONSTANTS)
    found = read_constants(path, model.cfg)
    if found.checkpoint_id != model.checkpoint_id:
        raise PuzzlescopeError(
            f"The constants in {path} are of the model {brief(found.checkpoint_id)}, and this one is"
            f" {model.checkpoint_id}: train them anew with 'python -m interp optimal --model MODEL'."
        )
    return found


def read_constants(path: Path, cfg: Config) -> Constants:
    """The constants in a file, of a model of these sizes.

    Raises:
        PuzzlescopeError: if it is no such file.
    """
    heads, roles = (cfg.n_layers, cfg.n_heads), len(ROLES)
    shapes = {"scale.head": heads, "shift.head": (*heads, roles, cfg.d_head)}
    for kind in ("attn", "mlp"):
        shapes |= {f"scale.{kind}": (cfg.n_layers,), f"shift.{kind}": (cfg.n_layers, roles, cfg.d_model)}
    try:
        with safe_open(path, "pt") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
            said = file.metadata() or {}
        about = json.loads(said["about"])
        checkpoint_id = said["checkpoint_id"]
    except (OSError, SafetensorError, ValueError, KeyError, RecursionError) as error:
        raise PuzzlescopeError(_damaged(path, type(error).__name__)) from error
    for name, shape in shapes.items():
        found = arrays.get(name)
        if found is None or found.shape != shape or found.dtype != torch.float32:
            got = "nothing" if found is None else f"{found.dtype} {list(found.shape)}"
            raise PuzzlescopeError(_damaged(path, f"expected {name} float32 {list(shape)}, got {got}"))
        if not bool(found.isfinite().all()):
            raise PuzzlescopeError(_damaged(path, f"{name} is not finite"))
    if not isinstance(about, dict):
        raise PuzzlescopeError(_damaged(path, "it does not say how they were trained"))
    scales, shifts = ({kind: arrays[f"{what}.{kind}"] for kind in _KINDS} for what in ("scale", "shift"))
    return Constants(checkpoint_id, scales, shifts, about)


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path} holds no constants of this model ({why}): train them anew with"
        " 'python -m interp optimal --model MODEL'."
    )
