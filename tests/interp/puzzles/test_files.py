"""Files of puzzles: what people have is read, the rest is refused in a sentence, and nothing in a file is a
bomb."""

import gzip
import json
import os
import pickle
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles, save_puzzles
from interp.puzzles import files as puzzle_files
from interp.puzzles import json_files as puzzle_json
from interp.puzzles import rows as puzzle_rows
from interp.puzzles.arc import place_grid
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, Structure, with_start
from tests.support.puzzles import bank, random_puzzle, refused, some

ENDINGS = (".npz", ".json", ".parquet")
WRITTEN = (*ENDINGS, ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".npz.gz", ".parquet.gz")

each_ending = pytest.mark.parametrize("ending", ENDINGS)

NAMES = st.sampled_from(
    [*TASKS, "file", "allow_pickle", "another name", "été", "a/b", "x.npy", "", "arr_0", "input_ids", "label"]
)
recipes = st.tuples(NAMES, st.sampled_from(STRUCTURES), st.integers(0, 2**32 - 1))


@pytest.mark.parametrize("ending", WRITTEN)
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
    if ending.startswith(".npz"):
        assert {k: v.puzzles for k, v in read.by_task().items()} == {
            k: v.puzzles for k, v in written.by_task().items()
        }
    else:
        assert read.puzzles == written.puzzles
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize("ending", WRITTEN)
def test_round_trip_of_all_structures(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"some{ending}"
    save_puzzles(some(), path)
    read = load_puzzles(str(path))
    assert sorted(read, key=some().index) == list(some()) and {p.structure for p in read} == set(STRUCTURES)
    assert len(load_puzzles(path, task="frame", limit=1)) == 1
    assert not len(load_puzzles(path, task="frame", structure=STRUCTURES[1]).filter(task="grow"))


@pytest.mark.parametrize("ending", WRITTEN)
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
    for ending in (*ENDINGS, ".jsonl.gz"):
        save_puzzles(PuzzleSet("one", (puzzle,)), tmp_path / f"x{ending}")
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays.files == [puzzle.task]
        assert arrays[puzzle.task].dtype == np.uint8 and arrays[puzzle.task].tolist() == [
            puzzle.tokens.tolist()
        ]
    (entry,) = json.loads((tmp_path / "x.json").read_text())
    assert entry == {"task": puzzle.task, "structure": puzzle.structure.name, "grids": puzzle.grids.tolist()}
    with gzip.open(tmp_path / "x.jsonl.gz") as lines:
        assert json.loads(lines.readline()) == entry and lines.read() == b""
    (row,) = datasets.Dataset(pq.read_table(tmp_path / "x.parquet")).to_list()
    assert row == {"input_ids": [0, *puzzle.tokens.tolist()], "label": puzzle.task}


def test_json_may_give_tokens(tmp_path: Path) -> None:
    path, puzzle = tmp_path / "x.json", some()[4]
    for tokens in (puzzle.tokens.tolist(), with_start(puzzle.tokens).tolist()):
        path.write_text(json.dumps([{"task": puzzle.task, "tokens": tokens}]))
        assert load_puzzles(path)[0] == puzzle


def test_a_label_of_null_is_none(tmp_path: Path) -> None:
    path, puzzle = tmp_path / "x.json", some()[4]
    numbers = puzzle.tokens.tolist()
    for row in (
        {"input_ids": numbers},
        {"label": None, "input_ids": numbers},
        {"task": None, "tokens": numbers},
    ):
        path.write_text(json.dumps([row]))
        assert load_puzzles(path)[0] == puzzle
    path.write_text(json.dumps([{"label": [None, "mine"], "input_ids": [numbers, numbers]}]))
    assert [one.task for one in load_puzzles(path)] == [puzzle.task, "mine"]


@pytest.mark.parametrize(
    "name", ["x[1].parquet", "*.parquet", "x?.json", "~nobody-here.npz", "a b.NPZ", "x.JSON.GZ"]
)
def test_names_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    save_puzzles(some()[:1], name)
    save_puzzles(some()[1:2], tmp_path / ("x1" + "".join(Path(name).suffixes)))
    assert load_puzzles(name).puzzles == some()[:1].puzzles


# ---- files that are no files of puzzles --------------------------------------------------------------------


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


@pytest.mark.parametrize("source", ["x.csv", "x", "", "banks", "x.npz.zip", "hubs", "."])
def test_a_foreign_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(tmp_path)
    refused(lambda: load_puzzles(source), ".npz, .json, .jsonl, .ndjson, .parquet", ".gz")
    refused(lambda: save_puzzles(some(), source), ".npz, .json, .jsonl, .ndjson, .parquet", ".gz")
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


@pytest.mark.parametrize("ending", WRITTEN)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_file(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"x{ending}"
    save_puzzles(some(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(lambda: load_puzzles(path), str(path))


@each_ending
def test_flipped_bits_are_puzzles_or_an_error(tmp_path: Path, ending: str) -> None:
    """Where the format has no checksum a flipped bit may make another puzzle, but nothing else may come
    out."""
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
    "one puzzle too short": (lambda: some().tokens[0][1:], "[403]"),
    "grids": (lambda: some()[0].grids[None], "[1, 4, 10, 10]"),
    "another start": (lambda: np.insert(some().tokens, 0, 3, axis=1), "begin with the start token 0, got 3"),
    "floats": (lambda: some().tokens + 0.5, "whole numbers"),
    "complex": (lambda: some().tokens.astype(complex), "complex"),
    "not a number": (lambda: np.where(some().tokens == 11, np.nan, some().tokens), "got nan"),
    "infinity": (lambda: np.where(some().tokens == 11, np.inf, some().tokens), "got inf"),
    "an array of records": (lambda: np.zeros(3, dtype=[("a", "i4")]), "[('a'"),
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
    "an object": (lambda: {"a": 1}, "the names 'a'"),
    "an empty object": (dict, "line 1"),
    "a text": (lambda: "frame", '"tokens"'),
    "null": (lambda: None, "got 'null'"),
    "empty": (list, "no puzzle"),
    "list of lists": (lambda: [grids()], "puzzle 1"),
    "list of numbers": (lambda: [1, 2], "line 1"),
    "second is null": (lambda: [*entry(), None], "puzzle 2"),
    "no grids": (lambda: [{"task": "frame", "structure": "X f(X) Y f(Y)"}], "grids"),
    "task is a truth": (lambda: entry(task=True), "true or false"),
    "task is a list": (lambda: entry(task=["frame"]), "task"),
    "task is long": (lambda: entry(task="x" * 101), "at most 100 letters"),
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
    "tokens are none": (lambda: [{"task": "frame", "tokens": []}], "got 0"),
    "tokens are objects": (lambda: [{"task": "frame", "tokens": [{}] * 404}], "an object"),
    "tokens are truths": (lambda: [{"task": "frame", "tokens": [True] * 404}], "true or false"),
    "more labels": (lambda: [{"label": ["a", "b"], "input_ids": [[0] * 404]}], "1 labels"),
    "one label of many": (lambda: [{"label": "a", "input_ids": [[0] * 404] * 2}], "2 labels"),
    "structure is long": (lambda: entry(structure="X" * 10**6), "structure"),
    "tokens are a number": (lambda: [{"task": "frame", "tokens": 5}], "404"),
    "tokens are null": (lambda: [{"task": "frame", "tokens": None}], "whole numbers"),
    "tokens are grids": (lambda: [{"task": "frame", "tokens": grids()}], "4 labels"),
    "grids without a name": (lambda: [{"tokens": grids()}], "404"),
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
    "null labels": (lambda: columns(label=[None] * len(some())), "null"),
    "a null label": (lambda: columns(label=["frame", None] * (len(some()) // 2)), "puzzle 2"),
    "labels of lists": (lambda: columns(label=[["frame"]] * len(some())), "label"),
    "labels of floats": (lambda: columns(label=[0.5] * len(some())), "label"),
    "long labels": (lambda: columns(label=["x" * 500] * len(some())), "100 letters"),
    "null in the tokens": (lambda: columns(input_ids=[[None] * 405] * len(some())), "404"),
    "some null tokens": (
        lambda: columns(input_ids=[[0, *tokens.tolist()[:-1], None] for tokens in some().tokens]),
        "got null",
    ),
    "some null rows": (
        lambda: columns(input_ids=[*with_start(some().tokens[1:]).tolist(), None]),
        f"puzzle {len(some())}",
    ),
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
        ".json": "interp.puzzles.json_files.json.dumps",
        ".parquet": "interp.puzzles.parquet_files.parquet.write_table",
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


# ---- what people have --------------------------------------------------------------------------------------


def ours(puzzles: PuzzleSet) -> list[dict[str, Any]]:
    return [{"task": p.task, "structure": p.structure.name, "grids": p.grids.tolist()} for p in puzzles]


def theirs(puzzles: PuzzleSet) -> list[dict[str, Any]]:
    """Rows with the names of the public data sets."""
    return [{"input_ids": with_start(p.tokens).tolist(), "label": p.task} for p in puzzles]


def lines(rows: list[dict[str, Any]], end: str = "\n") -> str:
    return "".join(json.dumps(row) + end for row in rows)


def text_of(puzzles: PuzzleSet) -> str:
    return json.dumps(ours(puzzles), indent=1)


TEXTS: dict[str, Callable[[PuzzleSet], bytes]] = {
    "with a mark": lambda p: text_of(p).encode("utf-8-sig"),
    "utf-16": lambda p: text_of(p).encode("utf-16"),
    "utf-16 big endian": lambda p: b"\xfe\xff" + text_of(p).encode("utf-16-be"),
    "utf-16 without a mark": lambda p: text_of(p).encode("utf-16-le"),
    "utf-32": lambda p: text_of(p).encode("utf-32"),
    "crlf": lambda p: text_of(p).replace("\n", "\r\n").encode(),
    "spaces around": lambda p: f"\n\n  {text_of(p)}\r\n \n".encode(),
    "lines": lambda p: lines(ours(p)).encode(),
    "lines of the data set": lambda p: lines(theirs(p)).encode(),
    "lines with a mark": lambda p: lines(ours(p)).encode("utf-8-sig"),
    "lines in utf-16": lambda p: lines(theirs(p)).encode("utf-16"),
    "lines with blank ones": lambda p: ("\n" + lines(ours(p), "\n\n \n")).encode(),
    "lines with crlf": lambda p: lines(theirs(p), "\r\n").encode(),
    "lines without a last end": lambda p: lines(ours(p)).rstrip().encode(),
    "two files in one": lambda p: b"".join(lines(ours(q)).encode("utf-8-sig") for q in (p[:3], p[3:])),
    "lists on lines": lambda p: (json.dumps(ours(p[:3])) + "\n" + json.dumps(theirs(p[3:]))).encode(),
    "a sequence of texts": lambda p: "".join(f"\x1e{json.dumps(row)}\n" for row in ours(p)).encode(),
    "the data set's names": lambda p: json.dumps(theirs(p)).encode(),
    "our names for tokens": lambda p: json.dumps(
        [{"task": q.task, "tokens": q.tokens.tolist()} for q in p]
    ).encode(),
    "names mixed": lambda p: json.dumps(
        [{"task": q.task, "input_ids": q.tokens.tolist()} for q in p]
    ).encode(),
    "more names": lambda p: json.dumps(
        [{**row, "loss": float("nan"), "id": 1} for row in theirs(p)]
    ).encode(),
    "columns": lambda p: json.dumps(
        {"input_ids": with_start(p.tokens).tolist(), "label": [q.task for q in p]}
    ).encode(),
    "floats": lambda p: json.dumps(
        [{"label": q.task, "input_ids": with_start(q.tokens).astype(float).tolist()} for q in p]
    ).encode(),
    "grids of floats": lambda p: json.dumps(
        [{**row, "grids": np.array(row["grids"], dtype=float).tolist()} for row in ours(p)]
    ).encode(),
}


@pytest.mark.parametrize("ending", [".json", ".JSONL.GZ"])
@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS)
def test_texts_that_people_have(tmp_path: Path, content: Callable[[PuzzleSet], bytes], ending: str) -> None:
    path = tmp_path / f"x{ending}"
    found = content(some()[:6])
    path.write_bytes(gzip.compress(found) if ending.lower().endswith("gz") else found)
    assert load_puzzles(path).puzzles == some()[:6].puzzles


@pytest.mark.parametrize("ending", [".JSON", ".jsonl", ".NDJSON", ".json.gz", ".ndjson.gz", ".GZ"])
def test_endings(tmp_path: Path, ending: str) -> None:
    for content in (lines(ours(some()[:6])).encode(), json.dumps(theirs(some()[:6])).encode()):
        path = tmp_path / f"x{ending}"
        path.write_bytes(gzip.compress(content) if ending.lower().endswith("gz") else content)
        assert load_puzzles(path).puzzles == some()[:6].puzzles


def test_one_object_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for rows in (ours(some()[:1]), theirs(some()[:1])):
        path.write_text(json.dumps(rows[0], indent=1))
        assert load_puzzles(path).puzzles == some()[:1].puzzles


def test_a_label_may_be_a_number(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{**row, "label": 3} for row in theirs(some()[:2])]))
    assert [puzzle.task for puzzle in load_puzzles(path)] == ["3", "3"]


def test_a_compressed_file_is_known_by_what_it_holds(tmp_path: Path) -> None:
    """Some programs compress, or decompress, in passing."""
    for plain, other in (("x.json", "y.json.gz"), ("x.parquet", "y.parquet.gz"), ("x.npz", "y.npz.gz")):
        save_puzzles(some()[:2], tmp_path / plain)
        (tmp_path / plain).rename(tmp_path / other)
        assert set(load_puzzles(tmp_path / other)) == set(some()[:2])
        (tmp_path / plain).write_bytes(gzip.compress((tmp_path / other).read_bytes()))
        assert set(load_puzzles(tmp_path / plain)) == set(some()[:2])
        (tmp_path / plain).rename(tmp_path / "z.gz")
        assert set(load_puzzles(tmp_path / "z.gz")) == set(some()[:2])


ints = st.sampled_from(
    ["i1", "u1", "<i2", ">i2", "u2", "<i4", ">i4", "u4", "<i8", ">i8", "u8", "f2", "<f4", ">f8"]
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=ints,
    start=st.booleans(),
    by_columns=st.booleans(),
    named=st.sampled_from(["tasks", "U", "S", "none"]),
)
def test_npz_that_people_have(tmp_path: Path, kind: str, start: bool, by_columns: bool, named: str) -> None:
    found, path = some()[:6], tmp_path / "x.NPZ"

    def array(puzzles: PuzzleSet) -> np.ndarray:
        tokens = with_start(puzzles.tokens) if start else puzzles.tokens
        return np.asarray(tokens.astype(kind), order="F" if by_columns else "C")

    labels = np.array([p.task for p in found])
    if named == "tasks":
        arrays = {task: array(group) for task, group in found.by_task().items()}
    else:
        arrays = {"input_ids": array(found)} | ({} if named == "none" else {"label": labels.astype(named)})
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    read = load_puzzles(path)
    assert [p.cells for p in read] == [p.cells for p in found]
    assert named == "none" or read.puzzles == found.puzzles


def test_more_of_numpy(tmp_path: Path) -> None:
    """A file of one array, one puzzle alone, one label for all, more arrays beside."""
    frames = PuzzleSet("frames", tuple(p for p in bank() if p.task == "frame")[:5])
    np.save(tmp_path / "x.npy", with_start(frames.tokens))
    np.savez(tmp_path / "positional.npz", frames.tokens)
    np.savez(tmp_path / "all.npz", input_ids=frames.tokens, label="frame", index=np.arange(5))
    np.savez(tmp_path / "ours.npz", tokens=frames.tokens, task=np.array(["frame"] * 5))
    for name in ("x.npy", "positional.npz", "all.npz", "ours.npz"):
        assert load_puzzles(tmp_path / name).puzzles == frames.puzzles, name
    np.savez(tmp_path / "x.npz", frame=with_start(frames[0].tokens))
    assert load_puzzles(tmp_path / "x.npz").puzzles == frames[:1].puzzles


TYPES = [
    pa.int8(),
    pa.int16(),
    pa.int32(),
    pa.int64(),
    pa.uint8(),
    pa.uint64(),
    pa.float16(),
    pa.float32(),
    pa.float64(),
]
TEXT_TYPES = [
    *(pa.string(), pa.large_string(), pa.binary()),
    *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.large_string())),
]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(TYPES),
    text=st.sampled_from([*TEXT_TYPES, None]),
    large=st.sampled_from([0, 1, 2]),
    start=st.booleans(),
    groups=st.sampled_from([1, 4, 100]),
)
def test_parquet_that_people_have(
    tmp_path: Path, kind: pa.DataType, text: pa.DataType | None, large: int, start: bool, groups: int
) -> None:
    found, path = some()[:9], tmp_path / "x.PARQUET"
    tokens = (with_start(found.tokens) if start else found.tokens).astype(float).tolist()
    lists = [pa.list_(kind), pa.large_list(kind), pa.list_(kind, len(tokens[0]))][large]
    table = {"input_ids": pa.array(tokens, pa.list_(pa.float64())).cast(pa.list_(kind)).cast(lists)}
    if text is not None:
        table["label"] = pa.array([p.task for p in found]).cast(text)
    pq.write_table(pa.table(table), path, row_group_size=groups)
    read = load_puzzles(path)
    assert [p.cells for p in read] == [p.cells for p in found]
    assert text is None or read.puzzles == found.puzzles


def test_parquet_of_rows_with_and_without_start(tmp_path: Path) -> None:
    rows = [tokens.tolist() if k % 3 else [0, *tokens.tolist()] for k, tokens in enumerate(some().tokens)]
    pq.write_table(pa.table(columns(input_ids=rows)), tmp_path / "x.parquet")
    assert load_puzzles(tmp_path / "x.parquet").puzzles == some().puzzles


def test_numbered_labels(tmp_path: Path) -> None:
    """The `datasets` library writes their names down; -1 is its "none"; without names a number is its
    digits."""
    path, found = tmp_path / "x.parquet", some()[:8]
    names = sorted(TASKS)
    features = datasets.Features(
        {"input_ids": datasets.List(datasets.Value("int8")), "label": datasets.ClassLabel(names=names)}
    )
    numbers = [names.index(p.task) for p in found]
    rows = {"input_ids": with_start(found.tokens).tolist(), "label": numbers}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path)
    assert load_puzzles(path).puzzles == found.puzzles
    datasets.Dataset.from_dict({**rows, "label": [-1, *numbers[1:]]}, features=features).to_parquet(path)
    assert load_puzzles(path)[1:].puzzles == found[1:].puzzles
    table = pq.read_table(path)
    pq.write_table(table.set_column(1, "label", pa.array([*range(7), 99])), path)
    refused(lambda: load_puzzles(path), "puzzle 8", "99")
    pq.write_table(pa.table(rows), path)
    assert [p.task for p in load_puzzles(path)] == [str(number) for number in numbers]


@pytest.mark.parametrize("ending", [".json", ".npz", ".parquet"])
def test_without_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """A task is worked out from the grids, noise or not; what follows no rule, or comes after many, is
    unknown."""
    path, found = tmp_path / f"x{ending}", [*bank()[::60], random_puzzle("unknown", STRUCTURES[1], 5)]
    rows = [with_start(p.tokens).tolist() for p in found]
    if ending == ".json":
        path.write_text(json.dumps([{"input_ids": row} for row in rows[:-1]] + rows[-1:]))
    elif ending == ".npz":
        np.savez(path, input_ids=np.array(rows))
    else:
        pq.write_table(pa.table({"input_ids": rows}), path)
    assert list(load_puzzles(path)) == found
    assert {p.task for p in load_puzzles(path, task="frame")} == {"frame"}
    monkeypatch.setattr(puzzle_rows, "MOST_GUESSED", 2)
    assert [p.task for p in load_puzzles(path)] == [p.task for p in found[:2]] + ["unknown"] * (
        len(found) - 2
    )


@each_ending
def test_a_limit_is_as_fair_as_that_of_the_whole(tmp_path: Path, ending: str) -> None:
    """Only what the limit can need is kept while reading, and that must not be seen."""
    path = tmp_path / f"x{ending}"
    found = PuzzleSet("x", (*bank()[:20], *bank().filter(task="grow")[:20], *some()))
    save_puzzles(found, path)
    whole = load_puzzles(path)
    for limit in (5, 60):
        assert load_puzzles(path, limit=limit).puzzles == whole.limit(limit).puzzles
        chosen = load_puzzles(path, task="grow", structure=STRUCTURES[1], limit=limit)
        assert chosen.puzzles == whole.filter(task="grow", structure=STRUCTURES[1]).limit(limit).puzzles


BROKEN: dict[str, tuple[str, list[str]]] = {
    "nothing": ("", ["empty"]),
    "spaces": (" \n\t\r\n", ["empty"]),
    "only a mark": ("\ufeff", ["empty"]),
    "an empty list": ("[]", ["no puzzle"]),
    "empty lists": ("[]\n[ ]\n", ["no puzzle"]),
    "half a list": ("[", ["line 1, column 2", "not JSON"]),
    "a comma at the end": ('[{"tokens": []},]', ["puzzle 1"]),
    "no comma": ("[null null]", ["puzzle 1"]),
    "text behind": ("[] and", ["line 1, column 4", "not JSON"]),
    "python": ("[{'task': 'frame'}]", ["line 1, column 3", "not JSON"]),
    "deep": ("[" * 10**6, ["nested too deep"]),
    "deep objects": ('{"tokens":' * 10**5, ["line 1", "nested too deep"]),
    "deep in a line": ('{"task": "frame", "tokens": ' + "[" * 10**5, ["line 1", "nested too deep"]),
    "many digits": ('[{"task": "frame", "tokens": [' + "9" * 10**6 + "]}]", ["puzzle 1", "digits"]),
    "a twin": ('{"task": "frame", "task": "grow", "tokens": []}', ["line 1", "'task'"]),
    "a twin within": ('{"task": "frame", "tokens": [{"a": 1, "a": 2}]}', ["line 1", "'a'"]),
    "many names": (json.dumps({f"name {k}": k for k in range(10**5)}), ["the names 'name 0"]),
    "a long name": (json.dumps({"x" * 10**6: 1}), ["the names 'xxx"]),
    "a long text": (json.dumps("x" * 10**6), ["line 1"]),
    "a page": ("<!DOCTYPE html>\n<html>", ["line 1, column 1", "not JSON"]),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_broken_texts(tmp_path: Path, content: str, words: list[str], ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_text(content)
    refused(lambda: load_puzzles(path), str(path), *words)


def test_the_place_in_lines_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = lines(ours(some()[:3]))
    for bad, words in (
        ('{"task": "frame"}\n', ["line 5", "the names 'task'"]),
        ("{}, {}\n", ["line 5", '"tokens"']),
        ("{\n", ["line 6, column 1", "not JSON"]),
        (json.dumps(theirs(some()[:1])[0]) + ",\n{}", ["line 5", "without commas"]),
        ('{"task": "frame", "tokens": [NaN]}', ["line 5", "got 1"]),
        (json.dumps({"tokens": [5.5, *[0] * 403]}), ["line 5", "got 5.5"]),
        (json.dumps({"tokens": [float("nan")] * 404}), ["line 5", "'nan'"]),
        (json.dumps({"tokens": [float("inf")] * 404}), ["line 5", "'inf'"]),
        (json.dumps({"tokens": [10**4000] * 404}), ["line 5", "1000"]),
        (json.dumps({"tokens": [7, *some()[0].tokens.tolist()]}), ["line 5", "start token 0, got 7"]),
        (json.dumps({"tokens": [0] * 405}), ["line 5", "markers"]),
        (json.dumps({"label": None, "tokens": [0] * 405}), ["line 5"]),
        (
            '{"task": "\\ud800", "tokens": ' + json.dumps(some()[0].tokens.tolist()) + "}",
            ["line 5", "text on one line"],
        ),
    ):
        path.write_text(good + "\n" + bad)
        refused(lambda: load_puzzles(path), str(path), *words)
    path.write_bytes(good.encode() + b'{"task": "\xff"}')
    refused(lambda: load_puzzles(path), "line 4", "UTF-8")


KEYS = (
    *("task", "label", "tokens", "input_ids", "grids", "structure"),
    *("train", "test", "input", "output", "id", "a"),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_any_json_is_puzzles_or_a_sentence(tmp_path: Path, content: Any, as_lines: bool) -> None:
    path = tmp_path / "x.json"
    rows = content if as_lines and isinstance(content, list) else [content]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    refused(lambda: load_puzzles(path), str(path))


# ---- tasks of ARC ------------------------------------------------------------------------------------------


def pair(before: Any, after: Any) -> dict[str, Any]:
    return {"input": np.asarray(before).tolist(), "output": np.asarray(after).tolist()}


def arc_task(examples: int = 1, tests: int = 1, size: int = 10) -> dict[str, Any]:
    rng = np.random.default_rng(examples + 10 * tests)
    drawn = [pair(*rng.integers(10, size=(2, size, size))) for _ in range(examples + tests)]
    return {"train": drawn[:examples], "test": drawn[examples:]}


def grids_of(*pairs: dict[str, Any]) -> list[Any]:
    return [grid for one in pairs for grid in (one["input"], one["output"])]


def test_a_task_of_arc_is_a_puzzle_for_each_test_and_example(tmp_path: Path) -> None:
    path, task = tmp_path / "007bbfb7.json", arc_task(3, 2)
    path.write_text(json.dumps(task))
    found = load_puzzles(path)
    assert [p.grids.tolist() for p in found] == [
        grids_of(example, asked) for asked in task["test"] for example in task["train"]
    ]
    assert {(p.task, p.structure) for p in found} == {("007bbfb7", STRUCTURES[0])}
    with gzip.open(tmp_path / "007bbfb7.json.gz", "wt") as file:
        json.dump(task, file)
    assert load_puzzles(tmp_path / "007bbfb7.json.gz").puzzles == found.puzzles


@pytest.mark.parametrize("as_lines", [False, True])
def test_pairs_of_arc_are_examples_for_the_next(tmp_path: Path, as_lines: bool) -> None:
    path, pairs = tmp_path / "pairs.json", arc_task(2, 2)["train"] + arc_task(1, 2)["test"]
    path.write_text(lines(pairs) if as_lines else json.dumps(pairs))
    found = load_puzzles(path)
    assert [p.grids.tolist() for p in found] == [grids_of(*pairs[k : k + 2]) for k in range(3)]
    assert {p.task for p in found} == {"pairs"}
    path.write_text(json.dumps(pairs[:1]))
    refused(lambda: load_puzzles(path), "one pair", "two")


def test_a_collection_of_arc(tmp_path: Path) -> None:
    """A task that is asked for may stand beside others whose grids do not fit."""
    path = tmp_path / "training.json"
    tasks = {"aaaa": arc_task(2, 1), "bbbb": arc_task(1, 1), "large": arc_task(1, 1, size=12)}
    path.write_text(json.dumps({name: tasks[name] for name in ("aaaa", "bbbb")}))
    assert [p.task for p in load_puzzles(path)] == ["aaaa", "aaaa", "bbbb"]
    path.write_text(json.dumps(tasks))
    refused(lambda: load_puzzles(path), "task 'large', train pair 1, input is 12 x 12", "by its id")
    assert [p.task for p in load_puzzles(path, task="aaaa")] == ["aaaa", "aaaa"]
    assert not len(load_puzzles(path, task="cccc"))
    path.write_text(lines([{**task, "id": name} for name, task in tasks.items() if name != "large"]))
    assert [p.task for p in load_puzzles(path)] == ["aaaa", "aaaa", "bbbb"]


def test_smaller_grids_are_placed_only_if_told_where(tmp_path: Path) -> None:
    path, task = tmp_path / "x.json", arc_task(1, 1, size=3)
    path.write_text(json.dumps(task))
    refused(lambda: load_puzzles(path), "3 x 3, expected 10 x 10", "--place top-left or centre", "place=")
    for place, first in (("top-left", 0), ("centre", 3)):
        (puzzle,) = load_puzzles(path, place=place)
        inside = puzzle.grids[:, first : first + 3, first : first + 3]
        assert inside.tolist() == grids_of(*task["train"], *task["test"])
        assert puzzle.grids.sum() == inside.sum(), "all around is blank"
    refused(lambda: load_puzzles(path, place="middle"), "top-left or centre", "'middle'")
    path.write_text(json.dumps(arc_task(1, 1, size=11)))
    refused(lambda: load_puzzles(path, place="centre"), "11 x 11", "at most 10 x 10")
    path.write_text(json.dumps(arc_task()))
    assert load_puzzles(path, place="centre").puzzles == load_puzzles(path).puzzles


def test_uneven_grids_stay_inside() -> None:
    for height in range(1, 11):
        for width in range(1, 11):
            grid = [[5] * width] * height
            for place in ("top-left", "centre"):
                placed = place_grid(grid, place, "it")
                rows, cols = np.nonzero(placed)
                assert (
                    len(rows) == height * width and np.ptp(rows) == height - 1 and np.ptp(cols) == width - 1
                )


NO_ARC: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "no train": (lambda: {"test": arc_task()["test"]}, ['"train"']),
    "no test": (lambda: {"train": arc_task()["train"]}, ['"test"']),
    "no examples": (lambda: {**arc_task(), "train": []}, ['"train"']),
    "tests are an object": (lambda: {**arc_task(), "test": {}}, ['"test"']),
    "answers kept back": (
        lambda: {**arc_task(), "test": [{"input": [[0] * 10] * 10}]},
        ["test pair 1 has no output"],
    ),
    "answer is null": (
        lambda: {**arc_task(), "test": [{"input": [[0] * 10] * 10, "output": None}]},
        ["no output"],
    ),
    "pairs are lists": (lambda: {**arc_task(), "train": [[[0], [1]]]}, ["train pair 1"]),
    "no rows": (lambda: [pair([], [])] * 2, ["no output"]),
    "empty rows": (lambda: [pair([[]], [[]])] * 2, ["rows of equal length"]),
    "ragged": (lambda: [{"input": [[1, 2], [3]], "output": [[1]]}] * 2, ["row 2 has 1, row 1 has 2"]),
    "a row alone": (lambda: [{"input": [1, 2], "output": [[1]]}] * 2, ["rows of equal length"]),
    "a colour 11": (lambda: [pair([[11] * 10] * 10, [[0] * 10] * 10)] * 2, ["colour", "11"]),
    "a colour 1.5": (lambda: [pair([[1.5] * 10] * 10, [[0] * 10] * 10)] * 2, ["1.5"]),
    "a colour -1": (lambda: [pair([[-1] * 10] * 10, [[0] * 10] * 10)] * 2, ["-1"]),
    "colours in words": (lambda: [pair([["red"] * 10] * 10, [[0] * 10] * 10)] * 2, ["text"]),
    "solutions alone": (lambda: {"007bbfb7": [[[0] * 10] * 10]}, ['"train"', "007bbfb7"]),
    "very many": (
        lambda: {"train": [pair([[0]], [[0]])] * 2000, "test": [pair([[0]], [[0]])] * 2000},
        ["4,000,000"],
    ),
}


@pytest.mark.parametrize(("content", "words"), NO_ARC.values(), ids=NO_ARC)
def test_what_is_no_task_of_arc(tmp_path: Path, content: Callable[[], Any], words: list[str]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content()))
    place = "centre" if words == ["4,000,000"] else None
    refused(lambda: load_puzzles(path, place=place), str(path), *words)


# ---- bombs: refused by what they say about themselves, before they are read --------------------------------


def rows_of(width: int, rows: int, kind: pa.DataType) -> pa.Array:
    """Lists of zeros that take hardly any room in a file."""
    offsets = pa.array(np.arange(rows + 1, dtype=np.int64) * width, pa.int64())
    return pa.LargeListArray.from_arrays(offsets, pa.array(np.zeros(width * rows, dtype=np.int8)).cast(kind))


PARQUET_BOMBS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "many rows": (
        lambda: {"input_ids": rows_of(1, 2_000_000, pa.int8()), "label": pa.nulls(2_000_000)},
        "2,000,000 puzzles",
    ),
    "long lists": (
        lambda: {"input_ids": rows_of(1_000_000, 2, pa.int8()), "label": ["a", "b"]},
        "at most 405 tokens",
    ),
    "a long label": (
        lambda: {"input_ids": rows_of(405, 9, pa.int8()), "label": ["x" * 5_000_000] * 9},
        "the labels have",
    ),
    "a long label of a dictionary": (
        lambda: {
            "input_ids": rows_of(405, 9, pa.int8()),
            "label": pa.array(["x" * 5_000_000] * 9).dictionary_encode(),
        },
        "the labels have",
    ),
    "a label for many": (
        lambda: {
            "input_ids": rows_of(405, 9999, pa.int8()),
            "label": pa.DictionaryArray.from_arrays(np.zeros(9999, np.int32), ["x" * 4_000_000]),
        },
        "100 letters",
    ),
}


@pytest.mark.parametrize(("content", "words"), PARQUET_BOMBS.values(), ids=PARQUET_BOMBS)
def test_parquet_bombs(tmp_path: Path, content: Callable[[], dict[str, Any]], words: str) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table(content()), path, compression="zstd")
    assert path.stat().st_size < 200_000
    before = pa.total_allocated_bytes()
    refused(lambda: load_puzzles(path, limit=1), str(path), words)
    assert pa.total_allocated_bytes() - before < 50_000_000


@contextmanager
def memory(most: int) -> Iterator[None]:
    """Assert that what is done meanwhile takes at most so many bytes at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def npy(
    shape: tuple[int, ...], kind: str = "|u1", order: bool = False, version: int = 1, more: int = 404
) -> bytes:
    """A .npy file that claims this shape and has ``more`` bytes of it."""
    text = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    size = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + bytes(more)


NPZ_BOMBS: dict[str, tuple[dict[str, bytes], str]] = {
    "many rows": ({"frame": npy((10**13, 404))}, "10,000,000,000,000 puzzles"),
    "many rows in several": ({f"t{k}": npy((600_000, 404)) for k in range(2)}, "at most 1,048,576"),
    "wide": ({"frame": npy((1, 10**13))}, "404"),
    "wide numbers by columns": ({"frame": npy((10**6, 405), "<f8", order=True)}, "stored by columns"),
    "wide labels": ({"input_ids": npy((1, 404)), "label": npy((1,), "<U50000000")}, "200,000,000 bytes"),
    "more labels": (
        {"input_ids": npy((1, 404)), "label": npy((10**9,), "<U8")},
        "one for each of the 1 puzzles",
    ),
    "labels of objects": ({"input_ids": npy((1, 404)), "label": npy((1,), "|O")}, "expected text"),
    "a long description": ({"frame": b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + bytes(10**7)}, "plain arrays"),
    "a negative size": ({"frame": npy((-1, 404))}, "no puzzle"),
    "fewer than said": ({"frame": npy((1000, 404))}, "npz"),
    "many arrays": ({f"t{k}": npy((0, 404), more=0) for k in range(1001)}, "1,001 arrays"),
}


@pytest.mark.parametrize(("members", "words"), NPZ_BOMBS.values(), ids=NPZ_BOMBS)
def test_npz_bombs(tmp_path: Path, members: dict[str, bytes], words: str) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    with memory(20_000_000):
        refused(lambda: load_puzzles(path, limit=1), str(path), words)


def test_compression_without_bound(tmp_path: Path) -> None:
    """Python decompresses these in whole pieces of any size, and NumPy never writes them."""
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("frame.npy", npy((1, 404)))
    refused(lambda: load_puzzles(path), str(path))


@pytest.mark.parametrize("ending", [".json.gz", ".npz.gz", ".jsonl"])
def test_gzip_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(puzzle_json, "LARGEST_TEXT", 1 << 20)
    monkeypatch.setattr(puzzle_files, "LARGEST_GZIP", 1 << 20)
    path = tmp_path / f"x{ending}"
    path.write_bytes(gzip.compress(b" " * 50_000_000, 1))
    with memory(5_000_000):
        refused(lambda: load_puzzles(path), str(path), "more than 1 MB")


def test_text_of_nothing_but_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzle_json, "MOST_LISTS", 1000)
    (tmp_path / "x.json").write_text("[" + "[]," * 1001 + "[]]")
    refused(lambda: load_puzzles(tmp_path / "x.json"), "more than 1,000 lists")


@pytest.mark.parametrize("ending", [".parquet", ".npz"])
def test_a_large_file_with_a_limit_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """6,000 puzzles are 2.4 MB of tokens and, as objects, 3.6 MB more."""
    path, frames = tmp_path / f"x{ending}", bank().filter(task="frame").tokens
    tokens = np.tile(with_start(frames).astype(np.int8), (25, 1))
    if ending == ".npz":
        np.savez_compressed(path, frame=tokens)
    else:
        rows = pa.FixedSizeListArray.from_arrays(pa.array(tokens.ravel()), 405)
        pq.write_table(pa.table({"input_ids": rows, "label": ["frame"] * len(tokens)}), path)
    monkeypatch.setattr(f"interp.puzzles.{ending[1:]}_files.BLOCK", 128)
    load_puzzles(path, limit=3)  # what is imported on the way does not count
    with memory(1_500_000):
        assert len(load_puzzles(path, limit=3)) == 3
