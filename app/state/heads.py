"""The head that is shown before a visitor has chosen one."""

from interp.ablation import Component
from interp.analyses.lookback import LookbackScores
from interp.backend import Backend
from interp.puzzles import Puzzle


def copy_head(backend: Backend, model: str, puzzle: Puzzle) -> Component:
    """The head that looks one grid back most on this puzzle: what a first visitor should see."""
    scores = backend.ask(model, LookbackScores(puzzle))[100]
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    return Component(layer, "head", head)
