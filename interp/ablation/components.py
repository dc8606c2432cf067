"""The components that can be ablated: a layer's attention as a whole, one of its heads, its MLP."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from interp.errors import PuzzlescopeError
from interp.model import Config

ComponentKind = Literal["attn", "head", "mlp"]
COMPONENT_KINDS: tuple[ComponentKind, ...] = ("attn", "mlp", "head")


@dataclass(frozen=True)
class Component:
    """A component of a model. ``head`` is given for heads only."""

    layer: int
    kind: ComponentKind
    head: int | None = None

    @property
    def text(self) -> str:
        """``L3.attn``, ``L3.H1`` or ``L3.mlp``."""
        return f"L{self.layer}.{self.part}"

    @property
    def words(self) -> str:
        """``attention of layer 3``, ``head L3.H1`` or ``MLP of layer 3``."""
        if self.kind == "head":
            return f"head {self.text}"
        return f"{'attention' if self.kind == 'attn' else 'MLP'} of layer {self.layer}"

    @property
    def part(self) -> str:
        """Which it is of its layer: ``attn``, ``H1`` or ``mlp``."""
        return f"H{self.head}" if self.kind == "head" else self.kind


def components_of(cfg: Config, kinds: Iterable[str] = ("attn",)) -> list[Component]:
    """Every component of these kinds, layer by layer the attention, its heads, the MLP.

    Raises:
        PuzzlescopeError: on a kind other than attn, mlp and head.
    """
    kinds = list(kinds)
    for kind in kinds:
        if kind not in COMPONENT_KINDS:
            raise PuzzlescopeError(f"No kind of component '{kind}': expected {', '.join(COMPONENT_KINDS)}.")
    found: list[Component] = []
    for layer in range(cfg.n_layers):
        if "attn" in kinds:
            found.append(Component(layer, "attn"))
        if "head" in kinds:
            found += [Component(layer, "head", head) for head in range(cfg.n_heads)]
        if "mlp" in kinds:
            found.append(Component(layer, "mlp"))
    return found
