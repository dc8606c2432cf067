"""The model as a picture: the residual stream from the tokens to the logits, and in each layer the heads, the
attention and the MLP, sized and coloured by their ablation effects; a click ablates or restores one.

It shows what the ablation board shows, as another view of it, and sends the same wishes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer

from app.widgets.ablation_board import (
    Board,
    Seen,
    Wish,
    costliest,
    hearing,
    label,
    number,
    pinned_data,
    place,
    read_out,
)
from app.widgets.browser.scripts import AT_WORK, ELEMENT, SVG_CELLS, WISHES, component, joined
from interp import outputs
from interp.ablation import COMPONENT_KINDS, Component, components_of, fitting
from interp.figures.scale import colour
from interp.grids import SIZE

HERE = Path(__file__).parent
SCRIPT = joined(ELEMENT, SVG_CELLS, AT_WORK, WISHES, HERE / "layout.js", HERE / "picture.js")

_picture = component("model_picture", css=(HERE / "picture.css").read_text(), js=SCRIPT)


@dataclass(frozen=True, eq=False)
class CopyPath:
    """The way of one cell's colour from the third grid to the answer.

    Attributes:
        heads: that copy it: at the position that predicts the cell they look at the same cell of the third
            grid.
        cell: 0 to 99, row by row.
        names: of the third grid and of the answer.
        third, answer: their tokens.
        colors: of the tokens that are colours, as ``#rrggbb``.
    """

    heads: Sequence[Component]
    cell: int
    names: tuple[str, str]
    third: Integer[np.ndarray, " 100"]
    answer: Integer[np.ndarray, " 100"]
    colors: Sequence[str]

    def data(self) -> dict[str, Any]:
        """As the browser gets it."""
        row, column = divmod(self.cell, SIZE)
        names = " and ".join(head.text for head in self.heads)
        here = f"row {row + 1}, column {column + 1}"
        words = f"{names} {'copies' if len(self.heads) == 1 else 'copy'} {here} of {self.names[0]}."
        return {
            "heads": [head.text for head in self.heads],
            "cell": self.cell,
            "names": list(self.names),
            "grids": [self.third.tolist(), self.answer.tolist()],
            "colors": list(self.colors),
            "words": words if self.heads else "",
        }


@dataclass(frozen=True, eq=False)
class Picture:
    """Everything that the picture shows.

    Attributes:
        board: the ablation and its effects.
        path: of one cell through the copy heads.
    """

    board: Board
    path: CopyPath


def picture_data(picture: Picture, seen: Seen) -> dict[str, Any]:
    """The picture as the browser takes it."""
    board = picture.board
    parts = components_of(board.cfg, COMPONENT_KINDS)
    first = costliest(board.tiles, board.measure)
    methods = {part.kind: fitting(board.method, part) for part in parts}
    return outputs.plain(
        {
            "layers": board.cfg.n_layers,
            "heads": board.cfg.n_heads,
            "nodes": {part.text: _node(part, picture) for part in parts},
            "off": {
                part.text: [method.words, method.silences]
                for part, method in board.ablation.components.items()
            },
            "next": {kind: [method.text, method.words, method.silences] for kind, method in methods.items()},
            "costliest": first.text if first is not None and len(board.tiles) == len(parts) else "",
            "headline": board.headline,
            "path": picture.path.data(),
            "seen": [seen.client, seen.number],
        }
    )


def _node(part: Component, picture: Picture) -> dict[str, Any]:
    """One component: its size (0 to 1) and colour, and what it is called."""
    board = picture.board
    tile, (_, role) = board.tiles.get(part), board.marks.get(part, ("", ""))
    name = f"{part.text}, {role}" if role else part.text
    second = (board.beneath or board.other).get(part)
    pinned = {
        "pinned": part in board.pinned,
        "second": None if second is None else _size(place(second, board.measure)),
        "pinnedWords": pinned_data(board).get(part.text, ["", "", ""])[2],
    }
    if tile is None:
        unknown = "not measured yet"
        return {
            "size": None,
            "colour": "transparent",
            "name": name,
            "effect": unknown,
            "said": unknown,
        } | pinned
    position = place(tile, board.measure)
    return {
        "size": _size(position),
        "colour": colour(position),
        "number": number(part, tile, board.measure),
        "name": name,
        "effect": label(part, tile, board),
        "said": read_out(part, tile, board),
        "approximate": tile.approximate,
        **pinned,
    }


def _size(position: float) -> float:
    return abs(position) if isfinite(position) else 0.0


def show(picture: Picture, *, key: str, on_wish: Callable[[Wish], None]) -> None:
    """Draw the picture. ``on_wish`` is called once for each wish, in order, before the script runs again."""
    _picture(
        key=key,
        data=picture_data(picture, hearing.seen(key)),
        on_wishes_change=partial(hearing.hear, key, picture.board.cfg, on_wish),
    )
