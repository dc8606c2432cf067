"""Puzzles of ARC's tasks to be picked from, and written as such tasks.

A task with n train pairs and m tests holds n * m puzzles: each train pair is the example of each test. A test
without an output is one whose answer a solver works out, if there is one that can.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedIOBase
from itertools import product
from typing import Any

from interp.errors import PuzzlescopeError
from interp.puzzles.arc import is_collection, label_of_task, of_task, order_of_task, own_name
from interp.puzzles.exchange.making import made, refusal, with_origin
from interp.puzzles.exchange.preview import MOST_IMPORTED, Found
from interp.puzzles.kept import Kept
from interp.puzzles.puzzle import quoted
from interp.puzzles.rows import BadRowError
from interp.tokens import STRUCTURES, Structure

_KEYS = ("train", "test", "input", "output")


class ArcFinder:
    """Finds in the entries of a JSON file what is of ARC.

    Args:
        source: the file, for messages.
        name: of tasks that have none of their own.
        place: where a smaller grid goes, of PLACES.
    """

    def __init__(self, source: str, name: str, place: str):
        self._source, self._name, self._put = source, name, place
        self._pairs: list[Any] = []

    def find(self, value: Any, place: str) -> Iterator[Found] | None:
        """The puzzles of an entry; ``None`` if it is not of ARC.

        Raises:
            PuzzlescopeError: if they are too many.
        """
        if not isinstance(value, dict):
            return None
        if "train" in value or "test" in value:
            return self._task(value, own_name(value) or self._name, place)
        if "input" in value or "output" in value:
            return self._pair(value, place)
        if is_collection(value):
            many = (self._task(task, name, f"task {quoted(name)}") for name, task in value.items())
            return (found for one in many for found in one)
        return None

    @property
    def alone(self) -> bool:
        """Whether there was a single pair, and so nothing that it is an example for."""
        return len(self._pairs) == 1

    def _task(self, task: dict[str, Any], name: str, place: str) -> Iterator[Found]:
        name = own_name(task) or name
        try:
            structure = order_of_task(task, name)
            for side in ("train", "test"):
                if not isinstance(task.get(side), list) or not task[side]:
                    raise BadRowError(
                        0, f'{of_task(name)}expected a list of {{"input", "output"}} as "{side}".'
                    )
        except BadRowError as error:
            yield refusal(name, self._source, place, str(error))
            return
        train, test = task["train"], task["test"]
        check_number(len(train) * len(test), self._source)
        for (i, asked), (k, example) in product(enumerate(test, start=1), enumerate(train, start=1)):
            which = f"train pair {k}, test pair {i}"
            alone = len(train) == len(test) == 1
            yield with_origin(
                self._puzzle(
                    (f"train pair {k}", example),
                    (f"test pair {i}", asked),
                    structure,
                    name if alone else f"{name}: train {k}, test {i}",
                    f"task {quoted(name)}, {which}",
                    label_of_task(task, name),
                ),
                task.get("provenance"),
            )

    def _pair(self, pair: dict[str, Any], place: str) -> Iterator[Found]:
        self._pairs.append(pair)
        n = len(self._pairs)
        if n > 1:
            yield self._puzzle(
                (f"pair {n - 1}", self._pairs[-2]),
                (f"pair {n}", pair),
                STRUCTURES[0],
                f"{self._name}: {n - 1} and {n}",
                f"pairs {n - 1} and {n}",
                self._name,
            )

    def _puzzle(
        self,
        example: tuple[str, Any],
        asked: tuple[str, Any],
        structure: Structure,
        name: str,
        place: str,
        label: str,
    ) -> Found:
        grids = []
        for what, pair in (example, asked):
            for side in ("input", "output"):
                grid = pair.get(side) if isinstance(pair, dict) else None
                if grid is None and (side == "input" or pair is example[1]):
                    return refusal(name, self._source, place, f"{what} has no {side}.")
                if grid is not None:
                    grids.append((f"{what}, {side}", grid))
        return made(grids, structure, name=name, source=self._source, place=place, put=self._put, label=label)


def check_number(n: int, source: str) -> None:
    """Refuse more puzzles than anybody picks from.

    Raises:
        PuzzlescopeError: if there are.
    """
    if n > MOST_IMPORTED:
        raise PuzzlescopeError(
            f"{source} has {n:,} puzzles or more: at most {MOST_IMPORTED:,} are taken at once; cut it into"
            " several, or use the file itself as --puzzles."
        )


def write_arc(kept: Sequence[Kept], file: BufferedIOBase) -> None:
    """Write puzzles as tasks of ARC by their names, each with one train pair and one test. What ARC has no
    place for (the order of the grids, the task, where it comes from) stands beside these."""
    tasks = {}
    for key, one in zip(_keys(one.name for one in kept), kept, strict=True):
        first, second, third, answer = one.puzzle.grids.tolist()
        tasks[key] = {
            "name": one.name or key,
            "task": one.puzzle.task,
            "structure": one.puzzle.structure.name,
            **({"provenance": one.provenance} if one.provenance else {}),
            "train": [{"input": first, "output": second}],
            "test": [{"input": third, "output": answer}],
        }
    file.write((json.dumps(tasks) + "\n").encode())


def _keys(names: Iterable[str]) -> Iterator[str]:
    """Names as keys of an object: each another one, and none that ARC uses itself."""
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        key = name if name and name not in _KEYS else f"puzzle {number}"
        while key in seen:
            key = f"{key} ({number})"
        seen.add(key)
        yield key
