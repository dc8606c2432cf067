"""Who reads whom, by weights: the scores are those of the matrices spelled out, and chance is what random
matrices give."""

import numpy as np
import pytest
import torch
from torch import Tensor

from interp.ablation import Component
from interp.analyses.composition import Composition, composition
from interp.analyses.readers import LOGITS, Reader, readers_of
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from tests.support.models import SMALL, small_model
from tests.support.rotations import chance_measured

NARROW = Config(n_layers=2, n_heads=3, d_model=24, d_head=6, d_mlp=20, d_qk=4)
"""Queries and keys of another width than values."""


def folded(W: Tensor, scale: Tensor) -> Tensor:
    centre = torch.eye(len(scale), dtype=torch.float64) - 1 / len(scale)
    return centre @ torch.diag(scale.double()) @ W.double()


def writes(model: PuzzleGPT, source: Component) -> Tensor:
    """The matrix that a source writes through, spelled out."""
    block = model.blocks[source.layer]
    if source.kind == "mlp":
        return block.mlp.W_out.double()
    heads = range(model.cfg.n_heads) if source.head is None else [source.head]
    moved = [folded(block.attn.W_V[head], block.ln1.w) @ block.attn.W_O[head].double() for head in heads]
    return torch.cat(moved)


def reads(model: PuzzleGPT, reader: Reader) -> Tensor:
    """The matrix that a reader reads through, spelled out."""
    if reader.layer is None:
        return model.W_U.double() - model.W_U.double().mean(1, keepdim=True)
    block = model.blocks[reader.layer]
    if reader.input == "mlp":
        return folded(block.mlp.W_in, block.ln2.w)
    q, k, v = (folded(W[reader.head], block.ln1.w) for W in (block.attn.W_Q, block.attn.W_K, block.attn.W_V))
    return {"q": q @ k.T, "k": k @ q.T, "v": v @ block.attn.W_O[reader.head].double()}[reader.input]


def naive(model: PuzzleGPT, source: Component, reader: Reader) -> float:
    written, read = writes(model, source), reads(model, reader)
    if reader != LOGITS:
        written = written - written.mean(1, keepdim=True)
    return float((written @ read).norm() / (written.norm() * read.norm()))


@pytest.fixture(scope="module")
def found() -> Composition:
    return composition(small_model())


@pytest.mark.parametrize("cfg", [SMALL, NARROW])
def test_scores_are_those_of_the_matrices_spelled_out(cfg: Config) -> None:
    model = small_model(3, cfg)
    found = composition(model)
    assert found.readers == readers_of(cfg)
    assert [source.text for source in found.sources[:3]] == ["L0.attn", "L0.H0", "L0.H1"]
    compared = 0
    for i, source in enumerate(found.sources):
        for j, reader in enumerate(found.readers):
            if reader.follows(source):
                assert found.score[i, j] == pytest.approx(naive(model, source, reader), rel=1e-4)
                compared += 1
            else:
                arrays = (found.score, found.chance, found.spread)
                assert all(np.isnan(array[i, j]) for array in arrays)
    assert compared > 50


def test_scores_are_between_0_and_1(found: Composition) -> None:
    known = found.score[~np.isnan(found.score)]
    assert len(known) and known.min() >= 0 and known.max() <= 1


@pytest.mark.parametrize("cfg", [SMALL, NARROW])
def test_the_inner_basis_of_a_head_does_not_matter(cfg: Config) -> None:
    model = small_model(1, cfg)
    before = composition(model)
    attn = model.blocks[1].attn
    generator = torch.Generator().manual_seed(0)
    for one, other, width in ((attn.W_Q, attn.W_K, cfg.query_width), (attn.W_V, attn.W_O.mT, cfg.d_head)):
        turn = torch.eye(width) + 0.4 * torch.randn(width, width, generator=generator)
        one[0], other[0] = one[0] @ turn, other[0] @ torch.linalg.inv(turn).T
    after = composition(model)
    np.testing.assert_allclose(after.score, before.score, rtol=1e-3)
    np.testing.assert_allclose(after.spread, before.spread, rtol=1e-3)


def test_a_layer_is_its_heads_on_top_of_one_another(found: Composition) -> None:
    model = small_model()
    heads = [Component(0, "head", head) for head in range(SMALL.n_heads)]
    for reader in (Reader("k", 1, 2), Reader("mlp", 0)):
        sizes = np.array(
            [float((writes(model, h) - writes(model, h).mean(1, keepdim=True)).norm()) ** 2 for h in heads]
        )
        squares = np.array([found.reading(head, reader).score ** 2 for head in heads])
        expected = np.sqrt((sizes * squares).sum() / sizes.sum())
        assert found.reading(Component(0, "attn"), reader).score == pytest.approx(expected, rel=1e-4)


def test_what_layer_norm_takes_away_is_not_read() -> None:
    """A mean over d_model that is written reaches the logits, and nobody else."""
    model = small_model()
    before = composition(model)
    model.blocks[0].attn.W_O[1] += 5.0
    after = composition(model)
    source = Component(0, "head", 1)
    for reader in readers_of(SMALL, source):
        same = after.reading(source, reader).score == pytest.approx(
            before.reading(source, reader).score, rel=1e-3
        )
        assert same == (reader != LOGITS)


def test_the_scale_of_the_readers_layer_norm_counts() -> None:
    model = small_model()
    before = composition(model)
    model.blocks[2].ln1.w[:16] = 0
    after = composition(model)
    changed = ~np.isclose(before.score, after.score, rtol=1e-3, equal_nan=True)
    whose = {reader.text for j, reader in enumerate(after.readers) if changed[:, j].any()}
    # That layer's heads read otherwise, and what they write, which the others after them read, is other too.
    assert whose == {f"L2.H{head}.{name}" for head in range(4) for name in "qkv"} | {"L2.mlp", "logits"}
    assert not changed[:12].all() and not changed[:12, -1].any(), "of the layers below only their own heads'"


def test_a_head_that_reads_just_what_another_writes_comes_first() -> None:
    """L1.H0's keys are made of the one direction that L0.H0 writes, and of nothing else."""
    model = small_model()
    generator = torch.Generator().manual_seed(1)
    direction = torch.randn(SMALL.d_model, generator=generator)
    direction -= direction.mean()
    first, second = model.blocks[0].attn, model.blocks[1].attn
    first.W_O[0] = 0
    first.W_O[0, 0] = direction
    second.W_K[0] = 0
    second.W_K[0, :, 3] = direction
    model.blocks[1].ln1.w.fill_(1)
    best, *others = composition(model).ranked(Component(0, "head", 0))
    assert best.reader == Reader("k", 1, 0) and best.score == pytest.approx(1, abs=1e-5)
    assert best.excess > 0.7 and all(other.score < 0.7 for other in others)


def test_a_model_of_random_weights_has_nothing_beyond_chance() -> None:
    torch.manual_seed(5)
    model = PuzzleGPT(Config(n_layers=3, n_heads=4, d_model=96, d_head=16, d_mlp=128)).requires_grad_(False)
    found = composition(model)
    known = ~np.isnan(found.score)
    excess, spread = found.excess[known], found.spread[known]
    assert abs(excess.mean()) < 5e-4 and abs(excess).max() < 0.025, "the scores themselves are about 0.1"
    assert (excess / spread).std() == pytest.approx(1, abs=0.1), "and chance knows how much they vary"


def test_chance_is_what_random_rotations_give() -> None:
    """E ||A Q B||^2 = ||A||^2 ||B||^2 / n over rotations Q in n dimensions, and the variance is as the module
    says."""
    model, rotations = small_model(2), 200
    found = composition(model)
    mean, deviation = chance_measured(model, rotations, seed=1)
    known = ~np.isnan(found.score)
    assert (np.isnan(mean) == ~known).all()
    n = np.where([reader == LOGITS for reader in found.readers], SMALL.d_model, SMALL.d_model - 1)
    square = mean**2 + deviation**2
    error = 2 * found.chance * found.spread / np.sqrt(rotations)
    off = (square - 1 / n)[known] / error[known]
    assert abs(off).max() < 5 and abs(off.mean()) < 0.3
    assert abs(mean - found.chance)[known].max() < 0.008
    np.testing.assert_allclose(deviation[known], found.spread[known], rtol=0.25)
    again, _ = chance_measured(model, 2, seed=1)
    np.testing.assert_array_equal(again, chance_measured(model, 2, seed=1)[0])


def test_readers_of_a_source_are_ranked_by_what_is_beyond_chance(found: Composition) -> None:
    source = Component(1, "mlp")
    ranked = found.ranked(source)
    assert {reading.reader for reading in ranked} == set(readers_of(SMALL, source))
    assert [r.excess for r in ranked] == sorted((r.excess for r in ranked), reverse=True)
    first = ranked[0]
    assert first.excess == pytest.approx(first.score - first.chance)
    assert first.deviations == pytest.approx(first.excess / first.spread)


def test_a_head_without_weights_has_no_score() -> None:
    model = small_model()
    model.blocks[0].attn.W_V[2] = 0
    found = composition(model)
    assert found.readings(Component(0, "head", 2)) == []
    assert len(found.readings(Component(0, "attn"))) == len(readers_of(SMALL, Component(0, "attn")))


def test_heads_with_heads(found: Composition) -> None:
    table = found.heads("v")
    assert table.shape == (12, 12)
    reading = found.reading(Component(0, "head", 3), Reader("v", 2, 1))
    assert table[3, 9] == pytest.approx(reading.excess) and np.isnan(table[9, 3])


def test_a_part_that_is_not_there(found: Composition) -> None:
    with pytest.raises(PuzzlescopeError, match=r"no L7\.attn"):
        found.ranked(Component(7, "attn"))
