"""``optimal`` and ``rankings``: constants that cost least, and whether methods agree on what matters."""

from typing import Annotated, Any

import typer

from interp.ablation import components_of, parse_ablation, parse_method
from interp.ablation.constants import constants_file, write_constants
from interp.analyses.ablation_sweep import Sweep
from interp.analyses.by_method.optimal import BATCH, STEPS, VALIDATED, Progress, train_constants
from interp.analyses.by_method.rankings import COMPARED, Rankings, rankings
from interp.checkpoints import load_model
from interp.cli.inputs import chosen_puzzles, means_if_used, progress
from interp.cli.options import (
    AblateOption,
    ForceOption,
    JsonOption,
    LimitOption,
    ModelOption,
    OutOption,
    PlaceOption,
    PuzzlesOption,
    StructureOption,
    TaskOption,
)
from interp.cli.printing import checked, print_table, report, say_result
from interp.engine.measures import METRICS
from interp.errors import PuzzlescopeError
from interp.numbers import number
from interp.outputs import output_path
from interp.puzzles import load_puzzles
from interp.resumable import finish

_COMPARED = ",".join(method.text for method in COMPARED)


def optimal(
    model: ModelOption = "default",
    steps: Annotated[int, typer.Option(help="Steps of training.")] = STEPS,
    batch: Annotated[int, typer.Option(help="Puzzles of a step.")] = BATCH,
    validate: Annotated[
        int, typer.Option(help="Puzzles on which zero, mean and trained are chosen among.")
    ] = VALIDATED,
    out: Annotated[
        str | None, typer.Option("--out", help="Where to write them, if not beside the model's weights.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Train the constants of the method optimal for a model, and put them beside its weights, where they are
    found. Takes some minutes. Written over what is there only with --force."""
    path = output_path(constants_file(model) if out is None else out)
    if path.exists() and not force:
        raise PuzzlescopeError(f"{path} is there already: say --force to write over it.")
    found = train_constants(
        load_model(model), load_puzzles("bank"), steps=steps, batch=batch, validated=validate
    )
    for news in progress(found, "training", total=steps + 1):
        constants = news
    assert not isinstance(constants, Progress)
    write_constants(constants, path)
    chosen = list(constants.about["chosen"].values())
    told = ", ".join(f"{chosen.count(what)} {what}" for what in ("trained", "mean", "zero"))
    say_result(f"Constants for {len(chosen)} components ({told}) are in {path}.")


def rank(
    puzzles: PuzzlesOption = "bank",
    components: Annotated[
        str, typer.Option("--components", help="attn, mlp, head, joined by commas.")
    ] = "attn,head,mlp",
    methods: Annotated[
        str, typer.Option("--methods", help="Methods to compare, joined by commas.")
    ] = _COMPARED,
    metric: Annotated[str, typer.Option("--metric", help=" | ".join(METRICS))] = "final",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = 16,
    place: PlaceOption = None,
    model: ModelOption = "default",
    ablate: AblateOption = "",
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """Whether ways to ablate agree on which components matter: rank correlations (Spearman) of the effects by
    each method, over the same puzzles. A method is compared over the components that it fits."""
    if metric not in METRICS:
        raise PuzzlescopeError(f"No metric '{metric}': expected one of {', '.join(METRICS)}.")
    path = checked(out)
    compared = [parse_method(text.strip(), "--methods") for text in methods.split(",")]
    if len(set(compared)) < len(compared) or len(compared) < 2:
        raise PuzzlescopeError(f"--methods expects at least two different methods, got '{methods}'.")
    chosen, net = chosen_puzzles(puzzles, task, structure, limit, place), load_model(model)
    parts = tuple(components_of(net.cfg, [kind.strip() for kind in components.split(",")]))
    base = parse_ablation(ablate, net.cfg)
    means = means_if_used(net, chosen, base, *compared)
    states = {}
    for method in progress(compared, "sweeping", quiet=as_json):
        states[method] = finish(Sweep(tuple(chosen), parts, base, method).steps(net, means))
    found = rankings(states, metric)
    report(result_of(found), lambda: print_rankings(found), as_json, path)


def result_of(found: Rankings) -> dict[str, Any]:
    """What ``rank --json`` prints."""
    names = [method.text for method in found.methods]
    spearman = {
        one: dict(zip(names, line, strict=True))
        for one, line in zip(names, found.spearman.tolist(), strict=True)
    }
    return {"n": found.n, "measure": found.measure, "spearman": spearman, "rows": list(found.rows())}


def print_rankings(found: Rankings) -> None:
    """The table of rank correlations, and what it says."""
    names = [method.text for method in found.methods]
    lines = [
        (name, *(number(one, ".2f") for one in line))
        for name, line in zip(names, found.spearman.tolist(), strict=True)
    ]
    print_table(("rank correlation", *names), lines)
    say_result(found.summary())
