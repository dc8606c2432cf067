"""The charts' components without a browser: what a click means, what is listed, read out and offered to take
away."""

import html
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.charts import clickable_chart, flip_list
from app.widgets.loss_readout import items
from interp import load_puzzles
from interp.ablation import Component, components_of, parse_ablation
from interp.analyses.ablation_sweep import SweepPart, SweepState, cost, flipped, same_puzzles, value
from interp.engine.answers import AnswerLoss, Prediction
from interp.engine.measures import MEASURES, METRICS
from interp.engine.predict import predict
from interp.figures.scale import LEGEND
from interp.numbers import short, times
from tests.support.models import SMALL, small_model
from tests.support.pages import plain
from tests.support.rows import cells

SECONDS = 60


def losses(loss: float, n: int) -> AnswerLoss:
    return AnswerLoss(np.full(n, loss), np.full((n, 100), loss), np.tile(np.arange(100) < 90, (n, 1)))


def part(row: int, loss: float, solved: list[int], start: int = 0) -> SweepPart:
    return SweepPart(row, start, losses(loss, len(solved)), cells(solved))


def sweep() -> SweepState:
    """Four puzzles; the second part is known of two, the third of none."""
    state = SweepState(components_of(SMALL, ["attn"]), 4)
    for one in (part(0, 0.1, [1, 1, 0, 0]), part(1, 1.0, [0, 1, 1, 0]), part(2, 0.01, [0, 1])):
        state.add(one)
    return state


def test_what_a_row_is_and_costs_by_every_measure() -> None:
    clean, first, second, third = (sweep().row(number) for number in range(4))
    assert value(first, "final") == value(first, "changed") == 1.0 and value(first, "answers") == 0.5
    assert cost(first, clean, "copied") == pytest.approx(0.9) and cost(first, clean, "answers") == 0
    assert cost(second, clean, "final") == pytest.approx(-0.09), "it helps"
    assert cost(second, clean, "answers") == 0.5, "over the two puzzles that are known: one of two lost"
    assert [len(row.solved) for row in same_puzzles(second, clean)] == [2, 2]
    for measure in MEASURES:
        assert np.isnan(value(third, measure)) and np.isnan(cost(third, clean, measure))


def test_a_loss_of_zero_costs_a_number() -> None:
    clean, off = (sweep().row(0).first(0) for _ in range(2))
    zero = type(clean)(None, losses(0.0, 1), cells([1]))
    assert cost(zero, zero, "final") == 0 and np.isnan(cost(off, clean, "final"))


def test_flipped_puzzles_are_those_of_the_sweep() -> None:
    puzzles = list(load_puzzles("bank")[:4])
    assert flipped(sweep(), 1, puzzles) == ([puzzles[0]], [puzzles[2]])
    assert flipped(sweep(), 2, puzzles) == ([puzzles[0]], []), "of two puzzles so far"
    assert flipped(sweep(), 3, puzzles) == ([], [])
    with pytest.raises(ValueError, match="4 puzzles, got 3"):
        flipped(sweep(), 1, puzzles[:3])


@pytest.mark.parametrize(
    ("state", "data"),
    [
        (None, []),
        ({"said": []}, []),
        ({"said": ["L1.attn"], "number": 3}, ["L1.attn"]),
        ({"said": ["frame", "L1.attn"]}, ["frame", "L1.attn"]),
        ({"said": "L1"}, []),
        ({"said": [1, {}]}, []),
        ({"said": ["x"] * 1000}, []),
        ("L1.attn", []),
    ],
)
def test_a_click_says_what_was_clicked(state: object, data: list[str]) -> None:
    assert clickable_chart.clicked_data(state) == data


def test_only_parts_that_are_offered_can_be_named() -> None:
    parts = components_of(SMALL, ["attn", "head"])
    got: list[Component] = []
    click = clickable_chart.clicking({part.text: part for part in parts}, got.append)
    for text in ("L1.H2", "L1.mlp", "L9.attn", "", "__import__"):
        click([text])
    assert got == [Component(1, "head", 2)]


class Links(HTMLParser):
    """The attributes of all links, and any other tag than the expected."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "a":
            self.links.append(dict(attrs))


def test_links_cannot_be_broken_out_of() -> None:
    puzzle = load_puzzles("bank")[0]
    hostile = 'puzzle=1&off="><script>alert(1)</script>'
    found = Links(flip_list.link(puzzle, hostile))
    assert found.tags == {"a"} and found.links[0]["href"] == f"?{hostile}"
    (plain,) = Links(flip_list.link(puzzle, f"?puzzle={puzzle.id}&off=L1.attn")).links
    assert plain["href"] == f"?puzzle={puzzle.id}&off=L1.attn"
    assert plain["title"] == f"{puzzle.task}, {puzzle.structure.name}"


def charts_page() -> None:
    """Every chart, of a sweep that is under way, and of none."""
    import streamlit as st

    from app.widgets.charts import flip_list, head_map, layer_chart, task_chart
    from app.widgets.controls import measure_and_sample as chart_controls
    from interp import load_puzzles
    from interp.ablation import components_of
    from interp.analyses.ablation_sweep import SweepState, flipped
    from tests.app.widgets.test_charts import sweep
    from tests.support.models import SMALL

    state, empty = sweep(), SweepState(components_of(SMALL, ["attn", "mlp", "head"]), 1)
    chart_controls.show_measure("answers", key="m", on_change=lambda one: st.session_state.update(got=one))
    chart_controls.show_sample(
        16, (1, 16, 64), key="s", on_change=lambda one: st.session_state.update(got=one)
    )
    for k, one in enumerate((state, empty)):
        clean, *rows = one.common()
        for kind in ("attn", "mlp"):
            layer_chart.show(rows, clean, "final", kind, [], key=f"{kind}{k}", on_click=print)
        head_map.show(rows, clean, "changed", [], key=f"head{k}", on_click=print)
    states, chosen = {"frame": state, "grow": empty}, ("frame", state.components[0])
    task_chart.show(states, "answers", [], chosen, key="task", on_click=print)
    task_chart.show_choice(states, chosen, on_change=lambda *one: st.session_state.update(got=one))
    broken, mended = flipped(state, 1, list(load_puzzles("bank")[:4]))
    flip_list.show(broken, mended, lambda puzzle: f"puzzle={puzzle.id}")


def test_all_charts_draw_whatever_is_known() -> None:
    page = AppTest.from_function(charts_page, default_timeout=SECONDS).run()
    assert not page.exception
    assert page.selectbox(key="m").value == "answers" and page.selectbox(key="s").value == 16
    said = [plain(caption.value) for caption in page.caption]
    assert said[0].startswith(f"{LEGEND} L0.attn has the largest effect") and said[1].endswith(
        "Nothing is measured yet."
    )
    puzzles = load_puzzles("bank")[:4]
    assert f"?puzzle={puzzles[0].id}" in html.unescape(page.get("html")[-1].proto.body)


def test_choices_reach_their_callbacks() -> None:
    page = AppTest.from_function(charts_page, default_timeout=SECONDS).run()
    page.selectbox(key="m").set_value("copied").run()
    assert page.session_state["got"] == "copied"
    page.selectbox(key="s").set_value(64).run()
    assert page.session_state["got"] == 64
    page.selectbox(key="flips-part").set_value("L2.attn").run()
    assert page.session_state["got"] == ("frame", Component(2, "attn"))
    page.selectbox(key="flips-task").set_value("grow").run()
    assert page.session_state["got"][0] == "grow" and not page.exception


@pytest.fixture(scope="module")
def runs() -> tuple[Prediction, Prediction]:
    model, puzzle = small_model(), load_puzzles("bank")[3]
    tokens = puzzle.tokens[None]
    return predict(model, tokens), predict(model, tokens, parse_ablation("L1.attn", SMALL))


def test_the_read_out_says_before_and_after(runs: tuple[Prediction, Prediction]) -> None:
    clean, ablated = runs
    now, both = items(clean, None), items(clean, ablated)
    assert [item.label for item in now] == [item.label for item in both], "the same entries, on or off"
    assert len(now) == 4 and all(item.after == item.note == "" for item in now)
    for item, cut in zip(both, METRICS, strict=True):
        before, after = clean.loss.mean(cut), ablated.loss.mean(cut)
        assert (item.before, item.after) == (short(before), short(after))
        assert item.note == f"{times(after / before)} ×" and item.worse == (after > before)
        assert f"from {item.before} to {item.after}" in item.spoken and item.help in item.spoken


def test_where_there_is_no_ratio_the_read_out_has_none(runs: tuple[Prediction, Prediction]) -> None:
    zero, some = (replace(runs[0], loss=losses(loss, 1)) for loss in (0.0, 0.5))
    assert [item.note for item in items(zero, some)[:4]] == [""] * 4
    assert [item.note for item in items(some, zero)[:4]] == [""] * 4
    assert items(some, some)[0].note == "1.00 ×"


def test_a_puzzle_without_such_cells(runs: tuple[Prediction, Prediction]) -> None:
    clean, _ = runs
    copied = AnswerLoss(clean.loss.marker, clean.loss.cells, np.ones((1, 100), bool))
    none = Prediction(copied, clean.probabilities, clean.solved, clean.greedy, clean.greedy_probabilities)
    assert items(none, none)[3].before == "no such cell" and items(none, none)[3].after == ""


def export_page() -> None:
    import streamlit as st

    from app.widgets.export_menu import menu
    from app.widgets.export_menu.menu import Download, Exports

    def make() -> str:
        st.session_state.made = True
        return "a,b\n"

    def offered() -> Exports:
        st.session_state.offered = True
        return Exports({}, [Download("The prediction", make, make, "prediction")], {"Prediction": "print(1)"})

    menu.show(offered, key="menu")


def test_exporting_computes_nothing_before_it_is_asked() -> None:
    page = AppTest.from_function(export_page, default_timeout=SECONDS).run()
    assert not page.exception and "offered" not in page.session_state, "the dialog is not open"
    page.button(key="menu").click().run()
    assert not page.exception and page.session_state.offered
    page.segmented_control[0].set_value("Data").run()
    assert [button.label for button in page.get("download_button")] == ["CSV", "JSON"]
    page.segmented_control[0].set_value("Code").run()
    assert [code.value for code in page.code] == ["print(1)"]
    assert not page.exception and "made" not in page.session_state
