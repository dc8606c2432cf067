"""The commands ``collections ...``: puzzles into collections, out of them, and used by other commands."""

import io
import json
from pathlib import Path

import pytest

from interp.cli import app, main
from interp.cli.printing import puzzle_text
from interp.puzzles import load_puzzles
from interp.puzzles.collections import Collections
from interp.puzzles.exchange import exported
from interp.puzzles.kept import Kept
from tests.support.puzzles import some


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collections:
    monkeypatch.setenv("PUZZLESCOPE_DATA", str(tmp_path / "kept"))
    return Collections(tmp_path / "kept")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["collections", *words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["collections", *words]) == 2
    found = capsys.readouterr()
    assert found.out == "" and len(found.err.splitlines()) == 1 and "fault of Puzzlescope" not in found.err
    return found.err


def test_every_command_has_its_test() -> None:
    (group,) = app.registered_groups
    commands = {one.name or one.callback.__name__ for one in group.typer_instance.registered_commands}
    assert commands == {
        "list", "show", "create", "import", "export", "rename", "notes", "remove", "delete"
    }  # fmt: skip


def test_a_file_in_and_out(mine: Collections, tmp_path: Path, capsys, model_folder: str) -> None:
    kept = [Kept(puzzle, f"number {k}") for k, puzzle in enumerate(some()[:3])]
    (tmp_path / "x.json").write_bytes(exported(kept, "json"))
    shown = said(capsys, "import", "Three", str(tmp_path / "x.json"), "--preview")
    assert "x.json, read as JSON: 3 puzzles" in shown and "3. number 2 (" in shown and mine.all() == ()
    assert "Took 2 of 2 puzzles into 'Three'." in said(
        capsys, "import", "Three", str(tmp_path / "x.json"), "--pick", "3,1"
    )
    assert "Took 1 of 3 puzzles into 'Three', 2 were there already." in said(
        capsys, "import", "three", str(tmp_path / "x.json")
    )
    assert [one.name for one in mine.contents("Three").kept] == ["number 2", "number 0", "number 1"]
    (listed,) = json.loads(said(capsys, "list", "--json"))
    assert (listed["name"], listed["puzzles"]) == ("Three", 3) and "Three" in said(capsys, "list")
    rows = json.loads(said(capsys, "show", "Three", "--json"))["puzzles"]
    assert [row["id"] for row in rows] == [some()[k].id for k in (2, 0, 1)]
    assert some()[2].id in said(capsys, "show", "Three")
    for name in ("y.arc.json", "y.npz", "y.parquet", "y.txt", "y.json"):
        assert "Wrote 3 puzzles to" in said(capsys, "export", "Three", str(tmp_path / name))
        if name != "y.txt":
            assert set(load_puzzles(tmp_path / name)) == set(some()[:3])
    words = ["solve", "--puzzles", "collection:three", "--model", model_folder, "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 3
    assert main(["solve", "--puzzles", "collection:four", "--model", model_folder]) == 2
    assert "no collection 'four': there are 'Three'" in capsys.readouterr().err


def test_standard_input_the_bank_and_other_collections(mine, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(puzzle_text(some()[0])))
    assert "Took 1 of 1 puzzle into 'a'" in said(capsys, "import", "a", "-")
    assert "Took 3 of 3 puzzles into 'b'" in said(capsys, "import", "b", "bank", "--pick", "1-3")
    assert "Took 1 of 1 puzzle into 'b'" in said(capsys, "import", "b", "collection:a")
    bank = load_puzzles("bank")
    kept = mine.contents("b").kept
    assert [one.puzzle for one in kept[:3]] == list(bank[:3])
    assert kept[3].provenance == "pasted text, puzzle 1."


def test_names_notes_and_an_end(mine: Collections, capsys) -> None:
    assert "--puzzles 'collection:a'" in said(capsys, "create", "a", "--notes", "first")
    mine.add("a", [Kept(puzzle) for puzzle in some()[:3]])
    said(capsys, "rename", "a", "b")
    said(capsys, "notes", "b", "second")
    assert mine.find("b").notes == "second" and said(capsys, "show", "b").startswith("second\n")
    assert "Took 2 out of 'b'" in said(capsys, "remove", "b", some()[0].id, some()[2].id)
    assert mine.puzzles("b").puzzles == some()[1:2].puzzles
    assert "Took 0 out" in said(capsys, "remove", "b", "--damaged")
    assert "would be lost: say --yes" in refused(capsys, "delete", "b")
    said(capsys, "delete", "b", "--yes")
    assert "No collection is kept" in said(capsys, "list") and mine.all() == ()


def test_bad_input_is_one_sentence_and_exit_code_2(mine: Collections, tmp_path: Path, capsys) -> None:
    mine.create("a")
    (tmp_path / "x.txt").write_text("012\n345\n\n012\n34")
    file = str(tmp_path / "x.txt")
    for words, part in (
        (["show", "b"], "no collection 'b'"),
        (["create", "../a"], "cannot have /"),
        (["create", "A"], "already"),
        (["import", "a", "nowhere.json"], "There is no file"),
        (["import", "a", file, "--pick", "1"], "x.txt, puzzle 1"),
        (["import", "a", file, "--pick", "2"], "from 1 to 1"),
        (["import", "a", file, "--place", "left"], "top-left or centre"),
        (["import", "a", file, "--structure", "X"], "No structure 'X'"),
        (["import", "a", "bank", "--pick", "0"], "from 1 to 1920"),
        (["import", "../b", "bank"], "cannot have /"),
        (["export", "a", str(tmp_path / "x.csv")], "ends in .json"),
        (["export", "a", str(tmp_path / "no" / "x.json")], "there is no folder"),
        (["export", "a", str(tmp_path / "x.json")], "nothing to export"),
        (["remove", "a"], "neither or both"),
        (["remove", "a", "0123456789"], "no puzzle 0123456789"),
        (["delete", "b"], "no collection 'b'"),
        ([], "Missing command"),
    ):
        assert part in refused(capsys, *words), words
    assert main(["collections", "import", "a", file]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert "puzzle 1: expected three or four grids" in errors[0] and "Nothing was taken" in errors[1]
    assert [one.puzzles for one in mine.all()] == [0]
