"""The small board: what it draws, and what it takes from a browser."""

from typing import Any

import pytest
import streamlit as st

from app.widgets.mini_board import mini
from interp.ablation import Component, parse_ablation
from tests.support.models import SMALL


def test_it_is_told_what_is_ablated(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(mini, "_board", lambda **arguments: sent.append(arguments["data"]))
    off = parse_ablation("L1.attn,L0.H2:mean", SMALL).components
    mini.show(SMALL, off, key="mini", on_click=print)
    assert sent == [{"layers": SMALL.n_layers, "heads": SMALL.n_heads, "off": ["L0.H2", "L1.attn"]}]


@pytest.mark.parametrize("nonsense", [None, 3, ["L0.attn"], "", "L99.attn", "L0.H99", "L0.attn:mean"])
def test_what_is_no_component_is_passed_over(nonsense: object, monkeypatch: pytest.MonkeyPatch) -> None:
    clicked: list[Component] = []
    for value in (nonsense, "L1.H3"):
        monkeypatch.setattr(st, "session_state", {"mini": {"part": value}})
        mini._report("mini", SMALL, clicked.append)
    assert clicked == [Component(1, "head", 3)]
