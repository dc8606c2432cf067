"""Puzzles from the Hugging Face hub, streamed: the only place among the puzzles that uses the network."""

import os
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import datasets
from huggingface_hub import HfApi, errors

from interp.errors import PuzzlescopeError
from interp.puzzles.puzzle import Puzzle, PuzzleSet, quoted
from interp.puzzles.rows import (
    LABELS,
    MOST_PUZZLES,
    NUMBERS,
    UNKNOWN,
    BadRowError,
    Wanted,
    label_of,
    numbers_of,
    task_of,
    whole_tokens,
)

PUBLIC_SET = "tommyp111/culture-puzzles-1M"
HUB_LIMIT = 1000
HUB_SECONDS = 10

# Errors reach the user as our own sentences; the library would print its own before them, and bars.
datasets.logging.set_verbosity(datasets.logging.CRITICAL)
datasets.disable_progress_bars()

# A lost connection is tried again by huggingface_hub, for half a minute a read; `datasets` would do all that
# twenty times.
datasets.config.STREAMING_READ_MAX_RETRIES = datasets.config.STREAMING_OPEN_MAX_RETRIES = 1
datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # that would tell another server
datasets.config.STREAMING_READ_RETRY_INTERVAL = datasets.config.STREAMING_OPEN_RETRY_INTERVAL = 0


def stream_hub(name: str, wanted: Wanted) -> PuzzleSet:
    """The first puzzles that fit of a data set on the hub.

    Args:
        name: ``hub``, or ``hub:OWNER/NAME`` with or without ``@REVISION``.
        wanted: which puzzles; if the set has a split with the task's name, only that is read.

    Raises:
        PuzzlescopeError: if the set cannot be had, or does not hold puzzles that fit.
    """
    limit = wanted.limit or HUB_LIMIT
    if limit > MOST_PUZZLES:
        raise PuzzlescopeError(f"From the hub at most {MOST_PUZZLES:,} puzzles are read, got {limit:,}.")
    puzzles = tuple(islice(fitting_puzzles(name, wanted), limit))
    if not puzzles:
        raise PuzzlescopeError(f"{quoted(name)} has no puzzle that fits the chosen task and structure.")
    return PuzzleSet(name, puzzles)


def fitting_puzzles(name: str, wanted: Wanted) -> Iterator[Puzzle]:
    """All puzzles that fit of a data set on the hub, as they come, whatever the limit.

    Args, errors: as of :func:`stream_hub`.
    """
    repo, _, revision = (name.removeprefix("hub").removeprefix(":") or PUBLIC_SET).partition("@")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo) or (
        "@" in name and not re.fullmatch(r"[\w./-]+", revision)
    ):
        raise PuzzlescopeError(f"Expected hub or hub:OWNER/NAME, as in hub:{PUBLIC_SET}; got {quoted(name)}.")
    puzzles = _puzzles(repo, revision or None, wanted.task)
    while True:
        try:
            puzzle = next(puzzles)
        except StopIteration:
            return
        except PuzzlescopeError:
            raise
        except (
            Exception
        ) as error:  # the library raises dozens of kinds, from DNS failures to a changed layout
            raise PuzzlescopeError(_failure(name, repo, error)) from error
        if wanted.fits(puzzle.task, puzzle.structure):
            yield puzzle


def _failure(name: str, repo: str, error: Exception) -> str:
    """What a failed stream means for the person who asked for it."""
    if _offline():
        return (
            f"{quoted(name)} is on the hub, HF_HUB_OFFLINE forbids asking it, and no copy that `datasets`"
            " made is kept here: give the path of a file that is."
        )
    meanings = (  # the special before the general: a gated repository is also one that was not found
        (errors.GatedRepoError, "its owner asks to accept terms first and to log in (hf auth login)"),
        (errors.RepositoryNotFoundError, "it does not exist or is private"),
        (errors.RevisionNotFoundError, "it has no such revision"),
    )
    why = next((text for kind, text in meanings if isinstance(error, kind)), type(error).__name__)
    return (
        f"Could not stream '{repo}' from the Hugging Face hub: {why}; check its name and the network, or"
        " download a Parquet file of it and give its path."
    )


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def _puzzles(repo: str, revision: str | None, task: str | None) -> Iterator[Puzzle]:
    """The puzzles of all splits, as they come; of a set with a split of the task's name, only of that."""
    # Once, with a bound: `datasets` would try again for half a minute where there is no network.
    if not _offline():  # there it would only refuse, and `datasets` may have a copy
        HfApi().dataset_info(repo, revision=revision, timeout=HUB_SECONDS)
    splits = datasets.load_dataset(repo, revision=revision, streaming=True)
    chosen = {task: splits[task]} if task is not None and task in splits else splits
    for name, split in chosen.items():
        for number, row in enumerate(split, start=1):
            try:
                yield _puzzle(row, split.features)
            except (BadRowError, PuzzlescopeError) as bad:
                where = f"'{repo}', {name}, puzzle {number}"
                raise PuzzlescopeError(f"{where} is not a puzzle: {bad}") from bad


def _puzzle(row: dict[str, Any], features: Any) -> Puzzle:
    """A row of a data set as a puzzle. A set without a description tells its columns only with its rows."""
    column = next((name for name in NUMBERS if name in row), None)
    if column is None:
        raise BadRowError(
            0,
            f"Expected the columns {NUMBERS[0]} and {LABELS[0]}, got {quoted(', '.join(row) or 'none')}.",
        )
    tokens = whole_tokens(numbers_of(row[column])[None])[0]
    key = next((name for name in LABELS if name in row), None)
    if key is None:
        return Puzzle.of(task_of(tokens), tokens)
    label, feature = row[key], (features or {}).get(key)
    if isinstance(feature, datasets.ClassLabel) and isinstance(label, int):
        label = feature.int2str(label) if label >= 0 else UNKNOWN
    return Puzzle.of(label_of(label), tokens)
