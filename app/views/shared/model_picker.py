"""The choice of a model."""

from app.state.heads import copy_head
from app.state.scene import Scene
from app.state.session import change, notify, now
from app.widgets.controls import choice
from interp.ablation import NO_ABLATION
from interp.backend import Backend
from interp.checkpoints import list_models
from interp.errors import PuzzlescopeError


def show(scene: Scene, backend: Backend) -> None:
    """Draw the choice. Another model has other components: everything is on again, and its own copying head
    is shown."""
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
    try:
        attention = copy_head(backend, name)
    except PuzzlescopeError as error:
        notify(str(error))
        return
    beside = "" if now().beside == name else now().beside
    change(
        model=name,
        ablation=NO_ABLATION,
        pin=None,
        beside=beside,
        attention=attention,
        large=False,
        flips=None,
    )
