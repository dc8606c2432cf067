"""``plant``: a model of which it is known what circuit it is."""

from collections.abc import Sequence
from typing import Annotated

import torch
import typer

from interp.checkpoints import check_free, load_model, save_model
from interp.circuits.planted.planting import FEWEST, LEAST, MOST, PAIRS, Drawn, Plant, check_plant, plant
from interp.cli.circuits.choices import PairsTaskOption
from interp.cli.inputs import progress
from interp.cli.options import ForceOption, JsonOption, ModelOption, StructureOption
from interp.cli.printing import folder_named, say_result
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.outputs import strict_json, write_whole
from interp.pairs import Pair, shipped_pairs
from interp.puzzles import load_puzzles
from interp.resumable import Steps
from interp.tokens import STRUCTURES, Structure, structure_named

TRUTH = "truth.json"


def planted(
    out: Annotated[str, typer.Argument(help="Folder for the model and the truth about it.")],
    edges: Annotated[int, typer.Option("--edges", help=f"Of the circuit, {FEWEST} to {MOST}.")] = 60,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same circuit.")] = 0,
    model: ModelOption = "default",
    task: PairsTaskOption = "contact",
    n: Annotated[int, typer.Option("--n", "-n", help="Pairs by which edges are drawn.")] = PAIRS,
    structure: StructureOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plant a random connected circuit in a trained model: every other edge reads what its writer writes on
    average, so that the model is the circuit. OUT loads as any model does, and truth.json in it names the
    edges."""
    check_plant(edges, seed)
    if n < 1:
        raise PuzzlescopeError(f"--n expects at least 1, got {n}.")
    folder = folder_named(out)
    check_free(folder, replace=force)
    if (folder / TRUTH).exists() and not force:
        raise PuzzlescopeError(f"{folder} already holds {TRUTH}: name another folder, or --force.")
    orders = STRUCTURES if structure is None else (structure_named(structure),)
    pairs, held_out = _pairs(task, orders, n)
    net = load_model(model)
    found = _finished(plant.steps(net, load_puzzles("bank"), pairs, edges, seed, orders, held_out), as_json)
    truth = found.truth | {"pairs": _named(pairs)}
    save_model(found.model, folder, _card(found, truth), dtype=_precision(net), replace=force)
    write_whole(folder / TRUTH, strict_json(truth) + "\n")
    if as_json:
        say_result(strict_json(truth))
    else:
        say_result(
            f"The model is in {folder}, a circuit of {truth['n_edges']} edges{_idle(found)}; {TRUTH} there"
            " names them."
            f" Between the ends of {len(pairs)} pairs the logit difference falls by {found.gap:.3g}."
            f" Use it with --model {folder}."
        )


def _pairs(task: str | None, orders: Sequence[Structure], n: int) -> tuple[list[Pair], list[Pair]]:
    """Of some orders of the grids the pairs that ``circuit`` takes, and those that it holds out
    (:func:`interp.cli.circuits.choices.split_pairs`)."""
    train, held_out = (
        [pair for pair in shipped_pairs("rule", task, apart) if pair.base.structure in orders]
        for apart in (False, True)
    )
    if not train or not held_out:
        raise PuzzlescopeError("There is no pair of that task in that order of the grids: choose another.")
    step = max(1, len(train) // n) if task is None else 1  # of all tasks, not the first one's alone
    return train[::step][:n], held_out[::step][:n]


def _finished(steps: Steps[Drawn, Plant], quiet: bool) -> Plant:
    """The result of steps that are counted while they are done, and the draws among them told."""
    found: list[Plant] = []

    def counted() -> Steps[Drawn, None]:
        found.append((yield from steps))

    bar = progress(counted(), "planting", quiet=quiet)
    for news in bar:
        if news is not None:
            bar.set_description(f"planting, draw {news.draws}, {news.best:.2f} of {LEAST} logits", False)
    return found[0]


def _idle(found: Plant) -> str:
    n = int(found.idle.sum())
    return f", of which {n} {'is' if n == 1 else 'are'} idle on these pairs" if n else ""


def _precision(model: PuzzleGPT) -> torch.dtype:
    """How weights are stored: as the models that come along if that loses nothing."""
    exact = all(torch.equal(own, own.half().float()) for own in model.parameters())
    return torch.float16 if exact else torch.float32


def _named(pairs: list[Pair]) -> list[str]:
    return [f"{pair.kind} of {pair.task}, {pair.variable}" for pair in pairs]


def _card(found: Plant, truth: dict[str, object]) -> str:
    return (
        f"# A planted circuit of {truth['n_edges']} edges\n\n"
        f"Planted by Puzzlescope in the model `{truth['planted_in']}` ({truth['planted_in_id']}), seed"
        f" {truth['seed']}: every other edge reads what its writer writes on average over puzzles in the same"
        f" order of the grids. `{TRUTH}` names the edges and says how they were drawn.\n"
    )
