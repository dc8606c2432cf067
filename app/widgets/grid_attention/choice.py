"""What is looked at on the grids, as a value."""

from dataclasses import dataclass
from typing import Literal, get_args

from interp.grids import CELLS

View = Literal["from", "to"]
Weighting = Literal["attention", "value"]
FIRST_ANSWER_CELL = 3 * CELLS
LAST_CELL = 4 * CELLS - 1


@dataclass(frozen=True)
class Choice:
    """What a visitor has chosen here, and what a link should hold.

    Attributes:
        cell: one of the 400 cells, ``100 * place + 10 * row + column``; of the answer (300 to 399) if
            ``view`` is "from".
        view: "from": where the position that predicts this cell looks. "to": which positions look at this
            cell.
        weighting: "attention", or "value": times the length of what the value writes.
        head: the one that is enlarged, or ``None`` for all of the layer.
    """

    cell: int = FIRST_ANSWER_CELL
    view: View = "from"
    weighting: Weighting = "attention"
    head: int | None = None

    def within(self, n_heads: int) -> bool:
        """Whether this can be shown of a layer of so many heads."""
        first = FIRST_ANSWER_CELL if self.view == "from" else 0
        return first <= self.cell <= LAST_CELL and (self.head is None or 0 <= self.head < n_heads)


def read_choice(value: object, n_heads: int) -> Choice | None:
    """The choice that a browser sent, or ``None`` if it is no such thing: whatever it sends is only a
    claim."""
    if not isinstance(value, dict) or value.keys() != {"cell", "view", "weighting", "head"}:
        return None
    cell, view, weighting, head = value["cell"], value["view"], value["weighting"], value["head"]
    if not _whole(cell) or not (head is None or _whole(head)):
        return None
    if view not in get_args(View) or weighting not in get_args(Weighting):
        return None
    choice = Choice(int(cell), view, weighting, None if head is None else int(head))
    return choice if choice.within(n_heads) else None


def _whole(value: object) -> bool:
    # JSON has one kind of number: a whole one may arrive as a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
