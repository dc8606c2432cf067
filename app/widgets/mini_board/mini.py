"""A board small enough for the top of a page, beside the text of the ablation."""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import ELEMENT, component, joined
from interp.ablation import COMPONENT_KINDS, Component, components_of
from interp.model import Config

WIDTH = 210
"""Pixels."""
HERE = Path(__file__).parent
SCRIPT = joined(ELEMENT, HERE / "mini.js")

_board = component("mini_board", css=(HERE / "mini.css").read_text(), js=SCRIPT)


def show(cfg: Config, off: Collection[Component], *, key: str, on_click: Callable[[Component], None]) -> None:
    """Draw a row of tiles a layer: its attention, its heads, its MLP.

    Args:
        off: what is ablated; of a layer's attention, its heads are shown as ablated too.
        on_click: called with the component that was clicked.
    """
    report = partial(_report, key, cfg, on_click)
    _board(key=key, data=_data(cfg, off), width=WIDTH, on_part_change=report)


def _data(cfg: Config, off: Collection[Component]) -> dict[str, Any]:
    return {"layers": cfg.n_layers, "heads": cfg.n_heads, "off": sorted(part.text for part in off)}


def _report(key: str, cfg: Config, on_click: Callable[[Component], None]) -> None:
    found = named(said(key, "part"), cfg)
    if found is not None:
        on_click(found)


def named(value: object, cfg: Config) -> Component | None:
    """The component that a browser named, or ``None`` if there is none: it is only a claim."""
    known = {part.text: part for part in components_of(cfg, COMPONENT_KINDS)}
    return known.get(value) if isinstance(value, str) else None
