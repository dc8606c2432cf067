"""The circuits on screen, exported and as Python: what is drawn, said and printed is what was computed."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from interp import load_model, load_puzzles
from interp.ablation import MEAN, Component, bank_means, parse_ablation
from interp.analyses.ablation_sweep import SweepPart, value
from interp.analyses.composition import Composition, CompositionScores, composition
from interp.analyses.path_ablation import PathAblation, PathState, agreement, path_ablation
from interp.analyses.readers import LOGITS, Reader, readers_of
from interp.engine.measures import MEASURES, Measure
from interp.export.programs import Sample
from interp.export.tables import Header, Table
from interp.figures import composition as by_weights
from interp.figures import paths as by_effect
from interp.figures.readers import SHOWN, ranking
from interp.figures.scale import COSTS, HELPS
from tests.app.widgets.test_charts import losses
from tests.support.models import SMALL, saved_model, six_puzzles, small_model
from tests.support.programs import printed

SOURCE = Component(0, "attn")
NUMBER = re.compile(r"[-+]?\d+\.\d+(?:e[+-]?\d+)?")


@pytest.fixture(scope="module")
def weights() -> Composition:
    return composition(small_model())


@pytest.fixture(scope="module")
def measured() -> PathState:
    return path_ablation(small_model(), six_puzzles()[:2], SOURCE)


def made() -> PathState:
    """Two puzzles; L1.H2.k is dear, the logits gain, of L1.mlp nothing is known yet."""
    state = PathState(SOURCE, [Reader("k", 1, 2), LOGITS, Reader("mlp", 1)], 2)
    for row, loss, solved in ((0, 0.1, [1, 1]), (1, 10.0, [0, 1]), (2, 0.01, [1, 1])):
        state.add(SweepPart(row, 0, losses(loss, 2), np.array(solved, bool)))
    return state


def drawn(figure: go.Figure) -> dict[str, int]:
    """How many marks stand for each reader; clicking one names it."""
    names = [
        data[0]
        for trace in figure.data
        for data in (trace.customdata if trace.customdata is not None else [])
    ]
    return {name: names.count(name) for name in names}


def test_boards_have_a_tile_for_every_reader(weights: Composition, measured: PathState) -> None:
    readings = weights.readings(SOURCE)
    off = [Component(1, "attn"), Component(2, "mlp")]
    for figure in (
        by_weights.weights_board(readings, SOURCE, SMALL, off),
        by_effect.effects_board(measured, SMALL, "changed", off),
    ):
        (bars,) = figure.data
        assert drawn(figure) == {reader.text: 1 for reader in readers_of(SMALL, SOURCE)}
        hatched = {
            data[0] for data, shape in zip(bars.customdata, bars.marker.pattern.shape, strict=True) if shape
        }
        assert hatched == {f"L1.H{head}.{name}" for head in range(4) for name in "qkv"} | {"L2.mlp"}
        places = list(zip(bars.base, bars.y, strict=True))
        assert len(set(places)) == len(places), "no tile covers another"


def test_a_board_is_coloured_by_what_it_costs() -> None:
    figure = by_effect.effects_board(made(), SMALL)
    (bars,) = figure.data
    paint = dict(zip([data[0] for data in bars.customdata], bars.marker.color, strict=True))
    assert set(paint) == {"L1.H2.k", "logits"}, "of the third reader nothing is known"
    assert str(COSTS)[1:-1] in paint["L1.H2.k"] and str(HELPS)[1:-1] in paint["logits"]
    assert by_effect.told_effects(made()) == (
        "L1.H2.k changes most without L0.attn: loss 10, 100 times the 0.1 with nothing taken away;"
        " 1 of 2 puzzles solved, 2 with nothing taken away."
    )
    assert "1 of 2 puzzles solved" in by_effect.told_effects(made(), "answers")


def test_rankings_are_in_order(weights: Composition) -> None:
    found = by_weights.weights_ranking(weights.readings(SOURCE), SOURCE)
    expected = [reading.reader.text for reading in weights.ranked(SOURCE)[:SHOWN]]
    assert list(found.layout.yaxis.categoryarray) == expected and set(drawn(found)) == set(expected)
    effects = by_effect.effects_ranking(made())
    assert list(effects.layout.yaxis.categoryarray) == ["L1.H2.k", "logits"]
    notes = {trace.y[0]: trace.text[0] for trace in effects.data}
    assert notes["L1.H2.k"] == "×100" and notes["logits"].startswith("×0.10")
    lost = by_effect.effects_ranking(made(), "answers")
    assert {trace.y[0]: trace.text[0] for trace in lost.data}["L1.H2.k"] == "1 lost"


@pytest.mark.parametrize("measure", MEASURES)
def test_a_mark_of_the_effects_axis_lies_well_inside(measure: Measure) -> None:
    """Plotly leaves out a mark at the very edge, and fails to place a title below none."""
    low, high = by_effect.effects_ranking(made(), measure).layout.xaxis.range
    assert low + (high - low) / 100 < 0 < high - (high - low) / 100
    figure = ranking([(Reader("k", 1, 2), 0.3, "", "")], "only costs")
    low, high = figure.layout.xaxis.range
    assert low + (high - low) / 100 < 0 < 0.3 < high


def test_marks_of_ratios() -> None:
    near, far = by_effect._ratio_ticks([0.3, -0.02]), by_effect._ratio_ticks([0.3, -2.5])
    assert near["ticktext"] == ["÷10", "÷5", "÷2", "×1", "×2", "×5", "×10"]
    assert far["ticktext"] == ["÷1,000", "÷100", "÷10", "×1", "×10", "×100", "×1,000"]
    for ticks in (near, far):
        factors = [float(text[1:].replace(",", "")) for text in ticks["ticktext"]]
        signs = [-1 if text[0] == "÷" else 1 for text in ticks["ticktext"]]
        assert ticks["tickvals"] == pytest.approx(np.array(signs) * np.log10(factors))


def test_the_matrix_of_heads(weights: Composition) -> None:
    figure = by_weights.head_matrix(weights, "k", SMALL, Component(1, "head", 2))
    (heat,) = figure.data
    assert (heat.y[0], heat.x[-1], heat.z.shape) == ("L0.H0", "L2.H3", (8, 8))
    reading = weights.reading(Component(0, "head", 3), Reader("k", 2, 1))
    assert heat.z[3, 5] == pytest.approx(reading.excess)
    (box,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert heat.y[round(box.y0 + 0.5)] == "L1.H2" and box.y1 - box.y0 == 1


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_raises_however_little_is_known(weights: Composition, measure: Measure) -> None:
    empty = PathState(SOURCE, readers_of(SMALL, SOURCE), 3)
    for state in (empty, PathState(SOURCE, (), 1), made()):
        for figure in (
            by_effect.effects_board(state, SMALL, measure),
            by_effect.effects_ranking(state, measure),
            by_effect.views_scatter(weights.readings(SOURCE), state, measure),
        ):
            assert json.loads(figure.to_json())
    assert (
        by_effect.told_effects(None, measure)
        == by_effect.told_effects(empty, measure)
        == "Nothing is measured yet."
    )
    assert "Too few readers" in by_effect.told_agreement(weights, empty, measure)
    assert by_weights.told_weights([], SOURCE).startswith("Nobody reads L0.attn")


def test_the_two_views_side_by_side(weights: Composition, measured: PathState) -> None:
    figure = by_effect.views_scatter(weights.readings(SOURCE), measured, "changed")
    assert drawn(figure) == {reader.text: 1 for reader in measured.readers}
    (k,) = [trace for trace in figure.data if trace.name == "keys"]
    reader = measured.readers[[r.text for r in measured.readers].index(k.customdata[0][0])]
    assert k.x[0] == pytest.approx(weights.reading(SOURCE, reader).excess)
    assert k.y[0] == pytest.approx(measured.costs("changed")[reader])
    said = by_effect.told_agreement(weights, measured, "changed")
    assert f"correlation is {agreement(weights, measured, 'changed').rho:+.2f}" in said
    assert "these 28 readers" in said and "queries" in said and "logits" not in said


# ---- exports and programs ----


def test_rows_read_back(weights: Composition, measured: PathState) -> None:
    header = Header("default", "1a2b", ("a", "b"))
    rows = json.loads(Table(header, weights.rows(SOURCE)).json())["rows"]
    assert [row["reader"] for row in rows] == [reader.text for reader in readers_of(SMALL, SOURCE)]
    best = weights.reading(SOURCE, Reader("k", 1, 0))
    (row,) = [row for row in rows if row["reader"] == "L1.H0.k"]
    assert (row["score"], row["excess"]) == (best.score, best.excess)
    assert len(weights.rows()) == int((~np.isnan(weights.score)).sum())

    puzzles = list(load_puzzles("bank")[:2])
    clean, *paths = json.loads(Table(header, measured.rows(puzzles, MEAN)).json())["rows"]
    assert clean["reader"] == "nobody" and clean["delta_final"] == 0 and "component" not in clean
    assert [row["reader"] for row in paths] == [reader.text for reader in measured.readers]
    assert paths[3]["loss_changed"] == pytest.approx(measured.row(4).loss.mean("changed"))
    assert paths[3]["source"] == "L0.attn" and paths[3]["method"] == "mean"
    assert [row["reader"] for row in made().rows(puzzles)] == ["nobody", "L1.H2.k", "logits"]


@pytest.mark.slow
def test_programs_print_what_the_library_finds(tmp_path: Path, weights: Composition) -> None:
    folder = saved_model(tmp_path)
    said = printed(CompositionScores().program(folder)).splitlines()
    assert [line.split()[0] for line in said] == [r.reader.text for r in weights.ranked(SOURCE)[:20]]
    assert float(NUMBER.findall(said[0])[0]) == pytest.approx(weights.ranked(SOURCE)[0].score, rel=1e-4)

    model, bank = load_model(folder), load_puzzles("bank")
    question = PathAblation(
        tuple(bank.filter(task="grow").limit(2)),
        Component(1, "head", 2),
        parse_ablation("L0.H1:mean", SMALL),
        MEAN,
    )
    program = question.program(folder, sample=Sample(task="grow", limit=2), measure="changed")
    state = path_ablation(
        model,
        bank.filter(task="grow").limit(2).tokens,
        Component(1, "head", 2),
        base=parse_ablation("L0.H1:mean", SMALL),
        means=bank_means(model, bank),
        method=MEAN,
    )
    lines = printed(program).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [reader.text for reader in state.readers]
    found = [float(NUMBER.findall(line)[0]) for line in lines]
    assert found == pytest.approx([value(row, "changed") for row in state.finished_rows], rel=1e-4)


HOSTILE = "x'); import os; os.system('true')\n\"\"\"#{0}\\"


def test_names_in_programs_are_data() -> None:
    for program in (
        CompositionScores().program(HOSTILE),
        PathAblation((), SOURCE, method=MEAN).program(HOSTILE, sample=Sample(task=HOSTILE, limit=3)),
        PathAblation((), SOURCE).program("default", sample=Sample(("9a3726a23b",))),
    ):
        tree = ast.parse(program)
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
        assert len(program.splitlines()) <= 20 and "  " not in program.splitlines()[0]


# ---- components ----


def page() -> None:
    import streamlit as st

    from app.widgets.charts import composition as composition_view
    from app.widgets.charts import path_effects as path_view
    from interp.analyses.composition import composition
    from tests.app.widgets.test_circuit_charts import SOURCE, made
    from tests.support.models import SMALL, small_model

    def note(name: str):  # type: ignore[no-untyped-def]
        return lambda *one: st.session_state.update({name: one[0] if one else True})

    weights = composition(small_model())
    composition_view.show_source(SOURCE, SMALL, key="source", on_change=note("source-got"))
    composition_view.show(
        weights, SOURCE, "k", SMALL, key="w", on_reader=note("reader"), on_input=note("input")
    )
    for key, state, progress, stopped in (
        ("a", None, 0.0, False),
        ("b", made(), 0.5, False),
        ("c", made(), None, True),
    ):
        path_view.show(
            state,
            SOURCE,
            SMALL,
            "final",
            progress=progress,
            stopped=stopped,
            key=key,
            on_reader=note("reader"),
            on_stop=note("stopped"),
            on_again=note("again"),
        )
    path_view.show_agreement(weights, made(), "final", key="agree", on_reader=note("reader"))


def test_the_components_draw_and_report() -> None:
    shown = AppTest.from_function(page, default_timeout=120).run()
    assert not shown.exception
    captions = " ".join(re.sub(r"\\(.)", r"\1", caption.value) for caption in shown.caption)
    assert "Nothing is measured yet." in captions and "changes most without L0.attn" in captions
    assert "reads L0.attn most" in captions
    shown.selectbox(key="source").set_value("L1.H2").run()
    assert shown.session_state["source-got"] == Component(1, "head", 2)
    shown.button_group(key="w-input").set_value("v").run()
    assert shown.session_state["input"] == "v"
    shown.button(key="b-stop").click().run()
    shown.button(key="c-again").click().run()
    assert shown.session_state["stopped"] and shown.session_state["again"] and not shown.exception


def test_only_readers_that_are_shown_can_be_clicked() -> None:
    from app.widgets.charts import clickable_chart, path_effects

    got: list[Reader] = []
    click = clickable_chart.clicking(path_effects._readers(made()), got.append)
    for name in ("L1.H2.k", "L9.H2.k", "logits", "__import__"):
        click([name])
    assert got == [Reader("k", 1, 2), LOGITS]
