"""How much a click costs the network: over the real websocket, with what a browser would fetch besides."""

from collections.abc import Iterator

import pytest

from interp.puzzles import load_puzzles
from tests.browser.server.visitor import Visitor, visiting

MOST = 150_000
"""Bytes of a click."""


@pytest.fixture(scope="module")
def visitor(address: str) -> Iterator[Visitor]:
    first = load_puzzles("bank")[5]
    with visiting(address, f"puzzle={first.id}&off=L3.H1") as visitor:
        opened = visitor.open() + attention(visitor)
        assert opened < MOST, "an opened link"
        yield visitor


def attention(visitor: Visitor) -> int:
    """What a browser fetches to draw the attention that is on the page."""
    data = visitor.data("grid_attention")
    size = visitor.fetch(data["answer"])
    return size + visitor.fetch(data["others"]) if data["choice"]["view"] == "to" else size


_wishes = iter(range(1, 100))


def switch(visitor: Visitor, part: str, off: bool) -> int:
    wish = {"kind": "switch", "parts": [part], "off": off, "method": "zero"}
    return visitor.tell(
        "ablation_board", "wishes", {"client": "test", "first": next(_wishes), "wishes": [wish]}
    )


def choose(visitor: Visitor, cell: int, view: str = "from", head: int | None = None) -> int:
    choice = {"cell": cell, "view": view, "weighting": "attention", "head": head}
    return visitor.tell("grid_attention", "choice", choice)


def test_a_click_on_the_board(visitor: Visitor) -> None:
    for part, off in (("L1.attn", True), ("L0.H3", True), ("L1.attn", False)):
        sent = switch(visitor, part, off)
        assert 1000 < sent + attention(visitor) < MOST, (part, off)
        assert (part in visitor.data("ablation_board")["off"]) == off


def test_a_cell_and_a_head_fetch_no_weights_again(visitor: Visitor) -> None:
    before = visitor.data("grid_attention")
    assert choose(visitor, 345) < MOST / 2 and choose(visitor, 345, head=3) < MOST / 2
    after = visitor.data("grid_attention")
    assert after["choice"]["head"] == 3 and after["choice"]["cell"] == 345
    assert attention(visitor) == 0 and after["answer"] == before["answer"]


def test_who_looks_at_a_cell(visitor: Visitor) -> None:
    sent = choose(visitor, 145, "to")
    assert 10_000 < attention(visitor) < MOST - sent
    choose(visitor, 345)


@pytest.mark.parametrize("layer", ["4", "2"])  # the one whose patterns are the largest, and another
def test_another_layer(visitor: Visitor, layer: str) -> None:
    sent = visitor.press("attention-layer", layer)
    assert visitor.data("grid_attention")["layer"] == int(layer)
    assert 10_000 < attention(visitor) < MOST - sent


def test_another_puzzle(visitor: Visitor) -> None:
    other = load_puzzles("bank")[9]
    sent = visitor.tell("puzzle_picker", "wish", {"kind": "open", "value": other.id})
    assert visitor.data("puzzle_picker")["puzzle"] == other.id
    assert 10_000 < attention(visitor) < MOST - sent


def test_a_layer_that_does_not_see_the_ablation_is_fetched_once(visitor: Visitor) -> None:
    visitor.press("attention-layer", "0")
    attention(visitor)
    switch(visitor, "L2.H3", True)
    assert attention(visitor) == 0


def test_scripts_are_not_sent_with_every_message(visitor: Visitor) -> None:
    for component, _ in visitor.components.values():
        assert len(component.js_content) < 600 and len(component.css_content) < 2500, component.component_name
