"""Planted circuits: the model is the circuit, whoever runs it; edges and finder find it; what would be false
of it is refused."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from transformer_lens.hook_points import HookPoint

from interp import load_puzzles, parse_ablation, predict
from interp.ablation import means_by
from interp.analyses.attention import attention_of, layer_attention
from interp.analyses.composition import composition
from interp.analyses.head_study import study_heads
from interp.analyses.logit_lens import logit_lens
from interp.checkpoints import load_model, save_model
from interp.circuits.attribution import attribute_edges
from interp.circuits.cells import cell_effects, cell_graph
from interp.circuits.certificate import certify
from interp.circuits.checks.greedy import greedy_answers
from interp.circuits.exact import exact_edges
from interp.circuits.finder import LEAST_GAP, Circuit, Judge, random_circuits, top_circuit
from interp.circuits.graph import Graph, connected
from interp.circuits.planted import planting
from interp.circuits.planted.drawing import BOOST, DRAWS, FIRST, Drawing, random_circuit
from interp.circuits.planted.effects import PlantedEstimates
from interp.circuits.planted.found import auroc
from interp.circuits.planted.planting import Drawn, Plant, plant
from interp.circuits.runs import CircuitRuns
from interp.circuits.writes import fill_of
from interp.cli import main
from interp.engine.forward import run, weights_of
from interp.engine.predict import predict_run
from interp.engine.runs import run_puzzle
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import finish
from interp.tokens import STRUCTURES, Structure
from tests.interp.circuits.by_hooks import effect, far_apart, metric_of, pairs_with_a_gap, tokens_of, written
from tests.support.models import SMALL

GRAPH = Graph(SMALL)
LAST = f"blocks.{SMALL.n_layers - 1}.hook_resid_post"


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return pairs_with_a_gap()


@pytest.fixture(scope="module")
def bank(pairs: list[Pair]) -> PuzzleSet:
    """A few puzzles of each order that the pairs are in."""
    chosen = [load_puzzles("bank", structure=pair.base.structure, limit=4).puzzles for pair in pairs]
    return PuzzleSet("a few", tuple(dict.fromkeys(puzzle for own in chosen for puzzle in own)))


@pytest.fixture(scope="module")
def source() -> PuzzleGPT:
    return far_apart()


def structures_of(pairs: list[Pair]) -> tuple[Structure, ...]:
    return tuple(dict.fromkeys(pair.base.structure for pair in pairs))


@pytest.fixture(scope="module")
def one(source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair]) -> Plant:
    return plant(source, bank, pairs, 30, 0, structures_of(pairs))


@pytest.fixture(scope="module")
def larger(source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair]) -> Plant:
    return plant(source, bank, pairs, 60, 1, structures_of(pairs))


def truth_of(planted: Plant) -> np.ndarray:
    return planted.working[GRAPH.possible]


def by_hand(
    planted: Plant, source: PuzzleGPT, prompt: torch.Tensor, bank: PuzzleSet, pair: Pair
) -> torch.Tensor:
    """The logits of the circuit, reader by reader, by the source's weights and means from its cache."""
    own = [one for one in bank if one.structure == pair.base.structure][:64]
    seen = torch.stack([_written(source, tokens_with_start(one.tokens)) for one in own]).mean(0)[:, :404]
    mine = {0: _written(source, prompt)[0]}
    reads: list[torch.Tensor] = []
    for reader, count in enumerate(GRAPH.below):
        read = sum(
            (mine[w] if planted.kept[reader, w] else seen[w] for w in range(count)), torch.zeros(404, 32)
        )
        reads.append(read)
        writer = GRAPH.writer_of(reader)
        name = GRAPH.readers[reader]
        if writer is None:
            return read @ source.unembed.W_U + source.unembed.b_U
        block = source.blocks[int(name[1])]
        if name.endswith("mlp"):
            mine[writer] = block.mlp(block.ln2(read[None]))[0]
        elif name.endswith("v"):
            head = int(name.split(".")[1][1:])
            q, k, v = (
                block.ln1(x[None])[0] @ W[head]
                for x, W in zip(reads[-3:], (block.attn.W_Q, block.attn.W_K, block.attn.W_V), strict=True)
            )
            hidden = torch.ones(404, 404).triu(1) > 0
            scores = (q @ k.T / q.shape[1] ** 0.5).masked_fill(hidden, -torch.inf)
            mine[writer] = scores.softmax(-1) @ v @ block.attn.W_O[head]
    raise AssertionError


def tokens_with_start(tokens: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([[0], tokens]).astype(np.int64))


def _written(source: PuzzleGPT, prompt: torch.Tensor) -> torch.Tensor:
    """What every writer writes ``[writer, pos, d_model]`` by the model's own cache."""
    _, cache = source.run_with_cache(prompt[None])
    found = [cache["hook_embed"][0] + cache["hook_pos_embed"][0]]
    for layer, block in enumerate(source.blocks):
        z = cache["z", layer][0]
        found += [z[:, head] @ block.attn.W_O[head] for head in range(SMALL.n_heads)]
        found.append(cache["mlp_out", layer][0])
    return torch.stack(found)


# ---- the model is the circuit ------------------------------------------------------------------------------


def test_it_computes_what_the_circuit_does_reader_by_reader(
    one: Plant, source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair]
) -> None:
    prompt = tokens_of(pairs[0])[0]
    expected = by_hand(one, source, prompt, bank, pairs[0])
    found = one.model(prompt[None])[0]
    assert not torch.allclose(found, source(prompt[None])[0], atol=0.5)
    # means are rounded to float16
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0.01)


def test_its_own_pass_and_the_circuits_passes_agree(one: Plant, pairs: list[Pair]) -> None:
    runs = CircuitRuns(weights_of(one.model), pairs)
    whole = runs.logits(GRAPH.possible)
    plain = one.model(torch.stack([tokens_of(pair)[0] for pair in pairs]))[:, 304:]
    torch.testing.assert_close(whole, plain, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(whole, runs.logits(one.kept), atol=0, rtol=0)
    empty = one.model(torch.stack([tokens_of(pair)[1] for pair in pairs]))[:, 304:]
    torch.testing.assert_close(runs.logits(np.zeros_like(GRAPH.possible)), empty, atol=1e-3, rtol=1e-4)


def test_it_draws_by_itself_what_the_model_draws(one: Plant, pairs: list[Pair]) -> None:
    """And a cut edge reads the pair's other run as it is given what was drawn: with every edge cut the answer
    is that of the other end."""
    runs = CircuitRuns(weights_of(one.model), pairs[:1])
    ends = (pairs[0].base, pairs[0].counterfactual)
    for kept, end in zip((GRAPH.possible, np.zeros_like(GRAPH.possible)), ends, strict=True):
        expected = predict(one.model, end.tokens[None]).greedy
        assert np.array_equal(greedy_answers(runs, kept), expected)


def test_hooks_see_what_each_input_reads(one: Plant, pairs: list[Pair]) -> None:
    """An input none of whose edges is kept is the same on both ends of a pair; one that has some is not."""
    model = one.model
    model.cfg.use_split_qkv_input = True
    try:
        _, cache = model.run_with_cache(tokens_of(pairs[0]))
    finally:
        model.cfg.use_split_qkv_input = False
    alike = {}
    for reader in (name for name in GRAPH.readers if name[-2:] in (".q", ".k", ".v")):
        layer, head, which = reader[1:].split(".")
        both = cache[f"blocks.{layer}.hook_{which}_input"][:, :, int(head[1:])]
        alike[reader] = torch.equal(both[0], both[1])
    dead = {name for name, row in zip(GRAPH.readers, one.kept, strict=True) if not row.any()}
    assert {name for name, same in alike.items() if same} == dead & alike.keys()


def test_what_is_off_is_off(one: Plant, bank: PuzzleSet, pairs: list[Pair]) -> None:
    """A layer's attention is the heads of it one by one, and a head is all edges out of it."""
    model, puzzle = one.model, pairs[0].base
    heads = ",".join(f"L0.H{head}:mean" for head in range(SMALL.n_heads))
    whole, split = (parse_ablation(text, model.cfg) for text in ("L0.attn:mean", heads))
    means = means_by(model, bank, [puzzle], whole)
    losses = [predict(model, puzzle.tokens[None], off, means).loss.mean("cells") for off in (whole, split)]
    assert losses[0] == pytest.approx(losses[1])
    prompt = tokens_of(pairs[0])[:1]
    logits = model.run_with_hooks(prompt, fwd_hooks=[("blocks.0.attn.hook_z", lambda z, hook: z * 0)])
    assert not torch.allclose(logits, model(prompt), atol=1e-2)
    with pytest.raises(PuzzlescopeError, match="hook its heads"):
        model.run_with_hooks(prompt, fwd_hooks=[("blocks.0.hook_attn_out", lambda out, hook: out * 0)])


def test_a_kept_run_answers_as_the_model_does(one: Plant, pairs: list[Pair]) -> None:
    model, tokens = one.model, pairs[0].base.tokens
    kept = run_puzzle(model, tokens)
    found, expected = finish(predict_run(model, kept)), predict(model, tokens[None])
    assert np.array_equal(found.greedy, expected.greedy)
    assert found.loss.mean("cells") == pytest.approx(expected.loss.mean("cells"))
    assert np.allclose(attention_of(model, kept, 1).pattern, layer_attention(model, tokens, 1).pattern)
    study = study_heads(model, tokens[None])
    assert study.n == 1


# ---- it is found -------------------------------------------------------------------------------------------


def test_edges_find_it(one: Plant, larger: Plant, pairs: list[Pair]) -> None:
    for planted in (one, larger):
        exact, estimated = exact_edges(planted.model, pairs), attribute_edges(planted.model, pairs)
        truth = truth_of(planted)
        assert auroc(np.abs(exact.values), truth) >= 0.99
        assert auroc(np.abs(estimated.values), truth) >= 0.95
        outside = ~planted.kept[GRAPH.possible]
        assert not exact.values[outside].any() and not estimated.values[outside].any()
        assert exact.clean - exact.empty == pytest.approx(planted.gap, rel=1e-3)


def test_what_has_no_effect_is_in_the_model_and_not_in_the_truth(
    source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draw with idle edges is taken as it is: with so many edges hardly one has none."""
    monkeypatch.setattr(planting, "IDLE", 0.02)
    found = plant(source, bank, pairs, 60, 1, structures_of(pairs))
    assert 0 < found.idle.sum() < 60 and not (found.idle & ~found.kept).any()
    effects = np.abs(found.effects.total)
    assert effects[found.idle].max() < 0.02 <= effects[found.working].min()
    assert np.array_equal(found.model.planted.kept.numpy() > 0.5, found.kept)
    told = found.truth
    assert (len(told["edges"]), len(told["idle"])) == (found.working.sum(), found.idle.sum())


def test_exact_effects_are_those_of_hooks(one: Plant, pairs: list[Pair]) -> None:
    """Of the edges that it has: through the model's own hooks, of which none of the engine's is in use."""
    model, exact = one.model, exact_edges(one.model, pairs[:1])
    model.cfg.use_attn_result = model.cfg.use_split_qkv_input = model.cfg.use_hook_mlp_in = True
    try:
        edges = [edge for edge in GRAPH.listed(one.kept) if edge.reader != "logits"][::6]
        for edge in edges:
            expected = effect(model, pairs[0], edge.writer, edge.reader)
            found = float(exact.total[GRAPH.place(edge)])
            assert found == pytest.approx(expected, abs=2e-3)
    finally:
        model.cfg.use_attn_result = model.cfg.use_split_qkv_input = model.cfg.use_hook_mlp_in = False


def test_gradients_are_those_of_small_steps(one: Plant, pairs: list[Pair]) -> None:
    """All edges out of the embedding together: the estimate at the clean run is the slope there."""
    scores = attribute_edges(one.model, pairs[:1], steps=0)
    base, other = tokens_of(pairs[0])
    change = one.model.embedded(base[None]) - one.model.embedded(other[None])
    step, metric = 1e-3, metric_of(pairs[0])
    values = []
    for factor in (step, -step):
        moved = ("hook_embed", lambda embed, hook, factor=factor: embed + factor * change)
        values.append(float(metric(one.model.double().run_with_hooks(base[None], fwd_hooks=[moved]))))
    one.model.float()
    expected = (values[0] - values[1]) / (2 * step)
    assert float(scores.total[:, 0].sum()) == pytest.approx(expected, rel=0.02, abs=1e-3)


def by_published_method(model: PuzzleGPT, pair: Pair) -> np.ndarray:
    """EAP of all edges with the model's own hooks: what writers write less what they write at the other end,
    times the gradient at what each reader reads."""
    base, other = tokens_of(pair)
    change = {name: now - written(model, other)[name] for name, now in written(model, base).items()}
    kept: dict[str, torch.Tensor] = {}

    def keep(value: torch.Tensor, hook: HookPoint) -> torch.Tensor:
        kept[str(hook.name)] = read = value.clone().requires_grad_()
        read.retain_grad()
        return read

    def names(name: str) -> bool:
        return (name.endswith(("_input", "mlp_in")) and ".attn." not in name) or name == LAST

    metric_of(pair)(model.run_with_hooks(base[None], fwd_hooks=[(names, keep)])).backward()
    found = np.zeros(GRAPH.possible.shape)
    for row, reader in enumerate(GRAPH.readers):
        layer, *rest = reader[1:].split(".")
        name = LAST if reader == "logits" else f"blocks.{layer}.hook_{rest[-1]}_in"
        gradient = kept[name if rest[1:] == [] else f"{name}put"].grad
        assert gradient is not None
        own = gradient[0, :, int(rest[0][1:])] if rest[1:] else gradient[0]
        for column in range(GRAPH.below[row]):
            found[row, column] = float((own * change[GRAPH.writers[column]]).sum())
    return found


def test_it_is_found_by_somebody_who_has_hooks_only(one: Plant, pairs: list[Pair]) -> None:
    """By whom edges outside are scored too, for hooks do not tell that they carry a constant."""
    model = one.model
    model.cfg.use_attn_result = model.cfg.use_split_qkv_input = model.cfg.use_hook_mlp_in = True
    try:
        expected = by_published_method(model, pairs[0])
    finally:
        model.cfg.use_attn_result = model.cfg.use_split_qkv_input = model.cfg.use_hook_mlp_in = False
    other = fill_of(weights_of(model), pairs[0], "pair")
    estimates = PlantedEstimates(weights_of(model), pairs[0], "pair", other, steps=0, every=True)
    finish(estimates.all())
    found = estimates.scores()
    assert np.allclose(found.total, expected, atol=1e-3 * np.abs(expected).max())
    assert expected[~one.kept].any()
    told = attribute_edges(model, pairs[:1], steps=0)
    assert np.allclose(told.total, np.where(one.kept, expected, 0), atol=1e-3 * np.abs(expected).max())
    assert auroc(np.abs(found.values), truth_of(one)) >= 0.8  # by one gradient, of one pair


def test_the_certificate_passes_the_truth_and_fails_a_false_circuit(one: Plant, pairs: list[Pair]) -> None:
    whole = certify(one.model, Circuit(GRAPH, one.kept, 1.0), pairs, n_random=4)
    assert whole.faithfulness == pytest.approx(1, abs=1e-3) and whole.kl < 1e-6
    assert whole.chance.most < 0.5
    (false,) = random_circuits(GRAPH, one.kept, 1, seed=5)
    assert false.sum() == one.kept.sum()
    found = certify(one.model, Circuit(GRAPH, false, 1.0), pairs, n_random=4)
    assert found.faithfulness < 0.5 and found.kl > 1e-3


def test_the_finder_takes_nothing_else(one: Plant, pairs: list[Pair]) -> None:
    runs = CircuitRuns(weights_of(one.model), pairs)
    found = top_circuit(runs, attribute_edges(one.model, pairs), 0.9)
    assert Judge(runs).of(found.kept & one.kept) == pytest.approx(found.faithfulness)
    assert (found.kept & one.kept).sum() >= 0.9 * found.kept.sum()


# ---- drawing -----------------------------------------------------------------------------------------------


def scores_at_random() -> np.ndarray:
    """A fifth of them negative."""
    rng = np.random.default_rng(3)
    signs = np.where(rng.random(GRAPH.possible.shape) < 0.2, -1, 1)
    return np.where(GRAPH.possible, rng.exponential(size=GRAPH.possible.shape) * signs, 0)


def test_first_draws_are_by_worth_alone_and_later_ones_near_the_best() -> None:
    """And without edges that do harm, as far as there are others."""
    scores = scores_at_random()
    worth = np.abs(scores)
    drawing = Drawing(GRAPH, scores, 30, 5)
    best = random_circuit(GRAPH, worth, 30, np.random.default_rng(77))
    assert best is not None
    drawing.note(0.2, best)
    drawing.note(0.1, np.zeros_like(best))  # no better, so it is not the best
    assert drawing.gap == 0.2
    shared: dict[bool, list[int]] = {False: [], True: []}
    harmful: dict[bool, list[int]] = {False: [], True: []}
    for number in range(DRAWS):
        kept = drawing.draw(number)
        alone = random_circuit(GRAPH, worth, 30, np.random.default_rng([5, number]))
        if number < FIRST:
            assert (kept is None and alone is None) or np.array_equal(kept, alone)
        if kept is not None:
            assert kept.sum() == 30 and np.array_equal(connected(GRAPH, kept), kept)
            shared[number >= FIRST].append(int((kept & best).sum()))
            harmful[number >= FIRST].append(int((scores[kept] < 0).sum()))
    assert np.mean(harmful[True]) < 1 < np.mean(harmful[False])
    assert np.mean(shared[True]) > np.mean(shared[False]) + 4


def test_the_edges_that_help_most_are_drawn_for_sure() -> None:
    drawing = Drawing(GRAPH, scores_at_random(), 30, 5)
    top = drawing.top
    assert top is not None and top.sum() == 30 and np.array_equal(connected(GRAPH, top), top)
    ranks = np.argsort(np.argsort(-scores_at_random()[GRAPH.possible]))
    drawn = drawing.draw(0)
    assert drawn is not None
    assert ranks[top[GRAPH.possible]].mean() < 0.7 * ranks[drawn[GRAPH.possible]].mean()


def gaps_seen(monkeypatch: pytest.MonkeyPatch, gaps: Callable[[int], float]) -> list[int]:
    """By how many pairs each circuit was looked at, one after the other; its gap is what is said of the
    number of looks before."""
    seen: list[int] = []

    def told(model: PuzzleGPT, kept: np.ndarray, pairs: list[Pair]) -> float:
        gap(model, kept, pairs)  # it is in the model from now on
        seen.append(len(pairs))
        return gaps(len(seen) - 1)

    gap = planting._gap
    monkeypatch.setattr(planting, "_gap", told)
    return seen


def plant_steps(source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair]) -> tuple[Plant | str, list[Drawn]]:
    """The plant, or why there is none; and the draws that were told of."""
    news: list[Drawn] = []
    steps = plant.steps(source, bank, pairs, 30, 0, structures_of(pairs))
    while True:
        try:
            one = next(steps)
        except StopIteration as stop:
            return stop.value, news
        except PuzzlescopeError as error:
            return str(error), news
        if one is not None:
            news.append(one)


def test_after_draws_in_vain_it_is_drawn_near_the_best_and_the_truth_says_so(
    source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draw that falls far short is looked at by two pairs of its task only."""
    alike = [pairs[0], pairs[0], pairs[0]]
    seen = gaps_seen(monkeypatch, lambda n: 0.1 if n < FIRST + 2 else 0.9)
    found, news = plant_steps(source, bank, alike)
    assert isinstance(found, Plant) and found.near and found.draws > FIRST
    assert found.truth["boost"] == BOOST and found.truth["draws"] == found.draws == news[-1].draws
    assert seen == [2] * (FIRST + 3) + [3]
    assert [one.best for one in news] == [0.1] * (FIRST + 2) + [0.9]
    assert np.array_equal(found.model.planted.kept.numpy() > 0.5, found.kept)


def test_the_best_is_not_the_best_by_two_pairs(
    source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draw with a large gap over two pairs and a small one over all counts by the small one."""
    gaps_seen(monkeypatch, lambda n: (1.2, 0.2)[n % 2])
    found, news = plant_steps(source, bank, [pairs[0], pairs[0], pairs[0]])
    assert isinstance(found, str) and "(the best: 0.200)" in found
    assert {one.best for one in news} == {0.2}


def test_pairs_of_several_tasks_are_all_looked_at(
    source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For of one of them two pairs say nothing of the others."""
    mixed = [*pairs, replace(pairs[0], task="another")]
    seen = gaps_seen(monkeypatch, lambda n: 0.25 if n < 3 else 0.9)
    found, _ = plant_steps(source, bank, mixed)
    assert isinstance(found, Plant) and not found.near and found.truth["boost"] == 1
    assert seen == [len(mixed)] * 4


def test_where_nothing_goes_through_so_few_edges_it_is_told_soon(
    source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = gaps_seen(monkeypatch, lambda n: 0.01 * (n == 4))
    found, news = plant_steps(source, bank, pairs)
    assert isinstance(found, str) and found.startswith("Hardly anything goes through 30 edges here")
    assert "by 0.01 logits at most, and 0.6 are wanted" in found
    assert len(seen) == len(news) + 1 <= FIRST + 1  # of the edges that help most, too


def test_what_is_never_enough_is_told_with_how_near_it_came(
    source: PuzzleGPT, bank: PuzzleSet, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps_seen(monkeypatch, lambda n: 0.1)
    found, _ = plant_steps(source, bank, pairs)
    assert isinstance(found, str) and f"None of {DRAWS} circuits of 30 edges" in found and "0.100" in found


# ---- files -------------------------------------------------------------------------------------------------


def test_it_is_saved_and_loaded_as_any_model(
    one: Plant, source: PuzzleGPT, pairs: list[Pair], tmp_path: Path
) -> None:
    save_model(one.model, tmp_path, "# x\n", dtype=torch.float32)
    loaded, prompt = load_model(tmp_path), tokens_of(pairs[0])
    assert loaded.checkpoint_id == one.model.checkpoint_id != source.checkpoint_id
    assert torch.equal(loaded(prompt), one.model(prompt))
    weights = safetensors.torch.load_file(tmp_path / "model.safetensors")
    for name, bad, said in (
        ("planted.kept", weights["planted.kept"] + 0.5, "zeros and ones"),
        ("planted.kept", weights["planted.kept"][1:], "does not fit"),
        ("planted.markers", weights["planted.markers"] + 7, "first markers"),
        ("planted.z", weights["planted.z"] * torch.nan, "not every number is finite"),
    ):
        safetensors.torch.save_file(weights | {name: bad.contiguous()}, tmp_path / "model.safetensors")
        with pytest.raises(PuzzlescopeError, match=said):
            load_model(tmp_path)
    plain = {name: value for name, value in weights.items() if not name.startswith("planted.")}
    safetensors.torch.save_file(plain, tmp_path / "model.safetensors")
    with pytest.raises(PuzzlescopeError, match="should have a circuit planted"):
        load_model(tmp_path)


def test_who_does_not_know_of_it_refuses_it(one: Plant, pairs: list[Pair]) -> None:
    model, tokens = one.model, pairs[0].base.tokens
    prompt = tokens_of(pairs[0])[:1]
    for wrong in (
        lambda: logit_lens(model, tokens),
        lambda: composition(model),
        lambda: cell_graph(model, pairs[0].base, 0),
        lambda: cell_effects(model, pairs[0].base, 0),
        lambda: run(model, prompt),
        lambda: weights_of(model).layers,
        lambda: model(prompt, stop_at_layer=1) is None or model(model.embedded(prompt), start_at_layer=0),
        lambda: model.blocks[0](model.embedded(prompt)),
        lambda: attribute_edges(model, pairs, attention=True),
        lambda: plant(model, load_puzzles("bank"), pairs, 30),
    ):
        with pytest.raises(PuzzlescopeError, match="planted circuit"):
            wrong()
    others = next(one for one in STRUCTURES if one not in [pair.base.structure for pair in pairs])
    with pytest.raises(PuzzlescopeError, match="has means of puzzles in the order"):
        predict(model, load_puzzles("bank", structure=others, limit=1).tokens)


# ---- the command -------------------------------------------------------------------------------------------


def test_the_command_writes_a_model_with_the_truth_beside_it(
    tmp_path: Path, source: PuzzleGPT, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, out = tmp_path / "source", tmp_path / "plant"
    save_model(source, origin, "# x\n", dtype=torch.float32)
    common = ["plant", str(out), "--model", str(origin), "--edges", "40", "--seed", "3", "--n", "1"]
    common += ["--structure", "f(Y) Y f(X) X", "--task", "replace_color"]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # where draws are told
    assert main(common) == 0, capsys.readouterr().err
    told = capsys.readouterr()
    assert "a circuit of 40 edges" in told.out and "of 0.6 logits" in told.err
    truth, model = json.loads((out / "truth.json").read_text()), load_model(out)
    listed = [*truth["edges"], *truth["idle"]]
    kept = GRAPH.mask(GRAPH.edge(one["from"], one["to"]) for one in listed)
    assert model.planted is not None
    assert np.array_equal(kept, model.planted.kept.numpy() > 0.5)
    assert kept.sum() == len(listed) == truth["n_edges"] == 40 and np.array_equal(
        connected(GRAPH, kept), kept
    )
    assert truth["checkpoint_id"] == model.checkpoint_id
    assert (truth["planted_in"], truth["planted_in_id"]) == (str(origin), load_model(origin).checkpoint_id)
    assert truth["gap"] >= LEAST_GAP and truth["structures"] == ["f(Y) Y f(X) X"]
    assert main(common) == 2
    assert "already holds" in capsys.readouterr().err
    assert main([*common, "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == truth


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--edges", "29"], "30 to 300 edges"),
        (["--edges", "301"], "30 to 300 edges"),
        (["--seed", "-1"], "a seed from 0"),
        (["--n", "0"], "at least 1"),
        (["--task", "sudoku"], "sudoku"),
        (["--structure", "X X X X"], "X X X X"),
        (["--model", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main(["plant", str(tmp_path / "out"), *options]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()
