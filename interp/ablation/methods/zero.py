"""A component that writes nothing."""

from dataclasses import dataclass

import torch

from interp.ablation.components import Component
from interp.ablation.hook_points import Hook, output_hook
from interp.ablation.methods.method import Method, RowGate
from interp.ablation.rows import RowMeans


@dataclass(frozen=True)
class Zero(Method):
    """The component writes nothing."""

    name = "zero"
    label = "zero"
    help = "It writes nothing."
    badge = "×"
    done = "zeroed"

    @property
    def gate(self) -> RowGate:
        return RowGate(keep=0)

    def clause(self, what: str) -> str:
        return f"without {what}"

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        return output_hook(component, torch.zeros_like)
