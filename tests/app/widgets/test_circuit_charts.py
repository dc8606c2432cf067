"""The circuits on screen, exported and as Python: what is drawn, said and printed is what was computed."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from interp import load_model, load_puzzles
from interp.ablation import MEAN, Component, bank_means, parse_ablation
from interp.analyses.ablation_sweep import value
from interp.analyses.composition import Composition, CompositionScores, composition
from interp.analyses.path_ablation import PathAblation, PathState, path_ablation
from interp.analyses.readers import LOGITS, Reader, readers_of
from interp.export.programs import Sample
from interp.export.tables import Header, Table
from tests.support.models import SMALL, saved_model, six_puzzles, small_model
from tests.support.programs import printed
from tests.support.results import SOURCE, paths

NUMBER = re.compile(r"[-+]?\d+\.\d+(?:e[+-]?\d+)?")


@pytest.fixture(scope="module")
def weights() -> Composition:
    return composition(small_model())


@pytest.fixture(scope="module")
def measured() -> PathState:
    return path_ablation(small_model(), six_puzzles()[:2], SOURCE)


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
    clean, *rows = json.loads(Table(header, measured.rows(puzzles, MEAN)).json())["rows"]
    assert clean["reader"] == "nobody" and clean["delta_final"] == 0 and "component" not in clean
    assert [row["reader"] for row in rows] == [reader.text for reader in measured.readers]
    assert rows[3]["loss_changed"] == pytest.approx(measured.row(4).loss.mean("changed"))
    assert rows[3]["source"] == "L0.attn" and rows[3]["method"] == "mean"
    assert [row["reader"] for row in paths().rows(puzzles)] == ["nobody", "L1.H2.k", "logits"]


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
    from tests.support.models import SMALL, small_model
    from tests.support.results import SOURCE, paths

    def note(name: str):
        return lambda *one: st.session_state.update({name: one[0] if one else True})

    weights = composition(small_model())
    composition_view.show_source(SOURCE, SMALL, key="source", on_change=note("source-got"))
    composition_view.show(
        weights, SOURCE, "k", SMALL, key="w", on_reader=note("reader"), on_input=note("input")
    )
    for key, state, progress, stopped in (
        ("a", None, 0.0, False),
        ("b", paths(), 0.5, False),
        ("c", paths(), None, True),
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
    path_view.show_agreement(weights, paths(), "final", key="agree", on_reader=note("reader"))


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
    click = clickable_chart.clicking(path_effects._readers(paths()), got.append)
    for name in ("L1.H2.k", "L9.H2.k", "logits", "__import__"):
        click([name])
    assert got == [Reader("k", 1, 2), LOGITS]
