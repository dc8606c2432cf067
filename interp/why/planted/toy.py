"""A model of two layers trained on copies at random lags, which can only be made by an induction head."""

import torch
import torch.nn.functional as F

from interp.model import Config, PuzzleGPT
from interp.tokens import N_CTX
from interp.training.optimizer import MuonAdamW
from interp.why.planted.copies import training_batch

SIZES = Config(n_layers=2, n_heads=2, d_model=64, d_head=32, d_mlp=16)
LENGTH, MOST_MARKERS, ROWS = 112, 28, 48
"""Of the sequences it is trained on; they begin at a random position."""


def train_toy(steps: int = 3000, seed: int = 0, lr: float = 4e-3, say: bool = False) -> PuzzleGPT:
    """Train it."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = PuzzleGPT(SIZES)
    optimizer = MuonAdamW(model, lr, 0.01)
    for step in range(steps):
        tokens, asked = training_batch(ROWS, LENGTH, MOST_MARKERS, generator)
        start = int(torch.randint(0, N_CTX - LENGTH + 1, (), generator=generator))
        logits = model(model.embedded(tokens, start), start_at_layer=0)
        losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
        weight = asked[:, :-1].float()
        loss = (losses * weight).sum() / weight.sum()
        optimizer.set_lr_factor(min(1.0, (step + 1) / 100) * (1 - step / steps))
        loss.backward()
        optimizer.step()
        if say and step % 50 == 0:
            print(step, round(loss.item(), 4), flush=True)
    return model.eval().requires_grad_(False)
