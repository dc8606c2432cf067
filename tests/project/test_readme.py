"""The README's Python block runs as printed, its commands exist, and what it shows is there."""

import re
import shlex
import subprocess
import sys

from typer.testing import CliRunner

from interp.cli import app
from tests.support.places import ROOT

README = (ROOT / "README.md").read_text()


def test_the_python_block_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    found = subprocess.run(
        [sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode == 0, found.stderr
    assert "torch.Size([8," in found.stdout


def test_every_command_is_shown_with_options_it_has() -> None:
    shown = [
        shlex.split(line, comments=True)
        for line in README.splitlines()
        if line.startswith("    python -m interp ")
    ]
    commands = {
        command.name or command.callback.__name__: command.callback for command in app.registered_commands
    }
    groups = {group.name for group in app.registered_groups}
    assert {words[3] for words in shown} == set(commands) | groups
    for words in shown:
        command = words[3:5] if words[3] in groups else words[3:4]
        found = CliRunner().invoke(app, [*command, "--help"])
        assert found.exit_code == 0, command
        help_text = found.stdout
        for option in (word for word in words[4:] if word.startswith("--")):
            assert option in help_text, f"{words[3]} {option}"


def test_pictures_and_files_that_are_named_exist() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path
    for folder in ("app", "interp", "assets/puzzles", "assets/models/default"):
        assert (ROOT / folder).is_dir()
