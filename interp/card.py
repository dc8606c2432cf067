"""The model card: what a trained model is, how it was made and what it solves. Every number in it was measured."""

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from interp.kinds import Kind
from interp.tasks import TASKS
from interp.tokens import STRUCTURES

if TYPE_CHECKING:
    from interp.training import Trainer

TRAINING_FILE = "training.json"


def card_text(trainer: "Trainer", rates: dict[Kind, float], per_kind: int) -> str:
    """The README.md of a model folder."""
    cfg, recipe = trainer.recipe.model, trainer.recipe
    command = (
        f"python -m interp train OUT --layers {cfg.n_layers} --heads {cfg.n_heads} --d-model {cfg.d_model}"
        f" --d-head {cfg.d_head} --d-mlp {cfg.d_mlp} --batch {recipe.batch} --lr {recipe.lr} --seed {recipe.seed} "
        + (f"--puzzles {recipe.puzzles}" if recipe.puzzles else f"--minutes {recipe.minutes:g}")
    )
    mean = sum(rates.values()) / len(rates)
    return f"""# A Puzzlescope model

A GPT that solves one-shot grid puzzles: {cfg.n_layers} layers, {cfg.n_heads} heads, d_model {cfg.d_model}, d_head {cfg.d_head},
d_mlp {cfg.d_mlp}, {trainer.model.n_params:,} parameters. Pre-LayerNorm, ReLU, sinusoidal positions, no LayerNorm before the unembedding.

## What it solves

Share of {per_kind} fresh puzzles of each task and structure whose 100 answer cells greedy decoding draws right; noise as in
the public data set. {100 * mean:.1f} % on average. `python -m interp evaluate --per {per_kind}` prints it again.

{_rate_table(rates)}

## How it was made

    {command}

- Data: {trainer.puzzles:,} puzzles drawn on the fly from Puzzlescope's own generators, all tasks and structures, 5 % noise on the
  third grid as in the public data set; kinds with more loss were drawn more often. `{TRAINING_FILE}` says how many of each.
- Optimizer: Muon for the blocks' matrices (one head at a time), AdamW for the rest; peak learning rate {recipe.lr},
  warm-up {recipe.warmup_steps} steps, level, linear to 0 over the last {100 * recipe.cooldown:.0f} %; weight decay {recipe.weight_decay};
  gradients clipped at norm 1; {trainer.steps:,} steps of {recipe.batch} puzzles.
- Loss: cross-entropy, the four grids weighted 0.1, 0.5, 0.1, 1.
- Time: {trainer.seconds / 60:.0f} minutes on {_hardware(trainer.device)}.
- Licence: MIT, as the rest of Puzzlescope. Trained on nothing but generated puzzles.
"""


def training_record(trainer: "Trainer", rates: dict[Kind, float]) -> str:
    """What a program may want to know of the training, as JSON: with it, the puzzles seen can be drawn again."""
    record = {
        "recipe": asdict(trainer.recipe),
        "steps": trainer.steps,
        "puzzles": trainer.puzzles,
        "minutes": round(trainer.seconds / 60, 2),
        "data": {"seed": trainer.data.seed, "taken": trainer.data.taken.tolist()},
        "solved": {kind.name: rate for kind, rate in rates.items()},
    }
    return json.dumps(record, indent=1) + "\n"


def puzzles_taken(folder: Path) -> tuple[int, list[int]]:
    """The seed of a model's training data and how many puzzles of each kind it saw."""
    data = json.loads((folder / TRAINING_FILE).read_text())["data"]
    return data["seed"], data["taken"]


def _rate_table(rates: dict[Kind, float]) -> str:
    lines = ["| task | " + " | ".join(s.name for s in STRUCTURES) + " |", "|---|" + "---|" * len(STRUCTURES)]
    for task in TASKS:
        own = [f"{100 * rate:.1f} %" for kind, rate in rates.items() if kind.task == task]
        lines.append(f"| {task} | " + " | ".join(own) + " |")
    return "\n".join(lines)


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} threads of a {platform.machine()} CPU shared with other work, bfloat16 where it has it"
