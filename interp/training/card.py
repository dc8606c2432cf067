"""The model card: what a trained model is, how it was made, what it solves and what it shows. Every number
was measured."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp.analyses.notebook import THRESHOLDS, LookingHead, Phenomena
from interp.analyses.published import PUBLISHED_CLEAN, PUBLISHED_LAYERS
from interp.checkpoints.folders import CARD_FILE
from interp.errors import PuzzlescopeError
from interp.numbers import NO_RATIO, has_ratio, no_ratio, number, ratio
from interp.outputs import strict_json
from interp.puzzles.kinds import KINDS, Kind
from interp.tasks import TASKS
from interp.tokens import STRUCTURES
from interp.training.pictures import DYNAMICS_PICTURE, LOSS_PICTURE

if TYPE_CHECKING:
    from interp.training.trainer import Trainer

TRAINING_FILE = "training.json"


@dataclass(frozen=True)
class Arithmetic:
    """What training computes.

    Attributes:
        flops_per_puzzle: operations of the matrix products for one puzzle, forward and backward.
        puzzles_per_second: that the run trained on, over its whole length.
        matrix_rate: operations a second of this machine in a large matrix product.
        dtype: of the numbers in both.
    """

    flops_per_puzzle: float
    puzzles_per_second: float
    matrix_rate: float
    dtype: str

    @property
    def share(self) -> float:
        """The part of the machine's matrix rate that training reached."""
        return self.flops_per_puzzle * self.puzzles_per_second / self.matrix_rate


@dataclass(frozen=True)
class Report:
    """What was measured of a trained model: the share of ``per_kind`` puzzles solved of each kind, and the
    rest."""

    rates: dict[Kind, float]
    per_kind: int
    phenomena: Phenomena
    arithmetic: Arithmetic
    bank_seen: int

    @property
    def mean(self) -> float:
        return sum(self.rates.values()) / len(self.rates)


def card_text(trainer: "Trainer", report: Report) -> str:
    """The README.md of a model folder."""
    cfg = trainer.recipe.model
    return f"""# A Puzzlescope model

A GPT that solves one-shot grid puzzles: {cfg.n_layers} layers, {cfg.n_heads} heads, d_model {cfg.d_model}, d_head {cfg.d_head},
d_mlp {cfg.d_mlp}, {trainer.model.n_params:,} parameters. Pre-LayerNorm, ReLU, sinusoidal positions, no LayerNorm before the unembedding.

## What it solves

Share of {report.per_kind} fresh puzzles of each task and structure whose 100 answer cells greedy decoding draws right; noise as in
the public data set. {100 * report.mean:.1f} % on average. `python -m interp evaluate --per {report.per_kind}` prints it again.

{_rate_table(report.rates)}

## How it was made

{_history(trainer)}
- Data: {trainer.puzzles:,} puzzles drawn on the fly from Puzzlescope's own generators, all tasks and structures, 5 % noise on the
  third grid as in the public data set; kinds with more loss were drawn more often. `{TRAINING_FILE}` says how many of each.
- Optimizer: Muon for the blocks' matrices (one head at a time), AdamW for the rest; learning rate up over
  {trainer.recipe.warmup_steps} steps, level, linear to 0 over the last {100 * trainer.recipe.cooldown:.0f} % of a run; weight decay {trainer.recipe.weight_decay};
  gradients clipped at norm 1; {trainer.steps:,} steps.
- Loss: cross-entropy, the four grids weighted 0.1, 0.5, 0.1, 1.
- Arithmetic: {_arithmetic(report.arithmetic)}
- {report.bank_seen} of the puzzles in `assets/puzzles` were seen in training (every training puzzle is drawn again and compared).
- Licence: MIT, as the rest of Puzzlescope. Trained on nothing but generated puzzles.

![Loss against puzzles seen]({LOSS_PICTURE})

## What it shows

{phenomena_text(report.phenomena)}

## The birth of the heads

{100 * trainer.recording_seconds / max(trainer.seconds, 1e-9):.1f} % of the training time went into measuring the model on its way (`dynamics.parquet`; `interp.training.dynamics` says what
its columns mean). Tasks over 8 puzzles each, layers and heads over 32.

![Loss, puzzles solved, heads and attention layers against puzzles seen]({DYNAMICS_PICTURE})
"""


def phenomena_text(found: Phenomena) -> str:
    """What the notebook looked for, and whether this model shows it: Markdown."""
    layers = "\n".join(
        f"| L{layer}.attn | {number(loss, '.2e')} | {_multiple(loss, found.clean)} |"
        for layer, loss in enumerate(found.layers)
    )
    return f"""The notebook's experiments over {found.n} puzzles of the bank; `python -m interp phenomena --limit {found.n}` prints them again.
Loss is the mean over the answer's marker and cells, in nats.

**Attention layers.** {_layers_text(found)}

| off | loss | of the clean loss |
|---|---|---|
| nothing | {number(found.clean, ".2e")} | |
{layers}

**Heads.** {_heads_text(found)}

**The copy circuit.** Every MLP and every attention layer off but one, whose heads all look exactly 100 back; the answer decoded.

| ablation | loss | cells equal to the third grid's | … where that is not blank | markers among the cells |
|---|---|---|---|---|
{_circuit_rows(found)}"""


def _multiple(loss: float, clean: float) -> str:
    return f"{ratio(loss, clean)} ×" if has_ratio(loss, clean) else NO_RATIO


def _layers_text(found: Phenomena) -> str:
    """Which layer matters most, as far as the numbers say."""
    multiple = ratio(PUBLISHED_LAYERS[0], PUBLISHED_CLEAN, ".0f")
    published = f"(In the\npublished 37M model it is layer 0, {multiple} times.)"
    cost = found.layers[found.costliest]
    clean = f"{number(found.clean, '.2e')} with nothing off."
    if has_ratio(cost, found.clean):
        if cost <= found.clean:
            return f"{clean} No layer matters: with any one of them off the loss is no larger. {published}"
        return (
            f"{clean} Layer {found.costliest} matters most: {cost:.2e}, {ratio(cost, found.clean, '.0f')}"
            f" times as much."
            f" {published}"
        )
    why = f"How many times as much a layer costs cannot be said, for {no_ratio(found.clean)}."
    if found.clean == 0 and cost > 0:
        return f"{clean} Layer {found.costliest} matters most: {number(cost, '.2e')}. {why} {published}"
    return f"{clean} {why} {published}"


def _circuit_rows(found: Phenomena) -> str:
    return "\n".join(
        f"| `{c.ablation}` | {number(c.loss, '.2f')} | {' | '.join(c.shares('.1%')).replace('%', ' %')} |"
        for c in found.circuits
    )


def _heads_text(found: Phenomena) -> str:
    """Which heads look back: those that really do, and apart from them those that only the notebook's formula
    names."""
    return " ".join(
        looking_text(heads, distance, THRESHOLDS[distance]) for distance, heads in found.heads.items()
    ) + (
        " Scores are the notebook's, over all 405 positions, those with too few before them measured at the"
        " start token; in"
        " brackets over the others."
    )


def looking_text(heads: Sequence[LookingHead], distance: int, threshold: float) -> str:
    """The heads above a threshold in a sentence or two."""
    names = [f"{h.found.name} {h.found.score:.2f} ({h.unclamped:.2f})" for h in heads if h.looks]
    text = f"{distance} back above {threshold}: {', '.join(names) or 'none'}."
    resting = [h for h in heads if not h.looks and isfinite(h.found.score)]
    if resting:
        names = [f"{h.found.name} {h.found.score:.2f} ({h.unclamped:.2f})" for h in resting]
        text += (
            f" {len(names)} more only because they rest on the start token where there are too few positions"
            f" before:"
            f" {', '.join(names)}."
        )
    lost = sum(not isfinite(h.found.score) for h in heads)
    return f"{text} The attention of {lost} heads is not finite." if lost else text


def training_record(trainer: "Trainer", report: Report, card: str) -> str:
    """What a program may want to know of the training, as JSON: with it, the puzzles seen can be drawn again,
    and the card can be told from one that somebody else has written or has added to."""
    record = {
        "recipe": asdict(trainer.recipe),
        "history": trainer.history,
        "steps": trainer.steps,
        "puzzles": trainer.puzzles,
        "minutes": round(trainer.seconds / 60, 2),
        "recording_minutes": round(trainer.recording_seconds / 60, 2),
        "data": trainer.data.state_dict(),
        "solved": {kind.name: rate for kind, rate in report.rates.items()},
        "per_kind": report.per_kind,
        "arithmetic": asdict(report.arithmetic) | {"share": report.arithmetic.share},
        "card": _fingerprint(card.encode()),
    }
    return strict_json(record) + "\n"


def wrote_card(folder: Path) -> bool:
    """Whether the card in a folder is, to the letter, the one that training wrote there."""
    try:
        record = json.loads((folder / TRAINING_FILE).read_text(encoding="utf-8"))
        return bool(record["card"] == _fingerprint((folder / CARD_FILE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _fingerprint(card: bytes) -> str:
    return hashlib.sha256(card).hexdigest()


def read_record(folder: Path) -> dict[str, Any]:
    """The record beside a model's weights.

    Raises:
        PuzzlescopeError: if there is none, or what it must say of the training is not in it.
    """
    path = folder / TRAINING_FILE
    try:
        record = json.loads(path.read_text())
        for name in ("history", "steps", "puzzles", "minutes"):
            record[name]
        data = record["data"]
        assert isinstance(data["seed"], int) and len(data["taken"]) == len(data["loss"]) == len(KINDS)
    except OSError as error:
        raise PuzzlescopeError(
            f"{folder} has no readable {TRAINING_FILE}: only a model that `train` made can be trained on."
        ) from error
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise PuzzlescopeError(
            f"{path} is not the record of a training by this version of `train`."
        ) from error
    return dict(record)


def puzzles_taken(folder: Path) -> tuple[int, list[int]]:
    """The seed of a model's training data and how many puzzles of each kind it saw."""
    data = read_record(folder)["data"]
    return data["seed"], data["taken"]


def _rate_table(rates: dict[Kind, float]) -> str:
    lines = ["| task | " + " | ".join(s.name for s in STRUCTURES) + " |", "|---|" + "---|" * len(STRUCTURES)]
    for task in TASKS:
        own = [f"{100 * rate:.1f} %" for kind, rate in rates.items() if kind.task == task]
        lines.append(f"| {task} | " + " | ".join(own) + " |")
    return "\n".join(lines)


def _history(trainer: "Trainer") -> str:
    """The commands that made the model, and where each began."""
    lines = []
    for entry in trainer.history:
        lines.append(f"    {_command(entry['recipe'])}\n")
        if entry["puzzles"]:
            lines[-1] = f"From {entry['puzzles']:,} puzzles on:\n\n{lines[-1]}"
    return "\n".join(lines) + f"\n- Time: {times(trainer.history, trainer.seconds / 60)}."


def times(history: list[dict[str, Any]], minutes: float) -> str:
    """How long a model was trained on what: ``minutes`` in all."""
    starts: list[tuple[str, float]] = []
    for entry in history:
        if not starts or starts[-1][0] != entry["hardware"]:
            starts.append((entry["hardware"], entry.get("minutes", 0.0)))
    ends = [start for _, start in starts[1:]] + [minutes]
    return ", then ".join(
        f"{end - start:.0f} minutes on {hardware}"
        for (hardware, start), end in zip(starts, ends, strict=True)
    )


def _command(recipe: dict[str, Any]) -> str:
    cfg = recipe["model"]
    start = (
        f"--from {recipe['continues']}"
        if recipe["continues"]
        else f"--layers {cfg['n_layers']} --heads {cfg['n_heads']} --d-model {cfg['d_model']} --d-head {cfg['d_head']}"
        f" --d-mlp {cfg['d_mlp']} --seed {recipe['seed']}"
    )
    length = f"--puzzles {recipe['puzzles']}" if recipe["puzzles"] else f"--minutes {recipe['minutes']:g}"
    return f"python -m interp train OUT {start} --batch {recipe['batch']} --lr {recipe['lr']} {length}"


def _arithmetic(found: Arithmetic) -> str:
    return (
        f"{found.flops_per_puzzle / 1e9:.1f} GFLOP of matrix products a puzzle, forward and backward;"
        f" {found.puzzles_per_second:.1f} puzzles/s,\n  {100 * found.share:.0f} % of the"
        f" {found.matrix_rate / 1e9:,.0f} GFLOP/s that this machine reached in {found.dtype} matrix products"
        f" when the run had ended."
    )
