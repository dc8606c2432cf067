"""Hooks that a user has set on a model: one rule for all analyses.

They are the user's. Nothing in this library removes one, permanent or not, or changes the order of any. And
none is silently in a result, or silently out of it:

* What runs the whole model on given puzzles runs them too: predictions and losses, sweeps, attention, head
  studies, the logit lens, the notebook's masking. At each hook point the user's come first, in their order,
  then those of an ablation: what is off is off. That takes the model's own forward pass over whole puzzles,
  which is slower than the engine.
* What is put together from pieces of runs is of the model without them, and says so once by a
  :class:`HooksIgnored` warning: reference means, direct logit attribution, activation patching, effects of
  paths, and runs that are kept (the dashboard's).

* A part whose ``forward`` was replaced, and PyTorch's hooks on all modules, are in what runs the whole model;
  what is put together from pieces is refused.

Hooks are seen wherever PyTorch keeps them, so those of ``model.add_hook``, of ``with model.hooks(...)`` and
of a module's own ``register_forward_hook`` alike. TransformerLens's ``reset_hooks`` removes hooks for good,
whoever set them; what is here takes them all off for a while and puts the same ones back.
"""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn
from torch.nn.modules import module as every_module

from interp.errors import PuzzlescopeError, UnavailableError

CALLED = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
"""Where PyTorch keeps the functions that a module calls."""

_FORWARD = CALLED[:2]

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
    """Whether any function is hooked to any part of a model: forward or backward, permanent or not, by
    TransformerLens's ``add_hook`` or PyTorch's ``register_*_hook``."""
    return any(module.__dict__[name] for module in model.modules() for name in CALLED)


def changes_forward(model: nn.Module) -> bool:
    """Whether a forward pass of the model is another than the engine's: hooks are set on it, or
    :func:`altered`, or a circuit is planted in it."""
    return (
        altered(model) is not None
        or is_planted(model)
        or any(module.__dict__[name] for module in model.modules() for name in _FORWARD)
    )


def is_planted(model: nn.Module) -> bool:
    """Whether most connections of a model carry a constant (:mod:`interp.model.planted`), so that no stream
    says what its parts read."""
    return getattr(model, "planted", None) is not None


def check_not_planted(model: nn.Module, what: str) -> None:
    """Raise :class:`UnavailableError` for results, in the plural, that would be false of a planted
    circuit."""
    if is_planted(model):
        raise UnavailableError(
            f"{what[0].upper()}{what[1:]} cannot be had of a planted circuit, whose parts read some"
            " connections only: use predict, sweeps, heads or the edges' effects, or take the model that it"
            " was planted in."
        )


def altered(model: nn.Module) -> str | None:
    """What else makes a forward pass another, if anything: a part with a ``forward`` that is not this
    library's, replaced on the part itself or by another class, or hooks of PyTorch's that are called for
    every module there is."""
    if every_module._global_forward_hooks or every_module._global_forward_pre_hooks:
        return "PyTorch's global hooks are set"
    for name, module in model.named_modules():
        (home, *_) = (kind.__module__ for kind in type(module).__mro__ if "forward" in vars(kind))
        # A part that is never called, a list or a table, has what PyTorch's Module has: none.
        ours = home == nn.Module.__module__ or home.startswith(("interp.", "transformer_lens."))
        if "forward" in module.__dict__ or not ours:
            return f"the forward of {name or 'the model'} was replaced"
    return None


class HooksIgnored(UserWarning):
    """A result is of the model without the hooks that are set on it."""


_told: "WeakKeyDictionary[nn.Module, set[tuple[str, frozenset[int]]]]" = WeakKeyDictionary()
"""What was said of a model: of which results, and of which hooks."""


def say_ignored(model: nn.Module, what: str, *, planted: bool = False) -> None:
    """Warn, once for each kind of result and set of hooks, that a result is of the model without the hooks on
    it.

    Args:
        what: the results, in the plural: "reference means".
        planted: whether they can be had of a planted circuit too.

    Raises:
        PuzzlescopeError: if it is more than hooks that makes this another model (:func:`altered`): there is
            none without.
    """
    if not planted:
        check_not_planted(model, what)
    if (why := altered(model)) is not None:
        raise PuzzlescopeError(
            f"{what[0].upper()}{what[1:]} cannot be had of this model, for {why}: undo that, or use predict,"
            " which runs the model as it is."
        )
    hooks = frozenset(
        id(hook) for module in model.modules() for name in _FORWARD for hook in module.__dict__[name].values()
    )
    said = _told.setdefault(model, set())
    if not hooks or (what, hooks) in said:
        return
    said.add((what, hooks))
    warnings.warn(
        f"This model has hooks set on it, and {what} are of the model without them: they stay where they"
        " are; to see what they do, use model.run_with_hooks or predict.",
        HooksIgnored,
        stacklevel=3,
    )


@contextmanager
def without_hooks(model: nn.Module) -> Iterator[None]:
    """A context in which no function is hooked to any part of a model; on leaving it, whatever happened
    inside, exactly those that were there before are there again, in their order.

    The dictionaries themselves are exchanged, not what they hold: a handle that a user keeps knows its
    dictionary, so it still removes its hook, inside the context and after it. Contexts nest. What hook points
    keep for their hooks (``ctx``), and TransformerLens's count of nested contexts, are put aside as well.
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
