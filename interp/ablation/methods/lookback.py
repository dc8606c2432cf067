"""Attention fixed at one offset."""

from dataclasses import dataclass

from interp.ablation.components import Component
from interp.ablation.hook_points import Hook, lookback_hook
from interp.ablation.methods.method import NumberedMethod, Parameter, RowGate
from interp.ablation.rows import RowMeans
from interp.tokens import N_CTX


@dataclass(frozen=True)
class Lookback(NumberedMethod):
    """The component's attention is fixed on exactly ``number`` positions back; on position 0 where there are
    fewer. Its values and W_O work as ever."""

    name = "lookback"
    label = "offset"
    help = "Its attention is fixed at one offset, 100 being the cell to be copied. An MLP is zeroed instead."
    badge = "↩{}"
    done = "looking {} back"
    parameter = Parameter("How many positions back", "positions", least=0, most=N_CTX - 1, usual=100)
    kinds = ("attn", "head")
    misfit = "an MLP has no attention pattern; lookback is for attn and heads"
    partial_scopes = False

    @property
    def gate(self) -> RowGate:
        return RowGate(offset=self.number)

    def clause(self, what: str) -> str:
        return f"with {what} fixed {self.number} {'position' if self.number == 1 else 'positions'} back"

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        return lookback_hook(component, self.number)
