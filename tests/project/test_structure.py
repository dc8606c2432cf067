"""The folders of the code and which may use which: data flows one way."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.places import ROOT

MOST_FILES = 16

# Each line may use the lines above it, and of its own line only itself: ranks are compared strictly. A name
# is a folder, or a file that lies beside the folders.
LINES = [
    {"errors", "grids", "numbers", "stopping", "assets", "names", "resumable"},
    {"tokens", "outputs"},
    {"tasks", "model"},
    {"puzzles", "checkpoints"},
    {"ablation"},
    {"engine", "export"},
    {"analyses"},
    {"figures", "training", "backend"},
    {"cli"},
    {"__main__", "__init__"},
]
RANK = {name: rank for rank, line in enumerate(LINES) for name in line}


def module_of(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, modules: set[str]) -> Iterator[str]:
    """The modules among these that a file imports, those for type checkers and inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in modules or node.module in modules:
                    yield inner if inner in modules else node.module


def graph(package: str) -> dict[str, set[str]]:
    """What every module of a package imports of it. A package's own names are those of its ``__init__``."""
    paths = {module_of(path): path for path in sorted((ROOT / package).rglob("*.py"))}
    return {name: set(imports(path, set(paths))) - {name} for name, path in paths.items()}


def unit(module: str) -> str:
    """The folder, or the file beside the folders, that a module of interp belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def test_every_folder_has_a_rank() -> None:
    assert {unit(module) for module in graph("interp")} == set(RANK)


@pytest.mark.parametrize("name", sorted(RANK.keys() - {"__init__"}))
def test_a_folder_uses_only_those_of_a_lower_rank(name: str) -> None:
    for module, used in graph("interp").items():
        if unit(module) == name:
            for other in map(unit, used):
                assert other == name or RANK[other] < RANK[name], f"{module} imports {other}"


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
