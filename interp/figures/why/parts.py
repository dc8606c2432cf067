"""What one side of an attention score is a sum of: a writer's part, by position or by content."""

from typing import Literal, NamedTuple, get_args

from interp.why.split import PARTS

PartKind = Literal["position", "content"]
"""Of a writer: its mean at each position over puzzles of one order of the grids, or what is left of it."""
KINDS: tuple[PartKind, ...] = get_args(PartKind)
assert KINDS == PARTS
SHORT: dict[PartKind, str] = {"position": "pos", "content": "cont"}


WHOLE = ("position", "bias")
"""Writers that are the same in every puzzle: there is nothing else of them."""


class Part(NamedTuple):
    """One part of what a query or a key reads.

    Attributes:
        writer: its name, such as ``L0.mlp``.
        kind: what of it.
    """

    writer: str
    kind: PartKind

    @property
    def label(self) -> str:
        """As it stands beside a bar.

        >>> Part("L0.mlp", "position").label, Part("position", "position").label
        ('L0.mlp·pos', 'position')
        """
        return self.writer if self.writer in WHOLE else f"{self.writer}·{SHORT[self.kind]}"

    @property
    def words(self) -> str:
        """In words, where there is room."""
        return f"{self.writer}, by {self.kind}"
