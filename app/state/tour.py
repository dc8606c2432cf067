"""The tour: five steps on the live page, each of which ends when the visitor has done what it asks for.

What a step asks for is told by predicates on two scenes: the one it began with, and the one now. Nothing of
the tour is kept in a scene but the number of its step.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from app.state.scene import Scene
from interp.ablation import NO_ABLATION, Ablation, Component, Term
from interp.grids import CELLS

STEPS = 5
END = STEPS + 1
"""After the last step: what was found, and where to go on."""


@dataclass(frozen=True)
class Sights:
    """What the tour shows of a model and a puzzle.

    Attributes:
        costliest: the attention layer that the puzzle needs most; ``None`` as long as it is not known.
        head: the head that copies, or comes nearest to it.
        circuit: the ablation that leaves its layer alone, looking one grid back.
        wrong: cells of the answer, 0 to 99, that are wrong now.
    """

    costliest: int | None
    head: Component
    circuit: Ablation
    wrong: Collection[int]

    @property
    def layer_off(self) -> Ablation:
        """The costliest layer ablated; nothing as long as it is not known."""
        return (
            NO_ABLATION if self.costliest is None else Ablation.of([Term(Component(self.costliest, "attn"))])
        )


def is_done(before: Scene, now: Scene, sights: Sights) -> bool:
    """Whether the visitor has done what the step asks for.

    Args:
        before: the scene with which the step began.
        now: the scene on screen.
    """
    moved = now.cell != before.cell and now.answer_cell is not None
    match now.tour:
        case 1:
            return moved
        case 2:
            return sights.costliest is not None and set(sights.layer_off.components) <= set(
                now.ablation.components
            )
        case 3:
            return moved and (not sights.wrong or now.answer_cell in sights.wrong)
        case 4:
            return now.large and now.attention == sights.head
        case 5:
            return now.ablation == sights.circuit
    return False


def beginning(step: int, sights: Sights) -> dict[str, Any]:
    """How the page is when a step begins, as changes of the scene."""
    begun: dict[str, Any] = {"tour": step}
    if step in (1, 5):
        begun |= {"ablation": NO_ABLATION}
    elif step == 2:
        begun |= {"ablation": NO_ABLATION, "board": "tiles"}
    elif step == 3:
        begun |= {"ablation": sights.layer_off}
    elif step == 4:
        begun |= {"ablation": NO_ABLATION, "large": False, "panel": "grids"}
    return begun


def doing(scene: Scene, sights: Sights) -> dict[str, Any]:
    """What a step asks for, done for the visitor, who then stands at the next one: as changes of the
    scene."""
    changes: dict[str, Any] = {}
    if scene.tour == 3 and sights.wrong:
        changes = {"cell": 3 * CELLS + min(sights.wrong), "view": "from"}
    elif scene.tour == 4:
        changes = {"attention": sights.head}
    elif scene.tour == 5:
        changes = {"ablation": sights.circuit}
    return {**beginning(scene.tour + 1, sights), **changes}


def onward(scene: Scene, sights: Sights) -> dict[str, Any]:
    """The changes with which the next step begins, once a step is done."""
    return beginning(scene.tour + 1, sights)


def same_sight(one: Scene, other: Scene) -> bool:
    """Whether two scenes are of the same step on the same model and puzzle."""
    return (one.tour, one.model, one.puzzle) == (other.tour, other.model, other.puzzle)


SETS = ("ablation", "cell", "view", "attention", "large", "board", "panel")
"""Fields of the scene that the tour sets for its steps."""


def without_tour(scene: Scene, before: Scene, began: Scene) -> Scene:
    """The scene when the tour is left: as it was before the tour; but what the visitor has made of it since
    the tour last set it stays, and so does its end.

    Args:
        before: the scene before the tour.
        began: the one with which its present step began.
    """
    own = [(one.model, one.puzzle, *(getattr(one, name) for name in SETS)) for one in (scene, began)]
    acted = own[0] != own[1] or (scene.model, scene.puzzle) != (before.model, before.puzzle)
    if acted or scene.tour == END:
        return replace(scene, tour=0)
    return replace(scene, tour=0, **{name: getattr(before, name) for name in SETS})
