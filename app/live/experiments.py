"""The experiments that are offered on a puzzle, with their answers as far as they are known. Answers are
those that a click would show: once they are here, a click need not wait."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.live import sweeps
from app.live.watching import watched
from app.state.heads import roles_of
from app.state.scene import Scene
from interp.ablation import Ablation, Component, Term
from interp.analyses.experiments import Experiment, costliest_layer, experiments
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend, Watch
from interp.engine.answers import Prediction

LAYERS, TRIED = "answers of the layers", "answers of the experiments"
GROUPS = (LAYERS, TRIED)
"""Of what a visitor looks in on."""


@dataclass(frozen=True, eq=False)
class Tried:
    """An experiment and the answer under its ablation; ``None`` as long as it is not known."""

    experiment: Experiment
    answer: Prediction | None


def costliest(scene: Scene, backend: Backend) -> int | None:
    """The attention layer that this puzzle needs most, once all have been tried."""
    watches = _layers(scene, backend)
    if not watches:
        return None
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
    """The answers without each attention layer: once the visitor has stayed, as for the board's exact
    values, or is on the tour, which speaks of them."""
    key = scene.model, scene.puzzle
    watches = watched().known(LAYERS, key) or []
    if not watches:
        layers = range(backend.model(scene.model).cfg.n_layers)
        off = [Ablation.of([Term(Component(layer, "attn"))]) for layer in layers]
        if scene.tour or _kept(scene, backend, off) or sweeps.stays(scene, backend):
            watches = watched().keep(LAYERS, key, [_watch(scene, backend, one) for one in off])
    return watches


def _kept(scene: Scene, backend: Backend, off: Iterable[Ablation]) -> bool:
    """Whether all these answers cost nothing."""
    return all(backend.keeps(scene.model, PredictionOf(scene.puzzle, one)) for one in off)


def _watch(scene: Scene, backend: Backend, off: Ablation) -> Watch[Prediction]:
    return backend.watch(scene.model, PredictionOf(scene.puzzle, off))
