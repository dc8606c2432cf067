"""Attention that knows the position and nothing of the puzzle."""

from collections.abc import Iterable
from dataclasses import dataclass

from interp.ablation.components import Component
from interp.ablation.hook_points import Hook, pattern_hook
from interp.ablation.means import REFERENCE_PUZZLES
from interp.ablation.methods.method import Method, RowGate
from interp.ablation.needs import Need, PatternsOver, structures_of
from interp.ablation.rows import RowMeans
from interp.puzzles import Puzzle


@dataclass(frozen=True)
class Pattern(Method):
    """Where the component looks is what it is on average, over the same reference puzzles as the means; what
    it finds there, its values and W_O, stay its own. What is left is what position alone explains."""

    name = "pattern"
    label = "pattern"
    help = (
        "It attends as it does on average, and moves its own values: over"
        f" {REFERENCE_PUZZLES} puzzles of the bank in this puzzle's order of the grids. An MLP is zeroed"
        " instead."
    )
    badge = "⊞"
    done = "attending as on average"
    kinds = ("attn", "head")
    misfit = "an MLP has no attention pattern; pattern is for attn and heads"
    needs_means = True
    swept = True
    partial_scopes = False

    @property
    def gate(self) -> RowGate:
        return RowGate(pattern=True)

    def over(self, order: str) -> str:
        over = f"over {REFERENCE_PUZZLES} puzzles of all tasks {order}"
        return f"Mean patterns: {over}. An MLP, which has none, is zeroed."

    def clause(self, what: str) -> str:
        return f"with {what} attending as on average"

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        assert means is not None and means.patterns is not None
        return pattern_hook(component, means.patterns, start)

    def needs(self, puzzles: Iterable[Puzzle]) -> tuple[Need, ...]:
        return tuple(map(PatternsOver, structures_of(puzzles)))
