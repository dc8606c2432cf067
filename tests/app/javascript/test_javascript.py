"""The scripts of the browser: the linter's check, and tests that run in the Node of Playwright."""

import os
import subprocess
from pathlib import Path

import playwright
import pytest

from scripts import check_javascript

HERE = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / "node"


def name(module: check_javascript.Module) -> Path:
    """The first file of a module that is its component's own, from the folder of all widgets."""
    shared = set(check_javascript.SHARED.values())
    own = [file for file in module if file not in shared] or list(module)
    return own[0].relative_to(check_javascript.WIDGETS)


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder with every script as the browser gets it."""
    for module in check_javascript.modules():
        file = tmp_path / name(module)
        file.parent.mkdir(exist_ok=True)
        file.write_text(check_javascript.text(module))
    return tmp_path


def test_functions_of_the_browser_s_scripts(scripts: Path) -> None:
    command: list[str | Path] = [NODE, "--test", *sorted(HERE.glob("*.test.mjs"))]
    environment = {**os.environ, "SCRIPTS": str(scripts)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_script_belongs_to_a_module() -> None:
    files = {file for module in check_javascript.modules() for file in module}
    assert files == {*check_javascript.WIDGETS.rglob("*.js"), *check_javascript.CIRCUIT.glob("*.js")}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("make('i', '', missing)", "'missing' is not defined"),
        ("export default () => make('i')\nconst never = 1", "'never' is declared but never used"),
        ("export default (", "Expected `)` but found `EOF`"),
    ],
)
def test_the_check_finds(written: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_javascript, "ROOT", tmp_path)
    monkeypatch.setattr(check_javascript, "CONFIG", Path(__file__).parents[3] / ".oxlintrc.json")
    (tmp_path / "shared.js").write_text("const make = (name) => name\n")
    (tmp_path / "own.js").write_text(written)
    (complaint,) = check_javascript.complaints([(tmp_path / "shared.js", tmp_path / "own.js")])
    assert complaint.startswith("own.js:") and found in complaint
