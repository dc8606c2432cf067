"""Files looked at before anything is taken, and written so that they are read again."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, load_puzzles
from interp.puzzles.exchange import (
    FORMS,
    Preview,
    export_file,
    exported,
    preview_file,
    preview_path,
    preview_text,
    read_picks,
    truth_of,
)
from interp.puzzles.exchange import preview as previews
from interp.puzzles.kept import Kept
from interp.tokens import STRUCTURES, encode
from tests.support.puzzles import clean_frame, random_puzzle, refused, some

NAMES = st.sampled_from(["one", "one", "train", "input", "é", "a 'quoted' name", "{", "x" * 80])
TASKS = st.sampled_from(["frame", "file", "another name", "été", "", "input_ids"])
RECIPES = st.lists(
    st.tuples(TASKS, st.sampled_from(STRUCTURES), st.integers(0, 2**32 - 1), NAMES), min_size=1, max_size=3
)


def pair(before: Any, after: Any) -> dict[str, Any]:
    return {"input": np.asarray(before).tolist(), "output": np.asarray(after).tolist()}


def arc_task(examples: int = 1, tests: int = 1, size: int = 10) -> dict[str, Any]:
    rng = np.random.default_rng(examples + 10 * tests)
    drawn = [pair(*rng.integers(10, size=(2, size, size))) for _ in range(examples + tests)]
    return {"train": drawn[:examples], "test": drawn[examples:]}


def look(content: Any, name: str = "x.json", **options: Any) -> Preview:
    return preview_file(name, json.dumps(content).encode(), **options)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=5)
@given(recipes=RECIPES)
def test_round_trip_of_any_puzzles(form: str, recipes: list[Any]) -> None:
    """In every form; compressed, too. A .npz file keeps the order within each task only."""
    kept = [Kept(random_puzzle(*recipe), name, "drawn") for *recipe, name in recipes]
    content = exported(kept, form)
    for data in (content, gzip.compress(content)):
        found = preview_file(f"x{FORMS[form].ending}", data)
        assert not found.refused
        read, written = [k.puzzle for k in found.taken()], [k.puzzle for k in kept]
        if form == "npz":
            read, written = sorted(read, key=repr), sorted(written, key=repr)
        assert read == written
        if "no names" not in FORMS[form].keeps:
            assert [k.name for k in found.taken()] == [k.name for k in kept]
            assert all(k.provenance.endswith("Before that: drawn") for k in found.taken())


def test_exports_are_files_that_the_library_loads(tmp_path: Path) -> None:
    kept = [Kept(puzzle, "the same name") for puzzle in some()[:8]]
    for form in ("json", "arc", "npz", "parquet"):
        path = tmp_path / f"x{FORMS[form].ending}"
        export_file(kept, path)
        assert sorted(load_puzzles(path), key=repr) == sorted(some()[:8], key=repr)
        assert preview_path(path).taken()[0].puzzle in some()
    refused(lambda: export_file(kept, tmp_path / "x.csv"), "ends in .json, .arc.json")
    refused(lambda: export_file([], tmp_path / "x.json"), "nothing to export")
    refused(lambda: export_file(kept, tmp_path / "no" / "x.json"), "Could not write")
    refused(lambda: exported(kept, "csv"), "No form 'csv'")
    assert not (tmp_path / "x.csv").exists()


def test_a_task_of_arc_is_a_puzzle_for_each_test_and_example() -> None:
    task = arc_task(3, 2)
    found = look({"007bbfb7": task, "second": arc_task()})
    assert found.form == "ARC JSON" and len(found.sound) == 7
    assert [one.name for one in found.found[:3]] == [f"007bbfb7: train {k}, test 1" for k in (1, 2, 3)]
    last = found.found[5]
    assert last.place == "task '007bbfb7', train pair 3, test pair 2" and last.puzzle
    example, asked = task["train"][2], task["test"][1]
    assert last.puzzle.grids.tolist() == [
        example["input"],
        example["output"],
        asked["input"],
        asked["output"],
    ]
    assert last.puzzle.task == "007bbfb7" and found.found[6].name == "second"
    (kept,) = found.taken([5])
    assert kept.provenance == "x.json, task '007bbfb7', train pair 3, test pair 2."


def test_grids_of_arc_are_padded_or_refused_each_by_itself() -> None:
    tasks = {"small": arc_task(1, 1, 3), "large": arc_task(1, 1, 12), "fits": arc_task()}
    tasks["both"] = {"train": tasks["fits"]["train"] + tasks["large"]["train"], "test": tasks["fits"]["test"]}
    found = look(tasks)
    assert [one.puzzle is not None for one in found.found] == [True, False, True, True, False]
    small, large, *_, second = found.found
    assert small.done == (
        "Put at the top left of a blank 10 x 10 grid: train pair 1, input (3 x 3), train pair 1, output (3 x"
        " 3), test pair 1, input (3 x 3), test pair 1, output (3 x 3).",
    )
    assert large.refused.startswith(
        "x.json, task 'large', train pair 1, test pair 1: train pair 1, input is 12"
    )
    assert "at most 10 x 10" in large.refused
    assert second.name == "both: train 2, test 1" and "train pair 2, input is 12 x 12" in second.refused
    refused(lambda: found.taken([1]), "'large'", "12 x 12")
    refused(lambda: found.taken([5]), "1 to 5", "number 6")
    refused(lambda: look(tasks, place="middle"), "top-left or centre")


def test_an_answer_that_is_kept_back_is_worked_out() -> None:
    puzzle = clean_frame(STRUCTURES[3])
    first, second, third, answer = puzzle.grids.tolist()
    task = {"train": [pair(first, second)], "test": [{"input": third}], "structure": puzzle.structure.name}
    (one,) = look({"a": task, "b": {**arc_task(), "test": [{"input": third}]}}).sound
    assert one.puzzle and one.puzzle.grids[3].tolist() == answer
    assert one.done == ("Its answer was worked out by frame's solver.",)
    (other,) = look({"b": {**arc_task(), "test": [{"input": third}]}}).refused
    assert "there is no fourth grid" in other.refused


CELLS: dict[str, Any] = {"11": 11, "-1": -1, "1.5": 1.5, "text": "red", "nan": float("nan"), "null": None}


def test_file_puzzle_and_cell_are_named() -> None:
    """One wrong cell, in each of the formats that people write by hand; the others can be taken."""
    for value in CELLS.values():
        wrong_cell(value)


def wrong_cell(value: Any) -> None:
    task = arc_task()
    task["test"][0]["input"][6][2] = value
    if value is not None:
        (one,) = look({"good": arc_task(), "bad": task}).refused
        assert one.refused.startswith("x.json, task 'bad', ")
        assert "test pair 1, input, row 7, column 3: " in one.refused
    rows = json.loads(exported([Kept(p) for p in some()[:3]], "json"))
    rows[1]["grids"][2][6][2] = value
    found = look(rows)
    (one,) = found.refused
    assert one.refused.startswith("x.json, puzzle 2") and "grid 3, row 7, column 3" in one.refused
    assert [k.puzzle for k in found.taken()] == [some()[0], some()[2]]


def test_tokens_that_are_wrong_are_named() -> None:
    tokens = some().tokens[:3].astype(int)
    tokens[1, 2 * 101 + 1 + 62] = 12
    lines = b"\n".join(json.dumps({"input_ids": row}).encode() for row in tokens.tolist())
    for name, content in (("x.jsonl", lines), ("x.npz", _npz(frame=tokens))):
        (one,) = preview_file(name, content).refused
        assert one.refused.startswith(name) and "got 12 in grid 3, row 7, column 3" in one.refused
        assert ("line 2" if name == "x.jsonl" else "puzzle 2") in one.refused


def _npz(**arrays: np.ndarray) -> bytes:
    from io import BytesIO

    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_what_solvers_say() -> None:
    puzzle = clean_frame(STRUCTURES[3])
    wrong = puzzle.tokens.copy()
    wrong[-5:] = (wrong[-5:] + 1) % 11
    rows = [
        {"task": "frame", "tokens": puzzle.tokens.tolist()},
        {"task": "grow", "tokens": puzzle.tokens.tolist()},
        {"task": "frame", "tokens": wrong.tolist()},
        {"tokens": puzzle.tokens.tolist()},
    ]
    said = [one.truth for one in look(rows).found]
    assert said[0] == said[3] == "A frame puzzle: its solver comes to this answer."
    assert said[1] == "No grow puzzle, but it fits frame."
    assert said[2].startswith("Wrong by frame's rule") or "follows no" in said[2]


def test_whether_it_is_the_example_that_breaks_the_rule() -> None:
    """Of a frame puzzle that was painted over: a cell of f(X), or all of Y."""
    puzzle = clean_frame(STRUCTURES[0])
    grids = puzzle.grids.copy()
    grids[1, 0, 0] = (grids[1, 0, 0] + 1) % 11
    said = truth_of(Puzzle.of("frame", encode(grids, puzzle.structure))).words
    assert said == "No frame puzzle: its example does not follow the rule, and its answer no other task's."
    grids = puzzle.grids.copy()
    grids[2] = 0
    said = truth_of(Puzzle.of("frame", encode(grids, puzzle.structure))).words
    assert said == "Its example follows frame's rule, which gives no answer to its third grid."


def test_noise_is_told() -> None:
    tokens = clean_frame(STRUCTURES[0]).tokens.tolist()
    for cell in (205, 300):
        tokens[cell] = 1 + tokens[cell] % 10
    (one,) = look([{"task": "frame", "tokens": tokens}]).found
    assert one.truth == "A frame puzzle with noise in 2 cells of its third grid."


def test_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    content = {form: exported([Kept(p) for p in some()[:4]], form) for form in FORMS}
    from interp.puzzles.exchange import arc, known, text

    for module in (previews, arc, known, text):
        monkeypatch.setattr(module, "MOST_IMPORTED", 3)
    for form, data in content.items():
        refused(lambda form=form, data=data: preview_file(f"x{FORMS[form].ending}", data), "x.", "several")


def test_bytes_tell_what_a_file_is() -> None:
    data = {form: exported([Kept(some()[0])], form) for form in FORMS}
    for form, name in (
        ("npz", "x.json"),
        ("parquet", "x"),
        ("json", "x.txt"),
        ("arc", "x"),
        ("text", "x.json"),
    ):
        assert preview_file(name, data[form]).taken()[0].puzzle == some()[0]
        if form not in ("npz", "parquet"):
            assert preview_text(data[form].decode()).taken()[0].puzzle == some()[0]
    frame = clean_frame(STRUCTURES[0])
    for content in (frame.tokens.tolist(), [frame.tokens.tolist()], frame.grids.tolist()):
        assert look(content).sound[0].puzzle == frame


HOSTILE: dict[str, tuple[str, bytes]] = {
    "nothing": ("x.json", b""),
    "deep": ("x.json", b'{"train": ' + b"[" * 10**6),
    "deep objects": ("x.json", b'{"a":' * 10**5),
    "digits": ("x.json", b'{"train": [' + b"9" * 10**6 + b"]}"),
    "not UTF-8": ("x.json", b'{"a": "\xff"}'),
    "half an archive": ("x.npz", _npz(frame=some().tokens)[:300]),
    "half a Parquet file": ("x.parquet", b"PAR1" + bytes(100)),
    "half a gzip": ("x.json.gz", gzip.compress(b"[]" * 1000)[:20]),
    "a pickle": (
        "x.npy",
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }" + b" " * 50,
    ),
    "an object": ("x.json", b"{}"),
    "numbers for grids": ("x.json", b'{"train": [{"input": 5, "output": true}], "test": [{"input": "abc"}]}'),
    "no such thing": ("x.json", b'{"train": {}, "test": []}'),
    "a number": ("x.json", b"5"),
    "null": ("x.json", b"null"),
    "a page": ("x.html", b"<!DOCTYPE html><html></html>"),
    "zeros": ("x", bytes(1000)),
}


def test_hostile_files_are_one_sentence() -> None:
    for what, (name, content) in HOSTILE.items():
        try:
            found = preview_file(name, content)
        except PuzzlescopeError as error:
            said = str(error)
        else:
            assert not found.sound
            said = found.found[0].refused
        assert said.startswith(name) and said.endswith(".") and len(said) < 400 and said.isprintable(), what


KEYS = st.sampled_from(
    ["train", "test", "input", "output", "task", "structure", "grids", "tokens", "name", "a"]
)


@settings(max_examples=80)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_json_is_puzzles_or_sentences(content: Any) -> None:
    try:
        found = look(content)
    except PuzzlescopeError as error:
        assert str(error).startswith("x.json") and len(str(error)) < 800
        return
    for one in found.found:
        assert (
            (one.puzzle is None) == bool(one.refused) and len(one.refused) < 800 and one.refused.isprintable()
        )


def test_files_that_are_not_there(tmp_path: Path) -> None:
    refused(lambda: preview_path(tmp_path / "x.json"), "There is no file")
    refused(lambda: preview_path(tmp_path), "There is no file")
    refused(lambda: preview_path("x" * 5000), "")


def test_picks() -> None:
    assert read_picks("", 3) == read_picks("all", 3) == (0, 1, 2)
    assert read_picks("3,1-2,1", 3) == (2, 0, 1)
    for text in ("0", "4", "2-1", "1-", "-1", "a", "1,,2", "1" * 30, "1-99999999999"):
        refused(lambda text=text: read_picks(text, 3), "as in 1,3-5" if text in ("0", "4", "2-1") else "")
