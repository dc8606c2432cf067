"""The folders of the code and which may use which: data flows one way."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from app.views import ADMIN, PAGES
from tests.support.places import ROOT

MOST_FILES = 16

# Each line may use the lines above it, and of its own line only itself: ranks are compared strictly. A name
# is a folder, or a file that lies beside the folders.
LINES = [
    {"errors", "grids", "numbers", "stopping", "assets", "names", "resumable"},
    {"tokens", "outputs", "machine", "sizes"},
    {"tasks", "model"},
    {"puzzles", "checkpoints"},
    {"pairs"},
    {"ablation"},
    {"engine", "export"},
    {"analyses"},
    {"circuits"},
    {"training"},
    {"why"},
    {"studies"},
    {"figures", "backend"},
    {"cli"},
    {"__main__", "__init__"},
]

# The same for the dashboard, whose pages are folders of views and may not use each other.
APP_LINES = [
    {"startup", "views", "__init__"},
    {"server"},
    {"widgets"},
    {"state"},
    {"live"},
    {"views.shared"},
    {"views.frame"},
    {f"views.{page.name}" for page in [*PAGES, ADMIN]},
    {"views.preload", "router", "main"},
]


def ranks(lines: list[set[str]]) -> dict[str, int]:
    return {name: rank for rank, line in enumerate(lines) for name in line}


RANKS = {"interp": ranks(LINES), "app": ranks(APP_LINES)}


def module_of(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def nodes(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """The imports of a file, those for type checkers and inside functions too."""
    return [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import | ast.ImportFrom)]


def imports(path: Path, modules: set[str]) -> Iterator[str]:
    """The modules among these that a file imports."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in modules or node.module in modules:
                    yield inner if inner in modules else node.module


@cache
def graph(package: str) -> dict[str, set[str]]:
    """What every module of a package imports of it. A package's own names are those of its ``__init__``."""
    paths = {module_of(path): path for path in sorted((ROOT / package).rglob("*.py"))}
    return {name: set(imports(path, set(paths))) - {name} for name, path in paths.items()}


def unit(module: str) -> str:
    """The folder, or the file beside the folders, that a module belongs to; of ``app.views`` those within."""
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["views"] else 1]) or "__init__"


def upward(package: str, name: str) -> list[str]:
    """What the modules of a unit import of units that have no lower rank."""
    rank = RANKS[package]
    return [
        f"{module} imports {other}"
        for module, used in graph(package).items()
        for other in used
        if unit(module) == name != unit(other) and rank[unit(other)] >= rank[name]
    ]


@pytest.mark.parametrize("package", RANKS)
def test_every_folder_has_a_rank(package: str) -> None:
    assert {unit(module) for module in graph(package)} == set(RANKS[package])


@pytest.mark.parametrize(
    ("package", "name"),
    [(package, name) for package, rank in RANKS.items() for name in sorted(rank.keys() - {"__init__"})],
)
def test_a_folder_uses_only_those_of_a_lower_rank(package: str, name: str) -> None:
    assert upward(package, name) == []


def test_a_rank_can_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RANKS, "app", RANKS["app"] | {"widgets": RANKS["app"]["state"]})
    assert "app.state.session imports app.widgets.controls.echoes" in upward("app", "state")


PROBE = """
import sys
from streamlit.components import v2
v2.component = lambda name, **files: sys.exit(f"{{name}} is registered")
import streamlit as st
st.components.v2.component = v2.component
import {module}
"""


@pytest.mark.parametrize(("module", "registers"), [("app.state.session", 0), ("app.widgets.lens_film", 1)])
def test_the_state_registers_nothing_in_browsers(module: str, registers: int) -> None:
    """A scene and its link can be read where no page is drawn."""
    command = [sys.executable, "-c", PROBE.format(module=module)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == registers, found.stderr
    assert ("is registered" in found.stderr) == bool(registers)


@pytest.mark.parametrize("package", ["interp", "app"])
def test_no_circle_of_imports(package: str) -> None:
    list(TopologicalSorter(graph(package)).static_order())  # raises CycleError, which names one


@pytest.mark.parametrize("package", ["interp", "app", "tests"])
def test_no_folder_is_a_heap(package: str) -> None:
    folders = [ROOT / package, *(path for path in (ROOT / package).rglob("*") if path.is_dir())]
    for folder in folders:
        code = [path.name for path in folder.iterdir() if path.suffix in (".py", ".js", ".css")]
        assert len([name for name in code if name != "__init__.py"]) <= MOST_FILES, folder


def test_the_check_can_fail(tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        "from interp.backend import Backend\nimport interp.cli\nfrom interp.puzzles import files\n"
    )
    known = {"interp.backend", "interp.cli", "interp.puzzles", "interp.puzzles.files"}
    assert list(imports(probe, known)) == ["interp.backend", "interp.cli", "interp.puzzles.files"]


def test_no_folder_of_pages_beside_the_entry() -> None:
    """Streamlit would run such a page by itself, without the router, whenever it is the first that is asked
    for."""
    assert not (ROOT / "app" / "pages").exists()
