"""Files of safetensors, one or several with an index: what their headers claim is bounded before a library
reads them."""

import json
import os
from pathlib import Path

import safetensors.torch
from torch import Tensor

from interp.checkpoints.file_kinds import LARGEST_FILE
from interp.checkpoints.weights import refuse, regular, short
from interp.errors import PuzzlescopeError

LARGEST_HEADER = 2 << 20
"""Bytes. The published models' have 20 thousand; half a million tensors took a minute and 0.7 GB to be
read."""

MOST_SHARDS = 1000


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a file, on the CPU.

    Raises:
        PuzzlescopeError: if it is not a whole file of safetensors.
    """
    try:
        with regular(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
        if size > LARGEST_FILE:
            raise ValueError(f"it has more than {LARGEST_FILE >> 30} GiB")
        if size < 10 or length > size - 8:
            raise ValueError(f"its end is missing, or it is something else ({size:,} bytes)")
    except (OSError, ValueError) as error:
        raise PuzzlescopeError(
            f"{path} is not a whole safetensors file: {short(error)}; copy or download it again."
        ) from error
    if length > LARGEST_HEADER:
        raise PuzzlescopeError(
            f"{path} has a header of {length:,} bytes, and at most {LARGEST_HEADER:,} are read: no culture"
            " GPT has so many tensors."
        )
    try:
        return safetensors.torch.load_file(path, device="cpu")
    except Exception as error:  # the file may come from anybody, and the parser's errors are of many classes
        raise PuzzlescopeError(
            f"{path} is not a whole safetensors file: {short(error)}; copy or download it again."
        ) from error


def read_shards(index: Path) -> dict[str, Tensor]:
    """Every tensor of the files that an index names, which lie beside it.

    Raises:
        PuzzlescopeError: if the index is none, or a file is missing, or does not hold what the index says.
    """
    places = _read_index(index)
    shards = sorted({*places.values()})
    missing = [shard for shard in shards if not (index.parent / shard).is_file()]
    refuse(missing, f"{index} names files that are not beside it, get these too:")
    if sum((index.parent / shard).stat().st_size for shard in shards) > LARGEST_FILE:
        raise PuzzlescopeError(
            f"{index} names files of more than {LARGEST_FILE >> 30} GiB, and no more are read."
        )
    weights: dict[str, Tensor] = {}
    for shard in shards:
        found = read_safetensors(index.parent / shard)
        expected = {name for name, place in places.items() if place == shard}
        refuse(
            sorted(expected - found.keys()), f"{index.parent / shard} lacks what {index.name} says it holds:"
        )
        refuse(
            sorted(found.keys() - expected), f"{index.parent / shard} holds what {index.name} does not say:"
        )
        weights |= found
    return weights


def _read_index(index: Path) -> dict[str, str]:
    """The file of each tensor: names only, never paths."""
    try:
        with regular(index).open("rb") as file:
            text = file.read(LARGEST_HEADER + 1)
        if len(text) > LARGEST_HEADER:
            raise ValueError(f"it has more than {LARGEST_HEADER:,} bytes")
        entries = json.loads(text)
        places = entries.get("weight_map") if isinstance(entries, dict) else None
        if not places or not isinstance(places, dict):
            raise ValueError("it has no weight_map")
    except (OSError, ValueError, RecursionError) as error:
        raise PuzzlescopeError(
            f"{index} should be the index of a model in several files: {short(error)}."
        ) from error
    bad = [place for place in places.values() if not _is_name(place)]
    refuse(map(repr, bad), f"{index} may name only files of safetensors beside it, got")
    if len({*places.values()}) > MOST_SHARDS:
        raise PuzzlescopeError(f"{index} names more than {MOST_SHARDS:,} files.")
    return dict(places)


def _is_name(place: object) -> bool:
    return (
        isinstance(place, str)
        and place.endswith(".safetensors")
        and place.isprintable()
        and not {"/", "\\", ":"} & {*place}
    )
