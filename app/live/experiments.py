"""The experiments that are offered on a puzzle, with their answers as far as they are known. Answers are
those that a click would show: once they are here, a click need not wait."""

from dataclasses import dataclass

from app.live.watching import watched
from app.state.heads import roles_of
from app.state.scene import Scene
from interp.ablation import Ablation, Component, Term
from interp.analyses.experiments import Experiment, costliest_layer, experiments
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend, Watch
from interp.engine.answers import Prediction

LAYERS, TRIED = "answers of the layers", "answers of the experiments"
"""Groups of what a visitor looks in on."""


@dataclass(frozen=True, eq=False)
class Tried:
    """An experiment and the answer under its ablation; ``None`` as long as it is not known."""

    experiment: Experiment
    answer: Prediction | None


def begin(scene: Scene, backend: Backend) -> None:
    """Ask for the answer without each attention layer. To be called before what should come sooner: of one
    visitor's work the latest comes first."""
    _layers(scene, backend)


def costliest(scene: Scene, backend: Backend) -> int | None:
    """The attention layer that this puzzle needs most, once all have been tried."""
    watches = _layers(scene, backend)
    known = {layer: watch.state for layer, watch in enumerate(watches) if watch.finished}
    if len(known) < len(watches):
        return None
    return costliest_layer(scene.puzzle, {layer: answer for layer, answer in known.items() if answer})


def tried(scene: Scene, backend: Backend) -> list[Tried]:
    """The experiments on this model and puzzle; none before its costliest layer is known."""
    layer = costliest(scene, backend)
    if layer is None:
        return []
    offered = offered_on(scene, backend, layer)
    key = scene.model, scene.puzzle, layer
    watches = watched().known(TRIED, key)
    if watches is None:
        begun = [_watch(scene, backend, one.ablation) for one in reversed(offered)]
        watches = watched().keep(TRIED, key, begun[::-1])
    return [
        Tried(one, watch.state if watch.finished else None)
        for one, watch in zip(offered, watches, strict=True)
    ]


def offered_on(scene: Scene, backend: Backend, layer: int) -> list[Experiment]:
    """The experiments, if this attention layer is the costliest."""
    cfg, roles = backend.model(scene.model).cfg, roles_of(backend, scene.model)
    return experiments(cfg, roles, layer, backend.checkpoint_id(scene.model))


def under_way(scene: Scene, backend: Backend) -> bool:
    """Whether some of it is not known yet."""
    found = tried(scene, backend)
    return not found or any(one.answer is None for one in found)


def _layers(scene: Scene, backend: Backend) -> list[Watch[Prediction]]:
    key = scene.model, scene.puzzle
    watches = watched().known(LAYERS, key)
    if watches is None:
        layers = range(backend.model(scene.model).cfg.n_layers)
        off = [Ablation.of([Term(Component(layer, "attn"))]) for layer in layers]
        watches = watched().keep(LAYERS, key, [_watch(scene, backend, one) for one in off])
    return watches


def _watch(scene: Scene, backend: Backend, off: Ablation) -> Watch[Prediction]:
    return backend.watch(scene.model, PredictionOf(scene.puzzle, off))
