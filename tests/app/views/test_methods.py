"""Methods of ablation on the workbench: whether they rank components alike, and how sure the effects of a
method are that draws."""

import re
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.live import methods
from app.state.backend import shared_backend
from interp import load_model, load_puzzles
from interp.ablation import Method, components_of, means_by, parse_method
from interp.analyses.ablation_sweep import sweep
from interp.analyses.by_method.rankings import COMPARED, ranked
from interp.figures.scale import position
from tests.support.models import SMALL
from tests.support.pages import figure_of, filled, page_of, run_until, words

PUZZLE = load_puzzles("bank", task="frame")[0]
ANOTHER = load_puzzles("bank", task="frame", structure=PUZZLE.structure)[1]
BUT_OPTIMAL = [method for method in COMPARED if method.text != "optimal"]
"""The methods that can be had for a model without trained constants."""


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    found = page_of("workbench")
    found.query_params.update({"puzzle": PUZZLE.id, "measure": "final"})
    return found


def costs_by(
    folder: str, method: Method, kinds: tuple[str, ...] = ("attn", "head", "mlp")
) -> dict[str, float]:
    """What each component that a method fits costs this puzzle, in nats on the final grid."""
    model = load_model(folder)
    means = means_by(model, load_puzzles("bank"), [PUZZLE], method)
    parts = [part for part in components_of(model.cfg, kinds) if method.fits(part)]
    clean, *rows = sweep(model, PUZZLE.tokens[None], parts, means=means, method=method)
    return {row.component.text: row.loss.mean() - clean.loss.mean() for row in rows}


# ---- whether methods rank components alike -----------------------------------------------------------------


@pytest.fixture(scope="module")
def by_method(model_folder: str) -> dict[str, dict[str, float]]:
    return {method.text: costs_by(model_folder, method) for method in BUT_OPTIMAL}


def spearman(one: dict[str, float], other: dict[str, float]) -> float:
    both = [part for part in one if part in other]
    ranks = [ranked(np.array([costs[part] for part in both])) for costs in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def map_of(page: AppTest) -> dict[tuple[str, str], float]:
    """The rank correlations that the chart says where it is pointed at."""
    said = [
        one for trace in figure_of(page, "effects-methods")["data"] for one in trace.get("hovertext") or []
    ]
    found = (re.match(r"<b>(\S+)</b> and <b>(\S+)</b><br>rank correlation (\S+?)<br>", one) for one in said)
    return {(one[1], one[2]): float(one[3]) for one in found if one}


def test_rankings_are_measured_when_asked_for(page: AppTest, by_method: dict[str, dict[str, float]]) -> None:
    page.query_params["chart"] = "methods"
    page.run()
    assert "The board by each of 6 methods, over this puzzle." in words(page)
    page.button(key="methods-begin").click().run()
    complete(page)
    assert not page.exception and not page.error
    assert [one.key for one in page.button if one.key and one.key.startswith("methods-")] == []
    shown = map_of(page)
    assert len(shown) == len(BUT_OPTIMAL) ** 2, "each with each"
    wanted = {(a, b): spearman(by_method[a], by_method[b]) for a in by_method for b in by_method}
    assert shown == pytest.approx(wanted, abs=2e-3)
    least, a, b = min((value, a, b) for (a, b), value in wanted.items())
    said = words(page)
    told = re.search(r"(\S+) and (\S+) agree least: rank correlation (\S+) over (\d+) components", said)
    assert (
        told is not None
        and {told[1], told[2]} == {a, b}
        and float(told[3]) == pytest.approx(least, abs=0.011)
    )
    assert int(told[4]) == len(by_method[a].keys() & by_method[b].keys())
    assert "optimal: This model has no trained constants" in said


def test_rankings_are_stopped_and_begun_again(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another puzzle than above: its boards are not kept."""
    page.query_params.update({"chart": "methods", "puzzle": ANOTHER.id})
    page.run()
    with monkeypatch.context() as patch:
        slow(patch)
        page.button(key="methods-begin").click().run()
        bar = run_until(page, lambda page: any(one.key == "methods-stop" for one in page.button))
        page.button(key="methods-stop").click().run()
    keys = {one.key for one in bar.button if one.key and one.key.startswith("methods-")}
    assert keys == {"methods-again"} and page.button(key="methods-again").label == "Measure again"
    page.button(key="methods-again").click().run()
    complete(page)
    assert len(map_of(page)) == len(BUT_OPTIMAL) ** 2 and "agree least" in words(page)


def test_the_map_of_tasks_is_stopped_and_begun_again(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch)
    page.query_params["chart"] = "tasks"
    page.run()
    page.button(key="tasks-begin").click().run()
    for _ in range(2):
        assert "16 puzzles of every task: " in page.get("progress")[0].proto.text
        page.button(key="tasks-stop").click().run()
        assert not page.get("progress") and page.button(key="tasks-again").label == "Measure again"
        page.button(key="tasks-again").click().run()
    page.button(key="tasks-stop").click().run()
    assert not page.exception


def complete(page: AppTest) -> None:
    """Wait for the rankings, and show them."""
    methods.whole(page.session_state["scene"], shared_backend())
    filled(page)


def slow(patch: pytest.MonkeyPatch) -> None:
    """Let every sweep take its time, so that there is something to stop."""
    begun = methods.Sweep.steps

    def slowly(*given, **options):
        steps = begun(*given, **options)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value
            time.sleep(0.02)
            yield step

    patch.setattr(methods.Sweep, "steps", slowly)


# ---- how sure the effects of a method are that draws -------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(model_folder: str) -> list[dict[str, float]]:
    """What attention layers cost by four draws."""
    return [costs_by(model_folder, parse_method(f"resample={number}"), ("attn",)) for number in (5, 6, 7, 8)]


def test_bars_are_the_mean_over_draws_and_its_error(page: AppTest, drawn: list[dict[str, float]]) -> None:
    page.query_params.update({"method": "resample=5", "chart": "attention"})
    page.run()
    scene, backend = page.session_state["scene"], shared_backend()
    for method in ("resample=5", "resample=6", "resample=7", "resample=8"):
        backend.ask(scene.model, methods.question(scene, backend, parse_method(method)))
    run_until(page, lambda page: "mean of 4 draws" in words(page))
    assert not page.exception
    assert "Upright bars: mean of 4 draws, plus and minus its standard error." in words(page)
    bars = {
        trace["customdata"][0][0]: trace["y"]
        for trace in figure_of(page, "effects-attention")["data"]
        if trace.get("mode") == "lines+markers"
    }
    assert set(bars) == {f"L{layer}.attn" for layer in range(SMALL.n_layers)}
    for part, ends in bars.items():
        costs = [one[part] for one in drawn]
        mean, error = np.mean(costs), np.std(costs, ddof=1) / 2
        assert ends == pytest.approx(
            [position(mean - error, "final"), position(mean + error, "final")], abs=2e-3
        )


def test_a_method_that_draws_nothing_has_no_bars(page: AppTest) -> None:
    page.query_params.update({"method": "pair", "chart": "attention"})
    filled(page.run())
    assert "Upright bars" not in words(page)
    traces = figure_of(page, "effects-attention")["data"]
    assert not [trace for trace in traces if trace.get("mode") == "lines+markers"]
