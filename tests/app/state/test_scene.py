"""The page and its widgets without a browser: what they compute and what a click changes."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.startup.bundles import BUNDLES, Bundle, ensure_bundle
from app.state import backend as shared
from app.state import scene
from app.views.workbench.alone import PLACES, style
from app.widgets.token_attention.window import Window
from interp.ablation import MEAN, NO_ABLATION, Component, Lookback, parse_ablation
from interp.backend import Backend
from interp.model import Config
from interp.tokens import STRUCTURES
from tests.support.models import SMALL
from tests.support.pages import turn_to
from tests.support.places import ROOT

SECONDS = 120


@pytest.fixture(scope="module")
def backend() -> Backend:
    return Backend()


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return AppTest.from_file(str(ROOT / "app" / "router.py"), default_timeout=SECONDS)


LINK = {
    "measure": "changed",
    "sample": "16",
    "cell": "g2r4c7",
    "view": "to",
    "weighting": "value",
    "large": "True",
    "answer": "teacher-forced",
    "base": "off",
    "board": "picture",
    "chart": "heads",
    "method": "mean",
    "tokens": "grid1-0-2",
    "all_heads": "True",
    "palette": "safe",
    "digits": "True",
    "flips": "frame-L1.attn",
    "which": "solved",
    "note": "see row 3",
    "pin": "L0.mlp,L1.H2:mean",
}
"""A part of a link for everything that a link holds besides model, puzzle, order, what is off and the
head."""


WORDS = {name: parameter.words for name, parameter in scene.PARAMETERS.items()}


def as_shown(markdown: str) -> str:
    """What a person reads of a sentence in which every sign is escaped."""
    return re.sub(r"\\(.)", r"\1", markdown)


def off(page: AppTest) -> str:
    return page.session_state["scene"].ablation.text


def test_the_first_page_has_everything_and_no_error(page: AppTest) -> None:
    page.run()
    assert not page.exception and not page.error and not page.warning
    assert [title.value for title in page.title] == ["Puzzlescope"]
    assert page.query_params["puzzle"] == page.session_state["scene"].puzzle.id


def test_a_link_restores_the_scene(page: AppTest, backend: Backend) -> None:
    puzzle = backend.bank().filter(task="detect", structure=STRUCTURES[1])[3]
    page.query_params["puzzle"] = puzzle.id
    page.query_params["order"] = "f(X)-X-f(Y)-Y"
    page.query_params["off"] = "L1.attn:mean,L0.H2"
    page.query_params["attention"] = "L2.H1"
    for name, value in LINK.items():
        page.query_params[name] = value
    page.run()
    found = page.session_state["scene"]
    assert not page.exception and not page.warning
    assert (found.puzzle, found.structure) == (puzzle, STRUCTURES[1])
    assert found.ablation == parse_ablation("L1.attn:mean,L0.H2", SMALL)
    assert (found.layer, found.head, found.measure, found.sample) == (2, 1, "changed", 16)
    assert (found.cell, found.view, found.weighting, found.large) == (136, "to", "value", True)
    assert (found.answer, found.base, found.chart, found.method) == ("teacher-forced", "off", "heads", MEAN)
    assert found.board == "picture"
    assert found.pin == parse_ablation("L0.mlp,L1.H2:mean", SMALL)
    assert (found.tokens, found.all_heads, found.palette, found.digits) == (
        Window("grid", 0, 2, 1),
        True,
        "safe",
        True,
    )
    assert found.flips == ("frame", Component(1, "attn")) and found.which == "solved"
    assert found.note == "see row 3" and any("see row 3" in as_shown(one.value) for one in page.markdown)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "no-such-model"),
        ("model", "../../etc/passwd"),
        ("model", "hub:tommyp111/culture-gpt/gpt_000.pth"),
        ("puzzle", "<script>alert(1)</script>"),
        ("note", "x" * 301),
        ("order", "X-Y"),
        ("off", "L77.attn"),
        ("off", "__import__('os').system('true')"),
        ("attention", "L0.attn"),
        ("attention", "L99.H1"),
        ("cell", "g5r1c1"),
        ("cell", "nine"),
        ("cell", "g1r1c1"),
        ("measure", "accuracy"),
        ("sample", "1000000"),
        ("method", "lookback=999"),
        ("tokens", "rows-9-3"),
        ("pin", "L77.attn"),
        ("pin", " "),
        ("beside", "../../etc/passwd"),
        ("board", "sculpture"),
        ("flips", "frame-L1.mlp"),
        ("flips", "no-such-task-L1.attn"),
        ("palette", "javascript:alert(1)"),
        ("digits", "maybe"),
    ],
)
def test_a_bad_link_gives_one_sentence_and_the_nearest_scene(page: AppTest, name: str, value: str) -> None:
    page.query_params[name] = value
    page.run()
    assert not page.exception and not page.error
    assert len(page.warning) == 1 and f"The link's {WORDS[name]} could not be used." in as_shown(
        page.warning[0].value
    )


def test_every_value_of_a_link_has_a_name_in_words() -> None:
    words = [parameter.words for parameter in scene.PARAMETERS.values()]
    assert all(words) and len(set(words)) == len(words)
    assert not {"off", "at", "which", "beside", "flips"} & set(words), "a reader does not know these"


def test_what_a_link_says_under_unknown_names_is_told(page: AppTest) -> None:
    page.query_params.update({"task": "grow", "of": "L1.attn", "embed_options": "light_theme"})
    page.run()
    assert [as_shown(one.value) for one in page.warning] == [
        "The link has names that this page does not know: 'task', 'of' (did you mean 'off'?)."
    ]
    assert not off(page) and "task" not in page.query_params
    page.run()
    assert not page.warning


def test_a_notice_outlives_a_run_that_begins_anew(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when what fills up is complete while the page is being drawn."""
    runs: list[int] = []

    def begin_anew_once(*_: object) -> None:
        runs.append(1)
        if len(runs) == 1:
            st.rerun()

    monkeypatch.setattr("app.views.workbench.compare.show_pin", begin_anew_once)
    page.query_params["off"] = "L77.attn"
    page.run()
    assert len(page.warning) == 1 and len(runs) > 1
    page.run()
    assert not page.warning, "it is said once"


def test_what_a_link_says_is_not_markdown(page: AppTest) -> None:
    page.query_params["off"] = "![x](http://example.org/a.png)"
    page.run()
    assert "![" not in page.warning[0].value and "\\!\\[x\\]\\(http\\:" in page.warning[0].value


def test_query_and_scene_are_inverse(
    backend: Backend, model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    first, problems = scene.scene_from_query({}, backend)
    assert not problems
    for text in ("", "L0.attn", "L*.mlp,L1-2.attn,L0.attn:lookback=100"):
        made = scene.replace(
            first,
            ablation=parse_ablation(text, SMALL),
            pin=parse_ablation(text, SMALL) or None,
            beside="seed-2" if text else "",
            board="picture",
            attention=Component(2, "head", 3),
            cell=12,
            view="to",
            measure="copied",
            sample=64,
            structure=first.puzzle.structure,
            method=Lookback(7),
            digits=True,
            palette="original",
        )
        assert scene.scene_from_query(made.query(), backend) == (made, [])
    assert first.ablation == NO_ABLATION


def test_a_missing_default_model_is_a_sentence(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", "/no/such/folder")
    monkeypatch.setattr(shared, "_backend", None)  # that of the tests before still has its default model
    page.run()
    assert not page.exception and len(page.error) == 1 and "/no/such/folder" in page.error[0].value


@pytest.mark.parametrize(("bundle", "said"), [(BUNDLES[0], "CircuitsVis"), (BUNDLES[1], "Plotly")])
def test_a_bundle_is_copied_from_the_installed_package(tmp_path: Path, bundle: Bundle, said: str) -> None:
    target = ensure_bundle(bundle, tmp_path / "static")
    assert target.stat().st_size > 1_000_000 and said in target.read_text()
    assert ensure_bundle(bundle, tmp_path / "static") == target
    assert [path.name for path in target.parent.iterdir()] == [target.name]


PROBE = """
import sys, interp.backend, interp.cli, interp.figures.sweep, interp.puzzles.bank
print("streamlit" in sys.modules)
import streamlit
print("streamlit" in sys.modules)
"""


def test_interp_does_not_import_streamlit() -> None:
    """The second line shows that the first can fail."""
    found = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, timeout=SECONDS, check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == ["False", "True"]


def test_the_app_does_no_tensor_maths() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = [
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        ]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not any(name.split(".")[0] in ("torch", "transformer_lens") for name in names), path


def test_another_model_leaves_nothing_to_undo(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was off in one model may not exist in the next."""
    page.run()
    page.session_state["undo"] = [parse_ablation("L1.attn", Config())]
    page.session_state["redo"] = [parse_ablation("L2.attn", Config())]
    other = os.environ["PUZZLESCOPE_MODEL"]
    monkeypatch.setattr("app.views.shared.model_picker.list_models", lambda: ("default", other))
    page.run()
    page.selectbox(key="model").set_value(other).run()
    assert page.session_state["scene"].model == other
    assert page.session_state["undo"] == page.session_state["redo"] == []


def test_a_page_keeps_the_scene_and_writes_it_in_its_link(page: AppTest) -> None:
    page.run()
    page.session_state["scene"] = replace(
        page.session_state["scene"], ablation=parse_ablation("L1.attn", SMALL)
    )
    turn_to(page, "logbook").run()
    assert page.query_params["off"] == "L1.attn" and off(page) == "L1.attn"
    turn_to(page, "workbench").run()
    assert off(page) == "L1.attn" and not page.exception


def go(page: AppTest, link: dict[str, str]) -> None:
    """As the browser's Back and Forward do: the run is told what the address asks for."""
    page.session_state["asked"] = link
    page.query_params = dict(link)
    page.run()
    assert not page.exception


def test_back_and_forward_bring_the_scene_of_the_address(page: AppTest) -> None:
    page.run()
    links = [dict(page.query_params)]
    for text in ("L0.H1", "L0.H1,L0.mlp"):
        page.session_state["scene"] = replace(
            page.session_state["scene"], ablation=parse_ablation(text, SMALL)
        )
        page.session_state["undo"] = [parse_ablation(link.get("off", ""), SMALL) for link in links]
        page.run()
        links.append(dict(page.query_params))
    for link in (links[1], links[0], links[1], links[2], links[0]):
        go(page, link)
        assert off(page) == link.get("off", "") and page.query_params == link
    assert [one.text for one in page.session_state["undo"]][-1] == "L0.H1,L0.mlp", "undo leads back again"
    page.run()
    assert off(page) == "", "an address is taken up once"


def test_back_is_an_undo_and_forward_a_redo(page: AppTest) -> None:
    page.run()
    start = dict(page.query_params)
    page.session_state["scene"] = replace(
        page.session_state["scene"], ablation=parse_ablation("L0.H1", SMALL)
    )
    page.session_state["undo"] = [NO_ABLATION]
    page.run()
    there = dict(page.query_params)
    go(page, start)
    assert page.session_state["undo"] == [] and [one.text for one in page.session_state["redo"]] == ["L0.H1"]
    go(page, there)
    assert page.session_state["undo"] == [NO_ABLATION] and page.session_state["redo"] == []


def test_what_was_chosen_on_another_model_is_read_anew(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deeper model's part stands in no list of this one's."""
    page.query_params["source"] = "L2.mlp"
    turn_to(page, "circuits").run()
    page.session_state["chosen-circuits"] = {
        **page.session_state["chosen-circuits"],
        "source": Component(11, "mlp"),
        "show": "lens",
    }
    page.session_state["chosen-circuits-of"] = "another"
    page.run()
    assert not page.exception
    chosen = page.session_state["chosen-circuits"]
    assert chosen["source"] is None and chosen["show"] == "lens", "the source is that of this model"


def test_a_click_on_the_model_before_is_not_carried_out(page: AppTest) -> None:
    page.run()
    drawn = page.session_state["scene"]
    done = []
    with_scene = {"scene": drawn}
    import app.state.session as session

    class Session:
        session_state = with_scene

    original, session.st = session.st, Session  # type: ignore[assignment]
    try:
        act = session.of_this_model(done.append)
        act(1)
        with_scene["scene"] = replace(drawn, model="another")
        act(2)
    finally:
        session.st = original
    assert done == [1]


@pytest.mark.parametrize("only", ["strip", "board", "attention"])
def test_one_figure_is_shown_alone(page: AppTest, only: str) -> None:
    page.query_params["only"] = only
    page.run()
    assert not page.exception and not page.warning and page.query_params["only"] == only
    hidden = style(PLACES[only])
    assert sum(hidden in one.proto.body for one in page.get("html")) == 1 and "stAlert" in hidden
