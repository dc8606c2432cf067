"""Everybody's hooks on a model: whether there are any, and a way to run without them that loses none.

TransformerLens's ``reset_hooks`` removes hooks for good, whoever set them. What is here takes them all off for a while and
puts the same ones back: the library's own passes must neither run a user's hooks unasked nor cost the user any.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

CALLED = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
"""Where PyTorch keeps the functions that a module calls."""

_NOTHING: dict[str, Callable[[], Any]] = {
    **dict.fromkeys(CALLED, OrderedDict),
    # which of those functions are called in another way
    "_forward_pre_hooks_with_kwargs": OrderedDict,
    "_forward_hooks_with_kwargs": OrderedDict,
    "_forward_hooks_always_called": OrderedDict,
    "_is_full_backward_hook": lambda: None,
    # TransformerLens's own account of them, on a hook point and on the model
    "fwd_hooks": list,
    "bwd_hooks": list,
    "ctx": dict,
    "context_level": int,
    "is_caching": bool,
}
"""Everything on a module that has to do with hooks, and what it is where there are none."""


def has_hooks(model: nn.Module) -> bool:
    """Whether any function is hooked to any part of a model: forward or backward, permanent or not, by TransformerLens's
    ``add_hook`` or PyTorch's ``register_*_hook``."""
    return any(module.__dict__[name] for module in model.modules() for name in CALLED)


@contextmanager
def without_hooks(model: nn.Module) -> Iterator[None]:
    """A context in which no function is hooked to any part of a model; on leaving it, whatever happened inside, exactly
    those that were there before are there again, in their order.

    The dictionaries themselves are exchanged, not what they hold: a handle that a user keeps knows its dictionary, so it
    still removes its hook, inside the context and after it. Contexts nest. What hook points keep for their hooks
    (``ctx``), and TransformerLens's count of nested contexts, are put aside as well.
    """
    kept = [(module.__dict__, _hooks_of(module)) for module in model.modules()]
    for state, values in kept:
        state.update({name: _NOTHING[name]() for name in values})
    try:
        yield
    finally:
        for state, values in kept:
            state.update(values)


def _hooks_of(module: nn.Module) -> dict[str, Any]:
    state = module.__dict__
    return {name: state[name] for name in _NOTHING if name in state}
