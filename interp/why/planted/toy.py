"""A model of two layers trained on copies at random distances, which can only be made by an induction head.

``python -m interp.why.planted.toy`` trains the one that comes along again: some minutes on one core.
"""

from pathlib import Path

import torch
import torch.nn.functional as F

from interp.ablation import Component
from interp.assets import PLANTED_FOLDER
from interp.checkpoints import load_model, save_model
from interp.model import Config, PuzzleGPT
from interp.tokens import N_CTX
from interp.training.optimizer import MuonAdamW
from interp.why.planted.copies import BLOCK, training_batch

SIZES = Config(n_layers=2, n_heads=2, d_model=64, d_head=32, d_mlp=4)
LENGTH, MOST_MARKERS, ROWS = 96, 24, 48
"""Of the sequences that it is trained on, which begin at a random one of its positions."""
STEPS, RATE, SEED = 1500, 0.01, 0
WARM_UP = 100

FOLDER = PLANTED_FOLDER / "copies"
INDUCTION = Component(1, "head", 0)
"""The head of the kept model that looks at what followed this token before."""


def kept_toy() -> tuple[PuzzleGPT, Component]:
    """The trained model that comes along, and its induction head."""
    return load_model(FOLDER), INDUCTION


def train_toy(steps: int = STEPS, seed: int = SEED, *, say: bool = False) -> tuple[PuzzleGPT, float]:
    """Train one.

    Args:
        steps: of the optimizer.
        seed: of the weights at the beginning, and of all sequences.
        say: whether the loss is printed on the way.

    Returns:
        The model, and its loss on the last batch, nats a colour that can be known.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = PuzzleGPT(SIZES)
    optimizer = MuonAdamW(model, RATE, 0.01)
    found = float("nan")
    for step in range(steps):
        tokens, asked = training_batch(ROWS, LENGTH, MOST_MARKERS, generator)
        start = int(torch.randint(0, N_CTX - LENGTH + 1, (), generator=generator))
        logits = model(model.embedded(tokens, start), start_at_layer=0)
        losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
        weight = asked[:, :-1].float()
        loss = (losses * weight).sum() / weight.sum()
        optimizer.set_lr_factor(min(1.0, (step + 1) / WARM_UP) * (1 - step / steps))
        loss.backward()
        optimizer.step()
        found = loss.item()
        if say and step % 50 == 0:
            print(step, f"{found:.4f}", flush=True)
    return model.eval().requires_grad_(False), found


def main(folder: Path = FOLDER, steps: int = STEPS, seed: int = SEED) -> None:
    """Train the model that comes along, and write it."""
    model, loss = train_toy(steps, say=True)
    save_model(model, folder, _card(steps, loss), replace=True)
    print(f"Wrote {folder}.")


def _card(steps: int, loss: float) -> str:
    return (
        "# Copies at random distances\n\n"
        "A model of two layers, two heads each, that goes on with a block of colours which stood before: it"
        f" must find what followed. Trained by `python -m interp.why.planted.toy`, seed {SEED}, {steps:,}"
        f" steps of {ROWS} sequences of {LENGTH} tokens each, generated on the fly: {BLOCK} colours in random"
        f" order that come again and again, 0 to {MOST_MARKERS} random markers between (`copies.py` beside"
        f" the command). Loss at the end: {loss:.4f} nats a colour. `python -m interp plant-head OUT --kind"
        " k-composition` gives a copy.\n"
    )


if __name__ == "__main__":
    main()
