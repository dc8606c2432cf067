"""Where results go: found out first, written whole, and JSON that is JSON."""

import json
import math
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.errors import PuzzlescopeError
from interp.outputs import output_path, plain, strict_json, write_whole


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no/such/folder.json", "there is no folder .*no/such; make it first"),
        ("folder", "that is a folder"),
        ("", "that is a folder"),
        ("new/", "that names a folder"),
        ("file/x.json", "Not a directory"),
        ("x" * 300, "too long"),
        ("~nobody-of-this-name/x.json", "home directory"),
        ("~", "that is a folder"),
        ("read-only.json", "the file there is read-only"),
        ("loop", "."),
        ("nul\0.json", "null"),
        ("dangling.json", "there is no folder .*nowhere"),
        ("/dev/full", "No space left"),
    ],
)
def test_what_cannot_be_written_is_found_out_first(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_text("")
    Path("read-only.json").write_text("kept")
    Path("read-only.json").chmod(0o444)
    Path("loop").symlink_to("loop")
    Path("dangling.json").symlink_to("nowhere/x.json")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(PuzzlescopeError, match=why) as caught:
        output_path(name)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 260
    assert sorted(tmp_path.iterdir()) == before and Path("read-only.json").read_text() == "kept"


def test_endings(tmp_path: Path) -> None:
    for name in ("x.txt", "x", ".npz", "x.npz.txt", "x.gz"):
        with pytest.raises(PuzzlescopeError, match=r"ends in \.npz, \.json"):
            output_path(tmp_path / name, [".npz", ".json"])
    for name in ("x.npz", "x.NPZ", "x.json.gz"):
        assert output_path(tmp_path / name, [".npz", ".json"]) == tmp_path / name


def test_a_folder_of_somebody_elses_and_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may be allowed everything: here it is the opening, and the writing, that
    fails."""
    opened = Path.open

    def forbidden(path: Path, mode: str = "r", *args, **kwargs):
        if "x" in mode:
            raise PermissionError(13, "Permission denied")
        return opened(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(PuzzlescopeError, match="Permission denied"):
        output_path(tmp_path / "x.json")

    def full(path: Path, mode: str = "r", *args, **kwargs):
        path.touch()
        return opened(Path("/dev/full"), "wb")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PuzzlescopeError, match="No space left"):
        output_path(tmp_path / "x.json")
    with pytest.raises(PuzzlescopeError, match="No space left"):
        write_whole(tmp_path / "x.json", "{}")
    assert not list(tmp_path.iterdir()), "nothing half written is left"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output_path("~/x.json") == tmp_path / "x.json"
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_replaced_and_keeps_who_may_read_it(tmp_path: Path) -> None:
    old, link = tmp_path / "old.json", tmp_path / "link.json"
    old.write_text("old")
    old.chmod(0o640)
    link.symlink_to(old)
    write_whole(output_path(link), "new")
    assert link.is_symlink() and old.read_text() == "new" and stat.S_IMODE(old.stat().st_mode) == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {"old.json", "link.json"}


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = output_path(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(path, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    write_whole(output_path("/dev/null"), "gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


Values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(),
        st.floats(),
        st.floats(width=32).map(np.float32),
        st.integers(-9, 9).map(np.int64),
        st.booleans().map(np.bool_),
    ),
    lambda inner: st.one_of(st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


def never(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@given(Values)
def test_json_is_for_strict_parsers(value: object) -> None:
    assert json.loads(strict_json(value), parse_constant=never) == plain(value)


@given(st.floats())
def test_what_is_not_finite_is_null_and_the_rest_is_itself(value: float) -> None:
    found = json.loads(strict_json({"x": np.array([value])}))["x"][0]
    assert (found is None) == (not math.isfinite(value)) and found in (None, value)
