"""The ablation board without a browser: what wishes mean, what a browser may send, and what colours say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.ablation_board import (
    ALONE,
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
    ablation_after,
    apply_switch,
    board_data,
    chips,
    costliest,
    number,
    place,
    read_wishes,
    said,
    seen_after,
    tile_of,
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
from interp.analyses.conditional import GIVEN, WHOLE
from interp.errors import PuzzlescopeError
from interp.figures.scale import blended, colour, luminance, position
from tests.support.models import SMALL
from tests.support.rows import attn, row

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
        "measure": "wrong",
        "n_puzzles": 16,
    }
    return Board(**(plain | changes))


def test_what_is_pinned_is_marked() -> None:
    layer, head, mlp = Component(1, "attn"), Component(0, "head", 2), Component(0, "mlp")
    shown = board(pinned=[layer, mlp], beneath={layer: Tile(25.0), head: Tile(-1.0)})
    assert board_data(shown)["pinned"] == {
        "L1.attn": [True, colour(position(25.0, "wrong")), "pinned, added to the pin it breaks 25 cells"],
        "L0.mlp": [True, None, "pinned"],
        "L0.H2": [False, colour(position(-1.0, "wrong")), "added to the pin it fixes 1 cell"],
    }
    assert board_data(board())["pinned"] == {}


def test_both_effects_are_told_where_something_is_off() -> None:
    layer, head = Component(1, "attn"), Component(0, "head", 2)
    tiles = {layer: Tile(20.0, "20 of 100 cells broken", 0.6, 0.2), head: Tile(0.0, "none", 0.2, 0.2)}
    off = parse_ablation("L0.H1", SMALL)
    both = board(ablation=off, tiles=tiles, against=GIVEN, other={layer: Tile(1.0)}, other_against=WHOLE)
    shown = board_data(both)
    *_, label, words, _ = shown["tiles"]["L1.attn"]
    assert label == "breaks 20 cells given what is off, breaks 1 cell from the whole model"
    assert words.startswith("breaks 20 cells, from the whole model breaks 1 cell · 20 of 100 cells broken")
    assert "loss 0.6, 3.0 × before 0.2" in words, "not beside the clean run"
    assert shown["tiles"]["L0.H2"][4] == "breaks no cells given what is off", "the other is not known yet"
    assert shown["pinned"] == {"L1.attn": [False, colour(position(1.0, "wrong")), ""]}, "the second mark"
    assert (shown["against"], shown["legend"]["title"]) == (GIVEN, "cells broken of 100, given what is off")
    plain = board_data(board(tiles=tiles))
    assert plain["tiles"]["L1.attn"][4] == "breaks 20 cells" and plain["against"] == ALONE
    assert "3.0 × clean 0.2" in plain["tiles"]["L1.attn"][5]
    assert plain["legend"]["title"] == "cells broken of 100"
    marked = board_data(
        board(tiles=tiles, against=WHOLE, other={layer: Tile(1.0)}, beneath={head: Tile(4.0)})
    )
    assert list(marked["pinned"]) == ["L0.H2"], "of the two second marks that of the pin"


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
    assert ablation_after(before, SetText("L1.mlp"), SMALL) == parse_ablation("L1.mlp", SMALL)
    assert ablation_after(before, Reset(), SMALL) == NO_ABLATION
    assert ablation_after(before, Undo(), SMALL) == before
    with pytest.raises(PuzzlescopeError, match="there is no layer 9"):
        ablation_after(before, SetText("L9.attn"), SMALL)


CLEAN = row(None, 1e-3, "11")


def test_a_tile_says_what_a_row_of_the_sweep_says() -> None:
    one = attn(1, 0.5, "01", 27)
    wrong, loss, answers = (tile_of(one, CLEAN, measure) for measure in ("wrong", "final", "answers"))
    assert (wrong.change, answers.change) == (13.5, 0.5) and loss.change == pytest.approx(0.499)
    assert said(wrong, "wrong") == (
        "14 of 100 cells broken a puzzle · loss 0.5, 500 × clean 1.0e-3 · answers: 1 lost, 0 gained"
    )
    assert "loss on changed cells 0.5" in said(tile_of(one, CLEAN, "changed"), "changed")
    assert said(tile_of(one.first(1), CLEAN, "wrong", approximate=True), "wrong").endswith(
        "27 of 100 cells broken · loss 0.5, 500 × clean 1.0e-3 · solved → wrong · first look"
    )
    assert place(wrong, "wrong") == pytest.approx(0.135**0.5) and place(answers, "answers") == 0.5**0.5


def test_a_tile_has_a_number_a_name_and_a_colour() -> None:
    part = Component(1, "attn")
    paint, light, dark, shown, label, told, approximate = board_data(
        board(tiles={part: tile_of(attn(1, 0.5, "0", 27), CLEAN, "wrong")})
    )["tiles"]["L1.attn"]
    assert (shown, label, approximate) == ("27", "breaks 27 cells", False) and told.startswith("27 of 100")
    assert paint == colour(0.27**0.5) and {light, dark} <= {"#000000", "#ffffff"}
    for ink, ground in ((light, "#ffffff"), (dark, "#16181c")):
        behind = luminance(blended(paint, ground)) + 0.05
        written = 0.05 if ink == "#000000" else 1.05
        assert max(behind, written) / min(behind, written) >= 4.5


def test_heads_that_do_next_to_nothing_have_no_number() -> None:
    head, layer = Component(0, "head", 1), Component(0, "mlp")
    for measure, change in (("wrong", 0.5), ("final", 0.005)):
        assert number(layer, Tile(change), measure) and not number(head, Tile(change), measure)
    assert [number(head, Tile(change), "wrong") for change in (1.0, -3.0)] == ["1", "−3"]
    assert number(head, Tile(0.25, n=16), "answers") == "4"


def test_the_costliest_is_told_once_all_tiles_are_known() -> None:
    tiles = {part: Tile(float(k)) for k, part in enumerate(PARTS)}
    assert costliest(tiles, "wrong") == PARTS[-1]
    assert board_data(board(tiles=tiles))["costliest"] == PARTS[-1].text
    del tiles[PARTS[0]]
    assert board_data(board(tiles=tiles))["costliest"] is None
    assert costliest({PARTS[0]: Tile(0.0), PARTS[1]: Tile(-2.0)}, "wrong") is None, "nothing costs anything"
    assert costliest({PARTS[0]: Tile(float("nan"))}, "final") is None


def test_the_legend_has_the_colours_of_tiles_and_names_the_largest() -> None:
    tiles = {PARTS[0]: Tile(25.0), PARTS[1]: Tile(1.0)}
    legend = board_data(board(tiles=tiles))["legend"]
    assert legend["steps"][0] == colour(0.0) and legend["steps"][-1] == colour(1.0)
    assert [text for _, text in legend["ticks"]] == ["0", "1", "5", "10", "25", "50", "100"]
    assert legend["largest"] == [0.5, f"{PARTS[0].text}: 25"]
    helps = board_data(board(tiles={PARTS[0]: Tile(-4.0)}))["legend"]
    assert [text for _, text in helps["ticks"]][:4] == ["−5", "−1", "0", "1"] and helps["largest"] is None
    assert helps["steps"][0] == colour(-(0.05**0.5)) and helps["ticks"][0][0] == 0
    for measure in ("final", "answers"):
        assert board_data(board(measure=measure, tiles=tiles))["legend"]["ticks"][-1][0] == 1


def test_marks_are_handed_on() -> None:
    assert board_data(board(marks={PARTS[1]: ("c", "copy head")}))["marks"] == {
        PARTS[1].text: ["c", "copy head"]
    }
    assert board_data(board())["marks"] == {}


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
