"""Check the scripts that run in the browser, each as the browser gets it: joined with the shared files.

    python scripts/check_javascript.py

A name that no file of the module declares, one that is never used, and a syntax error are found; the rules
are in ``.oxlintrc.json``.
"""

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDGETS = ROOT / "app" / "widgets"
CIRCUIT = ROOT / "interp" / "figures" / "circuit"
_BROWSER = {
    "ELEMENT": "element.js",
    "CANVAS": "canvas_view.js",
    "SVG_CELLS": "svg_cells.js",
    "KEYS": "keys.js",
    "AT_WORK": "at_work.js",
    "WISHES": "wishes.js",
    "KEPT": "kept.js",
    "NEWS": "news.js",
    "RING": "ring.js",
    "LEGEND": "scale_legend.js",
}
_CIRCUIT = {"GEOMETRY": "geometry.js", "PANEL": "panel.js", "TOOLS": "tools.js", "GRAPH": "graph.js"}
SHARED = {name: WIDGETS / "browser" / "shared" / file for name, file in _BROWSER.items()}
SHARED |= {name: CIRCUIT / file for name, file in _CIRCUIT.items()}
"""The names, in ``app/widgets/browser/scripts.py`` and ``interp/figures/circuit/scripts.py``, of what several
need."""

CONFIG = ROOT / ".oxlintrc.json"

Module = tuple[Path, ...]


def part(argument: ast.expr, folder: Path) -> Path:
    """The file that an argument of ``joined`` names: a constant, or ``HERE / "view.js"``."""
    if isinstance(argument, ast.Name):
        return SHARED[argument.id]
    assert isinstance(argument, ast.BinOp) and isinstance(argument.right, ast.Constant)
    return folder / str(argument.right.value)


def joined_modules() -> Iterator[Module]:
    """The files of every call of ``joined`` in the widgets, in order."""
    for file in sorted(WIDGETS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "joined":
                yield tuple(part(argument, file.parent) for argument in node.args)


def modules() -> list[Module]:
    """All scripts, as the browser gets them; a file that is joined to no other is its own module."""
    several = list(joined_modules())
    known = {file for module in several for file in module}
    return [*several, *((file,) for file in sorted(WIDGETS.rglob("*.js")) if file not in known)]


def text(module: Module) -> str:
    """What the browser gets."""
    return "\n".join(file.read_text() for file in module)


def place(module: Module, line: int) -> str:
    """Where a line of a module stands: the file from the repository's root, and the line in it."""
    for file in module:
        lines = file.read_text().count("\n") + 1
        if line <= lines:
            return f"{file.relative_to(ROOT)}:{line}"
        line -= lines
    return f"{module[-1].relative_to(ROOT)}:end"


def complaints(checked: list[Module]) -> list[str]:
    """What the linter finds, sorted, without repeating what it finds in a file that several modules share."""
    with tempfile.TemporaryDirectory() as folder:
        for k, module in enumerate(checked):
            Path(folder, f"{k}.js").write_text(text(module))
        linter = Path(sys.executable).parent / "oxlint"
        command: list[str | Path] = [linter, "--config", CONFIG, "--format", "unix", "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    found: dict[str, set[int]] = {}
    for k, line, said in re.findall(r"(?m)^(?:\./)?(\d+)\.js:(\d+):\d+: (.*)$", done.stdout):
        module = checked[int(k)]
        found.setdefault(f"{place(module, int(line))}: {said}", set()).add(int(k))
    if done.returncode and not found:
        return [done.stdout + done.stderr]
    return sorted(said for said, where in found.items() if not spared(said, where, checked))


def spared(said: str, where: set[int], checked: list[Module]) -> bool:
    """Whether a complaint is that a component does not use what a shared file offers, while another does."""
    users = {k for k, module in enumerate(checked) if said.split(":", maxsplit=1)[0] in names(module)}
    return "no-unused-vars" in said and where != users


def names(module: Module) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in module]


def main() -> int:
    found = complaints(modules())
    print("\n".join(found) if found else f"{len(modules())} scripts checked.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
