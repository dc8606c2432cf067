"""Small checkpoints for the tests of those who read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from tests.support.places import DATA

TINY = DATA / "mygpt_tiny.pth"
TINY_ID = "3341ed723cc8"
"""Its weights': those whose logits, by the original code, are beside it."""

SMALL = Config(n_layers=2, n_heads=2, d_model=8, d_head=4, d_mlp=12)


def random_model(cfg: Config, seed: int = 0) -> PuzzleGPT:
    """All weights random, the biases and LayerNorms too, so that no two are alike."""
    torch.manual_seed(seed)
    model = PuzzleGPT(cfg)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    return model


def refused(load: Callable[[], object], *words: str) -> str:
    """Assert that it ends in one sentence of ours that has these words; return the sentence."""
    with pytest.raises(PuzzlescopeError) as caught:
        load()
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".") and len(message) < 700, message
    assert "Type-check" not in message, "refused by the shape checks of the tests alone"
    for word in words:
        assert word in message, f"{word!r} is not in {message!r}"
    return message


def tiny_state() -> dict[str, Any]:
    return dict(torch.load(TINY, weights_only=True)[0])


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def assert_is_the_reference(model: PuzzleGPT) -> None:
    reference = np.load(DATA / "mygpt_tiny_logits.npz")
    tokens = torch.from_numpy(reference["tokens"].astype(np.int64))
    prompt = torch.cat([torch.zeros(len(tokens), 1, dtype=torch.long), tokens[:, :-1]], dim=1)
    difference = model(prompt) - torch.from_numpy(reference["logits"])
    assert difference.abs().max() < 1e-4
