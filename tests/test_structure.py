"""The rooms of the code and which may use which: data flows one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each line may import from the lines above it and from its own.
ROOMS = [
    {"errors", "steps", "outputs", "stopping"},
    {"grids", "tokens", "solvers", "tasks", "kinds", "drafts"},
    {
        "puzzles",
        "puzzle_rows",
        "puzzle_json",
        "puzzle_npz",
        "puzzle_parquet",
        "puzzle_files",
        "puzzle_hub",
        "arc",
        "training_data",
        "bank",
    },
    {"block_attention", "asking", "hooks", "recipes", "model"},
    {"optimizer", "weights", "pickle_survey", "file_kinds"},
    {"torch_files", "safetensors_files", "state_dicts"},
    {"public_format", "folders", "checkpoints"},
    {"means"},
    {"ablation", "readers"},
    {"products"},
    {"engine"},
    {"runs"},
    {"predict", "stages"},
    {"sweep", "attention", "evaluation"},
    {"phenomena", "dynamics", "arithmetic", "logbook", "heads", "lens", "patching"},
    {"composition", "paths"},
    {"training_pictures"},
    {"card", "training"},
    {"figures", "exports", "snippets", "work", "backend"},
    {
        "head_figures",
        "lens_figures",
        "lens_snippets",
        "circuit_figures",
        "circuit_exports",
        "circuit_snippets",
    },
    {"cli", "__main__", "__init__"},
]
RANK = {name: rank for rank, room in enumerate(ROOMS) for name in room}


def imports(path: Path) -> list[str]:
    """Modules of interp that a file imports, those for type checkers and inside functions too."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "interp":
            parts = (node.module or "").split(".")
            found += [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name.split(".")[1] for alias in node.names if alias.name.startswith("interp.")]
    return found


def modules() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in (ROOT / "interp").rglob("*.py"):
        found.setdefault(path.relative_to(ROOT / "interp").parts[0].removesuffix(".py"), []).append(path)
    return found


def test_every_module_has_a_room() -> None:
    assert set(modules()) == set(RANK)


@pytest.mark.parametrize("name", sorted(RANK))
def test_a_room_uses_only_the_rooms_before_it(name: str) -> None:
    for path in modules()[name]:
        for used in imports(path):
            if used in RANK and name != "__init__":
                assert RANK[used] <= RANK[name], f"{name} imports {used}"


def test_the_check_can_fail(tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        "from interp.backend import Backend\nimport interp.cli\nfrom interp import puzzle_files\n"
    )
    assert imports(probe) == ["backend", "cli", "puzzle_files"]


def test_no_folder_of_pages_beside_the_entry() -> None:
    """Streamlit would run such a page by itself, without the router, whenever it is the first that is asked for."""
    assert not (ROOT / "app" / "pages").exists()
