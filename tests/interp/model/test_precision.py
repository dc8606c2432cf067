"""Precision and devices: what the library finds out of a model in float64, what it refuses, and PyTorch's
defaults."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from interp.ablation import ReferenceMeans, components_of, parse_ablation, reference_means
from interp.analyses.ablation_sweep import sweep
from interp.analyses.activation_patching import activation_patching
from interp.analyses.attention import attention_of, layer_attention
from interp.analyses.composition import composition
from interp.analyses.direct_attribution import direct_attribution
from interp.analyses.head_study import study_heads
from interp.analyses.logit_lens import logit_lens
from interp.analyses.lookback import lookback_table
from interp.analyses.notebook.experiments import copy_circuit
from interp.analyses.notebook.published import blanks_masked
from interp.analyses.path_ablation import path_ablation
from interp.checkpoints import load_model
from interp.engine.predict import losses, predict, run_ablated
from interp.engine.runs import run_puzzle
from interp.errors import PuzzlescopeError
from interp.model import Config, KeyValueCache, PuzzleGPT
from interp.tokens import with_start
from tests.support.models import SMALL, saved_model, six_puzzles, small_model

TOKENS = six_puzzles()[:2]
OTHER = TOKENS[0].copy()
OTHER[3:40] = 4
PROMPT = torch.from_numpy(with_start(TOKENS))
ABLATION = parse_ablation("L0.H1:lookback=100,L1.attn:mean,L1.mlp,L2.H0,L2.H3:mean,L2.mlp:mean", SMALL)
PARTS = components_of(SMALL, ("attn", "mlp", "head"))

FINDINGS: dict[str, Callable[[PuzzleGPT, ReferenceMeans], Any]] = {
    "predict": lambda model, means: predict(model, TOKENS),
    "predict, ablated": lambda model, means: predict(model, TOKENS, ABLATION, means),
    "losses": lambda model, means: losses(model, TOKENS, ABLATION, means),
    "run_ablated": lambda model, means: run_ablated(model, PROMPT, ABLATION, means),
    "run_puzzle": lambda model, means: run_puzzle(model, TOKENS[0], ABLATION, means).logits,
    "sweep": lambda model, means: list(sweep(model, TOKENS, PARTS)),
    "sweep, ablated": lambda model, means: list(
        sweep(model, TOKENS, PARTS[:3], base=ABLATION, means=means, scope="answer")
    ),
    "reference_means": lambda model, means: reference_means(model, PROMPT),
    "layer_attention": lambda model, means: layer_attention(model, TOKENS[0], 0, ABLATION, means),
    "attention_of": lambda model, means: attention_of(model, run_puzzle(model, TOKENS[0]), 1),
    "lookback_table": lambda model, means: lookback_table(model, TOKENS, [1, 100], clamp=False),
    "study_heads": lambda model, means: study_heads(model, TOKENS[:1], ABLATION, means).detectors("all"),
    "logit_lens": lambda model, means: logit_lens(model, TOKENS[0], ABLATION, means),
    "direct_attribution": lambda model, means: direct_attribution(model, TOKENS[0], ABLATION, means),
    "patch": lambda model, means: (
        activation_patching(model, TOKENS[0], OTHER, "z", ablation=ABLATION, means=means).values
    ),
    "path_ablation": lambda model, means: list(
        path_ablation(model, TOKENS[:1], PARTS[0], base=ABLATION, means=means).costs().values()
    ),
    "composition": lambda model, means: composition(model),
    "blanks_masked": lambda model, means: blanks_masked(model, TOKENS),
    "copy_circuit": lambda model, means: copy_circuit(model, TOKENS),
}


def numbers(found: Any) -> list[np.ndarray]:
    """Every number in a result, in a fixed order."""
    if isinstance(found, Tensor):
        return [found.detach().double().numpy()]
    if isinstance(found, np.ndarray):
        return [found.astype(float)]
    if isinstance(found, int | float | np.number):
        return [np.array(float(found))]
    if dataclasses.is_dataclass(found):
        found = [getattr(found, field.name) for field in dataclasses.fields(found)]
    if isinstance(found, dict):
        found = list(found.values())
    return [array for part in found for array in numbers(part)] if isinstance(found, list | tuple) else []


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return small_model()


@pytest.fixture(scope="module")
def means(model: PuzzleGPT) -> ReferenceMeans:
    return reference_means(model, PROMPT)


@pytest.fixture(scope="module")
def found(model: PuzzleGPT, means: ReferenceMeans) -> dict[str, list[np.ndarray]]:
    """What is right: as computed in float32, with PyTorch's defaults as they come."""
    return {name: numbers(find(model, means)) for name, find in FINDINGS.items()}


def in_precision(dtype: torch.dtype) -> PuzzleGPT:
    return small_model().to(dtype)


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def elsewhere() -> Iterator[None]:
    with default_dtype(torch.bfloat16), torch.device("meta"):
        yield


# ---- the model's precision ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FINDINGS)
def test_float64_agrees_with_float32(name: str, found: dict[str, list[np.ndarray]]):
    model = in_precision(torch.float64)
    arrays = numbers(FINDINGS[name](model, reference_means(model, PROMPT)))
    assert len(arrays) == len(found[name]) > 0
    for ours, expected in zip(arrays, found[name], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", FINDINGS)
def test_lower_precision_is_refused_in_a_sentence(name: str, dtype: torch.dtype, means: ReferenceMeans):
    with pytest.raises(
        PuzzlescopeError, match=r"float32 or float64.* are b?float16: call model\.float"
    ) as caught:
        FINDINGS[name](in_precision(dtype), means)
    assert "\n" not in str(caught.value)


def test_weights_of_two_precisions_are_refused(means: ReferenceMeans):
    model = small_model()
    model.blocks[1].double()
    with pytest.raises(PuzzlescopeError, match="are float32 and float64"):
        predict(model, TOKENS)


@pytest.mark.parametrize("name", FINDINGS)
def test_autocast_is_refused_in_a_sentence(name: str, model: PuzzleGPT, means: ReferenceMeans):
    with (
        torch.autocast("cpu", torch.bfloat16),
        pytest.raises(PuzzlescopeError, match=r"torch\.autocast is on here"),
    ):
        FINDINGS[name](model, means)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-4), (torch.bfloat16, 0.15), (torch.float16, 0.02)]
)
def test_the_model_itself_runs_in_any_precision(dtype: torch.dtype, tolerance: float, model: PuzzleGPT):
    """Whole, in chunks through a cache whoever made it, with the pattern looked at, its parts shown, and with
    gradients."""
    other = in_precision(dtype)
    expected = model(PROMPT)
    size = expected.abs().max().item()

    def check(logits: Tensor) -> None:
        assert logits.dtype == dtype
        assert (logits.float() - expected).abs().max().item() <= tolerance * size

    check(other(PROMPT))
    check(other.run_with_cache(PROMPT)[0])
    kv_cache = KeyValueCache(other.cfg, len(PROMPT))
    check(
        torch.cat([other(PROMPT[:, :9], kv_cache=kv_cache), other(PROMPT[:, 9:], kv_cache=kv_cache)], dim=1)
    )
    other.set_use_attn_result(True)
    other.set_use_split_qkv_input(True)
    check(other(PROMPT))
    loss, cache = other.run_with_cache(PROMPT, return_type="loss", incl_bwd=True)
    assert loss.isfinite() and cache["blocks.0.hook_q_input_grad"].isfinite().all()


# ---- PyTorch's defaults ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "defaults",
    [lambda: default_dtype(torch.float64), elsewhere],
    ids=["float64", "bfloat16 on another device"],
)
def test_pytorchs_defaults_change_nothing(
    defaults: Callable[[], AbstractContextManager[Any]],
    tmp_path: Path,
    found: dict[str, list[np.ndarray]],
):
    """Loaded, saved and computed, to the bit. The device that has no memory stands for any that the model is
    not on."""
    saved = load_model(saved_model(tmp_path / "before"))
    expected = numbers(predict(saved, TOKENS))
    with defaults():
        model = load_model(str(tmp_path / "before"))
        assert {parameter.dtype for parameter in [*model.parameters(), model.W_pos]} == {torch.float32}
        assert model.device == model.W_pos.device == torch.device("cpu")
        assert model.checkpoint_id == saved.checkpoint_id
        again = numbers(predict(model, TOKENS))
        model.load_state_dict(small_model_weights())
        means = reference_means(model, PROMPT)
        ours = {name: numbers(find(model, means)) for name, find in FINDINGS.items()}
    for a, b in zip(again, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    for name, arrays in ours.items():
        for a, b in zip(arrays, found[name], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


def small_model_weights() -> dict[str, Tensor]:
    with torch.device("cpu"):
        return small_model().state_dict()


def test_a_new_model_is_float32():
    for dtype in (torch.float64, torch.bfloat16):
        with default_dtype(dtype):
            torch.manual_seed(3)
            model = PuzzleGPT(Config(n_layers=1, n_heads=2, d_model=8, d_head=4, d_mlp=8))
        assert {parameter.dtype for parameter in [*model.parameters(), model.W_pos]} == {torch.float32}
        torch.manual_seed(3)
        weights = PuzzleGPT(model.cfg).state_dict()
        assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
    assert json.dumps(dataclasses.asdict(model.cfg))
