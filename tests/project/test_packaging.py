"""The wheel that ``pip install .`` makes: it holds all that the library and the dashboard read, and works
from any folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.places import ROOT

NOT_SHIPPED = {"app/static/circuitsvis.js", "app/static/plotly.js"}
"""Made on the machine that serves (app/startup/bundles.py)."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what is tracked, as from a clean clone, with the setuptools that are here."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, tracked.stdout.split("\0")):
        if name.split("/")[0] in ("app", "interp", "assets") or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_file():
                (source / name).symlink_to(ROOT / name)
    words = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(folder),
        str(source),
    ]
    subprocess.run([sys.executable, *words], check=True, timeout=300, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_every_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        held = {name.replace("interp/_assets/", "assets/") for name in file.namelist()}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for folder in ("app", "interp", "assets")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    missing = {name for name in wanted - held - NOT_SHIPPED if not name.endswith(".partial")}
    assert not missing and not any(name.startswith("tests/") for name in held)


def test_it_works_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "installed")
    program = """
import interp, sys
assert "torch" not in sys.modules
from interp.checkpoints import list_models
assert "installed" in interp.__file__
model, bank = interp.load_model("default"), interp.load_puzzles("bank")
print(model.cfg.n_layers, len(bank), *list_models())
from app.startup import command
assert command.MAIN.is_file() and (command.MAIN.parent / ".streamlit" / "config.toml").is_file()
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    environment.pop("PUZZLESCOPE_MODEL", None)
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["6", "1920", "default", "12-layers", "seed-2", "seed-3"]
