"""Collections: what is kept is given back as it was, to its owner, under names that cannot be confused."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp.errors import PuzzlescopeError
from interp.puzzles import PuzzleSet, load_puzzles
from interp.puzzles.collections import Collections, data_folder, store
from interp.puzzles.collections.names import alike, checked_name
from interp.puzzles.kept import Kept
from interp.tokens import STRUCTURES
from tests.support.puzzles import random_puzzle, refused, some


@pytest.fixture
def mine(tmp_path: Path) -> Collections:
    return Collections(tmp_path / "not" / "there yet")


def kept(n: int = 3) -> list[Kept]:
    return [Kept(puzzle, f"number {k}", "drawn") for k, puzzle in enumerate(some()[:n])]


def plain(rows: tuple[Kept, ...]) -> list[Kept]:
    return [replace(one, added=0.0) for one in rows]


def test_looking_makes_nothing(mine: Collections) -> None:
    assert mine.all() == ()
    refused(lambda: mine.contents("frames"), "no collection 'frames'", "none is kept yet")
    assert not mine.folder.exists()


def test_what_is_kept_is_given_back(mine: Collections) -> None:
    made = mine.create(" Hard  frames ", "two\r\nlines")
    assert (made.name, made.notes, made.puzzles) == ("Hard frames", "two\nlines", 0)
    assert mine.add("Hard frames", kept()) == 3
    again = Collections(mine.folder)  # as after a restart: nothing is held in memory
    found = again.contents("hard FRAMES")
    assert plain(found.kept) == kept() and all(one.added > 0 for one in found.kept)
    assert found.collection == again.find("Hard frames") == again.all()[0]
    assert found.collection.puzzles == 3 and found.collection.changed >= made.made
    assert found.puzzles == PuzzleSet("collection:Hard frames", some()[:3].puzzles)
    assert mine.path.stat().st_mode & 0o077 == 0, "nobody else's business"


def test_a_puzzle_is_kept_once(mine: Collections) -> None:
    mine.create("a")
    assert mine.add("a", kept(2)) == 2
    twin = Kept(replace(some()[0], task="another label"), "of another label is another puzzle")
    assert mine.add("a", [Kept(some()[0], "again"), twin, *kept(3)]) == 2
    assert [one.name for one in mine.contents("a").kept] == ["number 0", "number 1", twin.name, "number 2"]
    assert mine.remove("a", [some()[0], some()[5]]) == 1
    assert mine.find("a").puzzles == 3


def test_rename_notes_delete(mine: Collections) -> None:
    for name in ("b", "a", "C"):
        mine.create(name)
    mine.add("a", kept(1))
    assert [one.name for one in mine.all()] == ["a", "b", "C"]
    assert mine.rename("a", "A").name == "A", "its own name in other letters"
    assert mine.rename("A", "Δοκός").puzzles == 1
    assert mine.annotate("Δοκός", "x").notes == mine.find("Δοκός").notes == "x"
    refused(lambda: mine.rename("b", "c"), "'C'", "looks too much like it")
    mine.delete("Δοκός")
    assert [one.name for one in mine.all()] == ["b", "C"]
    refused(lambda: mine.delete("Δοκός"), "no collection", "'b', 'C'")
    mine.create("Δοκός")
    assert mine.find("Δοκός").puzzles == 0, "its puzzles went with it"


def test_people_see_their_own(mine: Collections) -> None:
    ann, bob = Collections(mine.folder, "ann"), Collections(mine.folder, "bob")
    ann.create("frames")
    ann.add("frames", kept(2))
    assert bob.all() == mine.all() == ()
    for act in (
        lambda: bob.contents("frames"),
        lambda: bob.delete("frames"),
        lambda: bob.rename("frames", "x"),
        lambda: bob.add("frames", kept(1)),
    ):
        said = refused(act, "no collection 'frames'")
        assert "there are" not in said
    bob.create("frames")
    bob.delete("frames")
    assert ann.find("frames").puzzles == 2


NAMES: dict[str, tuple[str, str]] = {
    "empty": ("", "at least one letter"),
    "blank": (" \t ", "at least one letter"),
    "long": ("x" * 61, "at most 60 letters, got 61"),
    "a folder up": ("../x", "cannot have /"),
    "a folder": ("a\\b", "cannot have \\"),
    "a drive": ("c:x", "cannot have :"),
    "here": (".", "begin with a dot"),
    "hidden": (".x", "begin with a dot"),
    "an option": ("-x", "or -"),
    "a home": ("~x", "~"),
    "a dot at its end": ("x.", "end with a dot"),
    "a device": ("NUL.json", "device's such as nul"),
    "two lines": ("a\nb", "U+000A"),
    "no text": ("a\0b", "U+0000"),
    "right to left": ("a\u202eb", "U+202E"),
    "nothing to be seen": ("a\u3164b", "U+3164"),
    "half a sign": ("a\ud800", "U+D800"),
}


def test_names_that_cannot_be(mine: Collections) -> None:
    for name, word in NAMES.values():
        refused(lambda name=name: mine.create(name), word)
    assert not mine.folder.exists()


def refused_by(mine: Collections, name: str) -> PuzzlescopeError:
    with pytest.raises(PuzzlescopeError) as caught:
        mine.create(name)
    return caught.value


def test_names_that_look_alike(mine: Collections) -> None:
    mine.create("Corner 10 – all")
    for twin in (
        "corner 10 - ALL",
        "Corner lO - all",
        "\u0421orner 10 - all",  # a Cyrillic letter
        "\uff23orner 10 - all",  # a wide one
        "Comer 10 - a||".replace("|", "l"),
    ):
        assert "looks too much like it" in str(refused_by(mine, twin))
    for other in ("Corner 11 - all", "Côrner 10 - all", "Corner 10 all"):
        mine.create(other)
    assert len(mine.all()) == 4


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=70))
def test_any_name_stays_in_its_folder_or_is_refused(tmp_path: Path, name: str) -> None:
    try:
        found = checked_name(name)
    except PuzzlescopeError as error:
        assert len(str(error)) < 300 and str(error).encode("ascii", "replace").decode().isprintable()
        return
    assert checked_name(found) == found and alike(alike(found)) == alike(found)
    path = tmp_path / f"{found}.parquet.gz"
    path.touch()
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    path.unlink()


def test_bounds(mine: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many changes nothing."""
    monkeypatch.setattr(store, "MOST_PUZZLES", 4)
    monkeypatch.setattr(store, "MOST_COLLECTIONS", 1)
    monkeypatch.setattr(store, "MOST_OF_AN_OWNER", 5)
    mine.create("a")
    refused(lambda: mine.create("b"), "the most that are kept")
    mine.add("a", kept(3))
    refused(lambda: mine.add("a", [Kept(p) for p in some()[2:6]]), "at most 4 puzzles", "has 3", "3 more")
    assert plain(mine.contents("a").kept) == kept(3)
    other = Collections(mine.folder, "ann")
    other.create("a")
    assert other.add("a", kept(4)) == 4, "another owner's do not count"
    monkeypatch.setattr(store, "MOST_COLLECTIONS", 2)
    mine.create("b")
    refused(lambda: mine.add("b", kept(3)), "All collections together hold at most 5 puzzles")
    assert mine.add("b", kept(2)) == 2
    refused(lambda: mine.annotate("a", "x" * 2001), "2,001")
    refused(lambda: Kept(some()[0], "x" * 81), "at most 80")
    refused(lambda: Kept(some()[0], provenance="a\nb"), "on one line")


def test_load_puzzles_of_a_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLESCOPE_DATA", str(tmp_path))
    mine = Collections(tmp_path)
    mine.create("some")
    mine.add("some", [Kept(puzzle) for puzzle in some()])
    assert load_puzzles("collection:Some").puzzles == some().puzzles
    chosen = {"task": "frame", "structure": STRUCTURES[0], "limit": 1}
    assert (
        load_puzzles("collection:some", **chosen).puzzles
        == some().filter(task="frame", structure=STRUCTURES[0]).limit(1).puzzles
    )
    refused(lambda: load_puzzles("collection:none"), "no collection 'none'", "'some'")
    Collections(tmp_path, "ann").create("hers")
    refused(lambda: load_puzzles("collection:hers"), "no collection 'hers'")


FOLDERS = (
    ({"PUZZLESCOPE_DATA": "/data", "HOME": "/home/a"}, "linux", "/data"),
    ({"HOME": "/home/a"}, "linux", "/home/a/.local/share/puzzlescope"),
    ({"HOME": "/home/a", "XDG_DATA_HOME": "/x"}, "linux", "/x/puzzlescope"),
    ({"HOME": "/home/a", "XDG_DATA_HOME": "x"}, "linux", "/home/a/.local/share/puzzlescope"),
    ({"HOME": "/Users/a"}, "darwin", "/Users/a/Library/Application Support/Puzzlescope"),
    ({"HOME": "/a", "LOCALAPPDATA": "/local"}, "win32", "/local/Puzzlescope"),
)


def test_the_folder() -> None:
    for environ, platform, folder in FOLDERS:
        assert data_folder(environ, platform) == Path(folder)


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    refused(lambda: data_folder({}), "no home", "PUZZLESCOPE_DATA")


def test_a_change_that_fails_leaves_nothing(mine: Collections) -> None:
    """The puzzles are added in one transaction: those before the wrong one are not there afterwards."""
    mine.create("a")

    def broken():
        yield Kept(random_puzzle("frame", STRUCTURES[0], 1))
        raise PuzzlescopeError("This one is broken.")

    refused(lambda: mine.add("a", broken()), "broken")
    assert mine.find("a").puzzles == 0
