"""Small models for tests: random ones, with weights so large that every component matters, and ones made by
hand, of which it is known where they look."""

from collections.abc import Sequence
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


# ---- made by hand ------------------------------------------------------------------------------------------

SHARP = 3000.0
"""The slope of the scores: the softmax leaves a head one place to look at."""


def looking_back(distances: Sequence[int]) -> PuzzleGPT:
    """A model of one layer, each of whose heads looks exactly this many positions back, by its weights alone.

    Tokens are embedded as nothing: the stream is the sinusoids. Turning each of their pairs by the angle that
    its frequency makes in N positions gives the sinusoids of N positions before, which the head's queries ask
    for.
    """
    cfg = Config(n_layers=1, n_heads=len(distances), d_model=64, d_head=64, d_mlp=8)
    model = PuzzleGPT(cfg)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.blocks[0].ln1.w.fill_(1)
        for head, distance in enumerate(distances):
            model.blocks[0].attn.W_K[head] = torch.eye(64)
            model.blocks[0].attn.W_Q[head] = SHARP * _turned_back(model, distance)
    return model.eval().requires_grad_(False)


def copying() -> PuzzleGPT:
    """A model of one layer with one head, which writes the token that it reads. With its attention fixed at
    100 positions back (``L0.attn:lookback=100``) it draws the third grid once more, whatever that is."""
    cfg = Config(n_layers=1, n_heads=1, d_model=32, d_head=16, d_mlp=8)
    model, tokens = PuzzleGPT(cfg), torch.eye(15)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.embed.W_E[:, :15] = 1000 * tokens  # the sinusoids are nothing beside it
        model.blocks[0].ln1.w.fill_(1)
        model.blocks[0].attn.W_V[0, :15, :15] = tokens
        model.blocks[0].attn.W_O[0, :15, 15:30] = tokens
        model.unembed.W_U[15:30] = tokens
    return model.eval().requires_grad_(False)


def _turned_back(model: PuzzleGPT, distance: int) -> torch.Tensor:
    """[d_model, d_qk] that takes the sinusoids of a position to those of ``distance`` positions before."""
    table = model.pos_embed.W_pos
    angles = torch.atan2(
        table[distance, 0::2], table[distance, 1::2]
    )  # sine, cosine of N times the frequency
    turn = torch.zeros(64, 64)
    for pair, angle in enumerate(angles):
        sine, cosine = angle.sin(), angle.cos()
        # sin(p - N) = sin p cos N - cos p sin N; cos(p - N) = cos p cos N + sin p sin N
        turn[2 * pair : 2 * pair + 2, 2 * pair : 2 * pair + 2] = torch.tensor(
            [[cosine, sine], [-sine, cosine]]
        )
    return turn
