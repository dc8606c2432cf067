"""Puzzles as values, sets of them, their files, the bank, and data sets on the hub (never over the network)."""

import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import datasets
import httpx2
import huggingface_hub
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp.bank import count_seen, draw_bank
from interp.errors import PuzzlescopeError
from interp.kinds import KINDS, draw
from interp.puzzles import BANK_FOLDER, Puzzle, PuzzleSet, load_puzzles, save_puzzles
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, Structure, with_start
from interp.training_data import BLOCK, TrainingData

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def hub_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the hub: whether a set exists is taken as answered, and its rows come from stand-ins."""
    monkeypatch.setattr("interp.puzzle_files.ask_hub", lambda repo: None)


ENDINGS = (".npz", ".json", ".parquet")

each_ending = pytest.mark.parametrize("ending", ENDINGS)


@cache
def bank() -> PuzzleSet:
    return load_puzzles()


@cache
def some() -> PuzzleSet:
    """Two noisy puzzles of each kind that is not a neighbour of another: every task and every structure."""
    kinds = [kind for kind in KINDS if kind.index % 3 == 0]
    drawn = [(kind.task, tokens) for kind in kinds for tokens in draw("evaluation", 9, kind, 2, noise=0.2)]
    return PuzzleSet("some", tuple(Puzzle.of(task, tokens) for task, tokens in drawn))


def refused(load: Callable[[], object], *words: str) -> str:
    """Assert that it ends in one sentence of ours that has these words; return the sentence."""
    with pytest.raises(PuzzlescopeError) as caught:
        load()
    message = str(caught.value)
    assert message.isprintable() and message.endswith("."), message
    for word in words:
        assert word in message, f"{word!r} is not in {message!r}"
    return message


# ---- a puzzle is a value ---------------------------------------------------------------------------------------------


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
        puzzle.task = "frame"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        some().name = "others"  # type: ignore[misc]


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


@pytest.mark.parametrize("task", ["two\nlines", "\x1b[31mred", "\ud800"])
def test_a_task_that_cannot_be_shown(task: str) -> None:
    refused(lambda: Puzzle.of(task, some()[0].tokens), "task")


# ---- sets ------------------------------------------------------------------------------------------------------------


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


# ---- the bank --------------------------------------------------------------------------------------------------------


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
    """That they are verified means that the solver works out every answer, whatever noise was put on later."""
    assert draw_bank().puzzles == bank().puzzles


def test_load_puzzles_chooses() -> None:
    found = load_puzzles("bank", task="frame", structure=STRUCTURES[3], limit=7)
    assert len(found) == 7
    assert {(puzzle.task, puzzle.structure) for puzzle in found} == {("frame", STRUCTURES[3])}
    assert len(load_puzzles(limit=9)) == 9 and load_puzzles() == bank()
    refused(lambda: load_puzzles("bank", task="frames"), "No task 'frames'", "frame, detect")
    refused(lambda: load_puzzles(limit=-1), "limit", "-1")


def test_a_bank_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interp.puzzle_files.BANK_FOLDER", tmp_path)
    refused(load_puzzles, "bank is missing", str(tmp_path))


OFFLINE = """
import socket
def refuse(*_, **__):
    raise AssertionError("asked the network")
socket.getaddrinfo = socket.socket.connect = refuse
from interp.puzzles import load_puzzles
from interp.errors import PuzzlescopeError
print(len(load_puzzles()), load_puzzles()[0].id)
try:
    load_puzzles("hub", limit=1)
except PuzzlescopeError as error:
    print(error)
"""


@pytest.mark.slow
def test_the_bank_needs_neither_network_nor_home(tmp_path: Path) -> None:
    """The home is under a file, where not even root can make a folder; ids are the same in another process."""
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "home")
    caches = {"HOME": nowhere, "HF_HOME": nowhere, "XDG_CACHE_HOME": nowhere}
    run = subprocess.run(
        [sys.executable, "-c", OFFLINE], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, **caches, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    first, second = run.stdout.splitlines()
    assert first == f"1920 {bank()[0].id}"
    assert "HF_HUB_OFFLINE" in second and "hub" in second


def test_count_seen_finds_what_training_has_seen() -> None:
    data = TrainingData(seed=4)
    given, _ = data.batch(40)
    taken = data.taken.tolist()
    assert count_seen(bank(), 4, taken) == 0, "an honest run"
    planted = PuzzleSet("planted", (*bank()[:50], *(Puzzle.of("seen", tokens) for tokens in given[:3])))
    assert count_seen(planted, 4, taken) == 3
    assert count_seen(planted, 5, taken) == 0, "a run with another seed has not seen them"
    assert count_seen(planted, 4, [0] * len(KINDS)) == 0, "nor has one that has not begun"


def test_noise_does_not_hide_a_puzzle_that_was_seen() -> None:
    taken = [BLOCK + 1, *[0] * (len(KINDS) - 1)]
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


# ---- files -----------------------------------------------------------------------------------------------------------


def random_puzzle(task: str, structure: Structure, seed: int) -> Puzzle:
    tokens = np.random.default_rng(seed).integers(11, size=404)
    tokens[::101] = structure.markers
    return Puzzle.of(task, tokens)


NAMES = st.sampled_from([*TASKS, "file", "allow_pickle", "another name", "été", "a/b", "x.npy", ""])
recipes = st.tuples(NAMES, st.sampled_from(STRUCTURES), st.integers(0, 2**32 - 1))


@each_ending
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(recipes, min_size=1, max_size=5))
def test_round_trip_of_any_puzzles(
    tmp_path: Path, ending: str, found: list[tuple[str, Structure, int]]
) -> None:
    """A .npz file has an array a task, so it alone does not keep the order between tasks."""
    path = tmp_path / f"any{ending}"
    written = PuzzleSet("any", tuple(random_puzzle(*recipe) for recipe in found))
    save_puzzles(written, path)
    read = load_puzzles(path)
    if ending == ".npz":
        assert {k: v.puzzles for k, v in read.by_task().items()} == {
            k: v.puzzles for k, v in written.by_task().items()
        }
    else:
        assert read.puzzles == written.puzzles
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name]


@each_ending
def test_round_trip_of_all_structures(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"some{ending}"
    save_puzzles(some(), path)
    read = load_puzzles(str(path))
    assert sorted(read, key=some().index) == list(some()) and {p.structure for p in read} == set(STRUCTURES)
    assert len(load_puzzles(path, task="frame", limit=1)) == 1
    assert not len(load_puzzles(path, task="frame", structure=STRUCTURES[1]).filter(task="grow"))


@each_ending
def test_writing_replaces_a_file_and_is_the_same_every_time(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    save_puzzles(some()[:4], path)
    first = path.read_bytes()
    save_puzzles(some()[:2], path)
    assert len(load_puzzles(path)) == 2
    save_puzzles(some()[:4], path)
    assert path.read_bytes() == first


def test_what_is_in_the_files(tmp_path: Path) -> None:
    """The formats are specified: others may write and read them without this library."""
    puzzle = some()[4]
    for ending in ENDINGS:
        save_puzzles(PuzzleSet("one", (puzzle,)), tmp_path / f"x{ending}")
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays.files == [puzzle.task]
        assert arrays[puzzle.task].dtype == np.uint8 and arrays[puzzle.task].tolist() == [
            puzzle.tokens.tolist()
        ]
    (entry,) = json.loads((tmp_path / "x.json").read_text())
    assert entry == {"task": puzzle.task, "structure": puzzle.structure.name, "grids": puzzle.grids.tolist()}
    (row,) = datasets.Dataset(pq.read_table(tmp_path / "x.parquet")).to_list()
    assert row == {"input_ids": [0, *puzzle.tokens.tolist()], "label": puzzle.task}


def test_json_may_give_tokens(tmp_path: Path) -> None:
    path, puzzle = tmp_path / "x.json", some()[4]
    for tokens in (puzzle.tokens.tolist(), with_start(puzzle.tokens).tolist()):
        path.write_text(json.dumps([{"task": puzzle.task, "tokens": tokens}]))
        assert load_puzzles(path)[0] == puzzle


@pytest.mark.parametrize("name", ["x[1].parquet", "*.parquet", "x?.json", "~nobody-here.npz", "a b.NPZ"])
def test_names_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    if name.endswith("NPZ"):
        name = name.lower()
    save_puzzles(some()[:1], name)
    save_puzzles(some()[1:2], tmp_path / ("x1" + Path(name).suffix))
    assert load_puzzles(name).puzzles == some()[:1].puzzles


# ---- files that are no files of puzzles ------------------------------------------------------------------------------


@each_ending
def test_a_missing_file(tmp_path: Path, ending: str) -> None:
    for path in (tmp_path / f"no{ending}", tmp_path / "no" / f"x{ending}", tmp_path / ("x" * 300 + ending)):
        refused(lambda path=path: load_puzzles(path), path.name[:50])
    (tmp_path / f"folder{ending}").mkdir()
    refused(lambda: load_puzzles(tmp_path / f"folder{ending}"), "folder")
    refused(lambda: load_puzzles(f"~nobody-here/x{ending}"), "~nobody-here")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.json")
    refused(lambda: load_puzzles(tmp_path / "x.json"), "x.json")


@pytest.mark.parametrize("source", ["x.csv", "x", "", "banks", "x.npz.gz", "hubs", "."])
def test_a_foreign_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(tmp_path)
    refused(lambda: load_puzzles(source), ".npz, .json, .parquet")
    refused(lambda: save_puzzles(some(), source), ".npz, .json, .parquet")
    assert not list(tmp_path.iterdir())


CONTENTS = {
    "empty": b"",
    "text": b"hello\n",
    "page": b"<!DOCTYPE html><html></html>",
    "zeros": bytes(1000),
    "magic only": b"PAR1PAR1",
    "half a zip": b"PK\x03\x04" + bytes(50),
    "not utf-8": b'[{"task": "\xff\xfe"}]',
    "deep": b"[" * 100_000,
    "deeper": b'{"a":' * 100_000,
    "long number": b"[" + b"9" * 10_000 + b"]",
}


@each_ending
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_contents_of_another_kind(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(content)
    refused(lambda: load_puzzles(path), str(path))


@each_ending
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_file(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"x{ending}"
    save_puzzles(some(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(lambda: load_puzzles(path), str(path))


@each_ending
def test_flipped_bits_are_puzzles_or_an_error(tmp_path: Path, ending: str) -> None:
    """Where the format has no checksum a flipped bit may make another puzzle, but nothing else may come out."""
    path = tmp_path / f"x{ending}"
    save_puzzles(some()[:6], path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    errors = 0
    for _ in range(40):
        flipped = bytearray(content)
        flipped[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        try:
            assert all(isinstance(puzzle, Puzzle) for puzzle in load_puzzles(path))
        except PuzzlescopeError as error:
            assert str(error).isprintable()
            errors += 1
    assert errors > 10


class Malicious:
    """Unpickled by a careless reader, it makes a folder."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_pickles_in_a_file_do_not_run(tmp_path: Path) -> None:
    mark, path = tmp_path / "was_run", tmp_path / "x.npz"
    evil = np.empty((1, 404), dtype=object)
    evil[0, 0] = Malicious(mark)
    np.savez(path, frame=evil)
    refused(lambda: load_puzzles(path), str(path))
    path.write_bytes(pickle.dumps(Malicious(mark)))
    refused(lambda: load_puzzles(path), str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("frame.npy", pickle.dumps(Malicious(mark)))
    refused(lambda: load_puzzles(path), str(path))
    assert not mark.exists()
    pickle.loads(pickle.dumps(Malicious(mark)))  # noqa: S301  (the probe itself works)
    assert mark.exists()


def tokens_with(place: int, value: int) -> np.ndarray:
    tokens = some()[:3].tokens.copy()
    tokens[1, place] = value
    return tokens


ARRAYS = {
    "one puzzle alone": (lambda: some().tokens[0], "[404]"),
    "grids": (lambda: some()[0].grids[None], "[1, 4, 10, 10]"),
    "with start": (lambda: with_start(some().tokens).astype(np.uint8), "405]"),
    "floats": (lambda: some().tokens.astype(np.float32), "float32"),
    "booleans": (lambda: some().tokens.astype(bool), "bool"),
    "texts": (lambda: some().tokens.astype(str), "<U"),
    "dates": (lambda: some().tokens.astype("M8[s]"), "datetime64"),
    "scalar": (lambda: np.uint8(1), "[]"),
    "colour 11": (lambda: tokens_with(5, 11), "from 0 to 10"),
    "bad marker": (lambda: tokens_with(101, 11), "markers"),
    "token 255": (lambda: tokens_with(5, 255), "255"),
    "none": (lambda: some()[:0].tokens, "no puzzle"),
}


@pytest.mark.parametrize(("array", "word"), ARRAYS.values(), ids=ARRAYS)
def test_npz_of_other_arrays(tmp_path: Path, array: Callable[[], np.ndarray], word: str) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, frame=array())
    refused(lambda: load_puzzles(path), str(path), word)


def test_npz_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with path.open("wb") as file:
        np.save(file, some().tokens)
    refused(lambda: load_puzzles(path), str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    refused(lambda: load_puzzles(path), str(path))
    with zipfile.ZipFile(path, "w"):
        pass
    refused(lambda: load_puzzles(path), str(path), "no puzzle")
    np.savez(path, **{"frame": some()[:2].tokens, "two\nlines": some()[:2].tokens})
    refused(lambda: load_puzzles(path), str(path))


def test_npz_that_claims_more_than_there_is_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    header = (
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 404), }" % 10**14
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("frame.npy", header.ljust(127) + b"\n" + bytes(404))
    refused(lambda: load_puzzles(path), str(path))


def grids() -> list[Any]:
    return some()[0].grids.tolist()


def entry(**changes: Any) -> list[dict[str, Any]]:
    return [{"task": "frame", "structure": some()[0].structure.name, "grids": grids(), **changes}]


def with_cell(value: Any) -> list[Any]:
    changed = grids()
    changed[2][3][4] = value
    return changed


JSONS = {
    "an object": (lambda: entry()[0], "a list of puzzles"),
    "a text": (lambda: "frame", "a list of puzzles"),
    "null": (lambda: None, "a list of puzzles"),
    "empty": (lambda: [], "no puzzle"),
    "list of lists": (lambda: [grids()], "puzzle 1"),
    "list of numbers": (lambda: [1, 2], "puzzle 1"),
    "second is null": (lambda: [*entry(), None], "puzzle 2"),
    "no task": (lambda: [{"structure": "X f(X) Y f(Y)", "grids": grids()}], "task"),
    "no grids": (lambda: [{"task": "frame", "structure": "X f(X) Y f(Y)"}], "grids"),
    "task is a number": (lambda: entry(task=5), "task"),
    "task is null": (lambda: entry(task=None), "task"),
    "task of two lines": (lambda: entry(task="a\nb"), "task"),
    "task that is no text": (lambda: entry(task="\ud800"), "task"),
    "structure": (lambda: entry(structure="X Y"), "X f(X) Y f(Y)"),
    "structure is a list": (lambda: entry(structure=["X", "Y"]), "X f(X) Y f(Y)"),
    "three grids": (lambda: entry(grids=grids()[:3]), "grids"),
    "flat grids": (lambda: entry(grids=[[0] * 100] * 4), "grids"),
    "ragged rows": (lambda: entry(grids=[[[0] * (9 + r % 2) for r in range(10)]] * 4), "grids"),
    "ragged grids": (lambda: entry(grids=[grids()[0][:k] for k in (10, 9, 10, 10)]), "grids"),
    "no rows": (lambda: entry(grids=[]), "grids"),
    "grids are a text": (lambda: entry(grids="0" * 400), "grids"),
    "grids are an object": (lambda: entry(grids={"X": grids()[0]}), "grids"),
    "grids are null": (lambda: entry(grids=None), "grids"),
    "deep": (lambda: entry(grids=[[[[[1]]]]]), "grids"),
    "cells are texts": (lambda: entry(grids=with_cell("1")), "whole numbers"),
    "cells are floats": (lambda: entry(grids=with_cell(1.5)), "whole numbers"),
    "cell is null": (lambda: entry(grids=with_cell(None)), "whole numbers"),
    "cell is nan": (lambda: entry(grids=with_cell(float("nan"))), "whole numbers"),
    "cell is huge": (lambda: entry(grids=with_cell(10**30)), "whole numbers"),
    "colour 11": (lambda: entry(grids=with_cell(11)), "11"),
    "colour 300": (lambda: entry(grids=with_cell(300)), "300"),
    "colour -1": (lambda: entry(grids=with_cell(-1)), "-1"),
    "tokens are too few": (lambda: [{"task": "frame", "tokens": [0] * 100}], "404"),
    "tokens are none": (lambda: [{"task": "frame", "tokens": []}], "whole numbers"),
    "tokens are a number": (lambda: [{"task": "frame", "tokens": 5}], "404"),
    "tokens are null": (lambda: [{"task": "frame", "tokens": None}], "whole numbers"),
    "tokens are grids": (lambda: [{"task": "frame", "tokens": grids()}], "404"),
    "tokens are texts": (lambda: [{"task": "frame", "tokens": ["1"] * 404}], "whole numbers"),
    "tokens have no markers": (lambda: [{"task": "frame", "tokens": [0] * 404}], "markers"),
}


@pytest.mark.parametrize(("content", "word"), JSONS.values(), ids=JSONS)
def test_json_of_another_form(tmp_path: Path, content: Callable[[], Any], word: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content()))
    refused(lambda: load_puzzles(path), str(path), word)


def columns(**changes: Any) -> dict[str, Any]:
    found = {
        "input_ids": with_start(some().tokens).tolist(),
        "label": [puzzle.task for puzzle in some()],
        **changes,
    }
    return {name: column for name, column in found.items() if column is not None}


PARQUETS = {
    "no label": (lambda: columns(label=None), "label"),
    "no input_ids": (lambda: columns(input_ids=None), "input_ids"),
    "other names": (lambda: {"text": ["a"], "n": [1]}, "text, n"),
    "no rows": (lambda: {"input_ids": [], "label": []}, "no puzzle"),
    "floats": (lambda: columns(input_ids=(with_start(some().tokens) + 0.4).tolist()), "whole numbers"),
    "texts": (lambda: columns(input_ids=with_start(some().tokens).astype(str).tolist()), "whole numbers"),
    "ragged": (lambda: columns(input_ids=[row[:9].tolist() for row in some().tokens]), "404"),
    "numbers": (lambda: columns(input_ids=list(range(len(some())))), "404"),
    "nested": (lambda: columns(input_ids=[[row.tolist()] for row in some().tokens]), "404"),
    "null": (lambda: columns(input_ids=[None] * len(some())), "404"),
    "colour 11": (
        lambda: columns(input_ids=[[0, *row.tolist()] for row in np.where(some().tokens < 11, 11, 11)]),
        "11",
    ),
}


@pytest.mark.parametrize(("content", "word"), PARQUETS.values(), ids=PARQUETS)
def test_parquet_of_another_form(tmp_path: Path, content: Callable[[], dict[str, Any]], word: str) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table(content()), path)
    refused(lambda: load_puzzles(path), str(path), word)


def test_parquet_with_more_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table(columns(more=list(range(len(some()))))), tmp_path / "x.parquet")
    assert load_puzzles(tmp_path / "x.parquet").puzzles == some().puzzles


@each_ending
def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    save_puzzles(some()[:1], path)
    before = path.read_bytes()
    write = {
        ".npz": "numpy.lib.format.write_array",
        ".json": "interp.puzzle_files.json.dumps",
        ".parquet": "datasets.Dataset.to_parquet",
    }[ending]

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(write, full)
        refused(lambda: save_puzzles(some(), path), str(path), "No space left on device")
    assert path.read_bytes() == before, "the old file is whole"
    assert list(tmp_path.iterdir()) == [path]


@each_ending
def test_places_that_cannot_be_written(tmp_path: Path, ending: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / f"folder{ending}").mkdir()
    places = (f"no/x{ending}", f"file/x{ending}", f"folder{ending}", "x" * 300 + ending)
    for place in places:
        refused(lambda place=place: save_puzzles(some(), tmp_path / place), "Could not write")
    assert {file.name for file in tmp_path.iterdir()} == {"file", f"folder{ending}"}


# ---- the hub ---------------------------------------------------------------------------------------------------------


def dataset(found: PuzzleSet, **changes: Any) -> Any:
    rows = {
        "input_ids": with_start(found.tokens).tolist(),
        "label": [puzzle.task for puzzle in found],
        **changes,
    }
    return datasets.Dataset.from_dict({k: v for k, v in rows.items() if v is not None}).to_iterable_dataset()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Data sets by their names; whatever else is asked for is not there."""
    there: dict[str, Any] = {}

    def info(self: Any, repo: str, **_: Any) -> Any:
        assert repo in there, f"{repo} was asked for"
        return huggingface_hub.hf_api.DatasetInfo(id=repo, sha="0" * 40)

    def load(repo: str, *_: Any, streaming: bool, **__: Any) -> Any:
        assert streaming, "a data set of gigabytes must not be downloaded"
        found = there[repo]
        if isinstance(found, Exception):
            raise found
        return datasets.IterableDatasetDict(found)

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", info)
    monkeypatch.setattr(datasets, "load_dataset", load)
    yield there


PUBLIC = "tommyp111/culture-puzzles-1M"


def test_the_public_set_has_one_split(hub: dict[str, Any]) -> None:
    hub[PUBLIC] = {"train": dataset(bank()[:200])}
    assert load_puzzles("hub", limit=5).puzzles == bank()[:5].puzzles
    assert load_puzzles(f"hub:{PUBLIC}").puzzles == bank()[:200].puzzles
    frames = load_puzzles("hub", task="frame", structure=STRUCTURES[1], limit=3)
    assert frames.puzzles == bank()[:200].filter(task="frame", structure=STRUCTURES[1])[:3].puzzles


def test_a_set_with_a_split_for_each_task(hub: dict[str, Any]) -> None:
    hub["a/b"] = {task: dataset(bank()[:160].filter(task=task)) for task in TASKS}
    assert load_puzzles("hub:a/b", task="frame").puzzles == bank()[:160].filter(task="frame").puzzles
    assert {puzzle.task for puzzle in load_puzzles("hub:a/b", limit=8)} <= set(TASKS)
    assert set(load_puzzles("hub:a/b").puzzles) == set(bank()[:160].puzzles)


def test_only_what_is_wanted_is_fetched(hub: dict[str, Any]) -> None:
    """The other splits of a set that has one a task are not even opened."""
    opened = []

    def rows(task: str) -> Iterator[dict[str, Any]]:
        opened.append(task)
        for puzzle in bank().filter(task=task):
            opened.append(puzzle.id)
            yield {"input_ids": with_start(puzzle.tokens).tolist(), "label": task}

    hub["a/b"] = {
        task: datasets.IterableDataset.from_generator(rows, gen_kwargs={"task": task})
        for task in ("grow", "frame")
    }
    opened.clear()
    load_puzzles("hub:a/b", task="frame", limit=3)
    assert opened[0] == "frame" and "grow" not in opened and len(opened) < 10


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"label": None}, "label"),
        ({"input_ids": None}, "input_ids"),
        ({"input_ids": [[1, 2]] * 10}, "404"),
        ({"input_ids": [None] * 10}, "404"),
        ({"input_ids": [["a"] * 404] * 10}, "whole numbers"),
        ({"input_ids": [[0.5] * 404] * 10}, "whole numbers"),
    ],
)
def test_a_set_of_something_else(hub: dict[str, Any], change: dict[str, Any], word: str) -> None:
    hub["a/b"] = {"train": dataset(bank()[:10], **change)}
    refused(lambda: load_puzzles("hub:a/b"), "a/b", word)


FAILURES = (
    ConnectionError("Couldn't reach the hub\nagain"),
    httpx2.ReadTimeout("timed out"),
    datasets.exceptions.DatasetNotFoundError("no"),
    ValueError("bad\nlayout"),
    RuntimeError(),
)


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_the_hub_fails(hub: dict[str, Any], monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    hub["a/b"] = error
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    refused(lambda: load_puzzles("hub:a/b", limit=1), "'a/b'", type(error).__name__, "network")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    refused(lambda: load_puzzles("hub:a/b", limit=1), "hub:a/b", "HF_HUB_OFFLINE")


def test_nothing_on_the_hub_fits(hub: dict[str, Any]) -> None:
    hub["a/b"] = {"train": dataset(bank()[:20].filter(task="frame"))}
    refused(lambda: load_puzzles("hub:a/b", task="grow"), "'a/b'", "no puzzle")


@pytest.mark.parametrize("source", ["hub:a", "hub:/b", "hub:a/", "hub:a/b/c/d", "hub:../..//x", "hub:a b/c"])
def test_hub_names_that_are_not_whole(hub: dict[str, Any], source: str) -> None:
    refused(lambda: load_puzzles(source), "hub:OWNER/NAME")
