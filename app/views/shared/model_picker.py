"""The choice of a model."""

from app.state.models import turn_to
from app.state.scene import Scene
from app.state.session import now
from app.widgets.controls import choice
from interp.backend import Backend
from interp.checkpoints import list_models


def show(scene: Scene, backend: Backend) -> None:
    """Draw the choice."""
    cfg = backend.model(scene.model).cfg
    names = dict.fromkeys([*list_models(), scene.model])
    choice.select(
        "Model",
        list(names),
        scene.model,
        key="model",
        on_change=lambda name: _choose(name, backend),
        width=115,
        help=f"{cfg.n_layers} layers of {cfg.n_heads} heads, {backend.model(scene.model).n_params / 1e6:.1f}"
        " M parameters. Folders in assets/models are offered.",
    )


def _choose(name: str, backend: Backend) -> None:
    beside = now().beside
    turn_to(name, backend, beside="" if beside == name else beside)
