"""Puzzles as values, sets of them, and the bank."""

import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.assets import BANK_FOLDER
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.puzzles.bank import draw_bank
from interp.puzzles.kinds import KINDS, draw
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, Structure, with_start
from interp.training.data import BLOCK, TrainingData, count_seen
from tests.support.places import ROOT
from tests.support.puzzles import bank, refused, some

# ---- a puzzle is a value -----------------------------------------------------------------------------------


def test_equal_puzzles_are_one_key() -> None:
    puzzle = some()[0]
    again = Puzzle.of(puzzle.task, puzzle.tokens.astype(np.int64))
    assert again is not puzzle and again == puzzle and hash(again) == hash(puzzle) and again.id == puzzle.id
    assert len({puzzle, again, some()[1]}) == 2
    assert Puzzle.of("detect", puzzle.tokens) != puzzle, "the task is part of the value"
    assert pickle.loads(pickle.dumps(puzzle)) == puzzle  # noqa: S301  (our own)


def test_a_puzzle_cannot_be_changed() -> None:
    puzzle = some()[0]
    for array in (puzzle.tokens, puzzle.grids, some().tokens):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        puzzle.task = "frame"
    with pytest.raises(AttributeError):
        some().name = "others"


def test_a_puzzle_does_not_follow_the_array_it_was_made_of() -> None:
    tokens = some()[0].tokens.copy()
    puzzle = Puzzle.of("frame", tokens)
    tokens[5] = (tokens[5] + 1) % 11
    assert puzzle.tokens[5] != tokens[5]


def test_the_parts_of_a_puzzle() -> None:
    for puzzle in some():
        assert puzzle.tokens.shape == (404,)
        assert tuple(puzzle.tokens[::101].tolist()) == puzzle.structure.markers
        for place, grid in enumerate(puzzle.grids):
            np.testing.assert_array_equal(grid.ravel(), puzzle.tokens[101 * place + 1 : 101 * (place + 1)])
        np.testing.assert_array_equal(puzzle.changed, puzzle.grids[2] != puzzle.grids[3])
    assert any(puzzle.changed.any() for puzzle in some())


def test_the_start_token_may_be_there() -> None:
    puzzle = some()[3]
    assert Puzzle.of(puzzle.task, with_start(puzzle.tokens)) == puzzle


def test_ids_are_made_of_the_contents() -> None:
    assert len({puzzle.id for puzzle in bank()}) == len(bank())
    assert all(re.fullmatch(r"[0-9a-f]{10,12}", puzzle.id) for puzzle in bank())
    puzzle = bank()[0]
    for cell in (1, 100, 403):
        tokens = puzzle.tokens.copy()
        tokens[cell] = (tokens[cell] + 1) % 11
        assert Puzzle.of(puzzle.task, tokens).id != puzzle.id
    assert Puzzle.of("another", puzzle.tokens).id != puzzle.id


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tokens: tokens[:-1], ["404", "403"]),
        (lambda tokens: tokens[:0], ["404"]),
        (lambda tokens: np.append(tokens, 0), ["404", "405"]),
        (lambda tokens: np.insert(tokens, 0, 5), ["404", "405"]),
        (lambda tokens: np.stack([tokens]), ["404", "[1, 404]"]),
        (lambda tokens: [1, [2]], ["404 whole numbers", "list"]),
        (lambda tokens: [10**30] * 404, ["whole numbers"]),
        (lambda tokens: {"a": 1}, ["whole numbers"]),
        (lambda tokens: None, ["whole numbers"]),
        (lambda tokens: torch.from_numpy(tokens.copy()).float(), ["whole numbers", "float32"]),
        (lambda tokens: torch.zeros(404, dtype=torch.bfloat16), ["whole numbers"]),
        (lambda tokens: np.array(7), ["404", "[]"]),
        (lambda tokens: tokens.astype(float), ["whole numbers", "float64"]),
        (lambda tokens: tokens.astype(str), ["whole numbers"]),
        (lambda tokens: tokens.astype(bool), ["whole numbers", "bool"]),
        (lambda tokens: np.where(np.arange(404) == 7, 11, tokens), ["from 0 to 10", "11"]),
        (lambda tokens: np.where(np.arange(404) == 7, -1, tokens.astype(int)), ["-1"]),
        (lambda tokens: np.where(np.arange(404) == 7, 256, tokens.astype(int)), ["256"]),
        (lambda tokens: np.where(np.arange(404) == 101, 11, tokens), ["markers", "X f(X) Y f(Y)"]),
        (lambda tokens: np.where(np.arange(404) == 0, 3, tokens), ["markers"]),
        (lambda tokens: tokens.reshape(4, 101)[[1, 0, 2, 3]].ravel(), ["markers"]),
    ],
)
def test_what_is_no_puzzle(change: Callable[[np.ndarray], np.ndarray], words: list[str]) -> None:
    refused(lambda: Puzzle.of("frame", change(some()[0].tokens)), *words)


@pytest.mark.parametrize("form", [list, tuple, lambda tokens: torch.from_numpy(tokens.copy()).long()])
def test_a_puzzle_of_a_list_or_a_tensor(form: Callable[[np.ndarray], object]) -> None:
    puzzle = some()[3]
    assert Puzzle.of(puzzle.task, form(puzzle.tokens)) == puzzle
    assert Puzzle.of(puzzle.task, form(with_start(puzzle.tokens))) == puzzle


@pytest.mark.parametrize("task", ["two\nlines", "\x1b[31mred", "\ud800", "x" * 101, "x" * 10**6])
def test_a_task_that_cannot_be_shown(task: str) -> None:
    refused(lambda: Puzzle.of(task, some()[0].tokens), "task")


# ---- sets --------------------------------------------------------------------------------------------------


def test_a_set_is_a_sequence() -> None:
    puzzles = some()
    assert len(puzzles) == len(list(puzzles)) == len(puzzles.tokens) == 22
    assert puzzles[-1] == list(puzzles)[-1] and puzzles[3] in puzzles and puzzles.index(puzzles[3]) == 3
    assert isinstance(puzzles[2:8:2], PuzzleSet) and list(puzzles[2:8:2]) == [
        puzzles[2],
        puzzles[4],
        puzzles[6],
    ]
    assert puzzles[:0].tokens.shape == (0, 404) and not puzzles[:0]
    assert (
        puzzles[:3] == puzzles[:3] and hash(puzzles[:3]) == hash(puzzles[:3]) and puzzles[:3] != puzzles[1:4]
    )
    for puzzle, tokens in zip(puzzles, puzzles.tokens, strict=True):
        np.testing.assert_array_equal(puzzle.tokens, tokens)
    with pytest.raises(IndexError):
        puzzles[22]


def test_filter() -> None:
    puzzles = some()
    structure = STRUCTURES[2]
    for task in TASKS:
        assert list(puzzles.filter(task=task)) == [p for p in puzzles if p.task == task]
        both = puzzles.filter(task=task, structure=structure)
        assert list(both) == [p for p in puzzles if p.task == task and p.structure == structure]
    assert puzzles.filter() == puzzles
    solved = np.arange(len(puzzles)) % 5 == 0
    assert list(puzzles.filter(solved=solved)) == [puzzles[k] for k in range(0, len(puzzles), 5)]
    assert list(puzzles.filter(task=puzzles[0].task, solved=solved)) == [puzzles[0]]
    for wrong in (solved[1:], np.append(solved, True)):
        refused(lambda wrong=wrong: puzzles.filter(solved=wrong), str(len(puzzles)))


def test_by_task_takes_the_set_apart() -> None:
    groups = bank()[:100].by_task()
    assert set(groups) == set(TASKS)
    assert sum(len(group) for group in groups.values()) == 100
    for task, group in groups.items():
        assert group == bank()[:100].filter(task=task) and {puzzle.task for puzzle in group} == {task}


def test_find() -> None:
    for puzzle in bank()[::100]:
        assert bank().find(puzzle.id) is puzzle
    for unknown in ("", "frame", "0" * len(bank()[0].id), bank()[0].id.upper() + "x"):
        assert bank().find(unknown) is None
    assert bank()[:5].find(bank()[5].id) is None


@given(st.integers(1, 2000))
@settings(max_examples=20)
def test_limit_is_fair(n: int) -> None:
    """Of the bank, where there are as many of each kind, no kind has two more than another."""
    found = bank().limit(n)
    assert len(found) == min(n, len(bank())) and len(set(found)) == len(found)
    shares = Counter((puzzle.task, puzzle.structure) for puzzle in found)
    assert len(shares) == min(n, 32) and max(shares.values()) - min(shares.values()) <= 1


def test_limit_takes_the_first_of_each_kind() -> None:
    uneven = PuzzleSet("uneven", (*bank().filter(task="frame"), *bank().filter(task="grow")[:2]))
    found = uneven.limit(20)
    assert len(found) == 20 and Counter(puzzle.task for puzzle in found)["grow"] == 2
    for kind in {(puzzle.task, puzzle.structure) for puzzle in uneven}:
        here = [p for p in found if (p.task, p.structure) == kind]
        assert here == [p for p in uneven if (p.task, p.structure) == kind][: len(here)]


@given(st.lists(st.integers(0, 1919), unique=True, max_size=60), st.integers(0, 60))
@settings(max_examples=50)
def test_limit_takes_tasks_in_turn_and_of_each_its_orders(numbers: list[int], n: int) -> None:
    few = PuzzleSet("few", tuple(bank()[number] for number in numbers))
    kinds: dict[str, dict[Structure, list[Puzzle]]] = {}
    for puzzle in few:
        kinds.setdefault(puzzle.task, {}).setdefault(puzzle.structure, []).append(puzzle)
    queues = {task: [list(own) for own in orders.values()] for task, orders in kinds.items()}
    expected: list[Puzzle] = []
    while any(any(orders) for orders in queues.values()):
        for orders in queues.values():
            if any(orders):
                # Those of which none is left come last; whose turn it was waits behind the others.
                orders.sort(key=lambda own: not own)
                expected.append(orders[0].pop(0))
                orders.append(orders.pop(0))
    assert few.limit(n).puzzles == (tuple(expected[:n]) if n < len(few) else few.puzzles)


# ---- the bank ----------------------------------------------------------------------------------------------


def test_the_bank_has_240_puzzles_of_each_task() -> None:
    assert Counter(puzzle.task for puzzle in bank()) == dict.fromkeys(TASKS, 240)
    assert Counter((puzzle.task, puzzle.structure.name) for puzzle in bank()) == {
        (task, structure.name): 60 for task in TASKS for structure in STRUCTURES
    }
    assert len(set(bank())) == len(bank())


def test_the_bank_has_the_columns_of_the_public_set() -> None:
    (file,) = BANK_FOLDER.glob("*.parquet")
    table = pq.read_table(file)
    assert table.column_names == ["input_ids", "label"]
    ids = np.array(table["input_ids"].to_pylist())
    assert ids.shape == (1920, 405) and (ids[:, 0] == 0).all()
    np.testing.assert_array_equal(ids[:, 1:], bank().tokens)
    assert table["label"].to_pylist() == [puzzle.task for puzzle in bank()]


@pytest.mark.slow
def test_the_bank_can_be_drawn_again() -> None:
    """That they are verified means that the solver works out every answer, whatever noise was put on
    later."""
    assert draw_bank().puzzles == bank().puzzles


def test_load_puzzles_chooses() -> None:
    found = load_puzzles("bank", task="frame", structure=STRUCTURES[3], limit=7)
    assert len(found) == 7
    assert {(puzzle.task, puzzle.structure) for puzzle in found} == {("frame", STRUCTURES[3])}
    assert len(load_puzzles(limit=9)) == 9 and load_puzzles() == bank()
    refused(lambda: load_puzzles("bank", task="frames"), "No task 'frames'", "frame, detect")
    refused(lambda: load_puzzles(limit=-1), "limit", "-1")


def test_a_bank_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interp.puzzles.files.BANK_FOLDER", tmp_path)
    refused(load_puzzles, "bank is missing", str(tmp_path))


OFFLINE = """
import socket
def refuse(*_, **__):
    raise AssertionError("asked the network")
socket.getaddrinfo = socket.socket.connect = refuse
from interp.errors import PuzzlescopeError
from interp.puzzles import load_puzzles
print(len(load_puzzles()), load_puzzles()[0].id)
try:
    load_puzzles("hub", limit=1)
except PuzzlescopeError as error:
    print(error)
"""


@pytest.mark.slow
def test_the_bank_needs_neither_network_nor_home(tmp_path: Path) -> None:
    """The home is under a file, where not even root can make a folder; ids are the same in another
    process."""
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "home")
    caches = {"HOME": nowhere, "HF_HOME": nowhere, "XDG_CACHE_HOME": nowhere}
    run = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **caches, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    first, second = run.stdout.splitlines()
    assert first == f"1920 {bank()[0].id}"
    assert "HF_HUB_OFFLINE" in second and "hub" in second


def test_count_seen_finds_what_training_has_seen() -> None:
    data = TrainingData(seed=4)
    given, _ = data.batch(40)
    taken = data.state().taken
    assert count_seen(bank(), 4, taken) == 0, "an honest run"
    planted = PuzzleSet("planted", (*bank()[:50], *(Puzzle.of("seen", tokens) for tokens in given[:3])))
    assert count_seen(planted, 4, taken) == 3
    assert count_seen(planted, 5, taken) == 0, "a run with another seed has not seen them"
    assert count_seen(planted, 4, {}) == 0, "nor has one that has not begun"


def test_noise_does_not_hide_a_puzzle_that_was_seen() -> None:
    taken = {KINDS[0].name: BLOCK + 1}
    (tokens,) = draw("training", 4, KINDS[0], BLOCK, block=1)[:1]
    unseen = draw("training", 4, KINDS[0], BLOCK, block=1)[1]
    for cell in (210, 250, 290):
        tokens[cell] = (tokens[cell] + 1) % 11
    assert count_seen(PuzzleSet("one", (Puzzle.of("replace_color", tokens),)), 4, taken) == 1
    assert count_seen(PuzzleSet("one", (Puzzle.of("replace_color", unseen),)), 4, taken) == 0
    tokens[350] = (tokens[350] + 1) % 11
    assert count_seen(PuzzleSet("one", (Puzzle.of("replace_color", tokens),)), 4, taken) == 0, (
        "another answer"
    )
