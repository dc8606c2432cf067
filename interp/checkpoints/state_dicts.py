"""The weights among what a checkpoint holds: people save them alone, in dictionaries, in tuples, under
wrappers' names."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from interp.checkpoints.weights import is_plain, short
from interp.errors import PuzzlescopeError

WRAPPERS = frozenset(
    ("module", "_orig_mod", "_forward_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
)
"""What DataParallel, torch.compile, Lightning, FSDP and its checkpointing put into the names of weights."""

EMBEDDINGS = ("embedding.0.f.0.weight", "embed.W_E")
"""The one weight by which a model is known among others: its name in the public format, and ours."""

DEEPEST = 5
State = dict[str, Any]


def find_state(content: Any, path: Path) -> tuple[State, float | None]:
    """The state dict in a checkpoint, wherever it is, and the accuracy beside it, if any.

    Returns:
        The state dict with its weights' own names. Nothing is known yet of its values.

    Raises:
        PuzzlescopeError: if there is none, or more than one.
    """
    found = [(where, parents, state) for where, parents, state in _dictionaries(content) if _prefixes(state)]
    if not found:
        some = next((state for *_, state in _dictionaries(content) if _has_tensors(state)), None)
        if some is None:
            raise PuzzlescopeError(
                f"{path} is not a checkpoint of a culture GPT: expected weights saved by torch.save, as a"
                f" state dict or as (state_dict, accuracy), got a {type(content).__name__} without any."
            )
        return own_names(some, path), None
    where, parents, state = found[0]
    others = [place for place, _, other in found[1:] if not _same(other, state)]
    if others:
        raise PuzzlescopeError(
            f"{path} holds {len(others) + 1} models"
            f" ({', '.join(short(name, 40) for name in [where, *others][:4])}): save the one that you mean"
            " alone, torch.save(its state dict, FILE)."
        )
    return own_names(state, path), _accuracy(parents)


def own_names(state: dict[Any, Any], path: Path) -> State:
    """A state dict without what wrappers put into its names, nor what stands before all of them.

    Raises:
        PuzzlescopeError: if it holds two models, or two weights are then of one name.
    """
    prefixes = _prefixes(state)
    if len(prefixes) > 1:
        raise PuzzlescopeError(
            f"{path} holds {len(prefixes)} models, whose weights begin with"
            f" {' and '.join(short(repr(prefix), 40) for prefix in prefixes[:3])}: save the one that you"
            f" mean alone."
        )
    named: State = {}
    for key, value in dict.items(state):
        name = _unwrapped(str(key))
        name = name.removeprefix(prefixes[0]) if prefixes else name
        if name in named and named[name] is not value:
            raise PuzzlescopeError(
                f"{path} holds two weights that are both {short(name, 80)}: save them once."
            )
        named[name] = value
    return named


def _unwrapped(key: str) -> str:
    return ".".join(part for part in key.split(".") if part not in WRAPPERS)


def _prefixes(state: dict[Any, Any]) -> list[str]:
    """What stands before a model's weights, for each model in a state dict; "" for weights under their own
    names."""
    found: dict[str, None] = {}
    for key in dict.keys(state):
        name = _unwrapped(key) if isinstance(key, str) and key.endswith(EMBEDDINGS) else ""
        for embedding in EMBEDDINGS:
            if name == embedding or name.endswith(f".{embedding}"):
                found[name.removesuffix(embedding)] = None
    return list(found)


def _dictionaries(content: Any) -> Iterator[tuple[str, list[Any], dict[Any, Any]]]:
    """Every dictionary, the outermost first: where it is, what it is in, from the inside out, and itself;
    each once."""
    queue: deque[tuple[str, list[Any], Any]] = deque([("", [], content)])
    seen = set()
    while queue:
        where, parents, value = queue.popleft()
        if not isinstance(value, dict | list | tuple) or id(value) in seen or len(parents) > DEEPEST:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            yield where, parents, value
        pairs = dict.items(value) if isinstance(value, dict) else enumerate(value)
        for key, child in pairs:
            if isinstance(child, dict | list | tuple):
                queue.append((f"{where}.{short(key, 40)}".removeprefix("."), [value, *parents], child))


def _has_tensors(state: dict[Any, Any]) -> bool:
    return any(isinstance(value, Tensor) for value in dict.values(state))


def _same(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Whether two state dicts hold the same tensors."""
    first, second = ({_unwrapped(str(k)): v for k, v in dict.items(state)} for state in (one, other))
    return first.keys() == second.keys() and all(
        _place(first[name]) == _place(second[name]) for name in first
    )


def _place(value: Any) -> object:
    """Where in memory a tensor's numbers are, and how they are laid out there."""
    return (value.data_ptr(), value.shape, value.stride()) if is_plain(value) else id(value)


def _accuracy(parents: list[Any]) -> float | None:
    """The number beside a state dict, or beside what it is in: the second of two, or the first from 0 to
    1."""
    for parent in parents:
        if isinstance(parent, dict):
            beside = [value for key, value in dict.items(parent) if key in ("accuracy", "acc")]
        else:
            beside = [value for value in parent[1:] if not isinstance(value, dict | list | tuple | bool)]
            beside = beside if len(parent) == 2 else [v for v in beside if not isinstance(v, int)]
        numbers = [number for number in map(_number, beside) if number is not None]
        if numbers:
            return numbers[0]
    return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # absent, text, a tensor of several ...
        return None
