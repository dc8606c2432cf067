"""Files of ``torch.save``, in its format of today (a zip archive) and the one before: read by weights only,
always.

Nothing in such a file is run. What it holds is claimed by a pickle inside, which is walked through first
(:mod:`interp.checkpoints.pickle_survey`); what the claims come to is compared with the file's size before any
number is read.
"""

import io
import os
import pickle
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interp.checkpoints.file_kinds import OLD_FORMAT, WEIGHT_ENDINGS
from interp.checkpoints.pickle_survey import REMEDY as ALONE
from interp.checkpoints.pickle_survey import Survey, UnsafeError
from interp.checkpoints.weights import short
from interp.errors import PuzzlescopeError

LARGEST_PICKLE = 1 << 20
"""Bytes. The published models' pickles have 20 thousand, a training's dictionary some hundred thousand."""

_NUMPY_LOCK = threading.Lock()


def read_torch(path: Path) -> Any:
    """What was given to ``torch.save``: tensors on the CPU, in containers of Python's.

    Args:
        path: of a file that begins as one of ``torch.save``, see
            :func:`interp.checkpoints.file_kinds.kind_of`.

    Raises:
        PuzzlescopeError: if it is not a whole one, or holds more than weights and plain values.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            old = file.read(len(OLD_FORMAT)) == OLD_FORMAT
            file.seek(0)
            survey = (_survey_old if old else _survey_zip)(file, size)
            if survey.foreign:
                raise UnsafeError(
                    f"holds more than weights ({_some(survey.foreign)}), and none of it was run"
                )
            if survey.n_bytes > size:
                raise UnsafeError("claims more numbers than it holds")
            file.seek(0)
            return _load(file)
    except UnsafeError as error:
        raise PuzzlescopeError(f"{path} {error}.") from error
    except pickle.UnpicklingError as error:
        raise PuzzlescopeError(f"{path} holds more than weights, and none of it was run: {ALONE}.") from error
    except Exception as error:  # the file may come from anybody, and its readers' errors are of many classes
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise PuzzlescopeError(f"{path} needs more memory than there is: {ALONE}.") from error
        raise PuzzlescopeError(
            f"{path} is damaged or cut off, though it begins as a file of torch.save does: {short(error)};"
            " copy or download it again."
        ) from error


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(short(name, 60) for name in names[:3]) + more


def _load(file: io.BufferedReader) -> Any:
    """By PyTorch's restricted reader, which also knows NumPy's scalars and arrays for as long as this
    takes."""
    with _NUMPY_LOCK:
        known = torch.serialization.get_safe_globals()
        added = [entry for entry in _numpy_globals() if entry not in known]
        with torch.serialization.safe_globals(added):
            return torch.load(file, map_location="cpu", weights_only=True)


def _numpy_globals() -> list[Any]:
    """What rebuilds NumPy's scalars and arrays of numbers, by its names in NumPy 2 and 1."""
    reconstruct, scalar = np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]
    dtypes = {type(np.dtype(code)) for code in np.typecodes["All"] if np.dtype(code).kind in "biufc"}
    return [
        np.ndarray,
        np.dtype,
        *dtypes,
        *(
            (function, f"numpy.{core}.multiarray.{name}")
            for core in ("_core", "core")
            for function, name in ((reconstruct, "_reconstruct"), (scalar, "scalar"))
        ),
    ]


# ---- the format of today -----------------------------------------------------------------------------------


class _Frugal:
    """A file of which no more is read at once than an archive's table of contents may have."""

    def __init__(self, file: io.BufferedReader):
        self._file, self.seek, self.tell, self.seekable = file, file.seek, file.tell, file.seekable

    def read(self, size: int = -1, /) -> bytes:
        content = self._file.read(min(size, LARGEST_PICKLE + 1) if size >= 0 else LARGEST_PICKLE + 1)
        if len(content) > LARGEST_PICKLE:
            raise UnsafeError("has a table of contents larger than any checkpoint's")
        return content


def _survey_zip(file: io.BufferedReader, size: int) -> Survey:
    """Survey an archive: its pickle, and that every storage is there and as long as the pickle says."""
    with zipfile.ZipFile(_Frugal(file)) as archive:
        listed = archive.infolist()
        entries = {entry.filename.casefold(): entry for entry in listed}
        if sum(entry.file_size for entry in listed) > size or len(entries) < len(listed):
            raise UnsafeError(
                "would unpack to more than it holds, as no file of torch.save does",
                "save it with torch.save again",
            )
        if any(entry.flag_bits & 1 for entry in listed):
            raise UnsafeError("is an encrypted archive", "unpack it first")
        root = listed[0].filename.partition("/")[0].casefold() if listed else ""
        listing = entries.get(f"{root}/data.pkl")
        if listing is None:
            raise _other_archive([entry.filename for entry in listed])
        if f"{root}/constants.pkl" in entries:
            raise UnsafeError(
                "is a program of TorchScript (torch.jit.save)",
                "save its weights alone, torch.save(torch.jit.load(FILE).state_dict(), OTHER)",
            )
        if listing.file_size > LARGEST_PICKLE:
            raise UnsafeError("holds far more than weights")
        _check_sums(archive, [listing])
        survey = Survey()
        survey.walk(io.BytesIO(archive.read(listing)))
        for storage in survey.storages.values():
            entry = entries.get(f"{root}/data/{storage.key}".casefold())
            if entry is None or entry.file_size < storage.n_bytes:
                raise UnsafeError("claims more numbers than it holds")
        _check_sums(
            archive, [entries[f"{root}/data/{one.key}".casefold()] for one in survey.storages.values()]
        )
        return survey


def _check_sums(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    """See by the archive's checksums that no number was altered on the way, which PyTorch itself does not."""
    altered = sum(not _fits(archive, part) for part in parts)
    if altered:
        raise UnsafeError(
            f"is damaged: the checksums of {altered} of its {len(parts)} parts do not fit them",
            "copy or download it again, or, if it was written with"
            " torch.serialization.set_crc32_options(False), save it with checksums",
        )


def _fits(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(entry) as content:
            while content.read(1 << 20):
                pass
    except zipfile.BadZipFile:
        return False
    return True


def _other_archive(names: list[str]) -> UnsafeError:
    """What a zip archive is that ``torch.save`` did not write."""
    weights = [name for name in names if name.lower().endswith(WEIGHT_ENDINGS)]
    if weights:
        return UnsafeError(
            f"is a zip archive with {short(weights[0], 80)} in it", "unpack it and give that file"
        )
    if any(name.endswith(".npy") for name in names):
        return UnsafeError("is an archive of NumPy arrays, not a checkpoint")
    if any(name.endswith(".h5") for name in names):
        return UnsafeError("is a model of Keras, not a checkpoint of PyTorch")
    return UnsafeError("is a zip archive, but not a checkpoint")


# ---- the format before -------------------------------------------------------------------------------------


def _survey_old(file: io.BufferedReader, size: int) -> Survey:
    """Survey five pickles (a mark, a version, a machine, the content, the keys of its storages) and the
    storages' lengths."""
    head, survey = io.BytesIO(file.read(LARGEST_PICKLE)), Survey()
    try:
        *_, keys = [survey.walk(head) for _ in range(5)]
    except UnsafeError:
        raise
    except ValueError:
        if size > LARGEST_PICKLE and not head.read(1):
            raise UnsafeError("holds far more than weights") from None
        raise
    place = head.tell()
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(map(str, survey.storages)):
        raise UnsafeError("does not hold the numbers that it claims")
    for key in keys:
        file.seek(place)
        storage, written = survey.storages[key], int.from_bytes(file.read(8), "little")
        place += 8 + storage.n_bytes
        if place > size:
            raise ValueError("its end is missing")
        if written != storage.numbers:
            raise UnsafeError("does not hold the numbers that it claims")
    return survey
