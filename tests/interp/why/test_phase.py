"""Phases of heads of which it is known how far back they look, and of the default model's."""

import numpy as np
import pytest
import torch

from interp.ablation import Component
from interp.checkpoints import load_model
from interp.errors import PuzzlescopeError
from interp.why import head_phase
from tests.interp.circuits.by_hooks import sharp_model
from tests.support.models import looking_back


@pytest.mark.parametrize("back", [1, 37, 100])
def test_a_rotation_by_n_points_n_back(back: int) -> None:
    found = head_phase(looking_back([back]), Component(0, "head", 0), draws=20)
    # C takes the mean away, and with it a little of what is relative.
    assert found.offset == back and found.peak > 0.97 and found.relative_share > 0.95
    turned = np.exp(1j * (found.angle - back * found.frequency))
    assert (found.strength @ turned).real / found.strength.sum() == pytest.approx(found.peak)
    assert found.null is not None and found.null.p == pytest.approx(1 / 21) and found.null.bound < found.peak


def test_relative_and_absolute_parts_make_up_the_blocks() -> None:
    """By brute force, of one frequency at two positions."""
    model = sharp_model()
    found, block = head_phase(model, Component(1, "head", 2)), model.blocks[1]
    sides = [(W[2] * block.ln1.w[:, None]).double() for W in (block.attn.W_Q, block.attn.W_K)]
    query, key = (side - side.mean(0) for side in sides)
    form = (query @ key.T * block.attn.scale)[6:8, 6:8].numpy()
    omega = found.frequency[3]
    values = np.array(
        [
            [np.array([np.sin(omega * p), np.cos(omega * p)]) @ form @ [np.sin(omega * j), np.cos(omega * j)]]
            for p, j in ((50, 8), (51, 9), (300, 258))
        ]
    )[:, 0]
    relative = found.strength[3] * np.cos(omega * 42 - found.angle[3])
    turns = np.array([[np.cos(omega * s), np.sin(omega * s)] for s in (58, 60, 558)])
    absolute, *_ = np.linalg.lstsq(turns, values - relative, rcond=None)
    assert turns @ absolute == pytest.approx(values - relative, abs=1e-9)
    assert np.hypot(*absolute) == pytest.approx(found.absolute[3])


def test_the_peak_and_how_wide_it_is() -> None:
    found = head_phase(looking_back([5]), Component(0, "head", 0))
    assert found.concordance.shape == found.kernel.shape == (405,)
    assert int(found.kernel.argmax()) == 5
    above = found.concordance >= found.peak / 2
    assert above[: found.width + 1].sum() == found.width and not above[found.width]  # from 0 on, here


KNOWN = {"L1.H1": (100, 0.85), "L1.H5": (100, 0.78), "L3.H3": (1, 0.90)}


def test_the_default_model_s_copy_and_previous_token_heads() -> None:
    model = load_model("default")
    for name, (offset, peak) in KNOWN.items():
        found = head_phase(model, Component(int(name[1]), "head", int(name[-1])))
        assert found.offset == offset and found.peak == pytest.approx(peak, abs=0.005)


def test_a_head_without_weights_points_nowhere() -> None:
    model = sharp_model()
    with torch.no_grad():
        model.blocks[0].attn.W_Q[0] = 0
    found = head_phase(model, Component(0, "head", 0))
    assert not found.concordance.any() and "nothing" in found.summary()
    with pytest.raises(PuzzlescopeError, match="The model has no L0"):
        head_phase(model, Component(0, "head", 9))
