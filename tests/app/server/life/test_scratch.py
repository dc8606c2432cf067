"""Where libraries write what they want to find again."""

from pathlib import Path

import pytest

from app.server.life import scratch


def test_a_home_that_can_be_written_is_good_enough(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    scratch.find_scratch("", environ)
    assert environ == {"HOME": str(tmp_path)}


@pytest.mark.parametrize("home", [{}, {"HOME": ""}, {"HOME": "/proc"}, {"HOME": "/no/where"}])
def test_without_one_it_is_the_folder_that_survives(
    home: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_may_write", lambda folder: folder.is_relative_to(tmp_path))
    environ = dict(home)
    scratch.find_scratch(str(tmp_path / "data"), environ)
    assert environ == home | {
        name: str(tmp_path / "data" / "cache" / folder) for name, folder in scratch.WANTED.items()
    }


def test_what_was_said_stays(tmp_path: Path) -> None:
    environ = {"MPLCONFIGDIR": "/mine"}
    scratch.find_scratch(str(tmp_path), environ)
    assert environ["MPLCONFIGDIR"] == "/mine" and environ["HF_HOME"] == str(tmp_path / "cache/huggingface")


@pytest.mark.parametrize("data", ["", "/proc/nowhere", "/dev/null/x"])
def test_without_any_folder_it_is_a_temporary_one(data: str) -> None:
    environ: dict[str, str] = {}
    scratch.find_scratch(data, environ)
    root = Path(environ["MPLCONFIGDIR"]).parent
    assert root.is_dir() and root.name.startswith("puzzlescope-")
    root.rmdir()
