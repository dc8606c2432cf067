"""What a pickle says that it holds, found out without unpickling it: names, storages, tensors.

``torch.save`` writes a pickle beside the numbers. PyTorch's restricted reader runs nothing of a stranger's,
yet believes what is claimed: a few bytes make it fill the memory, or crash on a key nested a million deep. So
the pickle's instructions are first walked through here, where nothing is made or called. Only a pickle that
names nothing but weights and plain values, and claims no more numbers than there can be, is then given to
that reader.
"""

import math
import pickletools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

DEEPEST, MOST_PARTS = 32, 1_000_000
"""Of a tuple. One may be a key, and the hash of a key takes as long, and as much of the stack, as it has
parts."""

# What a checkpoint may name. Everything here makes no more than it is given; what calls are given is looked
# at below.
_SAFE = re.compile(
    r"collections\.(OrderedDict|Counter)|builtins\.(set|complex)|_codecs\.encode"
    r"|torch\.(\w+Storage|Size|device|b?float\d\w*|u?int\d+|bool|complex\d+|strided)"
    r"|torch\.storage\.(Typed|Untyped)Storage"
    r"|torch\._utils\._rebuild_(tensor|tensor_v2|tensor_v3|parameter|sparse_tensor)"
    r"|torch\._utils\._rebuild_(meta_tensor_no_storage|device_tensor_from_cpu_tensor)"
    r"|torch\.serialization\._get_layout"
    r"|numpy\.(_core|core)\.multiarray\.(scalar|_reconstruct)|numpy\.(dtype|ndarray)"
)
_ITEM_SIZES = {"Double": 8, "Long": 8, "Float": 4, "Int": 4, "Half": 2, "BFloat16": 2, "Short": 2} | {
    "ComplexDouble": 16,
    "ComplexFloat": 8,
    "QInt32": 4,
}
_NUMPY_NUMBERS = re.compile(r"[<>=|]?[biufc]\d{1,2}")
_OLD_NAMES = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
}  # of Python 2, in which pickles still say them


REMEDY = "where it was made, save the weights alone, torch.save(model.state_dict(), FILE)"


class UnsafeError(ValueError):
    """The file asks for more than a checkpoint may: the end of a sentence about it, and what to do."""

    def __init__(self, what: str, remedy: str = REMEDY):
        super().__init__(f"{what}: {remedy}")


@dataclass(frozen=True)
class Named:
    """Something of a module's that the pickle names."""

    name: str


@dataclass(frozen=True)
class Made:
    """What a call would make."""

    by: str


@dataclass(frozen=True)
class Row:
    """A tuple, how deep it is nested, and how many parts it has when unfolded."""

    items: tuple[Any, ...]
    depth: int
    parts: int


@dataclass(frozen=True)
class Storage:
    """Numbers kept outside the pickle."""

    key: Any
    numbers: int
    item_size: int
    """Bytes of a number, or 1 where its type is not known."""

    @property
    def n_bytes(self) -> int:
        return self.numbers * self.item_size


@dataclass
class Survey:
    """What the pickles walked through so far say that they hold."""

    foreign: list[str] = field(default_factory=list)
    """Names that no checkpoint needs, each once, in the order in which they come."""

    storages: dict[Any, Storage] = field(default_factory=dict)

    @property
    def n_bytes(self) -> int:
        """Of all storages together; what is shared counts once."""
        return sum(storage.n_bytes for storage in self.storages.values())

    def walk(self, stream: BytesIO) -> Any:
        """Walk through one pickle, and leave the stream behind it.

        Returns:
            Its content if that is a plain value or a list of such; of anything else only a stand-in.

        Raises:
            UnsafeError: if it asks for what would harm.
            ValueError: if it is no pickle, or ends too early.
        """
        return _Walk(self).through(stream)


_MARK = object()
_UNKNOWN = object()


class _Walk:
    """The machine that a pickle is a program for, without its effects: a stack of what is known of each
    value."""

    def __init__(self, survey: Survey):
        self.survey = survey
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def through(self, stream: BytesIO) -> Any:
        for opcode, argument, _ in pickletools.genops(stream):
            try:
                self._step(opcode.name, argument)
            except (IndexError, KeyError) as error:
                raise ValueError(f"its pickle is damaged at {opcode.name}") from error
        return self.stack.pop() if self.stack else None

    def _step(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case "PROTO":
                if argument != 2:
                    raise UnsafeError(
                        f"was saved with pickle_protocol={argument}", "save it again with torch.save's own, 2"
                    )
            case "MARK":
                stack.append(_MARK)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE" | "SHORT_BINSTRING":
                stack.append(argument)
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_DICT" | "EMPTY_SET":
                stack.append(_UNKNOWN)
            case "EMPTY_TUPLE":
                stack.append(_row(()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                n = int(name[-1])
                stack[-n:] = [_row(stack[len(stack) - n :])]
            case "TUPLE":
                stack.append(_row(self._to_mark()))
            case "APPEND" | "SETITEM":
                items = [stack.pop() for _ in range(1 if name == "APPEND" else 2)]
                self._extend(items)
            case "APPENDS" | "SETITEMS":
                self._extend(self._to_mark())
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self.memo[argument])
            case "GLOBAL":
                stack.append(self._named(argument))
            case "BINPERSID":
                stack.append(self._storage(stack.pop()))
            case "REDUCE" | "NEWOBJ":
                arguments, function = stack.pop(), stack.pop()
                stack.append(_called(function, arguments))
            case "BUILD":
                state = stack.pop()
                _check_state(stack[-1], state)
            case "STOP":
                pass
            case _:
                raise UnsafeError(f"uses {name}, which no checkpoint of torch.save needs")

    def _to_mark(self) -> list[Any]:
        items = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _extend(self, items: list[Any]) -> None:
        """Items are known only of lists: the last pickle of the old format is a list of keys."""
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)

    def _named(self, argument: str) -> Named:
        module, _, name = argument.partition(" ")
        found = Named(f"{_OLD_NAMES.get(module, module)}.{name}")
        if not _SAFE.fullmatch(found.name) and found.name not in self.survey.foreign:
            self.survey.foreign.append(found.name)
        return found

    def _storage(self, reference: Any) -> Storage:
        """What is kept outside: ("storage", type, key, location, number of numbers), in the old format also a
        view."""
        match reference:
            case Row(items=("storage", Named(name=kind), str() | int() as key, _, int() as numbers, *_)):
                item = _ITEM_SIZES.get(kind.rpartition(".")[2].removesuffix("Storage"), 1)
                storage = Storage(key, numbers, item)
                if numbers < 0 or self.survey.storages.setdefault(key, storage) != storage:
                    raise UnsafeError("contradicts itself on how many numbers it holds")
                return storage
            case Row(items=("module", *_)):
                raise UnsafeError("holds a whole model, not only its weights")
        raise UnsafeError("refers to something outside of it that is no storage")


def _row(items: Iterable[Any]) -> Row:
    items = tuple(items)
    rows = [item for item in items if isinstance(item, Row)]
    row = Row(items, 1 + max((r.depth for r in rows), default=0), 1 + len(items) + sum(r.parts for r in rows))
    if row.depth > DEEPEST or row.parts > MOST_PARTS:
        raise UnsafeError("nests tuples deeper than any checkpoint needs")
    return row


def _called(function: Any, arguments: Any) -> Any:
    """What a call would make.

    Raises:
        UnsafeError: if the arguments are not those that ``torch.save`` writes, for a function that could do
            harm with others.
    """
    name = function.name if isinstance(function, Named) else ""
    items = arguments.items if isinstance(arguments, Row) else ()
    last = name.rpartition(".")[2]
    if last in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"):
        _check_tensor(*items[:4]) if len(items) >= 4 else _check_tensor(None, 0, None, None)
    elif name == "_codecs.encode" and (len(items) != 2 or items[1] != "latin1" or type(items[0]) is not str):
        raise UnsafeError("encodes text in a way that no checkpoint needs")
    elif name == "numpy.dtype" and not (
        items and type(items[0]) is str and _NUMPY_NUMBERS.fullmatch(items[0])
    ):
        raise UnsafeError("holds a NumPy array or scalar that is not of numbers")
    elif last == "_reconstruct" and not (len(items) == 3 and items[1] == _row((0,))):
        raise UnsafeError("holds a NumPy array of unknown making")
    return Made(name)


def _check_state(made: Any, state: Any) -> None:
    """A NumPy dtype of numbers has no fields or parts, and nothing of ours has other states that could
    harm."""
    if isinstance(made, Made) and made.by == "numpy.dtype":
        items = state.items if isinstance(state, Row) else ()
        if len(items) != 8 or any(item is not None for item in items[2:5]) or items[5:7] != (-1, -1):
            raise UnsafeError("holds a NumPy array or scalar that is not of numbers")


def _check_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> None:
    """That a tensor lies within its storage and repeats none of it: PyTorch would make the storage larger."""
    sizes, strides = _whole_numbers(size), _whole_numbers(stride)
    if not isinstance(storage, Storage) or type(offset) is not int or len(sizes) != len(strides):
        raise UnsafeError("describes a tensor in a way that torch.save does not")
    if min((offset, *sizes, *strides)) < 0:
        raise UnsafeError("claims a tensor of an impossible size")
    if 0 in sizes:
        return
    if math.prod(sizes) > storage.numbers:
        raise UnsafeError(
            "claims more numbers than it holds, by repeating some (expand)",
            "where it was made, call contiguous() on every weight before torch.save",
        )
    if offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True)) >= storage.numbers:
        raise UnsafeError("claims more numbers than it holds")


def _whole_numbers(row: Any) -> tuple[int, ...]:
    items = row.items if isinstance(row, Row) else (None,)
    if any(type(item) is not int for item in items):
        raise UnsafeError("describes a tensor in a way that torch.save does not")
    return tuple(items)
