"""A model of two layers trained on copies at random distances, which can only be made by an induction head.

``python -m interp.why.planted.toy`` trains the one that comes along again: some minutes on one core.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

from interp.ablation import Component
from interp.assets import PLANTED_FOLDER
from interp.checkpoints import load_model, save_model
from interp.model import Config, PuzzleGPT
from interp.tokens import N_CTX
from interp.training.optimizer import MuonAdamW
from interp.why.planted.copies import BLOCK, COLOURS, training_batch

SIZES = Config(n_layers=2, n_heads=2, d_model=64, d_head=32, d_mlp=4)
STAGES = ((1200, 48, 96, 24), (600, 12, N_CTX, 150))
"""Steps, the sequences of each, their length, and the most markers between blocks: short ones first, in which
the circuit is found sooner, then such as it is looked at on. Each step's begin at a random position."""
RATE, SEED = 0.01, 0
WARM_UP = 100

FOLDER = PLANTED_FOLDER / "copies"
INDUCTION = Component(1, "head", 0)
"""The head of the kept model that looks at what followed this token before."""


def kept_toy() -> tuple[PuzzleGPT, Component]:
    """The trained model that comes along, and its induction head."""
    return load_model(FOLDER), INDUCTION


def train_toy(
    stages: Sequence[tuple[int, int, int, int]] = STAGES, seed: int = SEED, *, say: bool = False
) -> tuple[PuzzleGPT, float]:
    """Train one.

    Args:
        stages: as :data:`STAGES`.
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
    plan = [own for steps, *own in stages for _ in range(steps)]
    for step, (rows, length, most) in enumerate(plan):
        tokens, asked = training_batch(rows, length, most, generator)
        optimizer.set_lr_factor(min(1.0, (step + 1) / WARM_UP) * (1 - step / len(plan)))
        start = int(torch.randint(0, N_CTX - length + 1, (), generator=generator))
        logits = model(model.embedded(tokens, start), start_at_layer=0)
        losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
        weight = asked[:, :-1].float()
        loss = (losses * weight).sum() / weight.sum()
        loss.backward()
        optimizer.step()
        found = loss.item()
        if say and step % 50 == 0:
            print(step, f"{found:.4f}", flush=True)
    return model.eval().requires_grad_(False), found


def main(folder: Path = FOLDER) -> None:
    """Train the model that comes along, and write it."""
    model, loss = train_toy(say=True)
    save_model(model, folder, _card(loss), replace=True)
    print(f"Wrote {folder}.")


def _card(loss: float) -> str:
    each = ", then ".join(
        f"{steps:,} steps of {rows} sequences of {length} tokens with 0 to {most} markers between blocks"
        for steps, rows, length, most in STAGES
    )
    return (
        "# Copies at random distances\n\n"
        "A model of two layers, two heads each, that goes on with a block of colours which stood before: it"
        " must find what followed. Made by Puzzlescope, to see whether an induction head is told from a head"
        f" that points by position. Trained by `python -m interp.why.planted.toy`, seed {SEED}, on sequences"
        f" generated on the fly (`interp/why/planted/copies.py`): {BLOCK} of {COLOURS} colours in random"
        f" order that come again and again, random markers between. {each[0].upper()}{each[1:]}. Loss on the"
        f" last batch: {loss:.4f} nats a colour. `python -m interp plant-head OUT --kind k-composition` gives"
        " a copy.\n"
    )


if __name__ == "__main__":
    main()
