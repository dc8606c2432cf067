"""The backend: results kept once, keyed by everything they depend on, and never mixed between threads."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any

import numpy as np
import pytest
import torch

from interp.ablation import bank_means, components_of, means_by, parse_ablation
from interp.analyses import ablation_sweep, prediction
from interp.analyses.ablation_sweep import CHUNK, Sweep, SweepState, sweep, sweep_parts
from interp.analyses.attention import AttentionOf, attention_pattern
from interp.analyses.head_study import HeadStudyOf
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend, Watch
from interp.backend.job import Job
from interp.backend.memory import Bounds
from interp.checkpoints import load_model
from interp.engine.predict import losses, predict, predict_run
from interp.errors import PuzzlescopeError
from interp.tokens import STRUCTURES
from tests.support.models import SMALL, saved_model

pytestmark = pytest.mark.usefixtures("few_references")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two models that differ."""
    return [saved_model(tmp_path_factory.mktemp(f"model{seed}"), seed) for seed in (0, 1)]


def looks(watch: Watch[SweepState], seen: Callable[[], object] = lambda: None) -> Iterator[SweepState]:
    """What is known of a sweep, again and again until it is complete.

    Args:
        seen: called after every look.
    """
    while not watch.finished:
        if watch.state is not None:
            yield watch.state
        seen()
        watch.wait()
    assert watch.state is not None
    yield watch.state


def test_results_are_those_of_the_functions_behind(names: list[str]) -> None:
    backend = Backend()
    model, puzzle = backend.model(names[0]), backend.bank()[5]
    ablation = parse_ablation("L1.H2,L2.mlp", SMALL)
    found, expected = (
        backend.ask(names[0], PredictionOf(puzzle, ablation)),
        predict(model, puzzle.tokens[None], ablation),
    )
    assert np.array_equal(found.greedy, expected.greedy)
    # One pass is over a token more than the other: a CPU may add up in another order.
    np.testing.assert_allclose(found.loss.cells, expected.loss.cells, rtol=1e-5, atol=1e-5)
    puzzles = tuple(backend.bank().limit(3))
    state = backend.ask(names[0], Sweep(puzzles, tuple(components_of(SMALL, ["attn"]))))
    assert state.complete and state.fraction == 1
    rows = state.finished_rows
    swept = list(sweep(model, np.stack([p.tokens for p in puzzles]), components_of(SMALL, ["attn"])))
    assert [row.component for row in rows] == [row.component for row in swept]
    assert all(np.array_equal(a.loss.cells, b.loss.cells) for a, b in zip(rows, swept, strict=True))
    solved = backend.ask(names[0], Sweep(puzzles)).row(0).solved
    assert solved.tolist() == losses(model, np.stack([p.tokens for p in puzzles]))[1].tolist()
    plain = attention_pattern(model, puzzle.tokens, 2, ablation)
    np.testing.assert_allclose(
        backend.ask(names[0], AttentionOf(puzzle, ablation, 2)).pattern, plain, atol=1e-6
    )


def test_models_do_not_share_results(names: list[str]) -> None:
    backend = Backend()
    puzzle = backend.bank()[0]
    one, two = (backend.ask(name, PredictionOf(puzzle)).loss.mean() for name in names)
    assert one != two
    assert backend.ask(names[0], PredictionOf(puzzle)).loss.mean() == one


def test_a_result_is_computed_once_however_many_ask(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Backend()
    puzzle = backend.bank()[0]
    calls = []

    def counting(*arguments, **options):
        calls.append(threading.get_ident())
        return predict_run(*arguments, **options)

    monkeypatch.setattr(prediction, "predict_run", counting)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: backend.ask(names[0], PredictionOf(puzzle)), range(16)))
    assert len(calls) == 1 and all(one is found[0] for one in found)


def test_threads_with_different_ablations_get_their_own_answers(names: list[str]) -> None:
    texts = ["", "L0.attn", "L1.attn", "L2.attn", "L0.mlp", "L1.H3:lookback=100", "L0.H1", "L2.mlp:mean"]
    ablations = [parse_ablation(text, SMALL) for text in texts]
    puzzle = Backend().bank()[9]
    expected = [
        Backend().ask(names[0], Sweep((puzzle,), (), ablation)).row(0).loss.mean() for ablation in ablations
    ]
    shared = Backend()
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(
                lambda ablation: shared.ask(names[0], Sweep((puzzle,), (), ablation)).row(0).loss.mean(),
                ablations,
            )
        )
    assert found == expected and len(set(found)) == len(found)


def test_eight_threads_with_different_ablations_predict_as_one_after_the_other(names: list[str]) -> None:
    texts = ["", "L0.attn", "L1.attn", "L2.mlp:mean", "L0.mlp", "L1.H3:lookback=100", "L0.H1", "L2.H*,L0.mlp"]
    ablations = [parse_ablation(text, SMALL) for text in texts]
    puzzle = Backend().bank()[9]
    alone = [Backend().ask(names[0], PredictionOf(puzzle, ablation)) for ablation in ablations]
    shared = Backend()
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda ablation: shared.ask(names[0], PredictionOf(puzzle, ablation)), ablations)
        )
        patterns = list(
            pool.map(
                lambda ablation: shared.ask(names[0], AttentionOf(puzzle, ablation, 1)).pattern, ablations
            )
        )
    for one, other, pattern, ablation in zip(found, alone, patterns, ablations, strict=True):
        assert np.array_equal(one.greedy, other.greedy)
        assert np.array_equal(one.loss.cells, other.loss.cells)
        assert np.array_equal(pattern, Backend().ask(names[0], AttentionOf(puzzle, ablation, 1)).pattern)


def test_a_sweep_is_computed_once_however_many_ask(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    backend, calls = Backend(), []
    puzzles, parts = tuple(backend.bank().limit(10)), tuple(components_of(SMALL, ["attn", "head"]))

    def counted(*a, **k):
        calls.append(1)
        return sweep_parts(*a, **k)

    monkeypatch.setattr(ablation_sweep, "sweep_parts", counted)

    def ask(_: int) -> list[float]:
        state = backend.ask(names[0], Sweep(puzzles, parts))
        return [row.loss.mean() for row in state.finished_rows]

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, range(6)))
    assert all(one == found[0] for one in found) and len(found[0]) == 1 + len(parts)
    assert ask(0) == found[0] and calls == [1], "the seventh gets what was kept"


class Lockstep:
    """The worker takes a step when what came of the last one has been looked at: who looks on a busy machine
    would miss some."""

    def __init__(self) -> None:
        self._go, self._step = Semaphore(0), Job.step
        self._allowed = self._taken = 0

    def step(self, job: Job[Any, Any]) -> float:
        assert self._go.acquire(timeout=30), "nobody looks"
        seconds = self._step(job)
        self._taken += 1
        return seconds

    def seen(self) -> None:
        if self._taken == self._allowed:
            self._allowed += 1
            self._go.release()


def test_a_sweep_tells_how_far_it_is(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    backend, lockstep = Backend(), Lockstep()
    puzzles = tuple(backend.bank().limit(CHUNK + 2))
    monkeypatch.setattr(Job, "step", lambda job: lockstep.step(job))
    fractions, known = [], []
    watch = backend.watch(names[0], Sweep(puzzles, tuple(components_of(SMALL, ["attn"]))))
    for state in looks(watch, lockstep.seen):
        fractions.append(state.fraction)
        known.append([len(state.row(number).solved) for number in range(4)])
    assert fractions == sorted(fractions) and fractions[-1] == 1 and len(set(fractions)) > 4
    assert [CHUNK, 0, 0, 0] in known and [CHUNK] * 4 in known, (
        "the first puzzles of all rows come before the rest"
    )


def test_a_sweep_that_nobody_waits_for_ends_and_leaves_nothing(names: list[str]) -> None:
    backend = Backend()
    puzzles, parts = tuple(backend.bank().limit(64)), tuple(components_of(SMALL, ["attn", "head", "mlp"]))
    watch = backend.watch(names[0], Sweep(puzzles, parts))
    next(looks(watch))
    watch.close()
    deadline = time.monotonic() + 10
    while backend.working:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(backend._results) == 0
    assert backend.ask(names[0], Sweep(puzzles[:2], parts[:1])).complete


def test_one_can_look_in_on_a_sweep_and_lose_interest(names: list[str]) -> None:
    backend = Backend()
    puzzles, parts = tuple(backend.bank().limit(2 * CHUNK)), tuple(components_of(SMALL, ["attn", "mlp"]))
    watch = backend.watch(names[0], Sweep(puzzles, parts))
    fractions = []
    while not watch.finished:
        fractions.append(watch.state.fraction if watch.state is not None else 0.0)
        watch.wait()
    assert fractions == sorted(fractions) and len(set(fractions)) > 3, "one sees it grow"
    assert watch.state is not None and watch.state.complete
    again = backend.watch(names[0], Sweep(puzzles, parts))
    assert again.finished and again.state is watch.state, "kept"
    watch.close()
    other = backend.watch(names[0], Sweep(puzzles, parts, scope="answer"))
    while other.state is None:
        other.wait()
    other.close()
    other.close()
    deadline = time.monotonic() + 10
    while backend.working:
        assert time.monotonic() < deadline, "nobody watches any more"
        time.sleep(0.01)
    assert not other.state.complete


def test_an_error_in_a_watched_sweep_reaches_whoever_looks(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments, **options):
        raise RuntimeError("in the middle of it")

    monkeypatch.setattr(ablation_sweep, "sweep_parts", fails)
    backend = Backend()
    watch = backend.watch(names[0], Sweep((backend.bank()[0],), tuple(components_of(SMALL))))
    with pytest.raises(RuntimeError, match="in the middle"):
        while not watch.finished:
            watch.wait()
    watch.close()


def test_whoever_waits_can_give_up(names: list[str]) -> None:
    """What the pulse raises ends the waiting at once, and the work with it."""

    class GivesUpError(Exception):
        pass

    def pulse() -> None:
        raise GivesUpError

    backend = Backend(pulse=pulse)
    long = Sweep(tuple(backend.bank().limit(64)), tuple(components_of(SMALL)))  # is not there before a pulse
    with pytest.raises(GivesUpError):
        backend.ask(names[0], long)
    deadline = time.monotonic() + 10
    while backend.working:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_quick_question_does_not_wait_for_a_long_one(names: list[str]) -> None:
    """Of another visitor: it is answered before the long one is done."""
    backend = Backend(who=lambda: threading.current_thread().name)
    puzzles, parts = tuple(backend.bank().limit(64)), tuple(components_of(SMALL, ["attn", "head", "mlp"]))
    watch = backend.watch(names[0], Sweep(puzzles, parts))
    state = next(looks(watch))
    other = threading.Thread(target=backend.ask, args=(names[0], PredictionOf(puzzles[3])), name="another")
    other.start()
    other.join(30)
    assert not other.is_alive() and state.fraction < 1 and backend.working == 1
    watch.close()


def test_an_error_leaves_nothing_behind(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Backend()
    puzzle = backend.bank()[0]
    clean = backend.ask(names[0], Sweep((puzzle,))).row(0).loss.mean()

    def fails(*arguments, **options):
        raise RuntimeError("in the middle of it")

    with monkeypatch.context() as patched:
        patched.setattr(prediction, "predict_run", fails)
        with pytest.raises(RuntimeError):
            backend.ask(names[0], PredictionOf(puzzle))
    assert backend.ask(names[0], PredictionOf(puzzle)).loss.mean() == pytest.approx(clean)
    with pytest.raises(PuzzlescopeError):
        backend.model("no such model")
    with pytest.raises(PuzzlescopeError):
        backend.ask(names[0], AttentionOf(puzzle, layer=99))


def test_what_is_kept_is_bounded_in_bytes(names: list[str]) -> None:
    pattern_bytes = SMALL.n_heads * 405 * 405 * 4
    backend = Backend(Bounds(results=2 * pattern_bytes + 1000))
    puzzle = backend.bank()[0]
    first = backend.ask(names[0], AttentionOf(puzzle, layer=0)).pattern
    for layer in (1, 2):
        backend.ask(names[0], AttentionOf(puzzle, layer=layer))
    assert backend._results.nbytes <= 2 * pattern_bytes + 1000
    assert backend.ask(names[0], AttentionOf(puzzle, layer=0)).pattern is not first, "the oldest had to go"
    tiny = Backend(Bounds(results=10))
    assert np.array_equal(tiny.ask(names[0], AttentionOf(puzzle, layer=0)).pattern, first), (
        "too large to keep, still an answer"
    )


def test_a_missing_bank_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interp.puzzles.files.BANK_FOLDER", tmp_path)
    with pytest.raises(PuzzlescopeError, match="bank is missing"):
        Backend().bank()


def test_no_ablation_is_a_key_like_any_other(names: list[str]) -> None:
    backend = Backend()
    puzzle = backend.bank()[0]
    assert backend.ask(names[0], PredictionOf(puzzle)) is backend.ask(names[0], PredictionOf(puzzle))


def test_a_run_that_others_push_out_meanwhile_is_still_answered(names: list[str]) -> None:
    """As many visitors at once as no cache of runs holds: with room for two, each has pushed out others'
    before its turn."""
    one = Backend()
    puzzles, off = list(one.bank().limit(12)), parse_ablation("L1.attn", SMALL)
    one.ask(names[0], PredictionOf(puzzles[0]))
    (run,) = one._supplies.runs.values()
    tight, go = Backend(Bounds(runs=2 * run.nbytes)), threading.Barrier(len(puzzles))

    def ask(puzzle):
        go.wait()
        return tight.ask(names[0], PredictionOf(puzzle, off)).loss.cells

    with ThreadPoolExecutor(len(puzzles)) as pool:
        found = list(pool.map(ask, puzzles))
    expected = losses(one.model(names[0]), np.stack([p.tokens for p in puzzles]), off)[0].cells
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-4, atol=1e-4)
    assert len(tight._supplies.runs) <= 2


def test_means_are_begun_once_however_many_need_them(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predictions, a sweep and a study at once, of two orders of the grids; and one who leaves takes nothing
    with him."""
    backend, begun = Backend(), []
    real = bank_means.steps
    monkeypatch.setattr(bank_means, "steps", lambda *a: begun.append(a[2]) or real(*a))
    bank, off = backend.bank(), parse_ablation("L1.attn:mean", SMALL)
    same = [puzzle for puzzle in bank if puzzle.structure == STRUCTURES[0]]
    leaving = backend.watch(names[0], HeadStudyOf(tuple(same[:1]), off))
    while not begun:
        time.sleep(0.001)
    leaving.close()
    go = threading.Barrier(6)

    def ask(k: int):
        go.wait()
        if k == 0:
            return backend.ask(names[0], Sweep(tuple(same[:2]), (), off)).row(0).loss.cells[0]
        return backend.ask(names[0], PredictionOf(same[0], off)).loss.cells[0]

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, range(6)))
    assert begun == [[STRUCTURES[0]]]
    for cells in found:
        np.testing.assert_allclose(cells, found[0], rtol=1e-4, atol=1e-4)
    backend.ask(names[0], PredictionOf(bank.filter(structure=STRUCTURES[3])[0], off))
    backend.ask(names[0], PredictionOf(same[1], off))
    assert begun == [[STRUCTURES[0]], [STRUCTURES[3]]]


@pytest.mark.parametrize(
    "how", ["in place", "through .data", "load_state_dict", "a new parameter", "positions"]
)
def test_results_follow_weights_that_are_edited(names: list[str], how: str) -> None:
    """What was kept, runs to go on from and means: nothing of the weights before is in a result of those
    after."""
    backend, fresh = Backend(), load_model(names[0])
    model, puzzle = backend.model(names[0]), backend.bank()[3]
    offs = [parse_ablation(text, SMALL) for text in ("", "L2.attn", "L2.mlp:mean")]
    before = [backend.ask(names[0], PredictionOf(puzzle, off)).loss.cells for off in offs]
    name = backend.checkpoint_id(names[0])
    W = model.blocks[0].mlp.W_in
    with torch.no_grad():
        if how == "in place":
            W[:, :9] = 0
        elif how == "through .data":
            W.data[3] += 0.5
        elif how == "load_state_dict":
            model.load_state_dict(load_model(names[1]).state_dict())
        elif how == "a new parameter":
            model.blocks[0].mlp.W_in = torch.nn.Parameter(W.flip(0), requires_grad=False)
        else:
            model.pos_embed.W_pos[200:] = 0
    assert backend.checkpoint_id(names[0]) != name
    for off, old in zip(offs, before, strict=True):
        found = backend.ask(names[0], PredictionOf(puzzle, off))
        means = bank_means(model, backend.bank()) if off.needs_means else None
        expected = predict(model, puzzle.tokens[None], off, means)
        np.testing.assert_allclose(found.loss.cells, expected.loss.cells, rtol=1e-4, atol=1e-4)
        assert np.array_equal(found.greedy, expected.greedy)
        assert not np.allclose(found.loss.cells, old, atol=1e-5)
    model.load_state_dict(fresh.state_dict())
    model.pos_embed.W_pos.copy_(fresh.pos_embed.W_pos)
    assert backend.checkpoint_id(names[0]) == name
    np.testing.assert_array_equal(backend.ask(names[0], PredictionOf(puzzle)).loss.cells, before[0])


def test_all_that_is_kept_can_be_forgotten(names: list[str]) -> None:
    backend = Backend()
    puzzle = backend.bank()[0]
    question = PredictionOf(puzzle)
    first = backend.ask(names[0], question)
    assert backend.ask(names[0], question) is first
    backend.empty()
    status = backend.status()
    assert (status.results.entries, status.results.nbytes, status.runs.entries) == (0, 0, 0)
    assert (status.results.evictions, status.runs.evictions) == (0, 0)
    again = backend.ask(names[0], question)
    assert again is not first and again.loss.mean() == first.loss.mean()


def test_the_donor_of_a_run_with_forced_cells_is_that_of_the_puzzle(tmp_path: Path) -> None:
    """Forced cells tell nothing of the rule: the same run gives the outputs, forced or not."""
    name, backend = saved_model(tmp_path), Backend()
    model, puzzle = backend.model(name), backend.bank().filter(task="frame")[0]
    forced = ((34, 2), (99, 1))
    for text in ("L1.attn:pair", "L1.attn:resample=2"):
        asked = PredictionOf(puzzle, parse_ablation(text, model.cfg), forced)
        means = means_by(model, backend.bank(), [puzzle], asked.ablation)
        expected = predict(model, puzzle.tokens[None], asked.ablation, means, forced=forced)
        assert np.array_equal(backend.ask(name, asked).greedy, expected.greedy)
