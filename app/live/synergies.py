"""The effects of all pairs of heads, begun when a visitor asks for them."""

from collections.abc import Hashable

from app.live import sweeps
from app.live.watching import Seen, how_far, watched
from app.state.scene import Scene
from interp.analyses.synergy import Synergy, SynergyState
from interp.backend import Backend, Watch

GROUP = "pairs of heads"
"""Of what a visitor looks in on."""


def question(scene: Scene, backend: Backend) -> Synergy:
    """Every two heads, over the scene's puzzles, on the base and by the method of the board."""
    puzzles = tuple(sweeps.puzzles_of(scene, backend))
    return Synergy(puzzles, (), sweeps.sweep_base(scene), sweeps.sweep_method(scene))


def pairs(scene: Scene, backend: Backend) -> Seen[SynergyState] | None:
    """How far they are; ``None`` if nobody has asked for them, and they are not kept either."""
    asked = question(scene, backend)
    watches = watched().known(GROUP, _key(scene, asked))
    if watches is None:
        if not backend.keeps(scene.model, asked):
            return None
        watches = begin(scene, backend)
    (watch,) = watches
    return how_far(GROUP, watch)


def begin(scene: Scene, backend: Backend) -> list[Watch[SynergyState]]:
    """Ask for them, anew if they were stopped. Takes a while."""
    watched().forget(GROUP)
    asked = question(scene, backend)
    return watched().keep(GROUP, _key(scene, asked), [backend.watch(scene.model, asked)])


def _key(scene: Scene, asked: Synergy) -> Hashable:
    return scene.model, asked
