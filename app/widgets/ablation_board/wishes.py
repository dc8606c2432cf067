"""What a visitor of the board wants, and how it is read from a browser's message.

A wish is not "toggle this tile" but "L1.attn off, by zero", which means the same whenever it arrives: quick
clicks cannot undo each other. Wishes are numbered, and the browser repeats them until it hears that they
arrived: of two messages that wait for a running script, Streamlit keeps only the later.
"""

from dataclasses import dataclass
from typing import Any

from interp.ablation import (
    COMPONENT_KINDS,
    DEFAULT_METHOD,
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
from interp.errors import PuzzlescopeError
from interp.model import Config

MOST_WISHES = 500
LONGEST_TEXT = 10_000


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
class StopSweep:
    """No more tiles."""


@dataclass(frozen=True)
class MeasureNow:
    """Exact values, without waiting for them."""


@dataclass(frozen=True)
class Export:
    """The board as a figure."""


Wish = Switch | SetMethod | Undo | Redo | Reset | SetText | StopSweep | MeasureNow | Export
_PLAIN: dict[str, Wish] = {
    "undo": Undo(),
    "redo": Redo(),
    "reset": Reset(),
    "stop": StopSweep(),
    "measure": MeasureNow(),
    "export": Export(),
}


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


def ablation_after(ablation: Ablation, wish: Wish, cfg: Config) -> Ablation:
    """What is off once a wish is granted; undo, redo and what concerns no component leave it as it is.

    Raises:
        PuzzlescopeError: if a text is not understood.
    """
    match wish:
        case Switch():
            return apply_switch(ablation, wish)
        case Reset():
            return NO_ABLATION
        case SetText(text):
            return parse_ablation(text, cfg)
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
