"""From one model to another, without losing what was being tried."""

from typing import Any

from app.state.heads import copy_head
from app.state.scene import Scene
from app.state.session import change, notify, now
from interp.ablation import (
    DEFAULT_METHOD,
    NO_ABLATION,
    Ablation,
    Method,
    check_known,
    parse_ablation,
)
from interp.backend import Backend
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle


def fitting(off: Ablation | None, model: str, backend: Backend) -> tuple[Ablation, str]:
    """The same ablation of another model; none, and why, where it has no such components."""
    try:
        return parse_ablation(off.text if off else "", backend.model(model).cfg), ""
    except PuzzlescopeError as error:
        return NO_ABLATION, str(error)


def fitting_here(off: Ablation, model: str, puzzle: Puzzle, backend: Backend) -> tuple[Ablation, str]:
    """The same as :func:`fitting`; none, and why, also where what it puts in place cannot be had for this
    model and this puzzle."""
    found, misfit = fitting(off, model, backend)
    why = misfit or _fault(found, model, puzzle, backend)
    return (NO_ABLATION, why) if why else (found, "")


def _fault(what: Ablation | Method, model: str, puzzle: Puzzle, backend: Backend) -> str:
    """Why this cannot be had for a model and a puzzle, in a sentence; or nothing."""
    try:
        check_known(backend.model(model), backend.bank(), [puzzle], what)
    except PuzzlescopeError as error:
        return str(error)
    return ""


def possible(scene: Scene, backend: Backend) -> Scene:
    """The scene without ways to ablate that cannot be had for its model or its puzzle: a link, another model
    or another puzzle may ask for some. What went is said."""

    def fault(what: Ablation | Method) -> str:
        return _fault(what, scene.model, scene.puzzle, backend)

    changes: dict[str, Any] = {}
    if why := fault(scene.method):
        changes["method"] = DEFAULT_METHOD
        notify(f"Components are ablated by {DEFAULT_METHOD.text}, not by {scene.method.text}. {why}")
    for name, off in (("ablation", scene.ablation), ("pin", scene.pin)):
        if off and (why := fault(off)):
            left = Ablation(tuple(term for term in off.terms if not fault(term.method)))
            changes[name] = left if left or name == "ablation" else None
            notify(f"The puzzle is shown without a part of {off.text}. {why}")
    if changes:
        change(**changes)
    return now() if changes else scene


def turn_to(model: str, backend: Backend, *, beside: str) -> None:
    """Show another model; for use in widget callbacks. What is ablated and what is pinned stay where it has
    such components, and a sentence says what went; the head that is looked at is its own copy head, for a
    number says nothing of what a head does.

    Args:
        beside: the model that then stands beside it, or "".
    """
    scene = now()
    try:
        attention = copy_head(backend, model)
    except PuzzlescopeError as error:
        notify(str(error))
        return
    ablation, misfit = fitting(scene.ablation, model, backend)
    pin, pin_misfit = fitting(scene.pin, model, backend)
    for lost, why in ((scene.ablation, misfit), (scene.pin, pin_misfit)):
        if lost and why:
            notify(f"{model} is shown without {lost.text}: {why}")
    change(
        model=model,
        beside=beside,
        ablation=ablation,
        pin=pin or None,
        attention=attention,
        large=False,
        flips=None,
    )
