"""The ablation board without a browser: what wishes mean, what a browser may send, and what colours say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.ablation_board import (
    Board,
    Redo,
    Reset,
    Seen,
    SetMethod,
    SetText,
    StopSweep,
    Switch,
    Tile,
    Undo,
    UsePreset,
    ablation_after,
    apply_switch,
    board_data,
    chips,
    legend,
    place,
    read_wishes,
    said,
    seen_after,
)
from interp.ablation import (
    COMPONENT_KINDS,
    MEAN,
    NO_ABLATION,
    ZERO,
    Component,
    Lookback,
    Method,
    components_of,
    parse_ablation,
)
from interp.analyses.presets import presets
from interp.errors import PuzzlescopeError
from tests.support.models import SMALL

PARTS = components_of(SMALL, COMPONENT_KINDS)
SOME_PARTS = st.lists(st.sampled_from(PARTS), max_size=6).map(tuple)
METHODS = st.sampled_from([ZERO, MEAN, Lookback(100)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def message(*wishes: object, client: str = "a", first: int = 1) -> dict[str, object]:
    return {"client": client, "first": first, "wishes": list(wishes)}


def board(**changes) -> Board:
    plain = {
        "cfg": SMALL,
        "ablation": NO_ABLATION,
        "tiles": {},
        "clean": 1e-3,
        "metric": "final",
        "n_puzzles": 16,
    }
    return Board(**(plain | changes))


def test_every_part_stands_on_the_board_once() -> None:
    assert len(PARTS) == len(set(PARTS)) == SMALL.n_layers * (SMALL.n_heads + 2)


@given(SOME_PARTS, SOME_PARTS, METHODS)
def test_a_switch_is_absolute(first: tuple, second: tuple, method: Method) -> None:
    """Whatever is off before: asked twice it changes nothing more, and afterwards the parts are as asked."""
    before = apply_switch(NO_ABLATION, Switch(first, True, ZERO))
    off = apply_switch(before, Switch(second, True, method))
    assert apply_switch(off, Switch(second, True, method)) == off
    for part in second:
        expected = method if method.fits(part) else ZERO
        assert off.components[part] == expected
    on = apply_switch(off, Switch(second, False))
    assert set(on.components) == set(first) - set(second)


def test_wishes_are_read_in_order() -> None:
    found = read_wishes(
        message(
            {"kind": "switch", "parts": ["L0.attn", "L1.H2"], "off": True, "method": "mean"},
            {"kind": "method", "method": "lookback=7"},
            {"kind": "undo"},
            {"kind": "redo"},
            {"kind": "reset"},
            {"kind": "text", "text": "L0.attn"},
            {"kind": "preset", "name": "All MLPs ablated"},
            {"kind": "stop"},
        ),
        SMALL,
    )
    parts = (Component(0, "attn"), Component(1, "head", 2))
    assert found == [
        Switch(parts, True, MEAN),
        SetMethod(Lookback(7)),
        Undo(),
        Redo(),
        Reset(),
        SetText("L0.attn"),
        UsePreset("All MLPs ablated"),
        StopSweep(),
    ]


def test_a_repeated_message_is_carried_out_once() -> None:
    """The browser says again what it has not heard back; after a reload it counts from one again."""
    undo, reset = {"kind": "undo"}, {"kind": "reset"}
    seen = seen_after(message(undo), Seen())
    assert read_wishes(message(undo, reset), SMALL, seen) == [Reset()]
    seen = seen_after(message(undo, reset), seen)
    assert read_wishes(message(reset, first=2), SMALL, seen) == []
    assert read_wishes(message(undo, client="b"), SMALL, seen) == [Undo()]
    assert seen_after(message(undo), seen) == seen, "an old message does not set it back"


@given(JSON)
def test_whatever_a_browser_sends(payload: object) -> None:
    assert read_wishes(payload, SMALL) == [] or isinstance(payload, dict)
    read_wishes(message(payload), SMALL)
    seen_after(payload, Seen("a", 3))


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "switch", "parts": ["L9.attn"], "off": True, "method": "zero"},
        {"kind": "switch", "parts": ["L0.attn"] * 1000, "off": True, "method": "zero"},
        {"kind": "switch", "parts": ["L0.attn"], "off": "yes", "method": "zero"},
        {"kind": "switch", "parts": ["L0.attn"], "off": True, "method": "lookback=405"},
        {"kind": "switch", "parts": [], "off": True, "method": "zero"},
        {"kind": "method", "method": "lookback=-1"},
        {"kind": "text", "text": "L0.attn," * 5000},
        {"kind": "no such wish"},
        None,
    ],
)
def test_what_no_board_of_this_model_sends_is_left_out(item: object) -> None:
    assert read_wishes(message(item, {"kind": "undo"}), SMALL) == [Undo()]


def test_what_is_off_after_a_wish() -> None:
    before = parse_ablation("L0.attn", SMALL)
    offered = presets(SMALL)
    assert ablation_after(before, SetText("L1.mlp"), SMALL) == parse_ablation("L1.mlp", SMALL)
    assert ablation_after(before, Reset(), SMALL) == NO_ABLATION
    assert ablation_after(before, Undo(), SMALL) == before
    for preset in offered:
        assert ablation_after(before, UsePreset(preset.name), SMALL, offered) == preset.ablation(SMALL)
    with pytest.raises(PuzzlescopeError, match="there is no layer 9"):
        ablation_after(before, SetText("L9.attn"), SMALL)
    with pytest.raises(PuzzlescopeError, match="no preset 'x'"):
        ablation_after(before, UsePreset("x"), SMALL, offered)


def test_answers_are_counted() -> None:
    counted = board(metric="answers", clean=None)
    assert place(Tile(None, 5, 1), counted) == 4 / 16
    assert (
        "loses 4 puzzles"
        in board_data(board(metric="answers", tiles={PARTS[0]: Tile(None, 5, 1)}))["tiles"]["L0.attn"]
    )
    assert [text for text, _ in legend(counted)["marks"]] == ["16 gained", "as many", "4 lost", "16 lost"]


def test_the_read_out() -> None:
    text = said(Tile(0.5, 3, 1), board())
    assert "loss 0.5, 500 × the clean 1.0e-3" in text and "3 solved → wrong, 1 wrong → solved" in text
    assert "first look" in said(Tile(0.5, approximate=True), board())


def test_a_chip_is_a_term_of_the_text() -> None:
    ablation = parse_ablation("L*.mlp,L1-*.attn,L0.attn:lookback=100", SMALL)
    found = chips(ablation, SMALL)
    assert [(chip["name"], chip["method"], len(chip["parts"])) for chip in found] == [
        ("L0.attn", "lookback=100", 1),
        ("L1-2.attn", "zero", 2),
        ("L0-2.mlp", "zero", 3),
    ]
    assert sorted(part for chip in found for part in chip["parts"]) == sorted(
        part.text for part in ablation.components
    )
