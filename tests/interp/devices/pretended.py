"""A graphics card that is none: tensors that say they are on one, and mix with no others.

Everything is computed on the CPU; only the bookkeeping is a card's. So a machine without one finds the
tensors that were made in the wrong place, and runs the code that only cards run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

CARD, CPU = torch.device("cuda", 0), torch.device("cpu")
_MARK = "_is_on_the_card"

_COPIES = {Tensor.copy_}
"""What takes tensors of two devices."""
_INDEXES = {Tensor.__getitem__, Tensor.index_put_}
"""What takes indices of the CPU for tensors of a card."""


def on_card(tensor: Tensor) -> bool:
    """Whether a tensor is said to be on the card."""
    return getattr(tensor, _MARK, False)


def put(found: Any) -> Any:
    """Say so of all tensors in it."""
    if isinstance(found, Tensor):
        setattr(found, _MARK, True)
    return found


class MixedDevicesError(RuntimeError):
    """What a real card would say."""


class _Card(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
        if getattr(func, "__self__", None) is Tensor.device:
            return CARD if on_card(args[0]) else CPU
        if getattr(func, "__self__", None) in (Tensor.is_cuda, Tensor.is_cpu):
            return on_card(args[0]) == (func.__self__ is Tensor.is_cuda)
        if func in (Tensor.numpy, Tensor.__array__) and on_card(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")
        if func in (Tensor.to, Tensor.cpu, Tensor.cuda):
            return _moved(func, args, kwargs)
        wanted = kwargs.get("device")
        if wanted is not None:
            kwargs["device"] = CPU
            found = func(*args, **kwargs)
            return put(found) if torch.device(wanted).type == "cuda" else found
        _check(func, args, tensors)
        found = func(*args, **kwargs)
        return tree_map(put, found) if any(map(on_card, tensors)) else found


def _check(func: Any, args: Any, tensors: list[Tensor]) -> None:
    """Whether a real card would do this."""
    if func in _COPIES:
        return
    if func in _INDEXES and on_card(args[0]):
        tensors = [args[0]]
    if func is Tensor.__setitem__:
        tensors = [args[0], *(one for one in args[2:] if isinstance(one, Tensor))]
    numbers = [] if func in (torch.stack, torch.cat) else [one for one in tensors if one.ndim == 0]
    devices = {on_card(one) for one in tensors if not any(one is number for number in numbers)}
    if len(devices) > 1:
        raise MixedDevicesError(f"Expected all tensors to be on the same device: {func}")


def _moved(func: Any, args: Any, kwargs: dict[str, Any]) -> Tensor:
    """``to``, ``cpu`` and ``cuda``: a tensor of its own where the device changes."""
    tensor, *rest = args
    target = {Tensor.cpu: CPU, Tensor.cuda: CARD}.get(func)
    others: list[Any] = []
    for one in rest if func is Tensor.to else []:
        if isinstance(one, str | torch.device):
            target = torch.device(one)
        elif isinstance(one, Tensor):
            target = CARD if on_card(one) else CPU
            others.append(one.dtype)
        else:
            others.append(one)
    if "device" in kwargs:
        said = kwargs.pop("device")
        target = target if said is None else torch.device(said)
    found: Tensor = tensor.to(*others, **kwargs) if others or kwargs else tensor
    goes = on_card(tensor) if target is None else target.type == "cuda"
    if found is tensor and goes != on_card(tensor):
        found = tensor.clone()
    if goes:
        put(found)
    return found


def moved(model: nn.Module) -> None:
    """Put a model on it."""
    for tensor in [*model.parameters(), *model.buffers()]:
        put(tensor)


@contextmanager
def pretended() -> Iterator[None]:
    """While this lasts, the card is there, for this thread."""
    with _Card():
        yield
