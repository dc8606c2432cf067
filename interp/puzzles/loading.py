"""Puzzles from where they lie: the embedded bank, files, and the public data sets."""

from pathlib import Path

from interp.errors import PuzzlescopeError
from interp.puzzles.puzzle import PLACES, Puzzle, PuzzleSet, quoted
from interp.puzzles.spelling import is_spelled, read_spelled, spelled
from interp.tasks import task_named
from interp.tokens import Structure

COLLECTION = "collection:"
"""Begins the name of a source that is a collection."""


def load_puzzles(
    source: str | Path = "bank",
    *,
    task: str | None = None,
    structure: Structure | None = None,
    limit: int | None = None,
    place: str | None = None,
) -> PuzzleSet:
    """Load puzzles.

    Files may be (see :mod:`interp.puzzles.files`): ``.parquet`` and ``.npz``; ``.json``, ``.jsonl`` and
    ``.ndjson``, with our own names or the public set's (``input_ids``, ``label``), or tasks of ARC; all of
    them also with ``.gz``. A puzzle without label gets the task whose rule it follows, or "unknown".

    Args:
        source: ``bank`` (the embedded one), a path to a file, ``collection:NAME`` (one that was kept on this
            machine, see :mod:`interp.puzzles.collections`), ``hub`` or ``hub:OWNER/NAME[@REVISION]``: a
            public data set, streamed (1,000 puzzles if there is no limit); or ``own.`` and what follows in a
            link, a single puzzle (:mod:`interp.puzzles.spelling`).
        task: only this task; of a set on the hub with a split of this name, only that split.
        structure: only this order of the grids.
        limit: at most so many, shared fairly between tasks and structures (see :meth:`PuzzleSet.limit`); of a
            hub's data set the first so many. A large file is read through all the same, but takes little
            memory.
        place: where a grid of an ARC task goes that is smaller than 10 x 10, ``top-left`` or ``centre`` of a
            blank one. By default such a grid is refused.

    Raises:
        PuzzlescopeError: if there is no such source, it cannot be fetched, or it does not hold puzzles.

    Example:
        >>> frames = load_puzzles("bank", task="frame", limit=10)
        >>> len(frames), {puzzle.task for puzzle in frames}
        (10, {'frame'})
    """
    from interp.puzzles.rows import Wanted

    if limit is not None and limit < 1:
        raise PuzzlescopeError(f"A limit is at least 1 puzzle, got {limit}.")
    if place not in (None, *PLACES):
        raise PuzzlescopeError(f"A smaller grid's place is {' or '.join(PLACES)}, got {quoted(place)}.")
    name, wanted = str(source), Wanted(task, structure, limit, place)
    if name == "hub" or name.startswith("hub:"):
        # with the `datasets` library, which takes a second to import
        from interp.puzzles.hub import stream_hub

        return stream_hub(name, wanted)
    if name.startswith(COLLECTION) or is_spelled(name):
        return _named(name).filter(task=task, structure=structure).limit(limit)
    from interp.puzzles import files

    if name != "bank":
        return files.read_file(_path(name), wanted)
    if task is not None:
        task_named(task)
    return files.read_bank().filter(task=task, structure=structure).limit(limit)


def puzzle_name(puzzle: Puzzle) -> str:
    """What names a puzzle in links and programs: its id, if the bank has it; else all of it.

    Example:
        >>> bank = load_puzzles("bank")
        >>> puzzle_name(bank[0]) == bank[0].id
        True
    """
    from interp.puzzles import files

    return puzzle.id if files.read_bank().find(puzzle.id) == puzzle else spelled(puzzle)


def _named(name: str) -> PuzzleSet:
    """A collection, or the one puzzle that a name spells."""
    if is_spelled(name):
        return PuzzleSet("own", (read_spelled(name),))
    from interp.puzzles.collections import Collections, data_folder

    return Collections(data_folder()).puzzles(name.removeprefix(COLLECTION))


def save_puzzles(puzzles: PuzzleSet, path: str | Path) -> None:
    """Write puzzles to a file that :func:`load_puzzles` reads: ``.npz``, ``.json``, ``.jsonl`` or
    ``.parquet``, or one of these with ``.gz``. A ``.npz`` file keeps the order within each task only.

    Raises:
        PuzzlescopeError: if the file's name has another ending or cannot be written.
    """
    from interp.puzzles import files

    files.write_file(puzzles, _path(path))


def _path(name: str | Path) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # "~somebody" who is not on this machine: then it is a name like any other
        return Path(name)
