"""All that the pages are made of, and what a first visitor asks. It takes seconds, so the server does it
before there is one; see :mod:`app.startup.opening`.

To import this module is to import PyTorch, the backend and every module of the pages but their scripts.
"""

from importlib import import_module
from pathlib import Path

from app.state.backend import shared_backend
from app.state.heads import roles_of
from app.state.scene import scene_from_query
from app.views import FOLDER, PAGES
from interp.analyses.attention import AttentionOf
from interp.analyses.prediction import PredictionOf

_SCRIPT = "page.py"


def _modules() -> list[str]:
    files = [path for page in PAGES for path in sorted((FOLDER / page.name).glob("*.py"))]
    return [f"app.views.{path.parent.name}.{path.stem}" for path in files if _is_module(path)]


def _is_module(path: Path) -> bool:
    return path.name not in ("__init__.py", _SCRIPT)


import_module("app.views.frame")
for _name in _modules():
    import_module(_name)


def first_answers() -> None:
    """Load the model that the dashboard opens with and the bank, and compute what its first page shows before
    anything is chosen; it is kept.

    Raises:
        PuzzlescopeError: if the model cannot be loaded.
    """
    backend = shared_backend()
    scene, _ = scene_from_query({}, backend)
    layer = roles_of(backend, scene.model).copy_heads[0].layer
    backend.ask(scene.model, PredictionOf(scene.puzzle))
    backend.ask(scene.model, AttentionOf(scene.puzzle, scene.ablation, layer))
