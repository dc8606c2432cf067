"""The page of the graph without a browser: what it looks for, what its link says, what a click does."""

import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.state.link import Context, query_of, read_query
from app.state.scene import FIRST_PUZZLE, Scene
from app.views.graph import export
from app.views.graph.choices import CHOICES, EVERY, EXAMPLE
from interp import load_model, load_puzzles, parse_ablation, shipped_pairs
from interp.backend import Backend
from interp.circuits.attribution import attribute_edges
from interp.circuits.files import read_record
from interp.circuits.finder import Target, top_circuit
from interp.circuits.graph import Graph, connected
from interp.circuits.questions import CertificateOf, CircuitOf, EdgeEffects
from interp.circuits.questions.sample import Pairs
from interp.circuits.runs import CircuitRuns
from interp.circuits.text import edges_text, parse_edges
from interp.engine.forward import weights_of
from tests.support.models import SMALL
from tests.support.pages import filled, page_of, sent_to, words

PUZZLE = "cffa39f1fc"
"""Of the bank: the small model tells it from its counterfactual."""
GRAPH = Graph(SMALL)
GIVEN = "embed>L0.H1.v+L1.mlp+logits,L0.H1>L1.mlp,L1.mlp>logits"


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    page = page_of("graph")
    page.query_params["puzzle"] = PUZZLE
    page.query_params["whose"] = "puzzle"
    page.query_params["kind"] = "rule"
    page.query_params["how"] = "eap"
    return page


def test_it_shows_the_circuit_that_the_library_finds(page: AppTest, model_folder: str) -> None:
    page.query_params["target"] = "20"
    filled(page)
    assert not page.exception and not page.error, words(page)
    model, pairs = load_model(model_folder), Pairs("rule", puzzle=load_puzzles("bank").find(PUZZLE)).all()
    scores = attribute_edges(model, pairs, steps=0)
    found = top_circuit(CircuitRuns(weights_of(model), pairs), scores, Target("size", 20))
    sent = sent_to(page, "graph-picture")["picture"]
    shown = {(sent["writers"][a], sent["readers"][b]) for a, b in zip(sent["from"], sent["to"], strict=True)}
    assert len(found) <= 20 and shown == {(edge.writer, edge.reader) for edge in found.edges}
    assert f"{len(shown)} of {GRAPH.n_edges} edges keep" in words(page)
    assert "How well does this estimate" in words(page)
    page.button(key="graph-exact").click()
    filled(page)
    assert re.search(
        r"Against exact effects, over 1 pair: rank correlation of all edges [01]\.\d\d;", words(page)
    )


def test_a_circuit_comes_from_a_link_and_goes_into_files(page: AppTest, model_folder: str) -> None:
    page.query_params["circuit"] = GIVEN
    filled(page)
    assert not page.exception and not page.error, words(page)
    assert "5 of" in words(page) and "as the link gives them" in words(page)
    found = page.query_params["circuit"]
    assert found == edges_text(parse_edges(GIVEN, GRAPH), GRAPH)
    page.session_state["export-open"], page.session_state["graph-export-menu-section-"] = "", "Code"
    page.run()
    assert not page.exception and len(page.code) == 2
    for program in page.code:
        compile(program.value, "snippet", "exec")


def test_its_files_hold_the_scores_and_are_read_again(
    model_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    puzzle = load_puzzles("bank").find(PUZZLE)
    pairs = Pairs("rule", puzzle=puzzle)
    effects = EdgeEffects(pairs, "eap")
    # Of pairs that are held out the small model does not tell the two ends apart.
    monkeypatch.setattr(
        export, "certificate_of", lambda asked, edges, full: CertificateOf(asked.effects, edges, pairs, full)
    )
    asked, backend = CircuitOf(effects, Target("size", 20), eliminate=False), Backend()
    made = export._Made(Scene(model_folder, puzzle), backend, asked, None, False, None)
    scores, model = backend.ask(model_folder, effects).scores, load_model(model_folder)
    page = made.html()
    assert f"edges for puzzle {PUZZLE[:6]}, {puzzle.task}</h1>" in page
    for fact in ("Seed</dt><dd>0, of all that is drawn at random<", f"PyTorch</dt><dd>{torch.__version__}<"):
        assert fact in page
    for name, text in (("own.json", made.json()), ("own.html", made.html())):
        (tmp_path / name).write_text(text)
        found = read_record(tmp_path / name, model)
        assert found.order is not None and scores is not None and not found.anew
        np.testing.assert_allclose(found.order.total, scores.total, rtol=1e-6)
        assert (found.circuit.edges, found.held_out) == (made.circuit().edges, pairs.all())


def test_a_table_of_edges_says_what_they_are_scored_on(model_folder: str) -> None:
    """Not the puzzle on screen, and not what is ablated there."""
    scene = Scene(model_folder, load_puzzles("bank").find(PUZZLE), ablation=parse_ablation("L1.attn", SMALL))
    asked = CircuitOf(EdgeEffects(Pairs("rule", "frame", n=2), "eap", "zero"), Target("size", 20))
    header = export._Made(scene, Backend(), asked, None, False, None).of_edges()
    assert header.puzzles == tuple(pair.base.id for pair in shipped_pairs("rule", "frame")[:2])
    assert (header.ablation, header.measure) == ("", "logit difference, eap, cut edges read nothing")


def test_a_circuit_is_made_of_heads_and_mlps(page: AppTest, model_folder: str) -> None:
    page.query_params["target"] = "40"
    filled(page)
    page.selectbox(key="graph-by").set_value("nodes").run()
    assert "target" not in page.query_params and page.query_params["minimal"] == "True"
    page.query_params["target"] = "4"
    filled(page)
    assert not page.exception and not page.error, words(page)
    said = re.search(r"(\d) of (\d+) heads and MLPs, with (\d+) edges, keep", words(page))
    assert said is not None and int(said[1]) <= 4 and int(said[2]) == len(GRAPH.writers) - 1
    sent = sent_to(page, "graph-picture")["picture"]
    parts = {sent["writers"][writer] for writer in sent["from"]} - {"embed"}
    assert len(parts) == int(said[1]) and len(sent["from"]) == int(said[3])


def test_all_edges_are_shown_without_a_search(page: AppTest) -> None:
    page.query_params["target"] = "all"
    filled(page)
    assert not page.exception and not page.error, words(page)
    assert f"All {GRAPH.n_edges} edges" in words(page) and "All edges are the whole model" in words(page)
    assert len(sent_to(page, "graph-picture")["picture"]["from"]) == GRAPH.n_edges
    page.session_state["export-open"] = ""
    page.run()
    assert not page.exception and not page.error


def test_it_leads_to_what_leads_to_a_cell_and_the_way_back_keeps_all(page: AppTest) -> None:
    own = {"circuit": edges_text(parse_edges(GIVEN, GRAPH), GRAPH), "cut": "L0.H1>L1.mlp"}
    own |= {"boxes": '{"pinned": ["L0.H1"]}', "how": "eap", "whose": "puzzle", "kind": "rule"}
    page.query_params.update(own | {"cell": "g4r2c3"})
    filled(page)
    (link,) = [one.body for one in page.get("html") if "What leads to the ringed cell" in one.body]
    assert 'href="./circuits?' in link and "show=graph" in link and "cell=g4r2c3" in link
    assert "they keep" in words(page), "it is measured by now"
    there = parse_qs(urlsplit(html.unescape(link.split('"')[1])).query)
    other = page_of("circuits")
    other.query_params.update({name: value for name, (value,) in there.items()})
    other.run()
    (back,) = [one.body for one in other.get("html") if "Back to the circuit" in one.body]
    query = parse_qs(urlsplit(html.unescape(back.split('"')[1])).query)
    assert {name: query[name] for name in own} == {name: [value] for name, value in own.items()}
    assert query["cell"] == ["g4r2c3"]


def test_a_click_cuts_an_edge_and_another_mends_it(page: AppTest) -> None:
    page.query_params.update({"circuit": GIVEN, "cut": "L0.H1>L1.mlp", "off": "L1.mlp"})
    filled(page)
    assert not page.exception and not page.error
    titles = [panel["title"] for panel in sent_to(page, "graph-strip")["panels"]]
    assert titles[2:] == ["L1.mlp off", "1 cut alone"], "neither has both"
    assert re.search(
        r"the cut alone and nothing ablated the logit difference (falls|rises) from -?\d+\.\d to -?\d+\.\d",
        words(page),
    )
    (line,) = [one.body for one in page.get("html") if "cut alone" in one.body]
    assert line.count("<img") == 2 and "<b>L1.mlp off</b>: " in line and "logit difference" in line
    page.button(key="graph-mend").click().run()
    assert "cut" not in page.query_params
    assert "Click an edge to cut it" in words(page)


@pytest.mark.parametrize(("query", "task"), [({}, "frame"), ({"puzzle": FIRST_PUZZLE}, "grow")])
def test_it_opens_with_a_small_circuit_unless_a_puzzle_is_chosen(
    page: AppTest, query: dict[str, str], task: str
) -> None:
    page.query_params.clear()
    page.query_params.update({"target": "20", "how": "eap", **query})
    page.run()
    assert not page.exception and page.segmented_control(key="graph-whose").options[0] == task
    assert page.query_params["puzzle"] == query.get("puzzle", EXAMPLE)


def test_a_text_that_names_no_edge_is_told_and_the_circuit_stays(page: AppTest) -> None:
    page.query_params["circuit"] = GIVEN
    filled(page)
    page.text_input(key="graph-text").set_value("L9.H0>logits").run()
    assert not page.exception and "L9" in page.warning[0].value
    assert parse_edges(page.query_params["circuit"], GRAPH).tolist() == parse_edges(GIVEN, GRAPH).tolist()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("target", "-3", "Expected a number of edges such as 60"),
        ("target", "99999999", "Expected a number of edges such as 60"),
        ("target", "nan", "Expected a number of edges such as 60"),
        ("circuit", "L9.H0>logits", "circuit could not be used"),
        ("circuit", "L0.H0>L1.H1.k", "No edge of this circuit is on a path"),
        ("cut", "L1.mlp>L0.H0.q", "edges that are cut could not be used"),
        ("how", "guess", "Expected one of exact, eap, eap-ig"),
        ("boxes", "[1]", "arrangement of the boxes could not be used. Expected an object of JSON"),
        ("boxes", "[" * 3_000, "got '[[["),
        ("boxes", json.dumps({"at": "x" * 4_000}), "in at most 4,000 letters"),
    ],
)
def test_a_links_nonsense_is_told_in_a_sentence(name: str, text: str, said: str) -> None:
    found, problems = read_query({name: text}, CHOICES, Context(SMALL, load_puzzles("bank")))
    assert found[name] == CHOICES[name].default and said in " ".join(problems)


@pytest.mark.parametrize("name", ["circuit", "cut"])
def test_a_plus_that_a_browser_reads_as_a_space_joins_names(name: str) -> None:
    query = dict(parse_qsl(f"{name}=embed>L0.mlp+L1.mlp,+L0.H*+L0.mlp+>+L1.H1.qk+%2B+logits"))
    found, problems = read_query(query, CHOICES, Context(SMALL, load_puzzles("bank")))
    expected = parse_edges("embed>L0.mlp+L1.mlp,L0.H*+L0.mlp>L1.H1.qk+logits", GRAPH)
    if name == "circuit":
        expected = connected(GRAPH, expected)
    assert not problems and np.array_equal(parse_edges(found[name], GRAPH), expected)
    _, problems = read_query({name: "embed>L0.mlp L1. mlp"}, CHOICES, Context(SMALL, load_puzzles("bank")))
    assert "got 'L1.'" in problems[0] or "got 'L1. mlp'" in problems[0]


@pytest.mark.parametrize(
    "target", [Target("size", 60), Target("faithfulness", 0.85), Target("solved"), EVERY]
)
def test_targets_stand_in_the_link(target: Target) -> None:
    context = Context(SMALL, load_puzzles("bank"))
    values = read_query({}, CHOICES, context)[0] | {"target": target, "circuit": GIVEN}
    assert read_query(query_of(values, CHOICES), CHOICES, context) == (values, [])


def test_what_cannot_be_answered_is_told_and_the_page_stays(page: AppTest) -> None:
    """Of another puzzle the small model does not tell the two ends apart."""
    page.query_params["puzzle"] = load_puzzles("bank", task="frame")[0].id
    page.query_params["target"] = "20"
    filled(page)
    assert not page.exception and not page.error
    assert "that is no gap" in page.info[0].value
    told = " ".join(one.value for one in page.caption)
    assert "Scored on this puzzle and its" in told and "Could not be measured on" in told
    assert "so far" not in told and "To be measured" not in told, "nothing more is to come"
    assert page.segmented_control(key="graph-whose").value == "puzzle"
