"""Small random models for tests: weights large enough that every part matters."""

from pathlib import Path

import numpy as np
import torch

from interp.checkpoints import save_model
from interp.model import Config, PuzzleGPT
from interp.puzzles.kinds import KINDS, draw

SMALL = Config(n_layers=3, n_heads=4, d_model=32, d_head=8, d_mlp=48)


def six_puzzles() -> np.ndarray:
    """Tokens of six puzzles, each of another task or order."""
    return np.concatenate([draw("evaluation", 7, kind, 1) for kind in KINDS[::6]])


def small_model(seed: int = 0, cfg: Config = SMALL) -> PuzzleGPT:
    """A random model whose answers differ from puzzle to puzzle."""
    generator = torch.Generator().manual_seed(seed)
    model = PuzzleGPT(cfg)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.3, generator=generator)
    return model.eval().requires_grad_(False)


def saved_model(folder: Path, seed: int = 0) -> str:
    """The folder, with a small model in it: a name that load_model takes."""
    save_model(small_model(seed), folder, "# A random model for tests\n", replace=True)
    return str(folder)
