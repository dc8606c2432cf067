"""Puzzlescope's library: mechanistic interpretability of small GPTs that solve grid puzzles.

It works the same from a notebook, the command line and the dashboard. To see where the heads of layer 0 look
while the model draws an answer::

    import torch
    from interp import load_model, load_puzzles
    from interp.tokens import with_start

    model = load_model("default")
    puzzles = load_puzzles("bank")
    prompt = torch.from_numpy(with_start(puzzles[0].tokens))[None]
    logits, cache = model.run_with_cache(prompt)        # logits [1, 405, 15]
    pattern = cache["pattern", 0]                       # [1, head, query, key]

The model carries TransformerLens's hook points, so that recipes written for that library run on it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from interp.checkpoints import load_model
    from interp.puzzles import load_puzzles

__all__ = ["load_model", "load_puzzles"]

_HOMES = {"load_model": "interp.checkpoints", "load_puzzles": "interp.puzzles"}


def __getattr__(name: str) -> Any:
    """Import on first use: PyTorch takes seconds, which nobody should wait for who only asks for help."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
