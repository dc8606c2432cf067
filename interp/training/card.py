"""The model card: what a trained model is, how it was made, what it solves and what it shows. Every number
was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from interp.analyses.notebook.experiments import THRESHOLDS, LookingHead, Phenomena
from interp.analyses.notebook.published import PUBLISHED_CLEAN, PUBLISHED_LAYERS
from interp.numbers import NO_RATIO, has_ratio, no_ratio, number, ratio
from interp.puzzles.kinds import KINDS
from interp.tasks import TASKS
from interp.tokens import STRUCTURES
from interp.training.arithmetic import Arithmetic
from interp.training.pictures import DYNAMICS_PICTURE, LOSS_PICTURE
from interp.training.recipe import Recipe
from interp.training.record import TRAINING_FILE, Record, Stretch


@dataclass(frozen=True)
class Report:
    """What the card of a trained model says beyond its record.

    Attributes:
        n_params: parameters of the model.
        phenomena: what the notebook looked for, in this model.
        bank_seen: how many puzzles of the bank were seen in training.
    """

    n_params: int
    phenomena: Phenomena
    bank_seen: int


def card_text(record: Record, report: Report) -> str:
    """The README.md of a model folder, from a record in which everything has been measured."""
    assert record.arithmetic
    cfg = record.recipe.model
    return f"""# A Puzzlescope model

A GPT that solves one-shot grid puzzles: {cfg.n_layers} layers, {cfg.n_heads} heads, d_model {cfg.d_model}, d_head {cfg.d_head},
d_mlp {cfg.d_mlp}, {report.n_params:,} parameters. Pre-LayerNorm, ReLU, sinusoidal positions, no LayerNorm before the unembedding.

## What it solves

Share of {record.per_kind} fresh puzzles of each task and structure whose 100 answer cells greedy decoding draws right; noise as in
the public data set. {100 * record.mean_solved:.1f} % on average. `python -m interp evaluate --per {record.per_kind}` prints it again.

{_rate_table(record.solved)}

## How it was made

{_history(record)}
- Data: {record.puzzles:,} puzzles drawn on the fly from Puzzlescope's own generators, all tasks and structures, 5 % noise on the
  third grid as in the public data set; kinds with more loss were drawn more often. `{TRAINING_FILE}` says how many of each.
- Optimizer: Muon for the blocks' matrices (one head at a time), AdamW for the rest; learning rate up over
  {record.recipe.warmup_steps} steps, level, linear to 0 over the last {100 * record.recipe.cooldown:.0f} % of a run; weight decay {record.recipe.weight_decay};
  gradients clipped at norm 1; {record.steps:,} steps.
- Loss: cross-entropy, the four grids weighted 0.1, 0.5, 0.1, 1.
- Arithmetic: {_arithmetic(record.arithmetic)}
- {report.bank_seen} of the puzzles in `assets/puzzles` were seen in training (every training puzzle is drawn again and compared).
- Licence: MIT, as the rest of Puzzlescope. Trained on nothing but generated puzzles.

![Loss against puzzles seen]({LOSS_PICTURE})

## What it shows

{phenomena_text(report.phenomena)}

## The birth of the heads

{100 * record.recording_minutes / max(record.minutes, 1e-9):.1f} % of the training time went into measuring the model on its way (`dynamics.parquet`; `interp.training.dynamics` says what
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
            f" times as much. {published}"
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
        " start token; in brackets over the others."
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
            f" before: {', '.join(names)}."
        )
    lost = sum(not isfinite(h.found.score) for h in heads)
    return f"{text} The attention of {lost} heads is not finite." if lost else text


def _rate_table(solved: Mapping[str, float]) -> str:
    lines = ["| task | " + " | ".join(s.name for s in STRUCTURES) + " |", "|---|" + "---|" * len(STRUCTURES)]
    for task in TASKS:
        own = [f"{100 * solved[kind.name]:.1f} %" for kind in KINDS if kind.task == task]
        lines.append(f"| {task} | " + " | ".join(own) + " |")
    return "\n".join(lines)


def _history(record: Record) -> str:
    """The commands that made the model, and where each began."""
    lines = []
    for stretch in record.history:
        lines.append(f"    {_command(stretch.recipe)}\n")
        if stretch.puzzles:
            lines[-1] = f"From {stretch.puzzles:,} puzzles on:\n\n{lines[-1]}"
    return "\n".join(lines) + f"\n- Time: {times(record.history, record.minutes)}."


def times(history: Sequence[Stretch], minutes: float) -> str:
    """How long a model was trained on what: ``minutes`` in all."""
    starts: list[tuple[str, float]] = []
    for stretch in history:
        if not starts or starts[-1][0] != stretch.hardware:
            starts.append((stretch.hardware, stretch.minutes or 0.0))
    ends = [start for _, start in starts[1:]] + [minutes]
    return ", then ".join(
        f"{end - start:.0f} minutes on {hardware}"
        for (hardware, start), end in zip(starts, ends, strict=True)
    )


def _command(recipe: Recipe) -> str:
    cfg = recipe.model
    start = (
        f"--from {recipe.continues}"
        if recipe.continues
        else f"--layers {cfg.n_layers} --heads {cfg.n_heads} --d-model {cfg.d_model} --d-head {cfg.d_head}"
        f" --d-mlp {cfg.d_mlp} --seed {recipe.seed}"
    )
    length = f"--puzzles {recipe.puzzles}" if recipe.puzzles else f"--minutes {recipe.minutes:g}"
    kept = f" --moments {recipe.moments}" if recipe.moments else ""
    return f"python -m interp train OUT {start} --batch {recipe.batch} --lr {recipe.lr} {length}{kept}"


def _arithmetic(found: Arithmetic) -> str:
    return (
        f"{found.flops_per_puzzle / 1e9:.1f} GFLOP of matrix products a puzzle, forward and backward;"
        f" {found.puzzles_per_second:.1f} puzzles/s,\n  {100 * found.share:.0f} % of the"
        f" {found.matrix_rate / 1e9:,.0f} GFLOP/s that this machine reached in {found.dtype} matrix products"
        f" when the run had ended."
    )
