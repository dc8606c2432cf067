"""Running the programs that the dashboard offers."""

import contextlib
import io
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.places import ROOT


def printed(program: str) -> str:
    """What a program prints, run here with no names but its own: a process would spend seconds on its
    imports."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(said):
        path = Path(folder) / "program.py"
        path.write_text(program)
        runpy.run_path(str(path), run_name="__main__")
    return said.getvalue()


def printed_apart(program: str) -> str:
    """The same in a process of its own, from the project's folder, as a person runs it."""
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout
