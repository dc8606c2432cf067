"""A circuit's file: read as it was written, and strict with what a stranger wrote."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from interp.circuits.certificate import Stability
from interp.circuits.files import LARGEST, Record, read_record, record_json
from interp.circuits.finder import Circuit, Target, top_kept
from interp.circuits.graph import Graph, connected
from interp.circuits.scores import EdgeScores
from interp.circuits.text import parse_edges
from interp.errors import PuzzlescopeError
from interp.figures.circuit import html, picture_of
from interp.model import PuzzleGPT
from interp.outputs import strict_json
from interp.pairs import shipped_pairs
from tests.support.models import SMALL, small_model

GRAPH = Graph(SMALL)


@pytest.fixture(scope="module")
def record(model: PuzzleGPT) -> Record:
    kept = connected(GRAPH, parse_edges("embed>L0.H1.qv+logits,L0.H1>L1.mlp+L2.H0-2.k,L1.mlp>logits", GRAPH))
    pairs = shipped_pairs("rule", "frame")
    scores = np.where(kept, np.arange(kept.size).reshape(kept.shape) / 7, 0)
    return Record(
        Circuit(GRAPH, kept, 0.93),
        scores,
        "small",
        model.checkpoint_id,
        (pairs[0],),
        (pairs[1], pairs[2]),
        "mean",
        7,
        Target("faithfulness", 0.9),
        EdgeScores(GRAPH, np.where(GRAPH.possible, scores + 0.1, 0), None, "exact", "mean", 5, 0.0, 0.0),
        signed=True,
        stable=Stability(100, 0.8, 0.6),
        more=(pairs[3],),
        anew=True,
    )


@pytest.fixture(scope="module")
def written(record: Record) -> dict[str, Any]:
    certificate = {"kl": 0.5, "random": {"n": 2}, "stability": {"draws": 100, "mean": 0.8, "least": 0.6}}
    found: dict[str, Any] = json.loads(strict_json(record_json(record, certificate)))
    return found


def put(folder: Path, what: Any) -> Path:
    path = folder / "own.json"
    path.write_text(what if isinstance(what, str) else json.dumps(what))
    return path


def test_a_file_is_read_as_it_was_written(
    record: Record, written: dict[str, Any], model: PuzzleGPT, tmp_path: Path
) -> None:
    found = read_record(put(tmp_path, written), model)
    assert np.array_equal(found.circuit.kept, record.circuit.kept)
    np.testing.assert_array_equal(found.scores, record.scores)
    assert (found.circuit.faithfulness, found.circuit.by) == (0.93, "edges")
    assert (found.found_by, found.held_out) == (record.found_by, record.held_out)
    for name in ("model", "checkpoint", "fill", "seed", "target", "signed"):
        assert getattr(found, name) == getattr(record, name)
    assert found.stable == Stability(100, 0.8, 0.6, by_file=True), "nobody has measured it here"
    assert found.order is not None and record.order is not None
    np.testing.assert_allclose(found.order.total, record.order.total, rtol=5e-7)
    assert max(len(str(one)) for one in written["scores"]["edges"]) <= 9, "seven digits"
    page = html(picture_of(found.order, found.circuit.kept), record=written)
    (tmp_path / "own.html").write_text(page)
    again = read_record(tmp_path / "own.html", model)
    np.testing.assert_array_equal(again.order.total, found.order.total)
    assert (again.held_out, again.more, again.anew) == (record.held_out, record.more, True)
    assert (found.order.how, found.order.fill, found.order.pairs) == ("exact", "mean", 5)
    assert np.array_equal(parse_edges(written["text"], GRAPH), record.circuit.kept)
    assert written["edges"][0].keys() == {"from", "to", "score"}


def test_a_circuit_of_nodes_is_read_as_one(record: Record, model: PuzzleGPT, tmp_path: Path) -> None:
    assert record.order is not None
    nodes = Circuit(GRAPH, top_kept(record.order, 4, by="nodes"), 0.5, "nodes")
    told = json.loads(strict_json(record_json(replace(record, circuit=nodes), {})))
    assert read_record(put(tmp_path, told), model).circuit.by == "nodes"


def test_scores_that_do_not_say_how_they_were_made_name_their_file(
    record: Record, model: PuzzleGPT, tmp_path: Path
) -> None:
    assert record.order is not None
    order = replace(record.order, how=None, pairs=0, file="own.csv")
    told = json.loads(strict_json(record_json(replace(record, order=order), {})))
    assert (told["scores"]["how"], told["scores"]["pairs"]) == ("from own.csv", 0)
    found = read_record(put(tmp_path, told), model).order
    assert found is not None and (found.how, found.made) == (None, "from own.csv")
    assert picture_of(found).about.startswith("Effects in logits, from own.csv.")


def change(*path: Any, to: Any) -> Callable[[dict[str, Any]], Any]:
    """The file with one value replaced; taken out where there is none."""

    def changed(found: dict[str, Any]) -> Any:
        inner: Any = found
        for name in path[:-1]:
            inner = inner[name]
        if to is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = to
        return found

    return changed


def copied(source: tuple[Any, ...], to: tuple[Any, ...]) -> Callable[[dict[str, Any]], Any]:
    """The file with one value of its pairs in the place of another."""

    def changed(found: dict[str, Any]) -> Any:
        value: Any = found["pairs"]
        for name in source:
            value = value[name]
        return change("pairs", *to, to=value)(found)

    return changed


def off_path(found: dict[str, Any]) -> Any:
    """The file with an edge into a head that nobody hears."""
    edges = [*found["edges"], {"from": "L0.H1", "to": "L2.H0.k", "score": 1.0}]
    return {**found, "edges": edges, "n_edges": len(edges)}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda _: "nothing", "it is not JSON"),
        (lambda _: "\udcff".encode("utf-8", "surrogatepass").decode("latin1"), "it is not JSON"),
        (lambda _: "[" * 100_000, "nested beyond all reason|it is not JSON"),
        (lambda _: [], "expected an object, got a list"),
        (lambda _: '{"a": 1, "a": 2}', "one name twice"),
        (lambda _: '{"faithfulness": NaN}', "it holds NaN"),
        (lambda _: '{"faithfulness": -Infinity}', "it holds -Infinity"),
        (lambda _: " " * (LARGEST + 1), "more than 16 MB"),
        (change("edges", to=None), "'edges' is missing"),
        (change("edges", to={}), "'edges' expects a list, got an object"),
        (change("edges", 1, to=3), "edge 2: expected an object, got a number"),
        (change("edges", 1, "from", to="L9.H0"), "edge 2: Expected an edge from a writer"),
        (change("edges", 1, "from", to=7), "edge 2: 'from' expects a text, got a number"),
        (change("edges", 1, "to", to="embed"), "edge 2: Expected an edge"),
        (change("edges", 1, "score", to="high"), "edge 2: 'score' expects a finite number, got high"),
        (change("edges", 1, "score", to=True), "'score' expects a finite number, got True"),
        (change("edges", 1, "score", to=10**400), "'score' expects a finite number"),
        (change("n_edges", to=3), "'n_edges' is 3, and there are"),
        (change("n_edges", to=7.0), "'n_edges' expects a whole number"),
        (change("model", "checkpoint", to="0" * 64), "it is of the model 'small' with the weights"),
        (change("fill", to="noise"), "'fill' expects one of pair, mean, resample, zero, got 'noise'"),
        (change("seed", to=-1), "'seed' expects a whole number from 0 to 4294967295, got -1"),
        (change("seed", to=1 << 62), "'seed' expects a whole number from 0 to"),
        (change("by", to=True), "'by' expects a text, got true or false"),
        (change("target", "kind", to="fast"), "target.'kind' expects one of"),
        (change("target", "amount", to=3), "up to 1, got 3"),
        (change("target", to={"kind": "size", "amount": 3}), "At most 3 edges were asked for, .* has 5"),
        (change("scores", to=[]), "'scores' expects an object, got a list"),
        (change("scores", "signed", to=1), "scores.'signed' expects true or false, got a number"),
        (change("scores", "how", to="acdc"), "scores.'how' expects one of"),
        (change("scores", "edges", to=[1.0]), f"has 1 numbers, and this model {GRAPH.n_edges} edges"),
        (change("scores", "edges", 2, to="x"), "scores.edges, number 3 expects a finite number, got x"),
        (change("scores", "edges", 2, to=1e308), "number 3 expects logits, at most 1,000,000 of either sign"),
        (change("edges", 1, "score", to=-1e7), r"edge 2: 'score' expects logits, .* got -1e\+07"),
        (change("scores", "pairs", to=-3), "scores.'pairs' expects a whole number from 0 to 1000000000, got"),
        (change("stability", "mean", to="x"), "stability.'mean' expects a finite number"),
        (change("stability", "mean", to=7), r"'stability' expects draws .* got 100, 7 and 0.6"),
        (change("stability", "draws", to=-1), "stability.'draws' expects a whole number from 0"),
        (change("by", to="nodes"), "'by' is nodes, and of all edges between its heads and MLPs"),
        (change("scores", "anew", to="no"), "scores.'anew' expects true or false, got a text"),
        (change("pairs", "more", to="all"), "pairs.'more' expects a list, got a text"),
        (lambda _: "<!doctype html><p>{}</p>", "a page without a circuit and its certificate"),
        (lambda found: {**found, "edges": found["edges"][:1], "n_edges": 1}, "on paths from the embedding"),
        (lambda found: {**found, "edges": [], "n_edges": 0}, "it holds no edges"),
        (change("pairs", "held_out", to="all"), "pairs.'held_out' expects a list, got a text"),
        (change("pairs", "held_out", 1, "base", to="own.AAAA"), "pairs.held_out, pair 2: "),
        (change("pairs", "held_out", 1, "variable", to="a\nb"), "short texts on one line"),
        (copied(("held_out", 1, "base"), ("held_out", 1, "counterfactual")), "pair 2: .* different answers"),
        (copied(("held_out", 1, "task"), ("held_out", 1, "kind")), "pair 2: 'kind' expects one of"),
        (off_path, "got 1 of 6 on no path, such as L0.H1->L2.H0.k: take these out"),
    ],
)
def test_what_is_no_circuit_is_told_in_a_sentence(
    written: dict[str, Any], model: PuzzleGPT, tmp_path: Path, changed: Callable[..., Any], said: str
) -> None:
    path = put(tmp_path, changed(json.loads(json.dumps(written))))
    with pytest.raises(PuzzlescopeError, match=said) as caught:
        read_record(path, model)
    assert str(caught.value).startswith("own.json is no file of a circuit")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_an_edge_stands_once_and_other_models_and_no_files_are_refused(
    written: dict[str, Any], model: PuzzleGPT, tmp_path: Path
) -> None:
    twice = json.loads(json.dumps(written))
    twice["edges"][1] = twice["edges"][0]
    with pytest.raises(PuzzlescopeError, match="edge 2: it is named twice"):
        read_record(put(tmp_path, twice), model)
    with pytest.raises(PuzzlescopeError, match="and this one's are"):
        read_record(put(tmp_path, written), small_model())
    for missing in (tmp_path, tmp_path / "missing.json", "\0"):
        with pytest.raises(PuzzlescopeError, match=r"no such file|not JSON"):
            read_record(missing, model)
