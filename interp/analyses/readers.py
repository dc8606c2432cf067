"""Receivers of the residual stream: queries, keys and values of heads, the MLPs, and the logits.

>>> cfg = Config(n_layers=2, n_heads=2)
>>> [reader.text for reader in readers_of(cfg, after=Component(0, "attn"))]
['L0.mlp', 'L1.H0.q', 'L1.H0.k', 'L1.H0.v', 'L1.H1.q', 'L1.H1.k', 'L1.H1.v', 'L1.mlp', 'logits']
>>> [reader.text for reader in readers_of(cfg, after=Component(0, "mlp"), by_head=False)]
['L1.q', 'L1.k', 'L1.v', 'L1.mlp', 'logits']
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from interp.ablation import Component
from interp.errors import PuzzlescopeError
from interp.model import Config

HeadInput = Literal["q", "k", "v"]
Input = Literal["q", "k", "v", "mlp", "logits"]
HEAD_INPUTS: tuple[HeadInput, ...] = get_args(HeadInput)
INPUT_NAMES: dict[Input, str] = {
    "q": "queries",
    "k": "keys",
    "v": "values",
    "mlp": "MLPs",
    "logits": "logits",
}


@dataclass(frozen=True)
class Reader:
    """One place where the residual stream is read.

    Attributes:
        input: what is made of it: queries, keys or values, the input of an MLP, or the logits.
        layer: of every reader but the logits.
        head: whose queries, keys or values; ``None`` for those of all heads of the layer.
    """

    input: Input
    layer: int | None = None
    head: int | None = None

    @property
    def text(self) -> str:
        if self.layer is None:
            return "logits"
        head = "" if self.head is None else f"H{self.head}."
        return f"L{self.layer}.{head}{self.input}"

    @property
    def component(self) -> Component | None:
        """The component that reads: a head, an attention layer or an MLP; none for the logits."""
        if self.layer is None:
            return None
        if self.input == "mlp":
            return Component(self.layer, "mlp")
        return (
            Component(self.layer, "attn") if self.head is None else Component(self.layer, "head", self.head)
        )

    def follows(self, source: Component) -> bool:
        """Whether what the source writes is in the stream that is read here."""
        if self.layer is None or self.layer != source.layer:
            return self.layer is None or self.layer > source.layer
        return self.input == "mlp" and source.kind != "mlp"


LOGITS = Reader("logits")


def readers_of(cfg: Config, after: Component | None = None, *, by_head: bool = True) -> tuple[Reader, ...]:
    """Every reader, in the order of the run: a layer's heads with their queries, keys and values, then its
    MLP; the logits last.

    Args:
        after: only those that can read what this component writes.
        by_head: each head's queries, keys and values apart, or those of a layer's heads together.
    """
    return tuple(reader for reader in _all(cfg, by_head) if after is None or reader.follows(after))


def _all(cfg: Config, by_head: bool) -> Iterator[Reader]:
    for layer in range(cfg.n_layers):
        for head in range(cfg.n_heads) if by_head else (None,):
            yield from (Reader(name, layer, head) for name in HEAD_INPUTS)
        yield Reader("mlp", layer)
    yield LOGITS


def check_readers(readers: Iterable[Reader], source: Component, cfg: Config) -> tuple[Reader, ...]:
    """The readers, if the model has them and each can read the source.

    Raises:
        PuzzlescopeError: naming the first that is not so.
    """
    listed = tuple(readers)
    known = {*_all(cfg, by_head=True), *_all(cfg, by_head=False)}
    for reader in listed:
        if reader not in known:
            raise PuzzlescopeError(f"The model has no {reader.text} that reads.")
        if not reader.follows(source):
            raise PuzzlescopeError(f"{reader.text} cannot read {source.text}: it does not come after it.")
    return listed
