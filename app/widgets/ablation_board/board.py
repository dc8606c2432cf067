"""The ablation board: a tile for every component, coloured by its ablation effect; a click ablates it.

The browser draws a click at once and sends what is wanted (:mod:`app.widgets.ablation_board.wishes`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets.ablation_board import hearing
from app.widgets.ablation_board.tiles import Tile, costliest, in_short, number, place, said
from app.widgets.ablation_board.wishes import Seen, Wish
from app.widgets.browser.news import News, sent, since_sent
from app.widgets.browser.scripts import AT_WORK, ELEMENT, LEGEND, NEWS, WISHES, component, joined
from app.widgets.effect_legend import legend
from interp import outputs
from interp.ablation import (
    COMPONENT_KINDS,
    DEFAULT_METHOD,
    METHODS,
    Ablation,
    Component,
    Method,
    components_of,
    parse_ablation,
)
from interp.analyses.conditional import GIVEN
from interp.engine.measures import Measure
from interp.figures.scale import colour, ink
from interp.model import Config

HERE = Path(__file__).parent

PLACEHOLDER = "such as L1.attn or L0-2.H3:mean"
"""What stands in the empty field for the ablation's text."""
LEFT_OUT = ("token", "cell", "rests", "on")
"""Words of a role's name for which the line of signs has no room."""

ALONE = "alone"
"""What a tile tells of its component where nothing is off."""

_board = component(
    "ablation_board",
    css=(HERE / "board.css").read_text() + legend.CSS,
    js=joined(ELEMENT, LEGEND, NEWS, AT_WORK, WISHES, HERE / "controls.js", HERE / "board.js"),
)


@dataclass(frozen=True, eq=False)
class Board:
    """Everything that the board shows.

    Attributes:
        cfg: sizes of the model.
        ablation: what is off.
        tiles: what is known so far; a component that is missing here is drawn as pending.
        measure: by what the tiles are coloured.
        n_puzzles: over how many puzzles the tiles are.
        headline: a sentence on what is found, where nothing is pointed at.
        status: a sentence on how far the tiles are.
        progress: of the sweep, 0 to 1; ``None`` if none is under way.
        waits: the tiles are a first look, and exact ones are not being measured yet.
        can_undo, can_redo: whether there is something to go back or forward to.
        method: how the next component is switched off.
        error: why the last text could not be used; it is shown beneath the text.
        marks: of some components a character for the tile's corner, and what it means.
        against: what the tiles tell of each component, after its name: from the whole model or given what is
            off; that it is ablated alone, where nothing is.
        other: the tiles of the other of these two, as far as they are known.
        other_against: what those tell.
        has_tiles: whether the tiles are drawn; else only what stands around them.
        pinned: the components of the ablation that is compared with.
        beneath: the tiles of the same measured on top of that one, if they are others.
    """

    cfg: Config
    ablation: Ablation
    tiles: Mapping[Component, Tile]
    measure: Measure
    n_puzzles: int
    headline: str = ""
    status: str = ""
    progress: float | None = None
    waits: bool = False
    can_undo: bool = False
    can_redo: bool = False
    method: Method = DEFAULT_METHOD
    error: str = ""
    marks: Mapping[Component, tuple[str, str]] = field(default_factory=dict)
    pinned: Collection[Component] = ()
    beneath: Mapping[Component, Tile] = field(default_factory=dict)
    has_tiles: bool = True
    against: str = ALONE
    other: Mapping[Component, Tile] = field(default_factory=dict)
    other_against: str = ""

    @property
    def is_given(self) -> bool:
        """Whether something is off in the run that the tiles are compared with."""
        return self.against == GIVEN


def board_data(board: Board, seen: Seen = Seen()) -> dict[str, Any]:
    """The board as the browser takes it."""
    first = (
        costliest(board.tiles, board.measure)
        if len(board.tiles) == len(components_of(board.cfg, COMPONENT_KINDS))
        else None
    )
    changes = {part.text: tile.change for part, tile in board.tiles.items()}
    data = {
        "layers": board.cfg.n_layers,
        "heads": board.cfg.n_heads,
        "tiles": {part.text: _tile_data(part, tile, board) for part, tile in board.tiles.items()},
        "marks": {part.text: list(mark) for part, mark in board.marks.items()},
        "costliest": None if first is None else first.text,
        "off": _off(board.ablation),
        "chips": chips(board.ablation, board.cfg),
        "text": board.ablation.text,
        "legend": legend.legend_data(
            board.measure, board.n_puzzles, changes, GIVEN if board.is_given else ""
        ),
        "method": board.method.text,
        "defaultMethod": DEFAULT_METHOD.text,
        "placeholder": PLACEHOLDER,
        "methods": [_method_data(method) for method in METHODS],
        "headline": board.headline,
        "status": board.status,
        "progress": board.progress,
        "waits": board.waits,
        "canUndo": board.can_undo,
        "canRedo": board.can_redo,
        "error": board.error,
        "hasTiles": board.has_tiles,
        "against": board.against,
        "signs": _signs(board),
        "pinned": pinned_data(board),
        "seen": [seen.client, seen.number],
    }
    return outputs.plain(data)


def pinned_data(board: Board) -> dict[str, list[Any]]:
    """What is marked beside the present ablation's, of each component that has something: whether it is
    pinned, its colour on top of the pinned ablation, or else that of the other of its two effects (``None``
    where that is not told), and in words what is of the pin."""
    found = {}
    marked = board.beneath or board.other
    for part in dict.fromkeys([*board.pinned, *marked]):
        tile = marked.get(part)
        words = ["pinned"] if part in board.pinned else []
        if part in board.beneath:
            words.append(f"added to the pin it {in_short(board.beneath[part], board.measure)}")
        paint = None if tile is None else colour(place(tile, board.measure))
        found[part.text] = [part in board.pinned, paint, ", ".join(words)]
    return found


def label(part: Component, tile: Tile, board: Board) -> str:
    """A tile in a few words: "breaks 20 cells", and where something is off both effects: "breaks 20 cells
    given what is off, breaks 1 cell from the whole model"."""
    words = in_short(tile, board.measure)
    if board.against == ALONE:
        return words
    other = board.other.get(part)
    second = "" if other is None else f", {in_short(other, board.measure)} {board.other_against}"
    return f"{words} {board.against}{second}"


def read_out(part: Component, tile: Tile, board: Board) -> str:
    """All that is told of a tile, after its name and which of the effects it is: first the other one, if
    there is one."""
    words = said(tile, board.measure, given=board.is_given)
    other = board.other.get(part)
    if other is None:
        return words
    return (
        f"{in_short(tile, board.measure)}, {board.other_against} {in_short(other, board.measure)} · {words}"
    )


def _signs(board: Board) -> str:
    """What the characters in the tiles' corners mean, in a line: each in a word, for a tile says it all."""
    found = {glyph: words.partition(":")[0].split() for glyph, words in board.marks.values()}
    short = [
        f"{glyph} {' '.join(word for word in name if word not in LEFT_OUT)}" for glyph, name in found.items()
    ]
    return f"Roles: {' · '.join(short)}" if found else ""


def _method_data(method: type[Method]) -> dict[str, Any]:
    """All that the browser needs to know of a method."""
    parameter = method.parameter
    return {
        "name": method.name,
        "label": method.label,
        "help": method.help,
        "badge": method.badge,
        "done": method.done,
        "kinds": list(method.kinds),
        "silences": method.usual().silences,
        "parameter": None if parameter is None else asdict(parameter),
    }


def _tile_data(part: Component, tile: Tile, board: Board) -> list[Any]:
    """[colour, that of what is written on it in a light page and in a dark one, number, label, read-out,
    whether it is a first look]"""
    paint = colour(place(tile, board.measure))
    return [
        paint,
        *(ink(paint, ground) for ground in _grounds()),
        number(part, tile, board.measure),
        label(part, tile, board),
        read_out(part, tile, board),
        tile.approximate,
    ]


def _grounds() -> tuple[str, str]:
    """What lies behind a tile in a light page, and in a dark one."""
    light, dark = (st.get_option(f"theme.{scheme}.backgroundColor") for scheme in ("light", "dark"))
    return light or "#ffffff", dark or "#0e1117"


def _off(ablation: Ablation) -> dict[str, str]:
    return {part.text: method.text for part, method in ablation.components.items()}


def chips(ablation: Ablation, cfg: Config) -> list[dict[str, Any]]:
    """The terms of the canonical text, each with its name, its method and the components it stands for."""
    found = []
    for text in filter(None, ablation.text.split(",")):
        parts = list(parse_ablation(text, cfg).components)
        name, _, method = text.partition(":")
        names = [part.text for part in parts]
        found.append(
            {"name": name, "method": method or DEFAULT_METHOD.text, "parts": names, "kind": parts[0].kind}
        )
    return found


def show(board: Board, *, key: str, on_wish: Callable[[Wish], None]) -> None:
    """Draw the board. ``on_wish`` is called once for each wish, in order, before the script runs again."""
    _board(
        key=key,
        data=sent(key, board_data(board, hearing.seen(key))),
        on_wishes_change=partial(hearing.hear, key, board.cfg, on_wish),
    )


def news(board: Board, *, key: str) -> News | None:
    """What is new since the board was drawn."""
    return since_sent(key, board_data(board, hearing.seen(key)))
