"""``train``, ``evaluate`` and ``convert``: where models come from."""

import signal
from dataclasses import replace
from typing import Annotated

import torch
import typer

from interp import machine
from interp.checkpoints import convert as convert_checkpoint
from interp.checkpoints import find_model, load_model
from interp.cli.inputs import progress
from interp.cli.options import ForceOption, JsonOption, ModelOption, OutOption, size_option
from interp.cli.printing import DIVERGED, checked, folder_named, print_table, report, say_result
from interp.errors import PuzzlescopeError
from interp.model import Config
from interp.outputs import reason
from interp.puzzles.kinds import KINDS
from interp.stopping import Stopped
from interp.tasks import TASKS
from interp.tokens import STRUCTURES
from interp.training.evaluation import evaluate_more
from interp.training.finishing import finish as finish_training
from interp.training.recipe import Recipe
from interp.training.record import read_record
from interp.training.trainer import Trainer


def train(
    out: Annotated[str, typer.Argument(help="Folder for the run and, at its end, the model.")],
    minutes: Annotated[float, typer.Option(help="Computing time; or give --puzzles.")] = 0.0,
    puzzles: Annotated[int, typer.Option(help="Puzzles to see; or give --minutes.")] = 0,
    continues: Annotated[
        str, typer.Option("--from", help="Trained model to continue from: default or a folder.")
    ] = "",
    layers: Annotated[int | None, size_option(6)] = None,
    heads: Annotated[int | None, size_option(8)] = None,
    d_model: Annotated[int | None, size_option(256)] = None,
    d_head: Annotated[int | None, size_option(32)] = None,
    d_mlp: Annotated[int | None, size_option(1024)] = None,
    seed: Annotated[int | None, size_option(Recipe.seed)] = None,
    batch: int = Recipe.batch,
    lr: float = Recipe.lr,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; by default a GPU if there is one.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves PyTorch's choice.")] = 0,
    fused: Annotated[
        bool,
        typer.Option("--fused", help="Compile the model first (needs a C compiler): quicker on a GPU."),
    ] = False,
    per_kind: Annotated[
        int, typer.Option(help="Puzzles of each task and structure in the final evaluation.")
    ] = 50,
    moments: Annotated[
        int,
        typer.Option(help="Keep weights on the way: so many moments to each factor of ten of puzzles seen."),
    ] = Recipe.moments,
    force: ForceOption = False,
) -> None:
    """Train a model, from scratch or --from another, or go on where a run in OUT was stopped. What else is in
    OUT stays as it is; a finished model or a README.md of yours there is written over only with --force."""
    if per_kind < 1 or threads < 0 or not 0 <= (seed or 0) < 1 << 63:
        raise PuzzlescopeError(
            "Expected --per-kind of at least 1, --threads of at least 0 and --seed of at least 0 and below"
            f" 2^63; got {per_kind}, {threads}, {seed}."
        )
    if threads > 0:
        torch.set_num_threads(threads)
    config, seed = _start(
        continues, seed, n_layers=layers, n_heads=heads, d_model=d_model, d_head=d_head, d_mlp=d_mlp
    )
    recipe = Recipe(
        model=config,
        seed=seed,
        batch=batch,
        puzzles=puzzles,
        minutes=minutes,
        lr=lr,
        continues=continues,
        moments=moments,
    )
    folder = folder_named(out)
    try:
        trainer = Trainer(recipe, folder, device or machine.read().place(), fused=fused, replace=force)
        trainer.run()
        finish_training(trainer, per_kind)
    except OSError as error:
        raise PuzzlescopeError(f"The run in {folder} cannot go on: {reason(error)}.") from error
    except KeyboardInterrupt as stopped:  # caught by the run itself, which has saved its state
        raise Stopped(stopped.args[0] if stopped.args else signal.SIGINT) from None
    say_result(f"The model is in {folder}. Use it with --model {folder}.")


def _start(continues: str, seed: int | None, **sizes: int | None) -> tuple[Config, int]:
    """Sizes and seed of a run: those given, and for the rest those of the model it continues or the usual
    ones."""
    usual, usual_seed = Recipe(minutes=1.0).model, Recipe.seed
    if continues:
        folder = find_model(continues)
        usual, usual_seed = load_model(folder).cfg, read_record(folder).data.seed
    given = {name: size for name, size in sizes.items() if size is not None}
    return replace(usual, **given), usual_seed if seed is None else seed


def evaluate(
    model: ModelOption = "default",
    per: Annotated[int, typer.Option("--per", help="Fresh puzzles for each task and structure.")] = 100,
    seed: Annotated[int, typer.Option(help="Another seed gives other puzzles.")] = 0,
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """The share solved for each task and structure, on fresh puzzles with noise as in the public data set."""
    if per < 1 or seed < 0:
        raise PuzzlescopeError(
            f"Expected --per of at least 1 and --seed of at least 0, got {per} and {seed}."
        )
    path = checked(out)
    net = load_model(model)
    found = dict(progress(evaluate_more(net, per, seed=seed), "evaluating", total=len(KINDS), quiet=as_json))
    table = [
        (task, *(f"{100 * one.rate:.1f} %" for kind, one in found.items() if kind.task == task))
        for task in TASKS
    ]
    lost = round(per * sum(one.not_finite for one in found.values()))
    report(
        {f"{kind.task}: {kind.structure.name}": one.rate for kind, one in found.items()},
        lambda: print_table(("task", *(structure.name for structure in STRUCTURES)), table),
        as_json,
        path,
        f"On {lost} of {per * len(found)} puzzles the model's numbers {DIVERGED}" if lost else "",
    )


def convert(
    file: Annotated[str, typer.Argument(help="A checkpoint in the public .pth format.")],
    folder: Annotated[str, typer.Argument(help="Where config.json and model.safetensors go.")],
    force: ForceOption = False,
) -> None:
    """Turn a public checkpoint into config.json + model.safetensors. Such files, and a README.md, that are
    there already are written over only with --force."""
    say_result(f"Wrote {convert_checkpoint(file, folder_named(folder), replace=force)}.")
