"""The head that is shown before a visitor has chosen one."""

from interp.ablation import Component
from interp.analyses.lookback import LookbackScores, heads_above
from interp.backend import Backend
from interp.puzzles import Puzzle

COPYING = 0.3
"""Mean attention one grid back from which a head counts as one that copies."""
MOST_COPYING = 3


def copy_head(backend: Backend, model: str, puzzle: Puzzle) -> Component:
    """The head that looks one grid back most on this puzzle: what a first visitor should see."""
    scores = backend.ask(model, LookbackScores(puzzle))[100]
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    return Component(layer, "head", head)


def copy_heads(backend: Backend, model: str, puzzle: Puzzle) -> list[Component]:
    """The heads that copy from the cell one grid back on this puzzle, strongest first; there may be none."""
    scores = backend.ask(model, LookbackScores(puzzle))[100]
    heads = heads_above(scores, 100, COPYING)
    return [Component(head.layer, "head", head.head) for head in heads[:MOST_COPYING]]
