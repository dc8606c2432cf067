"""The logbook's page without a browser: its sections, what they say, and what a click or a link changes."""

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from interp import load_puzzles
from interp.analyses.composition import CompositionScores
from interp.analyses.path_ablation import PathAblation
from interp.errors import PuzzlescopeError
from interp.why.questions import ReasonOf
from interp.why.readers import EdgesFrom
from tests.support.pages import REST, page_of, run_until, words


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    monkeypatch.setattr("app.live.why.puzzles", lambda: tuple(load_puzzles("bank")[-4:]))
    return page_of("logbook")


def measured(page: AppTest) -> AppTest:
    """Run the page until every experiment has a verdict: before its first row a sweep says nothing yet. The
    verdicts on heads are asked for; before that they are not begun."""
    page.run()
    page.button(key="log-ways-begin").click()
    return run_until(
        page, lambda page: "**Here:**" in words(page) and "**pending" not in words(page), rest=REST
    )


def test_every_experiment_has_a_question_a_finding_a_link_and_a_program(page: AppTest) -> None:
    measured(page)
    assert not page.exception and not page.error and not page.warning
    titles = [heading.value for heading in page.header]
    assert [title.split(".")[0] for title in titles] == [str(number) for number in range(1, 10)]
    said = words(page)
    assert said.count("**Here:**") >= 7 and said.count("**Published**") >= 6
    programs = [code.value for code in page.code]
    assert "**pending" not in said and re.search(r"\*\*differs \d\*\* \(\[\d\]\(#experiment-\d\)", said)
    for number, title in enumerate(titles, start=1):
        assert f"[{title.split('. ')[1]}](#experiment-{number})" in said, "it stands in the contents"
    assert len(programs) >= 7 and all("load_model" in program for program in programs)
    for program in programs:
        compile(program, "snippet", "exec")


def test_the_losses_are_those_of_the_library(page: AppTest, model_folder: str) -> None:
    from interp import load_model, load_puzzles
    from interp.ablation import components_of
    from interp.analyses.ablation_sweep import sweep
    from interp.analyses.notebook.published import layers_finding

    model, tokens = load_model(model_folder), load_puzzles("bank").limit(64).tokens
    losses = [row.loss.mean("final") for row in sweep(model, tokens, components_of(model.cfg, ["attn"]))]
    assert layers_finding(losses[0], losses[1:]).sentence in words(measured(page))


def test_thresholds_can_be_moved_and_are_in_the_link(page: AppTest) -> None:
    page.run()
    page.slider(key="log-threshold-1").set_value(0.01).run()
    many = [button.label for button in page.button if (button.key or "").startswith("log-1-")]
    assert page.query_params["above1"] == "0.01"
    page.slider(key="log-threshold-1").set_value(0.99).run()
    assert len([button for button in page.button if (button.key or "").startswith("log-1-")]) < len(many)


def test_heads_that_only_rest_on_the_start_token_are_a_footnote(page: AppTest, model_folder: str) -> None:
    from interp import load_model
    from interp.analyses.lookback import heads_above, lookback_table
    from interp.analyses.notebook.experiments import ON_START, looking_heads

    page.run()
    model, tokens = load_model(model_folder), page.session_state["scene"].puzzle.tokens[None]
    clamped = lookback_table(model, tokens, [100, ON_START])
    real = lookback_table(model, tokens, [100], clamp=False)[100]
    # One that a head passes by the notebook's formula only.
    threshold = next(t / 100 for t in range(1, 99) if ((clamped[100] > t / 100) & (real <= t / 100)).any())
    page.slider(key="log-threshold-100").set_value(threshold).run()
    found = looking_heads(clamped[100], real, clamped[ON_START], 100, threshold)
    labels = [button.label for button in page.button if (button.key or "").startswith("log-100-")]
    assert labels == [f"{h.name} · {h.score:.2f}" for h in heads_above(real, 100, threshold)]
    resting = sum(not h.looks for h in found)
    told = f"{resting} more that only rest" if resting < len(found) else "only heads that rest on the start"
    assert resting and any(told in caption.value for caption in page.caption)


def test_a_link_with_a_threshold(page: AppTest) -> None:
    page.query_params["above100"] = "0.4"
    page.run()
    assert page.slider(key="log-threshold-100").value == 0.4


def test_a_link_with_a_threshold_that_is_none(page: AppTest) -> None:
    page.query_params["above100"] = "two"
    page.run()
    (warning,) = page.warning
    assert "A threshold is a number between 0 and 1, got 'two'" in re.sub(r"\\(.)", r"\1", warning.value)
    assert page.slider(key="log-threshold-100").value == 0.1


def test_what_is_off_can_be_typed(page: AppTest) -> None:
    page.run()
    page.text_input(key="off").set_value("L1.attn,L0.H2:mean").run()
    assert page.session_state["scene"].ablation.text == "L1.attn,L0.H2:mean"
    assert page.query_params["off"] == "L1.attn,L0.H2:mean"
    page.text_input(key="off").set_value("L7.attn").run()
    assert "there is no layer 7" in words(page) and not page.warning
    assert page.text_input(key="off").value == "L7.attn", "what was typed stays"
    assert page.session_state["scene"].ablation.text == "L1.attn,L0.H2:mean"
    next(button for button in page.button if button.label == "Restore all").click().run()
    assert page.session_state["scene"].ablation.text == ""


def test_a_head_that_is_clicked_is_the_one_whose_pattern_is_drawn(page: AppTest) -> None:
    page.run()
    page.slider(key="log-threshold-1").set_value(0.01).run()
    other = next(
        b for b in page.button if (b.key or "").startswith("log-1-") and not b.label.startswith("L0.H0")
    )
    other.click().run()
    scene = page.session_state["scene"]
    assert other.label.startswith(f"L{scene.layer}.H{scene.head} ")
    assert f"Layer {scene.layer}, head {scene.head}" in words(page)


def test_published_figures_stand_beside_ours_where_sizes_agree(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of other sizes is told what to start instead; one of the same sizes gets a table of
    deviations."""
    assert "12 layers" in words(page.run())
    assert not page.dataframe
    monkeypatch.setattr("interp.analyses.notebook.published.same_sizes", lambda cfg: True)
    monkeypatch.setattr("interp.analyses.notebook.published.PUBLISHED_LAYERS", (2.65, 6.48e-3, 2.92e-3))
    monkeypatch.setattr(
        "interp.analyses.notebook.published.PUBLISHED_HEADS",
        {1: {(0, 3): 0.3272}, 100: {(0, 0): 0.4590, (1, 2): 0.2725}},
    )
    measured(page)
    (table,) = page.dataframe
    assert list(table.value["off"]) == ["nothing", "L0.attn", "L1.attn", "L2.attn"]
    ours, published = table.value["here"].to_numpy(), table.value["published"].to_numpy()
    assert table.value["deviation, %"].to_numpy() == pytest.approx(100 * (ours / published - 1))
    assert "less the notebook's" in words(page)

    def no_hub(*args, **kwargs):
        raise PuzzlescopeError("The hub cannot be reached.")

    monkeypatch.setattr("interp.backend.backend.load_puzzles", no_hub)
    next(b for b in page.button if b.label == "Use the notebook's own puzzles").click().run()
    assert "hub cannot be reached" in page.warning[0].value


def test_the_score_says_what_is_ablated(page: AppTest) -> None:
    page.run()
    assert "What was published, on this model:" in words(page)
    again = page_of("logbook")
    again.query_params["off"] = "L1.attn"
    again.run()
    assert "What was published, on this model with L1.attn ablated:" in re.sub(r"\\(.)", r"\1", words(again))


def test_who_reads_layer_0_is_told_by_three_accounts(page: AppTest) -> None:
    page.run()
    page.button(key="log-readers-begin").click()
    run_until(page, lambda page: "by exact edges" in words(page), rest=REST)
    assert "L0.attn is read most: by its weights" in words(page)
    assert not page.exception and "log-readers-begin" not in [button.key for button in page.button]


def test_the_last_two_sections_begin_nothing_before_they_are_asked(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def never(asked: object, *_: object) -> Iterator[None]:
        begun.append(type(asked).__name__)
        yield from ()

    for question in (ReasonOf, EdgesFrom, PathAblation, CompositionScores):
        monkeypatch.setattr(question, "steps", never)
    run_until(page, lambda page: "**pending 1** ([8](#experiment-8))" in words(page))
    assert not page.exception and not begun
    assert "when the measurement is asked for" in words(page) and "is read most" not in words(page)


def test_a_head_that_copies_by_position_goes_neither_way() -> None:
    from types import SimpleNamespace
    from typing import Any, cast

    from app.views.logbook.ways import finding_of

    def found(*verdicts: str) -> Any:
        heads = [SimpleNamespace(text=f"L1.H{k}") for k in range(len(verdicts))]
        made = [SimpleNamespace(head=head, verdict=one) for head, one in zip(heads, verdicts, strict=True)]
        return finding_of(cast(Any, made))

    neither = found("pointer", "pointer")
    assert not neither.holds and neither.sentence == "L1.H0, L1.H1: neither, a pointer."
    both = found("pointer", "k")
    assert both.holds and both.sentence == "L1.H1: K-composition; L1.H0: neither, a pointer."
    assert not found("none").holds and "no clear offset" in found("none").sentence
