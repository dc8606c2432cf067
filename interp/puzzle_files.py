"""Reading and writing puzzles: Parquet (the columns of the public data sets), npz, JSON, and streams from the hub."""

import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import datasets
import numpy as np
from huggingface_hub import HfApi
from jaxtyping import Integer
from pyarrow import parquet

from interp.errors import PuzzlescopeError
from interp.grids import CELLS, SIZE
from interp.puzzles import BANK_FOLDER, Puzzle, PuzzleSet, checked
from interp.tokens import PUZZLE_TOKENS, STRUCTURES, Structure, structure_named, with_start

Pair = tuple[str, np.ndarray]

PUBLIC_SET = "tommyp111/culture-puzzles-1M"
HUB_LIMIT = 1000
HUB_SECONDS = 10
COLUMNS = ("input_ids", "label")

# Errors reach the user as our own sentences; the library would print its own before them, and bars over a 0.2 MB file.
datasets.logging.set_verbosity(datasets.logging.CRITICAL)
datasets.disable_progress_bars()


def read_bank() -> PuzzleSet:
    """The embedded bank: every Parquet file in ``assets/puzzles``."""
    files = sorted(BANK_FOLDER.glob("*.parquet"))
    if not files:
        raise PuzzlescopeError(f"The puzzle bank is missing: expected Parquet files in {BANK_FOLDER}.")
    sets = [_read_parquet(file) for file in files]
    return PuzzleSet("bank", tuple(puzzle for one in sets for puzzle in one))


def read_file(path: Path) -> PuzzleSet:
    """The puzzles of a file, by its ending."""
    readers: dict[str, Callable[[Path], PuzzleSet]] = {
        ".npz": _read_npz,
        ".json": _read_json,
        ".parquet": _read_parquet,
    }
    if path.suffix not in readers:
        raise PuzzlescopeError(
            f"No puzzles '{path}': expected bank, hub, or a file that ends in {', '.join(readers)}."
        )
    try:
        found = path.is_file()
    except OSError:  # a name that is too long, or a folder that may not be entered
        found = False
    if not found:
        raise PuzzlescopeError(f"There is no file {path}.")
    return readers[path.suffix](path)


def write_file(puzzles: PuzzleSet, path: Path) -> None:
    """Write a set, by the file's ending; a crash leaves no half file."""
    writers: dict[str, Callable[[PuzzleSet, BinaryIO], None]] = {
        ".npz": _write_npz,
        ".json": _write_json,
        ".parquet": _write_parquet,
    }
    if path.suffix not in writers:
        raise PuzzlescopeError(
            f"Cannot write puzzles to '{path}': expected a name that ends in {', '.join(writers)}."
        )
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            writers[path.suffix](puzzles, file)
        partial.replace(path)
    except OSError as error:
        raise PuzzlescopeError(f"Could not write {path}: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):  # in place by now, or never made
            partial.unlink()


def _read_parquet(path: Path) -> PuzzleSet:
    try:
        with path.open("rb") as file, parquet.ParquetFile(file) as content:
            columns = content.schema_arrow.names
            # From the open file: Dataset.from_parquet takes [ and * in a name for a pattern and wants a cache folder.
            table = datasets.Dataset(content.read(columns=list(COLUMNS)))
    except Exception as error:
        raise PuzzlescopeError(f"{path} is not a Parquet file that can be read.") from error
    _check_columns(columns, str(path))
    # Whole columns: row by row, datasets takes half a second over the bank.
    labels = map(str, table["label"][:])
    tokens = map(np.asarray, table.with_format("numpy")["input_ids"][:])
    return _puzzle_set(path, zip(labels, tokens, strict=True))


def _write_parquet(puzzles: PuzzleSet, file: BinaryIO) -> None:
    columns = {
        "input_ids": list(with_start(puzzles.tokens).astype(np.int8)),
        "label": [p.task for p in puzzles],
    }
    features = datasets.Features(
        {"input_ids": datasets.List(datasets.Value("int8")), "label": datasets.Value("string")}
    )
    datasets.Dataset.from_dict(columns, features=features).to_parquet(file)


def _check_columns(columns: list[str] | None, where: str) -> None:
    if not set(COLUMNS) <= set(columns or ()):
        raise PuzzlescopeError(
            f"{where} does not hold puzzles: expected the columns {' and '.join(COLUMNS)}, got {', '.join(columns or ['none'])}."
        )


def _read_npz(path: Path) -> PuzzleSet:
    try:
        with path.open("rb") as opened, zipfile.ZipFile(opened) as archive:
            arrays = {name.removesuffix(".npy"): _read_array(archive, name) for name in archive.namelist()}
    except Exception as error:  # damaged archives end in a dozen kinds of errors, zlib's own among them
        raise PuzzlescopeError(f"{path} is not an npz file of plain arrays that can be read.") from error
    pairs: list[Pair] = []
    for task, array in arrays.items():
        if array.ndim != 2 or array.shape[1] != PUZZLE_TOKENS or array.dtype.kind not in "iu":
            raise PuzzlescopeError(
                f"{path}, {task!a}: expected whole numbers [puzzles, {PUZZLE_TOKENS}], got {array.dtype} {list(array.shape)}."
            )
        pairs += [(task, tokens) for tokens in array]
    return _puzzle_set(path, pairs)


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _write_npz(puzzles: PuzzleSet, file: BinaryIO) -> None:
    # Not np.savez: that cannot write a task called "file".
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for task, group in puzzles.by_task().items():
            with archive.open(zipfile.ZipInfo(f"{task}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, group.tokens, allow_pickle=False)


def _read_json(path: Path) -> PuzzleSet:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PuzzlescopeError(f"{path} is not a JSON file that can be read.") from error
    if not isinstance(rows, list):
        raise PuzzlescopeError(f"{path}: expected a list of puzzles, got {type(rows).__name__}.")
    pairs = [_json_pair(row, f"{path}, puzzle {number}") for number, row in enumerate(rows, start=1)]
    return _puzzle_set(path, pairs)


def _json_pair(row: Any, where: str) -> Pair:
    """Either ``{"task", "tokens"}`` or ``{"task", "structure", "grids"}``, grids in the structure's order."""
    if (
        not isinstance(row, dict)
        or not isinstance(row.get("task"), str)
        or not ({"tokens", "grids"} & set(row))
    ):
        raise PuzzlescopeError(f'{where}: expected {{"task", "tokens"}} or {{"task", "structure", "grids"}}.')
    if "tokens" in row:
        return row["task"], _whole_numbers(row["tokens"], f"{where}, tokens")
    grids = _whole_numbers(row["grids"], f"{where}, grids")
    if grids.shape != (4, SIZE, SIZE):
        raise PuzzlescopeError(
            f"{where}: expected 4 grids of {SIZE} x {SIZE} cells, got {list(grids.shape)}."
        )
    try:
        structure = structure_named(str(row.get("structure", STRUCTURES[0].name)))
    except PuzzlescopeError as error:
        raise PuzzlescopeError(f"{where}: {error}") from error
    return row["task"], np.column_stack([structure.markers, grids.reshape(4, CELLS)]).ravel()


def _whole_numbers(value: Any, where: str) -> Integer[np.ndarray, "..."]:
    try:
        array = np.array(value)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "iu":
        raise PuzzlescopeError(f"{where}: expected whole numbers in rows of equal length.")
    return array


def _write_json(puzzles: PuzzleSet, file: BinaryIO) -> None:
    rows = [
        json.dumps({"task": p.task, "structure": p.structure.name, "grids": p.grids.tolist()})
        for p in puzzles
    ]
    file.write(("[\n" + ",\n".join(rows) + "\n]\n").encode())


def _puzzle_set(path: Path, pairs: Iterable[Pair]) -> PuzzleSet:
    puzzles = tuple(checked(str(path), pairs))
    if not puzzles:
        raise PuzzlescopeError(f"{path} holds no puzzle.")
    return PuzzleSet(path.name, puzzles)


def stream_hub(name: str, *, task: str | None, structure: Structure | None, limit: int | None) -> PuzzleSet:
    """The first puzzles that fit of a data set on the Hugging Face hub. The only place here that uses the network."""
    repo = name.removeprefix("hub").removeprefix(":") or PUBLIC_SET
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        raise PuzzlescopeError(f"Expected hub or hub:OWNER/NAME, as in hub:{PUBLIC_SET}; got '{name}'.")
    wanted = limit or HUB_LIMIT
    try:
        puzzles = tuple(islice(_fitting(checked(repo, _hub_rows(repo, task)), task, structure), wanted))
    except PuzzlescopeError:
        raise
    except Exception as error:  # the library raises dozens of kinds, from DNS failures to a changed layout
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
            raise PuzzlescopeError(
                f"'{name}' is on the hub, and HF_HUB_OFFLINE forbids asking it."
            ) from error
        raise PuzzlescopeError(
            f"Could not stream '{repo}' from the Hugging Face hub ({type(error).__name__}): check its name and the network,"
            " or download a Parquet file of it and give its path."
        ) from error
    if not puzzles:
        raise PuzzlescopeError(f"'{repo}' has no puzzle that fits the chosen task and structure.")
    return PuzzleSet(name, puzzles)


def ask_hub(repo: str) -> None:
    """Ask once whether the set is there: `datasets` would retry for half a minute where there is no network."""
    HfApi().dataset_info(repo, timeout=HUB_SECONDS)


def _hub_rows(repo: str, task: str | None) -> Iterator[Pair]:
    """Rows of all splits; of a set with one split a task, only the task's."""
    ask_hub(repo)
    splits = datasets.load_dataset(repo, streaming=True)
    chosen = [splits[task]] if task is not None and task in splits else list(splits.values())
    for split in chosen:
        for row in split:
            _check_columns(list(row), f"'{repo}'")  # a set without a description tells its columns only now
            yield str(row["label"]), np.array(row["input_ids"])


def _fitting(puzzles: Iterator[Puzzle], task: str | None, structure: Structure | None) -> Iterator[Puzzle]:
    for puzzle in puzzles:
        if task in (None, puzzle.task) and structure in (None, puzzle.structure):
            yield puzzle
