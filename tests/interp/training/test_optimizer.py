"""The optimizer: PyTorch's Muon on every head, every weight updated, and a state that goes on where it
stopped."""

import copy

import pytest
import torch

from interp.model import Config, PuzzleGPT
from interp.training.optimizer import MUON_MOMENTUM, Muon, MuonAdamW, newton_schulz

CFG = Config(n_layers=2, n_heads=2, d_model=8, d_head=4, d_mlp=12, d_qk=3)


@pytest.fixture
def model() -> PuzzleGPT:
    torch.manual_seed(0)
    return PuzzleGPT(CFG)


def train(model: PuzzleGPT, optimizer: MuonAdamW, steps: int, *, first: int = 0) -> None:
    for step in range(first, first + steps):
        tokens = torch.randint(0, 15, (2, 30), generator=torch.Generator().manual_seed(step))
        model(tokens, return_type="loss").backward()
        optimizer.step()


def weights(model: PuzzleGPT) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in model.state_dict().items()}


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_equals_pytorchs_muon_on_one_matrix_at_a_time(model: PuzzleGPT, weight_decay: float):
    """Its matrices are of our weights, a head's being one; in bfloat16, so to its rounding."""
    matrices = [p for name, p in model.named_parameters() if name.startswith("blocks.") and p.ndim > 1]
    single = [part.detach().clone() for p in matrices for part in (p if p.ndim == 3 else [p])]
    reference = torch.optim.Muon(
        single, lr=0.1, weight_decay=weight_decay, momentum=MUON_MOMENTUM, adjust_lr_fn="match_rms_adamw"
    )
    ours = Muon(matrices, lr=0.1, weight_decay=weight_decay)
    for step in range(3):
        torch.manual_seed(step)
        for p in matrices:
            p.grad = torch.randn(p.shape)
        for part, grad in zip(
            single, (g for p in matrices for g in (p.grad if p.ndim == 3 else [p.grad])), strict=True
        ):
            part.grad = grad.clone()
        ours.step()
        reference.step()
    found = [part for p in matrices for part in (p if p.ndim == 3 else [p])]
    assert len(found) == len(single) == 2 * (4 * 2 + 2)
    for part, expected in zip(found, single, strict=True):
        torch.testing.assert_close(part.detach(), expected, atol=3e-3, rtol=0)  # three steps of about 0.06


def test_newton_schulz_brings_singular_values_close_to_one():
    torch.manual_seed(0)
    matrices = torch.randn(5, 8, 12) * torch.logspace(-4, 4, 5)[:, None, None]
    sizes = torch.linalg.svdvals(newton_schulz(matrices))
    assert sizes.min() > 0.6
    assert sizes.max() < 1.3
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    nearest = left @ right
    assert (newton_schulz(matrices) - nearest).norm() < 0.3 * nearest.norm()


def test_weights_that_were_loaded_are_those_that_move(model: PuzzleGPT):
    optimizer = MuonAdamW(model, lr=0.01, weight_decay=0.0)
    torch.manual_seed(1)
    model.load_state_dict(PuzzleGPT(CFG).state_dict())
    before = weights(model)
    train(model, optimizer, 1)
    assert all(not torch.equal(weight, before[name]) for name, weight in weights(model).items())


def test_a_step_changes_every_parameter_and_clears_the_gradients(model: PuzzleGPT):
    optimizer = MuonAdamW(model, lr=0.01, weight_decay=0.1)
    before = weights(model)
    train(model, optimizer, 1)
    for name, weight in weights(model).items():
        assert not torch.equal(weight, before[name]), name
    for name in ("W_Q", "W_K", "W_V", "W_O"):
        old, new = before[f"blocks.1.attn.{name}"], getattr(model.blocks[1].attn, name)
        assert not torch.equal(old[0], new[0]) and not torch.equal(old[1], new[1]), name
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_rate_scales_the_step(model: PuzzleGPT):
    steps = []
    for factor in (1.0, 0.25, 0.0):
        moved = copy.deepcopy(model)
        optimizer = MuonAdamW(moved, lr=0.01, weight_decay=0.0)
        optimizer.set_lr_factor(factor)
        train(moved, optimizer, 1)
        steps.append({name: weight - model.state_dict()[name] for name, weight in weights(moved).items()})
    for name, full in steps[0].items():
        torch.testing.assert_close(steps[1][name], 0.25 * full, rtol=1e-3, atol=1e-6)
        assert not steps[2][name].any()


def test_update_of_a_head_is_orthogonal(model: PuzzleGPT):
    """What Muon is for: all directions of a matrix move alike, one head at a time."""
    before = weights(model)
    train(model, MuonAdamW(model, lr=0.01, weight_decay=0.0), 1)
    for name in ("W_Q", "W_V", "W_O"):
        step = getattr(model.blocks[0].attn, name) - before[f"blocks.0.attn.{name}"]
        for head in step:
            sizes = torch.linalg.svdvals(head)
            assert sizes.max() < 2.5 * sizes.min(), name  # five Newton-Schulz steps end between 0.7 and 1.2


def test_gradients_are_clipped(model: PuzzleGPT):
    """A wild batch moves AdamW's weights no further than a tame one of the same direction."""
    steps = []
    for scale in (1e3, 1e6):
        moved = copy.deepcopy(model)
        optimizer = MuonAdamW(moved, lr=0.01, weight_decay=0.0)
        (scale * moved(torch.arange(15)[None], return_type="loss")).backward()
        norms = []
        optimizer._adamw.register_step_pre_hook(
            lambda *_, model=moved, norms=norms: norms.append(
                torch.nn.utils.get_total_norm([p.grad for p in model.parameters()]).item()
            )
        )
        optimizer.step()
        assert norms == [pytest.approx(1.0, rel=1e-3)]
        steps.append(weights(moved))
    for name in steps[0]:
        torch.testing.assert_close(steps[0][name], steps[1][name], rtol=1e-3, atol=1e-5)


def test_state_goes_on_exactly(model: PuzzleGPT):
    optimizer = MuonAdamW(model, lr=0.01, weight_decay=0.1)
    train(model, optimizer, 3)
    saved = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    train(model, optimizer, 3, first=3)

    torch.manual_seed(99)
    resumed = PuzzleGPT(CFG)
    again = MuonAdamW(resumed, lr=0.01, weight_decay=0.1)
    resumed.load_state_dict(saved[0])
    again.load_state_dict(saved[1])
    train(resumed, again, 3, first=3)
    for name, weight in weights(model).items():
        assert torch.equal(weight, weights(resumed)[name]), name
