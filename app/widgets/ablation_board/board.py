"""The ablation board: a tile for every component, coloured by its ablation effect; a click ablates it.

The browser draws a click at once and sends what is wanted: not "toggle this tile" but "L1.attn off, by zero".
Such a wish means the same whenever it arrives, so quick clicks cannot undo each other. Wishes are numbered,
and the browser repeats them until it hears that they arrived: of two messages that wait for a running script,
Streamlit keeps only the later.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets.browser.scripts import ELEMENT, joined
from interp import outputs
from interp.ablation import (
    COMPONENT_KINDS,
    DEFAULT_METHOD,
    METHODS,
    NO_ABLATION,
    Ablation,
    Component,
    Method,
    Term,
    components_of,
    fitting,
    parse_ablation,
    parse_method,
)
from interp.analyses.presets import Preset
from interp.engine.measures import MEASURES, Measure
from interp.errors import PuzzlescopeError, brief
from interp.figures.scale import HINT, RATIOS, colour, position
from interp.model import Config
from interp.numbers import has_ratio, short, times

HERE = Path(__file__).parent

ANSWERS: Measure = "answers"
"""The measure that counts puzzles instead of a loss."""

MOST_WISHES = 500

PLACEHOLDER = "nothing is ablated; try L1.attn or L0-2.H3:mean"
"""What stands in the empty field for the ablation's text."""
LONGEST_TEXT = 10_000

_board = st.components.v2.component(
    "ablation_board",
    css=(HERE / "board.css").read_text(),
    js=joined(ELEMENT, HERE / "board.js"),
)


@dataclass(frozen=True)
class Tile:
    """What switching one component off does.

    Attributes:
        loss: mean over the puzzles, in nats a token, on the board's metric; ``None`` if no puzzle has such a
            cell. It may be infinite or not a number, as the model's losses may.
        solved_to_wrong, wrong_to_solved: how many puzzles change sides.
        approximate: measured on fewer puzzles, or otherwise a first look.
    """

    loss: float | None
    solved_to_wrong: int = 0
    wrong_to_solved: int = 0
    approximate: bool = False


@dataclass(frozen=True, eq=False)
class Board:
    """Everything that the board shows.

    Attributes:
        cfg: sizes of the model.
        ablation: what is off.
        tiles: what is known so far; a component that is missing here is drawn as pending.
        clean: the loss in the clean run, in nats a token; ``None`` while it is not known.
        metric: by what the tiles are coloured.
        status: a sentence on how far the tiles are.
        progress: of the sweep, 0 to 1; ``None`` if none is under way.
        n_puzzles: over how many puzzles the tiles are.
        can_undo, can_redo: whether there is something to go back or forward to.
        presets: experiments to offer.
        method: how the next component is switched off.
        error: why the last text could not be used; it is shown beneath the text.
        has_tiles: whether the tiles are drawn; else only what stands around them.
    """

    cfg: Config
    ablation: Ablation
    tiles: Mapping[Component, Tile]
    clean: float | None
    metric: Measure
    n_puzzles: int
    status: str = ""
    progress: float | None = None
    can_undo: bool = False
    can_redo: bool = False
    presets: Sequence[Preset] = ()
    method: Method = DEFAULT_METHOD
    error: str = ""
    has_tiles: bool = True


# ---- what a visitor wants ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Switch:
    """These parts off by this method, or on."""

    parts: tuple[Component, ...]
    off: bool
    method: Method = DEFAULT_METHOD


@dataclass(frozen=True)
class SetMethod:
    """The next component is to be switched off like this."""

    method: Method


@dataclass(frozen=True)
class Undo:
    """Back to the ablation before this one."""


@dataclass(frozen=True)
class Redo:
    """Forward again."""


@dataclass(frozen=True)
class Reset:
    """Everything on."""


@dataclass(frozen=True)
class SetText:
    """The ablation that this text describes, which may be none."""

    text: str


@dataclass(frozen=True)
class UsePreset:
    """The ablation of the preset of this name, which may not exist."""

    name: str


@dataclass(frozen=True)
class StopSweep:
    """No more tiles."""


Wish = Switch | SetMethod | Undo | Redo | Reset | SetText | UsePreset | StopSweep
_PLAIN: dict[str, Wish] = {"undo": Undo(), "redo": Redo(), "reset": Reset(), "stop": StopSweep()}


@dataclass(frozen=True)
class Seen:
    """Up to which number the wishes of a browser's board have been carried out."""

    client: str = ""
    number: int = 0


def apply_switch(ablation: Ablation, switch: Switch) -> Ablation:
    """The ablation with the components of this wish ablated or not. Where the method does not fit one, the
    default method takes its place."""
    if not switch.off:
        return Ablation(tuple(term for term in ablation.terms if term.component not in switch.parts))
    return Ablation.of(
        (*ablation.terms, *(Term(part, fitting(switch.method, part)) for part in switch.parts))
    )


def ablation_after(ablation: Ablation, wish: Wish, cfg: Config, presets: Iterable[Preset] = ()) -> Ablation:
    """What is off once a wish is granted; undo, redo and what concerns no component leave it as it is.

    Raises:
        PuzzlescopeError: if a text or a preset's name is not understood.
    """
    match wish:
        case Switch():
            return apply_switch(ablation, wish)
        case Reset():
            return NO_ABLATION
        case SetText(text):
            return parse_ablation(text, cfg)
        case UsePreset(name):
            preset = next((preset for preset in presets if preset.name == name), None)
            if preset is None:
                raise PuzzlescopeError(f"There is no preset '{brief(name)}' for this model.")
            return preset.ablation(cfg)
    return ablation


def read_wishes(payload: Any, cfg: Config, seen: Seen | None = None) -> list[Wish]:
    """The wishes in a message from a browser, in order, without those that were seen before.

    The message may be anything. Wishes that a board of this model cannot have sent (it may be a board of the
    model before, or no board at all) are left out.
    """
    client, first, wishes = _unpack(payload)
    done = seen.number if seen is not None and seen.client == client else 0
    fresh = wishes[max(done + 1 - first, 0) :]
    return [wish for wish in (_read_wish(item, cfg) for item in fresh) if wish is not None]


def seen_after(payload: Any, seen: Seen) -> Seen:
    """What is seen once the wishes of this message are carried out."""
    client, first, wishes = _unpack(payload)
    if not wishes:
        return seen
    last = first + len(wishes) - 1
    return Seen(client, max(last, seen.number) if client == seen.client else last)


def _unpack(payload: Any) -> tuple[str, int, list[Any]]:
    """(client, number of the first wish, wishes) of a message; no wishes if it is not a message of a
    board."""
    match payload:
        case {"client": str(client), "first": int(first), "wishes": list(wishes)} if len(client) < 100:
            return client, first, wishes[:MOST_WISHES]
    return "", 0, []


def _read_wish(item: Any, cfg: Config) -> Wish | None:
    match item:
        case {"kind": "switch", "parts": list(names), "off": bool(off), "method": str(text)}:
            parts, method = _read_parts(names, cfg), _read_method(text)
            return Switch(parts, off, method) if parts and method else None
        case {"kind": "method", "method": str(text)}:
            method = _read_method(text)
            return SetMethod(method) if method else None
        case {"kind": "text", "text": str(text)} if len(text) <= LONGEST_TEXT:
            return SetText(text)
        case {"kind": "preset", "name": str(name)}:
            return UsePreset(name[:100])
        case {"kind": str(kind)}:
            return _PLAIN.get(kind)
    return None


def _read_parts(names: list[Any], cfg: Config) -> tuple[Component, ...]:
    known = {part.text: part for part in components_of(cfg, COMPONENT_KINDS)}
    if len(names) > len(known) or not all(isinstance(name, str) and name in known for name in names):
        return ()
    return tuple(known[name] for name in names)


def _read_method(text: str) -> Method | None:
    try:
        return parse_method(text)
    except PuzzlescopeError:
        return None


# ---- colours and words -------------------------------------------------------------------------------------


def place(tile: Tile, board: Board) -> float:
    """A tile's position on the colour scale; for answers, puzzles lost less puzzles gained as a share of all.
    nan where it is not known."""
    if board.metric == ANSWERS:
        return (tile.solved_to_wrong - tile.wrong_to_solved) / max(board.n_puzzles, 1)
    if tile.loss is None or board.clean is None:
        return math.nan
    return position(tile.loss, board.clean)


def legend(board: Board) -> dict[str, Any]:
    """What the colours mean: a sentence and marks on the scale, each a text and its colour."""
    n = board.n_puzzles
    if board.metric == ANSWERS:
        counts = sorted({-n, 0, math.ceil(n / 4), n})
        return {
            "title": "puzzles lost less puzzles gained by ablating it",
            "marks": [[_balance(count), colour(count / max(n, 1))] for count in counts],
        }
    return {
        "title": f"loss on {MEASURES[board.metric].place} with it ablated ÷ clean",
        "marks": [[mark.text, mark.colour] for mark in RATIOS],
        "hint": HINT,
    }


def _balance(lost: int) -> str:
    return "as many" if lost == 0 else f"{abs(lost)} {'lost' if lost > 0 else 'gained'}"


def said(tile: Tile, board: Board) -> str:
    """The read-out of a tile, after "L1.attn off: "."""
    loss, clean = tile.loss, board.clean
    words = "no such cell in these puzzles" if loss is None else f"loss {short(loss)}"
    if loss is not None and clean is not None:
        ratio = f"{times(loss / clean)} × the clean" if has_ratio(loss, clean) else "clean"
        words += f", {ratio} {short(clean)}"
    flips = f"{tile.solved_to_wrong} solved → wrong, {tile.wrong_to_solved} wrong → solved"
    if board.n_puzzles == 1:
        flips = "the answer is solved or wrong as before"
        if tile.solved_to_wrong or tile.wrong_to_solved:
            flips = "solved → wrong" if tile.solved_to_wrong else "wrong → solved"
    return f"{words} · {flips}" + (" · first look" if tile.approximate else "")


def in_short(tile: Tile, board: Board) -> str:
    """The same for a tile's label: "costs 0.48 nats", "helps by 3.1e-4 nats", "loses 3 puzzles"."""
    if board.metric == ANSWERS:
        lost = tile.solved_to_wrong - tile.wrong_to_solved
        verb = "loses" if lost >= 0 else "gains"
        return f"{verb} {abs(lost)} {'puzzle' if abs(lost) == 1 else 'puzzles'}"
    if tile.loss is None or board.clean is None or not math.isfinite(tile.loss - board.clean):
        return "cost not known"
    delta = tile.loss - board.clean
    words = f"costs {short(delta)} nats" if delta >= 0 else f"helps by {short(-delta)} nats"
    return words + (", first look" if tile.approximate else "")


# ---- to the browser and back -------------------------------------------------------------------------------


def board_data(board: Board, seen: Seen = Seen()) -> dict[str, Any]:
    """The board as the browser takes it."""
    data = {
        "layers": board.cfg.n_layers,
        "heads": board.cfg.n_heads,
        "tiles": {part.text: _tile_data(tile, board) for part, tile in board.tiles.items()},
        "off": _off(board.ablation),
        "chips": chips(board.ablation, board.cfg),
        "text": board.ablation.text,
        "presets": [_preset_data(preset, board.cfg) for preset in board.presets],
        "legend": legend(board),
        "method": board.method.text,
        "defaultMethod": DEFAULT_METHOD.text,
        "placeholder": PLACEHOLDER,
        "methods": [_method_data(method) for method in METHODS],
        "status": board.status,
        "progress": board.progress,
        "canUndo": board.can_undo,
        "canRedo": board.can_redo,
        "error": board.error,
        "hasTiles": board.has_tiles,
        "seen": [seen.client, seen.number],
    }
    return outputs.plain(data)


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


def _tile_data(tile: Tile, board: Board) -> list[Any]:
    """[colour, label, read-out, whether it is a first look]"""
    return [colour(place(tile, board)), in_short(tile, board), said(tile, board), tile.approximate]


def _preset_data(preset: Preset, cfg: Config) -> dict[str, Any]:
    return {"name": preset.name, "lookFor": preset.look_for, "off": _off(preset.ablation(cfg))}


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
    receive = partial(_receive, key, board.cfg, on_wish)
    _board(
        key=key,
        data=board_data(board, st.session_state.get(_seen_key(key), Seen())),
        on_wishes_change=receive,
    )


def _receive(key: str, cfg: Config, on_wish: Callable[[Wish], None]) -> None:
    payload = st.session_state[key].get("wishes")
    seen = st.session_state.get(_seen_key(key), Seen())
    st.session_state[_seen_key(key)] = seen_after(payload, seen)
    for wish in read_wishes(payload, cfg, seen):
        on_wish(wish)


def _seen_key(key: str) -> str:
    return f"{key}-seen"
