"""Planted heads: what interventions find is what was planted."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from interp.checkpoints import load_model, save_model
from interp.cli import main
from interp.errors import PuzzlescopeError
from interp.why.interventions.one_side import one_side
from interp.why.interventions.results import MEAN, POSITION, Interventions
from interp.why.interventions.shift import pointer_shift
from interp.why.planted.copies import BLOCK, PARTNER, copies_rows, partner_rows, training_batch
from interp.why.planted.planting import PlantedHead, plant_head, turned_back
from interp.why.planted.toy import FOLDER, train_toy
from interp.why.verdict import reason_of_rows

SHIFTS = (-20, -9, -3, 4, 11, 20)


@pytest.fixture(scope="module")
def induction() -> PlantedHead:
    return plant_head("k-composition", 51)


@pytest.fixture(scope="module")
def sides(induction: PlantedHead) -> Interventions:
    return one_side(induction.model, induction.rows, induction.head, induction.back)


def slopes(planted: PlantedHead, side: str = "queries") -> list[float]:
    """By what its peak moves with the position embedding, and with the mean of all that stands there."""
    args = (planted.model, planted.rows, planted.head, planted.back)
    found = [pointer_shift(*args, side=side, moved=moved, shifts=SHIFTS) for moved in (POSITION, MEAN)]
    return [one.slope.value for one in found]


@pytest.mark.parametrize("seed", range(20))
def test_the_verdict_of_a_pointer(seed: int) -> None:
    """How far back it points is found, too."""
    planted = plant_head("pointer", 37, seed, n=2)
    found = reason_of_rows(planted.model, planted.head, planted.rows)
    assert (found.verdict, found.back, found.phase.offset) == ("pointer", 37, 37)
    assert found.shift_slope == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("kind", ["k-composition", "content"])
@pytest.mark.parametrize("offset", [20, 100])
def test_the_verdict_of_another(kind: str, offset: int) -> None:
    planted = plant_head(kind, offset, seed=1)
    found = reason_of_rows(planted.model, planted.head, planted.rows)
    assert (found.verdict, found.back) == (kind.removesuffix("-composition"), offset)


@pytest.mark.parametrize("seed", [0, 2])
def test_half_by_position_and_half_by_content_is_mixed(seed: int) -> None:
    planted = plant_head("mixed", 37, seed)
    found = reason_of_rows(planted.model, planted.head, planted.rows)
    assert (found.verdict, found.back) == ("mixed", 37)
    for share in (found.split.position_share, found.split.share_of("content")):
        assert 0.4 < share.value < 0.75
    assert found.rejected.keys() == {"pointer", "k", "q", "content"} and found.rejected["pointer"]


@pytest.mark.parametrize("kind", ["pointer", "content", "mixed"])
def test_the_verdict_stands_in_noise(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times as much in all weights: a sixth of what a pointer's query side holds."""
    monkeypatch.setattr("interp.why.planted.planting.NOISE", 0.06)
    planted = plant_head(kind, 37, seed=1)
    assert reason_of_rows(planted.model, planted.head, planted.rows).verdict == kind


def test_positions_that_are_no_sinusoids() -> None:
    """A pointer made of positions that were learned is found; the phase test says that it does not apply."""
    planted = plant_head("pointer", 37, n=2)
    turned = torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(0))).Q
    planted.model.pos_embed.W_pos[:] = planted.model.pos_embed.W_pos @ turned
    attn = planted.model.blocks[0].attn
    attn.W_Q[0], attn.W_K[0] = turned.T @ attn.W_Q[0], turned.T @ attn.W_K[0]
    found = reason_of_rows(planted.model, planted.head, planted.rows)
    assert (found.verdict, found.back) == ("pointer", 37) and found.phase.kernel.argmax() == 37
    assert not found.phase.applies and found.phase.null is None and not found.phase.concordance.any()
    assert "does not apply" in found.phase.summary()


@pytest.mark.parametrize("seed", [0, 3])
def test_a_pointer_follows_its_position_and_no_content(seed: int) -> None:
    planted = plant_head("pointer", 37, seed, n=2)
    assert planted.head.text == f"L0.H{seed % 4}"
    assert slopes(planted) == pytest.approx([1, 1], abs=0.02)
    assert slopes(planted, "keys") == pytest.approx([-1, -1], abs=0.02)
    found = one_side(planted.model, planted.rows, planted.head, 37)
    assert found.clean.at_back.mean() > 0.9 and found.clean.log_odds.mean() > 1
    for side in ("queries", "keys"):
        assert abs(found.lost(found.find("swap", side)).value) < 0.05


@pytest.mark.parametrize("offset", [1, 100, 304])
def test_a_pointer_of_any_distance(offset: int) -> None:
    planted = plant_head("pointer", offset, n=2)
    W_pos = planted.model.W_pos
    turned = W_pos[offset:] @ turned_back(W_pos, offset)
    np.testing.assert_allclose(turned.numpy(), W_pos[: 405 - offset].numpy(), atol=1e-5)
    found = one_side(planted.model, planted.rows, planted.head, offset)
    assert found.clean.at_back.mean() > 0.9


@pytest.mark.parametrize("seed", [0, 3])
def test_a_head_that_matches_content_follows_no_position(seed: int) -> None:
    planted = plant_head("content", 60, seed)
    for side in ("queries", "keys"):
        assert slopes(planted, side) == pytest.approx([0, 0], abs=0.02)
    found = one_side(planted.model, planted.rows, planted.head, planted.back)
    assert planted.back == 60 and found.clean.at_back.mean() == 1
    for side in ("queries", "keys"):
        assert found.lost(found.find("swap", side)).value > 0.8
        assert found.lost(found.find("writer", side, "embed")).value > 0.8


def test_the_trained_model_copies_by_an_induction_head(induction: PlantedHead, sides: Interventions) -> None:
    """It is right, looks where it should, and position is no reason."""
    tokens, queries = torch.from_numpy(induction.rows.tokens), induction.rows.queries
    drawn = induction.model(tokens)[:, queries].argmax(-1)
    assert (drawn == tokens[:, queries + 1]).float().mean() > 0.9
    assert sides.clean.at_back.mean() > 0.9 and sides.clean.log_odds.mean() > 5
    assert slopes(induction) == pytest.approx([0, 0], abs=0.05)


def test_it_is_k_composition_with_the_head_that_looks_one_back(
    induction: PlantedHead, sides: Interventions
) -> None:
    one = sides.strongest("writer", "keys")[0]
    assert one.writer == "L0.H1" and sides.lost(one).value > 0.5
    assert sides.lost(sides.find("writer", "queries", "L0.H1")).value < 0.2
    late = sides.find("shifted", "keys", "L0.H1")
    assert late.displacement.tolist() == [1] * 8 and late.next_odds.mean() > 5 > late.log_odds.mean()
    assert abs(sides.find("shifted", "queries", "L0.H1").displacement).max() == 0
    pattern = induction.model.run_with_cache(torch.from_numpy(induction.rows.tokens))[1]["pattern", 0]
    first = induction.rows.queries - induction.back
    assert pattern[:, 1, first, first - 1].mean() > 0.5


# ---- sequences ---------------------------------------------------------------------------------------------


def test_sequences_that_are_copied() -> None:
    rows = copies_rows(3, 40, seed=1)
    block = rows.tokens[:, 200 : 200 + BLOCK]
    assert (rows.tokens[:, 240 : 240 + BLOCK] == block).all() and (
        np.sort(block)[:, 1:] > np.sort(block)[:, :-1]
    ).all()
    rest = np.delete(rows.tokens, [0, *range(200, 200 + BLOCK), *range(240, 240 + BLOCK)], axis=1)
    assert rest.min() >= 11 and rows.queries.tolist() == [*range(240, 240 + BLOCK - 1)]
    partners = partner_rows(3, 40)
    assert (partners.tokens[:, partners.queries] - PARTNER == partners.tokens[:, partners.queries - 40]).all()
    for own in (rows, partners):
        assert not (own.tokens == own.others).all(1).any()


def test_sequences_that_are_learned() -> None:
    """What is asked can be known from what stood before, at distances that differ."""
    tokens, asked = training_batch(20, 96, 24, torch.Generator().manual_seed(0))
    distances = set()
    for row, query in asked.nonzero().tolist():
        before = (tokens[row, :query] == tokens[row, query]).nonzero()[:, 0].tolist()
        assert before and all(tokens[row, at + 1] == tokens[row, query + 1] for at in before)
        distances.add(query - before[-1])
    assert len(distances) > 20 and 0.1 < asked.float().mean() < 0.6


def test_training_is_repeated_by_its_seed() -> None:
    stages = ((2, 2, 40, 5), (1, 1, 60, 9))
    first, again = (train_toy(stages, seed=3)[0].checkpoint_id for _ in range(2))
    assert first == again != train_toy(stages, seed=4)[0].checkpoint_id


# ---- the command -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pointer", "k-composition", "content", "mixed"])
def test_the_command(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "known"
    asked = ["plant-head", str(out), "--kind", kind, "--offset", "30", "--seed", "3", "--json"]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    planted, model = plant_head(kind, 30, 3), load_model(out)
    assert json.loads((out / "truth.json").read_text()) == told
    assert told["head"] == planted.head.text and (told["kind"], told["back"]) == (kind, 30)
    assert model.checkpoint_id == planted.model.checkpoint_id == told["checkpoint_id"]
    assert told["sequences"] == planted.rows.tokens.tolist()
    assert main(asked) == 2 and "already holds" in capsys.readouterr().err
    assert main([*asked[:-1], "--force"]) == 0 and planted.head.text in capsys.readouterr().out


def test_a_truth_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "truth.json").write_text("mine")
    assert main(["plant-head", str(tmp_path)]) == 2 and "truth.json" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["truth.json"]


def test_what_cannot_be_planted() -> None:
    for kind, offset, seed, why in (
        ("magic", 37, 0, "No kind of planted head 'magic'"),
        ("pointer", 305, 0, "1 to 304 positions back, got 305"),
        ("content", 5, 0, "6 to 198 positions back, got 5"),
        ("pointer", 37, -1, "A seed is 0 to"),
    ):
        with pytest.raises(PuzzlescopeError, match=why):
            plant_head(kind, offset, seed)


def test_what_comes_along_is_small(tmp_path: Path) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000
    save_model(load_model(FOLDER), tmp_path, None)
    assert (tmp_path / "model.safetensors").read_bytes() == (FOLDER / "model.safetensors").read_bytes()
