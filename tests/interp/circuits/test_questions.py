"""What is asked of circuits: the same as the library finds, computed once for all that goes on from it, and
in steps that let others in between."""

import numpy as np
import pytest

from interp import load_model, load_puzzles, predict
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.checkpoints import save_model
from interp.circuits import certificate, writes
from interp.circuits.attribution import attribute_edges
from interp.circuits.certificate import certify
from interp.circuits.finder import Circuit, Target, find_circuit
from interp.circuits.graph import Edge, Graph
from interp.circuits.questions import AnswerWithout, CertificateOf, CircuitOf, EdgeEffects, effects
from interp.circuits.questions.certifying import MEASURED
from interp.circuits.questions.sample import Pairs
from interp.circuits.runs import CircuitRuns
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import shipped_pairs
from interp.resumable import finish
from tests.interp.circuits.by_hooks import far_apart, metric_of, tokens_of, with_added, written
from tests.support.models import SMALL
from tests.support.programs import printed

GRAPH = Graph(SMALL)
PUZZLE = load_puzzles("bank").find("cffa39f1fc")
assert PUZZLE is not None
OWN = Pairs("rule", puzzle=PUZZLE)
TWO = Pairs("rule", "replace_color", 2)
CUT = Edge("L1.mlp", "L2.H1.v")
CELLS_TRIED = 8


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    save_model(far_apart(), folder, "# A model for tests\n", replace=True)
    return str(folder)


@pytest.fixture(scope="module")
def model(name: str) -> PuzzleGPT:
    """As it is loaded: a file holds rounded weights."""
    return load_model(name)


def test_pairs_are_those_that_come_along_or_a_puzzles_own() -> None:
    assert list(TWO.all()) == shipped_pairs("rule", "replace_color")[:2]
    assert len({pair.task for pair in Pairs("rule", n=7).all()}) > 5
    (own,) = OWN.all()
    assert own.base == PUZZLE
    held_out = OWN.others()
    assert held_out.task == PUZZLE.task and not set(held_out.all()) & set(
        Pairs("rule", PUZZLE.task, 64).all()
    )
    with pytest.raises(PuzzlescopeError, match="Choose a pair of another kind"):
        Pairs("noise", "frame", 2).all()
    assert TWO.python == "shipped_pairs('rule', 'replace_color')[:2]"


def test_effects_fill_up_to_the_mean_over_the_pairs(model: PuzzleGPT) -> None:
    asked = EdgeEffects(TWO)
    fractions, steps = [], asked.steps(model, None)
    state = next(steps)
    assert state is not None and state.scores is None
    while True:
        try:
            next(steps)
        except StopIteration as end:
            assert end.value is state
            break
        fractions.append(state.fraction)
    assert fractions == sorted(fractions) and 0 < fractions[0] < 1 and state.complete
    whole, first = attribute_edges(model, TWO.all()), attribute_edges(model, TWO.all()[:1])
    assert state.scores is not None
    np.testing.assert_allclose(state.scores.total, whole.total, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(state.over(1).total, first.total, rtol=1e-5, atol=1e-7)


def test_circuits_and_certificates_go_on_from_effects_that_are_kept(
    model: PuzzleGPT, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = []

    def counted(*arguments, **options):
        scored.append(arguments)
        return attribute_edges.steps(*arguments, **options)

    monkeypatch.setattr(effects, "attribute_edges", type("Counted", (), {"steps": staticmethod(counted)}))
    monkeypatch.setitem(certificate.RANDOM, "full", 24)
    monkeypatch.setattr(writes, "REFERENCE", 3)
    backend, asked = Backend(), EdgeEffects(OWN, "eap")
    small, large = (backend.ask(name, CircuitOf(asked, Target("size", n), eliminate=False)) for n in (20, 60))
    assert small.circuit is not None and large.circuit is not None
    found = small.circuit
    held = backend.ask(name, CertificateOf(asked, found.edges, OWN))
    assert len(scored) == 1 and backend.keeps(name, asked)
    assert (small.circuit.kept & ~large.circuit.kept).sum() == 0
    pairs, scores = list(OWN.all()), attribute_edges(model, OWN.all(), steps=0)
    expected = find_circuit(CircuitRuns(weights_of(model), pairs), scores, Target("size", 20), exact=False)
    assert (found.kept == expected.kept).all() and found.faithfulness == pytest.approx(expected.faithfulness)
    assert held.certificate is not None and held.circuit is not None and held.complete
    assert held.circuit.faithfulness == pytest.approx(found.faithfulness)
    told = certify(model, found, pairs, scores=scores)
    assert held.certificate.faithfulness == pytest.approx(told.faithfulness)
    assert (held.certificate.verdict, held.certificate.sizes) == (told.verdict, told.sizes)
    question = CertificateOf(asked, found.edges, OWN, full=True)
    full = backend.ask(name, question)
    parts = [backend.ask(name, way) for way in question.ways if backend.keeps(name, way)]
    assert len(parts) == len(MEASURED), "who comes back midway goes on from what is there"
    fractions = [part.fraction for part in parts]
    assert fractions == sorted(fractions) and fractions[0] < fractions[1] < fractions[-1] == 1
    random, apart, *fills = (part.certificate for part in parts)
    assert random is not None and apart is not None and random.complete is None and apart.fills is None
    assert [len(one.fills or ()) for one in fills if one is not None] == [1, 2, 3, 4]
    assert full.complete and full.certificate is not None and full.certificate.minimal is not None
    assert full.certificate.sizes is held.certificate.sizes, "it goes on from the quick one"
    assert full.certificate.chance is not None and full.certificate.chance.n == 24
    assert small.summary().startswith(f"{len(found)} of {GRAPH.n_edges} edges keep")


def test_a_certificate_takes_edges_as_its_circuit_was_chosen(name: str) -> None:
    """By score or by absolute score; and answers are counted on all pairs held out where they are wanted."""
    asked = EdgeEffects(TWO, "eap")
    edges, backend = tuple(GRAPH.edges())[:40], Backend()
    found = [
        backend.ask(name, CertificateOf(asked, edges, TWO, signed=signed)).certificate
        for signed in (False, True)
    ]
    scores, kept = backend.ask(name, asked).scores, GRAPH.mask(edges)
    assert scores is not None
    for own, signed in zip(found, (False, True), strict=True):
        expected = certificate._stable(scores, Circuit(GRAPH, kept, 1.0), 0, signed)
        assert own is not None and own.stable == expected
    assert found[0] != found[1]
    solved = CertificateOf(asked, edges, TWO.others(), target=Target("solved"))
    assert len(solved.more()) == 64 - 8 and not set(solved.more()) & set(TWO.others().all())
    assert "more=more" in solved.program(name) and not CertificateOf(asked, edges, TWO.others()).more()


def test_an_answer_without_an_edge_is_drawn_cell_by_cell(model: PuzzleGPT, name: str) -> None:
    """By hooks, one cell after the other, each given those that were drawn: the same colours."""
    found = finish(AnswerWithout(OWN, (CUT,)).steps(model, None))
    slow = load_model(name)
    slow.cfg.use_attn_result = slow.cfg.use_split_qkv_input = slow.cfg.use_hook_mlp_in = True
    both, drawn = tokens_of(OWN.all()[0]), []
    for cell in range(CELLS_TRIED):
        change = written(slow, both[1])[CUT.writer] - written(slow, both[0])[CUT.writer]
        logits = with_added(slow, both[0], CUT.reader, change)
        drawn.append(int(logits[0, 304 + cell].argmax()))
        both[:, 305 + cell] = drawn[-1]
    assert drawn == found.drawn[:CELLS_TRIED].tolist()
    assert found.difference[0] != pytest.approx(found.difference[1], rel=1e-3)


def test_without_a_cut_it_is_the_models_own_answer(model: PuzzleGPT, name: str) -> None:
    found = Backend().ask(name, AnswerWithout(OWN, ()))
    own = predict(model, PUZZLE.tokens[None])
    assert (found.drawn == own.greedy[0]).all()
    np.testing.assert_allclose(found.probabilities, own.greedy_probabilities[0], atol=1e-4)
    (pair,) = OWN.all()
    whole = metric_of(pair)(model(tokens_of(pair)[:1]))
    assert found.difference == pytest.approx((float(whole), float(whole)), rel=1e-4)
    said = printed(AnswerWithout(OWN, ()).program(name))
    assert float(said.strip(" []\n")) == pytest.approx(float(whole), rel=1e-3)


def test_while_a_certificate_is_made_a_click_is_answered(name: str) -> None:
    """One who asks waits for a step or two of it, not for its end."""
    backend, asked = Backend(), EdgeEffects(TWO, "eap")
    question = CertificateOf(asked, tuple(GRAPH.edges())[:40], TWO, full=True).ways[0]
    with backend.watch(name, question) as watch:
        while watch.state is None:
            watch.wait()
        before = backend.status().computed["CertificateOf"].seconds
        backend.ask(name, PredictionOf(PUZZLE))
        assert not watch.finished
        now = backend.status().computed
        meanwhile = now["CertificateOf"].seconds - before
        # The step that it was at, one that is due to it all the same, and a sixteenth of the click's time.
        assert meanwhile <= 3 * now["CertificateOf"].longest + now["PredictionOf"].seconds / 8
