"""The weights that a file holds: checked by name, shape and value, then made into a model.

Shared by the readers of our own folders (:mod:`interp.checkpoints`) and of the public format
(:mod:`interp.public_format`). Files come from strangers: every check ends in one sentence that names the file.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from interp.errors import PuzzlescopeError
from interp.model import Config, PosEmbed, PuzzleGPT

Shapes = dict[str, tuple[int, ...]]

LARGEST_SIZE = 1_000_000
MOST_LAYERS = 1000
"""A file that lies about its sizes must not make us build a huge model before its weights are compared."""


def short(value: object, length: int = 160) -> str:
    """Text from elsewhere made fit for a message: one line, printable, not too long, without a final full stop."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return text.rstrip(".") if len(text) <= length else text[: length - 1] + "…"


def refuse(names: Iterable[object], fault: str) -> None:
    """If there are any names: raise, with the fault, the first of them and how many more there are."""
    found = list(names)
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise PuzzlescopeError(f"{fault} {short(found[0], 80)}{more}.")


def regular(path: Path) -> Path:
    """The path, if it is a file: reading a pipe or a device would never end.

    Raises:
        OSError: if it is not.
    """
    if not path.is_file():
        raise FileNotFoundError("there is no such file" if not path.exists() else "it is not a file")
    return path


def not_finite(weights: dict[str, Tensor]) -> list[str]:
    return [name for name, weight in weights.items() if not bool(weight.isfinite().all())]


def shapes_of(cfg: Config, path: Path) -> Shapes:
    """The shape of every weight of a model of these sizes, which come from ``path``.

    Raises:
        PuzzlescopeError: if the sizes are beyond all reason.
    """
    if max(asdict(cfg).values()) > LARGEST_SIZE or cfg.n_layers > MOST_LAYERS:
        raise PuzzlescopeError(
            f"{path} claims more than {MOST_LAYERS} layers or sizes above {LARGEST_SIZE:,}."
        )
    return {name: tuple(parameter.shape) for name, parameter in _skeleton(cfg).named_parameters()}


def check_shapes(weights: dict[str, Tensor], shapes: Shapes, path: Path) -> None:
    """Compare what a file holds with what it should hold.

    Raises:
        PuzzlescopeError: if a weight is missing, unknown, of whole numbers or of another shape.
    """
    refuse(
        (n for n in shapes if n not in weights), f"{path} is of another kind of model or not whole: it lacks"
    )
    refuse((n for n in weights if n not in shapes), f"{path} is of another kind of model: it also has")
    refuse(
        (n for n, w in weights.items() if not w.is_floating_point()),
        f"{path} lacks floating-point numbers in",
    )
    wrong = [name for name, shape in shapes.items() if tuple(weights[name].shape) != shape]
    if wrong:
        shape, expected = list(weights[wrong[0]].shape), list(shapes[wrong[0]])
        refuse(wrong, f"{path} does not fit its sizes: expected shape {expected}, got {shape} for")


def build(cfg: Config, weights: dict[str, Tensor], path: Path) -> PuzzleGPT:
    """A model of these sizes with a float32 copy of these weights, which come from ``path``.

    Raises:
        PuzzlescopeError: if they are not the weights of such a model, or not all finite.
    """
    shapes = shapes_of(cfg, path)
    check_shapes(weights, shapes, path)
    model = _skeleton(cfg)
    copies = {  # laid out in memory as the model wants them
        name: torch.empty_strided(wanted.shape, wanted.stride(), dtype=wanted.dtype, device="cpu").copy_(
            weights[name].detach()
        )
        for name, wanted in model.named_parameters()
    }
    refuse(not_finite(copies), f"{path} is damaged: not every number is finite in")
    model.load_state_dict(copies, assign=True)
    with torch.device("cpu"):
        model.pos_embed.W_pos = PosEmbed(cfg).W_pos
    return model


def _skeleton(cfg: Config) -> PuzzleGPT:
    """A model without memory: its weights are about to be replaced, random ones would only cost time."""
    with torch.device("meta"):
        return PuzzleGPT(cfg)
