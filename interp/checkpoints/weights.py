"""The weights that a file holds: checked by name, shape and value, then made into a model.

Shared by the readers of our own folders (:mod:`interp.checkpoints.folders`) and of single files
(:mod:`interp.checkpoints.public_format`). Files come from strangers: every check ends in one sentence that
names the file.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from interp.errors import PuzzlescopeError, brief
from interp.model import Config, PosEmbed, PuzzleGPT
from interp.model.planted import BUFFERS, Planted, planted_shapes
from interp.tokens import STRUCTURES

Shapes = dict[str, tuple[int, ...]]

LARGEST_SIZE, MOST_LAYERS, MOST_HEADS = 16_384, 256, 1024
"""A small file must not make a model that fills the memory with positions (405 x d_model) or patterns (405 x
405 a head)."""

LARGEST_UNFOLDED = 1 << 26
"""Numbers: 256 MB in float32. Weights that share their numbers become weights of their own when they are
loaded."""

POSITIONS = "pos_embed.W_pos"


def short(value: object, length: int = 160) -> str:
    """Text from elsewhere made fit for a message: one line, printable, not too long, without a final full
    stop."""
    return brief(value, length).rstrip(".")


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


def is_plain(value: Any) -> bool:
    """Whether it is an ordinary tensor in memory: not sparse, nested or without data."""
    return (
        type(value) in (Tensor, nn.Parameter)
        and not value.is_nested
        and value.layout == torch.strided
        and value.is_cpu
    )


def check_plain(weights: dict[str, Any], path: Path) -> None:
    """That everything is an ordinary tensor, and that together they are no more numbers than a file can hold.

    Raises:
        PuzzlescopeError: if not.
    """
    refuse((key for key, value in weights.items() if not is_plain(value)), f"{path} has no plain tensor as")
    numbers = sum(weight.numel() for weight in weights.values())
    storages = [weight.untyped_storage() for weight in weights.values()]
    held = sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
    if numbers > max(held, LARGEST_UNFOLDED):
        raise PuzzlescopeError(
            f"{path} claims more numbers than it holds: its shared weights would unfold to {numbers:,}"
            f" numbers."
        )


def not_finite(weights: dict[str, Tensor]) -> list[str]:
    return [name for name, weight in weights.items() if not bool(weight.isfinite().all())]


def shapes_of(cfg: Config, path: Path) -> Shapes:
    """The shape of every weight of a model of these sizes, which come from ``path``. No model is made for it.

    Raises:
        PuzzlescopeError: if the sizes are beyond all reason.
    """
    if max(asdict(cfg).values()) > LARGEST_SIZE or cfg.n_layers > MOST_LAYERS or cfg.n_heads > MOST_HEADS:
        raise PuzzlescopeError(
            f"{path} claims more than {MOST_LAYERS} layers, {MOST_HEADS} heads or sizes above"
            f" {LARGEST_SIZE:,}."
        )
    block: Shapes = {
        **{f"{norm}.{part}": (cfg.d_model,) for norm in ("ln1", "ln2") for part in ("w", "b")},
        "attn.W_Q": (cfg.n_heads, cfg.d_model, cfg.query_width),
        "attn.W_K": (cfg.n_heads, cfg.d_model, cfg.query_width),
        "attn.W_V": (cfg.n_heads, cfg.d_model, cfg.d_head),
        "attn.W_O": (cfg.n_heads, cfg.d_head, cfg.d_model),
        "mlp.W_in": (cfg.d_model, cfg.d_mlp),
        "mlp.b_in": (cfg.d_mlp,),
        "mlp.W_out": (cfg.d_mlp, cfg.d_model),
        "mlp.b_out": (cfg.d_model,),
    }
    return {
        "embed.W_E": (cfg.d_vocab, cfg.d_model),
        **{f"blocks.{n}.{name}": shape for n in range(cfg.n_layers) for name, shape in block.items()},
        "unembed.W_U": (cfg.d_model, cfg.d_vocab),
        "unembed.b_U": (cfg.d_vocab,),
    }


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
    """A model of these sizes with a float32 copy of these weights, on the CPU. They come from ``path``.

    Some tools write the positions too; they are welcome if they are ours.

    Raises:
        PuzzlescopeError: if they are not the weights of such a model, or not all finite.
    """
    shapes = shapes_of(cfg, path)
    positions = weights.get(POSITIONS)
    weights = {name: weight for name, weight in weights.items() if name != POSITIONS}
    check_shapes(weights, shapes, path)
    model = _skeleton(cfg)
    copies = {  # laid out in memory as the model wants them
        name: torch.empty_strided(wanted.shape, wanted.stride(), dtype=torch.float32, device="cpu").copy_(
            weights[name].detach()
        )
        for name, wanted in model.named_parameters()
    }
    bad = not_finite(copies)
    refuse(
        (name for name in bad if bool(weights[name].isfinite().all())),
        f"{path} cannot be read as float32: too large a number, no longer finite there, is in",
    )
    refuse(bad, f"{path} is damaged, or of a training that diverged: not every number is finite in")
    model.load_state_dict(copies, assign=True)
    with torch.device("cpu"):
        model.pos_embed.W_pos = PosEmbed(cfg).W_pos
    if positions is not None and not _agree(positions, model.W_pos):
        raise PuzzlescopeError(
            f"{path} has other positions than ours, which are sinusoids of base 1e5: {POSITIONS}."
        )
    return model


def build_planted(cfg: Config, weights: dict[str, Tensor], path: Path) -> PuzzleGPT:
    """The same with a circuit planted in it (:mod:`interp.model.planted`), whose tensors are among the
    weights.

    Raises:
        PuzzlescopeError: also if they are none of such a circuit.
    """
    own = {n.removeprefix(BUFFERS): weight for n, weight in weights.items() if n.startswith(BUFFERS)}
    model = build(cfg, {n: weight for n, weight in weights.items() if not n.startswith(BUFFERS)}, path)
    markers = own.get("markers", torch.zeros(0))
    firsts = [structure.markers[0] for structure in STRUCTURES]
    known = markers.tolist() if markers.ndim == 1 else []
    if not known or len({*known}) < len(known) or not {*known} <= {*firsts}:
        raise PuzzlescopeError(
            f"{path} should have a circuit planted in it: expected in {BUFFERS}markers the first markers of"
            f" orders of the grids, {', '.join(map(str, firsts))}, each at most once."
        )
    check_shapes(own, planted_shapes(cfg, len(known)), path)
    refuse(not_finite(own), f"{path} is damaged: not every number is finite in {BUFFERS}")
    if bool(((own["kept"] != 0) & (own["kept"] != 1)).any()):
        raise PuzzlescopeError(f"{path} is damaged: {BUFFERS}kept should hold zeros and ones.")
    planted = Planted(cfg, len(known))
    planted.load_state_dict({name: weight.float() for name, weight in own.items()})
    model.plant(planted)
    return model


def _agree(stored: Tensor, ours: Tensor) -> bool:
    """Whether positions are the same up to the rounding of float16."""
    return stored.shape == ours.shape and torch.allclose(stored.float(), ours, rtol=0, atol=1e-3)


def _skeleton(cfg: Config) -> PuzzleGPT:
    """A model without memory: its weights are about to be replaced, random ones would only cost time."""
    with torch.device("meta"):
        return PuzzleGPT(cfg)
