"""Scores taken apart: identities of the sums, against the model's own hooks and by brute force."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from interp.ablation import Component, ReferenceMeans, bank_means
from interp.cli import main
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import PuzzleSet, load_puzzles
from interp.resumable import finish
from interp.tokens import STRUCTURES, with_start
from interp.why import CLASSES, cell_split, head_reason, held_out, reason_of_rows, split_heads
from interp.why.depth import depth_of
from interp.why.interventions.rows import Rows
from interp.why.planted.planting import Kind, plant_head
from interp.why.split import by_class, class_of, ratio_share
from interp.why.usual import usual_of_rows
from interp.why.verdict import Check
from tests.interp.circuits.by_hooks import sharp_model
from tests.support.models import looking_back, saved_model

HEAD = Component(2, "head", 1)
BANK = load_puzzles("bank")
PUZZLES = held_out(BANK.filter(structure=STRUCTURES[1]), BANK)[:2]
BACK = 7


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    """With constants everywhere that there are any."""
    return sharp_model()


@pytest.fixture(scope="module")
def means(model: PuzzleGPT) -> ReferenceMeans:
    return bank_means(model, BANK, [STRUCTURES[1]])


@pytest.fixture(scope="module")
def scores(model: PuzzleGPT) -> torch.Tensor:
    """The model's own, of the head: [puzzle, query, key]."""
    prompt = torch.from_numpy(with_start(PUZZLES.tokens))
    _, cache = model.run_with_cache(prompt, names_filter=lambda name: name.endswith("hook_attn_scores"))
    found: torch.Tensor = cache["attn_scores", HEAD.layer][:, HEAD.head].double()
    return found


@pytest.mark.parametrize(("query", "key"), [(350, 250), (350, 350), (304, 0), (12, 3)])
def test_the_terms_of_a_score_add_up_to_it(
    model: PuzzleGPT, means: ReferenceMeans, scores: torch.Tensor, query: int, key: int
) -> None:
    found = cell_split(model, PUZZLES[0], HEAD, query, key, means)
    own = scores[0, query]
    assert found.terms.sum() == pytest.approx(float(own[key]), abs=1e-4)
    others = torch.cat([own[:key], own[key + 1 : query + 1]])
    contrast = float(own[key] - others.softmax(0) @ others)
    assert found.contrast.sum() == pytest.approx(contrast, abs=1e-4)
    assert sum(found.classes.values()) == pytest.approx(contrast, abs=1e-4)
    assert found.pattern.sum() == pytest.approx(1) and len(found.pattern) == query + 1


def test_a_writer_s_term_is_what_it_writes_times_what_the_other_writes(
    model: PuzzleGPT, means: ReferenceMeans
) -> None:
    """By brute force: both parts of L1.H2 on the query's side, of the token on the key's."""
    found = cell_split(model, PUZZLES[0], HEAD, 340, 240, means)
    prompt = torch.from_numpy(with_start(PUZZLES[0].tokens))[None]
    _, cache = model.run_with_cache(prompt)
    block, own = model.blocks[2], means.of[STRUCTURES[1]]
    stream = cache["resid_pre", 2][0].double()
    scale = (stream.var(-1, correction=0) + 1e-5).sqrt()

    def normed(written: torch.Tensor, at: int) -> torch.Tensor:
        return (written - written.mean()).double() / scale[at] * block.ln1.w

    form = (block.attn.W_Q[1] @ block.attn.W_K[1].T * block.attn.scale).double()
    usual = own.z[1, 340, 2] @ model.blocks[1].attn.W_O[2]
    rest = (cache["z", 1][0, 340, 2] - own.z[1, 340, 2]) @ model.blocks[1].attn.W_O[2]
    reference = with_start(BANK.filter(structure=STRUCTURES[1]).limit(64).tokens)
    token = model.W_E[torch.from_numpy(reference[:, 240])].mean(0)
    deviation = model.W_E[prompt[0, 240]] - token
    a = found.writers.index("L1.H2")
    for (i, query), (j, key) in product(enumerate((usual, rest)), enumerate((token, deviation))):
        expected = float(normed(query, 340) @ form @ normed(key, 240))
        assert found.terms[a, i, found.writers.index("token"), j] == pytest.approx(expected, abs=1e-4)


def test_a_head_s_contrast_is_that_of_its_queries(
    model: PuzzleGPT, means: ReferenceMeans, scores: torch.Tensor
) -> None:
    found = split_heads(model, PUZZLES, means, [HEAD], BACK)[HEAD]
    contrasts, plain, odds = [], [], []
    for own in scores:
        for query in range(304, 404):
            seen = own[query, : query + 1]
            others = torch.cat([seen[: query - BACK], seen[query - BACK + 1 :]])
            contrasts.append(float(seen[query - BACK] - others.softmax(0) @ others))
            plain.append(float(seen[query - BACK] - others.mean()))
            odds.append(float(seen[query - BACK] - others.logsumexp(0)))
    assert found.contrast == pytest.approx(np.mean(contrasts), rel=1e-4, abs=1e-4)
    assert found.pairs.sum() == pytest.approx(found.contrast, rel=1e-4, abs=1e-4)
    assert found.log_odds.mean() == pytest.approx(np.mean(odds), rel=1e-4)
    assert sum(share.value for share in found.shares.values()) == pytest.approx(1)
    assert found.plain_contrast == pytest.approx(np.mean(plain), rel=1e-4, abs=1e-4)
    assert abs(found.plain_contrast - found.contrast) > 0.01
    assert sum(share.value for share in found.plain_shares.values()) == pytest.approx(1)
    assert by_class(found.pairs, found.writers) == pytest.approx(found.classes.mean(0), abs=1e-4)


def test_means_are_taken_no_farther_up_than_they_are_read(model: PuzzleGPT, means: ReferenceMeans) -> None:
    """And are the reference means all the same."""
    given, taken = (split_heads(model, PUZZLES, one, [HEAD], BACK)[HEAD] for one in (means, None))
    assert taken.pairs == pytest.approx(given.pairs, abs=1e-5)
    rows = with_start(BANK.filter(structure=STRUCTURES[1]).limit(2).tokens)
    assert len(finish(usual_of_rows(model, rows, 1)).z) == 1


def test_a_check_is_told_in_the_unit_of_what_is_expected() -> None:
    share = Check("pointer", "share", 1.031, 1.03, 1.04, "at least 80%", True)
    assert share.text == "share: 103% (103% to 104%); expected at least 80%"
    moved = replace(share, unit="positions", value=-0.001, low=-0.004, high=0.98)
    assert moved.measured == "0.00 (0.00 to 0.98)"
    assert replace(share, value=float("nan")).measured == ""


def test_every_pair_is_of_one_class() -> None:
    kinds = ("place", "mean", "token", "head", "mlp")
    assert {class_of(query, key) for query in kinds for key in kinds} == set(CLASSES)
    assert class_of("head", "token") == "q" and class_of("mlp", "head") == "k"


def test_a_share_is_a_ratio_of_means() -> None:
    part, whole = np.array([1.0, 3.0]), np.array([2.0, 4.0])
    share = ratio_share(part, whole)
    assert share.value == pytest.approx(4 / 6) and share.low == 0.5 and share.high == 0.75


def test_held_out_puzzles_are_in_no_mean() -> None:
    own = BANK.filter(structure=STRUCTURES[1])
    assert not set(own.limit(64)) & set(held_out(own, BANK)) and len(held_out(own, BANK)) == len(own) - 64
    with pytest.raises(PuzzlescopeError, match="means are not taken over"):
        held_out(own.limit(64), BANK)


def test_no_puzzles_but_those_of_the_means_orders(model: PuzzleGPT, means: ReferenceMeans) -> None:
    other = PuzzleSet("other", (BANK.filter(structure=STRUCTURES[0])[0],))
    with pytest.raises(PuzzlescopeError, match="not of the order"):
        split_heads(model, other, means, [HEAD], 100)
    with pytest.raises(PuzzlescopeError, match="key that the query can see"):
        cell_split(model, PUZZLES[0], HEAD, 5, 6, means)


KNOWN: dict[Kind, str] = {"pointer": "pointer", "k-composition": "k", "content": "content"}
"""Of the mixed kind in ``test_planted.py``."""


@pytest.mark.parametrize("kind", KNOWN)
def test_planted_heads_are_seen_through(kind: Kind) -> None:
    planted = plant_head(kind)
    reason = reason_of_rows(planted.model, planted.head, planted.rows, back=planted.back)
    assert reason.verdict == KNOWN[kind], [check.text for check in reason.checks]
    assert KNOWN[kind] not in reason.rejected and all(reason.rejected.values())


def test_a_head_that_looks_nowhere_has_no_verdict() -> None:
    planted = plant_head("pointer")
    few = replace(planted.rows, references=tuple(one[:4] for one in planted.rows.references))
    for back, key in ((planted.back + 5, "the key 42 back"), (0, "its own position")):
        reason = reason_of_rows(planted.model, planted.head, few, back=back)
        assert reason.verdict == "none" and f"gives {key} 0.00" in reason.summary()
        assert "less than 0.2: it does not keep to it" in reason.summary()
        assert (
            f"prefers its other keys to {key}" in reason.split.summary() and "%" not in reason.split.summary()
        )


def test_where_a_head_looks_is_found(means: ReferenceMeans) -> None:
    made = looking_back([1, 100])
    rows = Rows.of_puzzles(PUZZLES, BANK)
    found = split_heads(made, PUZZLES, bank_means(made, BANK, [STRUCTURES[1]]))
    assert [one.back for one in found.values()] == [1, 100] and len(rows.tokens) == 2
    with pytest.raises(PuzzlescopeError, match="means are of the model"):
        head_reason(made, Component(0, "head", 0), PUZZLES, means)


def test_where_the_heads_below_look_by_grid(model: PuzzleGPT) -> None:
    """Beside the model's own patterns. What lies before the first grid is the start token alone."""
    rows = Rows.of_puzzles(tuple(PUZZLES), BANK)
    found = depth_of(model, HEAD, rows)
    prompt = torch.from_numpy(with_start(PUZZLES.tokens))
    _, cache = model.run_with_cache(prompt, names_filter=lambda name: name.endswith("hook_pattern"))
    heads = [(layer, head) for layer in range(2) for head in range(model.cfg.n_heads)]
    assert [one.text for one in found.lower] == [f"L{layer}.H{head}" for layer, head in heads]
    for (layer, head), own in zip(heads, found.scores, strict=True):
        pattern = cache["pattern", layer][:, head].double()
        for grid in range(4):
            queries = range(1 + 101 * grid, 102 + 101 * grid)
            for look, back in enumerate((1, 100)):
                known = [pattern[:, q, q - back].mean() for q in queries if q > back]
                assert own[look, grid] == pytest.approx(float(np.mean(known)), abs=1e-5)
            alike = [
                pattern[k, q, :q][prompt[k, :q] == prompt[k, q]].sum() for k in range(2) for q in queries
            ]
            assert own[2, grid] == pytest.approx(float(np.mean(alike)), abs=1e-5)
    assert "one back L" in found.summary() and len(found.rows()) == 4 * len(heads)
    lowest = depth_of(model, Component(0, "head", 0), rows)
    assert "No head lies below L0.H0" in lowest.summary() and not lowest.rows()


def test_why(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    name = saved_model(tmp_path)
    where = ["--model", name, "--structure", STRUCTURES[1].name, "--limit", "1"]
    assert main(["why", "L1.H2", "--back", "100", "--json", *where]) == 0
    found = json.loads(capsys.readouterr().out)
    keys = {"head", "verdict", "shares", "phase", "shift_slope", "interventions", "below"}
    assert keys <= found.keys() and found["head"] == "L1.H2"
    assert {"offset", "concordance", "relative_share"} <= found["phase"].keys()
    assert main(["why", *where]) == 2 and "--all" in capsys.readouterr().err
    with monkeypatch.context() as patched:
        patched.delattr("interp.cli.explaining.why.head_reason")  # refused before anything is computed
        assert main(["why", "L1.mlp", *where]) == 2 and "Expected a head" in capsys.readouterr().err
        assert main(["why", "L1.H2", "--back", "500", *where]) == 2
        assert "how far back" in capsys.readouterr().err
    assert main(["why", "--all", *where]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 12 + 1
