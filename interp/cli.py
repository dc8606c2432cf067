"""The command line: ``python -m interp COMMAND``. Bad input of any kind ends with one sentence and exit code 2."""

import json
import math
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from tqdm import tqdm

from interp.ablation import Ablation, ReferenceMeans, bank_means, parse_ablation
from interp.attention import heads_above, lookback_table
from interp.card import read_record
from interp.checkpoints import convert as convert_checkpoint
from interp.checkpoints import find_model, load_model
from interp.errors import PuzzlescopeError
from interp.evaluation import evaluate as evaluate_model
from interp.kinds import KINDS
from interp.model import Config, PuzzleGPT
from interp.phenomena import measure_phenomena
from interp.predict import METRICS, losses
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles, save_puzzles
from interp.sweep import Scope, SweepRow, components_of
from interp.sweep import sweep as sweep_model
from interp.tasks import NOISE, TASKS, task_named
from interp.tokens import STRUCTURES, encode, structure_named
from interp.training import Recipe, Trainer
from interp.training import finish as finish_training

LARGEST_DRAW = 1_000_000

# Typer carries a copy of click and shows only some of its errors; this is the one that all misuse is.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def _size(usual: int) -> Any:
    """An option that stands at its usual value, or at that of the model to be continued."""
    return typer.Option(show_default=f"{usual}, or as in --from")


app = typer.Typer(
    help="Take apart small GPTs that solve grid puzzles.", no_args_is_help=False, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
)  # fmt: skip

PuzzlesOption = Annotated[
    str,
    typer.Option(
        "--puzzles", help="bank, FILE.npz, .json, .jsonl or .parquet (or .gz of it), or hub[:REPO]."
    ),
]
ModelOption = Annotated[
    str, typer.Option("--model", help="default, a folder, FILE.pth, or hub:REPO/FILE.pth.")
]
TaskOption = Annotated[str | None, typer.Option("--task", help="Only puzzles of this task.")]
StructureOption = Annotated[
    str | None, typer.Option("--structure", help="Only this order of the grids, as 'X f(X) Y f(Y)'.")
]
PlaceOption = Annotated[
    str | None, typer.Option("--place", help="Put smaller grids of ARC at the top-left or centre.")
]
LimitOption = Annotated[int | None, typer.Option("--limit", help="At most this many puzzles.")]
AblateOption = Annotated[str, typer.Option("--ablate", help="What is off, as in L1-5.attn,L0.H3:mean.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def solve(
    puzzles: PuzzlesOption = "bank",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = None,
    place: PlaceOption = None,
    model: ModelOption = "default",
    ablate: AblateOption = "",
    as_json: JsonOption = False,
) -> None:
    """How many puzzles the model solves, and its loss, under any ablation."""
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    ablation = parse_ablation(ablate, net.cfg)
    means = _means(net, ablation)
    by_task: dict[str, Any] = {}
    total, solved = 0.0, 0
    for name, group in _progress(chosen.by_task().items(), "solving", quiet=as_json):
        loss, right = losses(net, group.tokens, ablation, means)
        by_task[name] = {"n": len(group), "solved": int(right.sum()), "loss": loss.mean()}
        total, solved = total + loss.mean() * len(group), solved + int(right.sum())
    result = {"n": len(chosen), "solved": solved, "loss": total / len(chosen), "by_task": by_task}
    if as_json:
        _print_json(result)
        return
    rows = [(name, row["n"], row["solved"], f"{row['loss']:.3e}") for name, row in by_task.items()]
    _print_table(
        ("task", "puzzles", "solved", "loss"), [*rows, ("all", len(chosen), solved, f"{result['loss']:.3e}")]
    )


@app.command()
def sweep(
    puzzles: PuzzlesOption = "bank",
    components: Annotated[
        str, typer.Option("--components", help="attn, mlp, head, joined by commas.")
    ] = "attn",
    metric: Annotated[str, typer.Option("--metric", help=" | ".join(METRICS))] = "final",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = 64,
    place: PlaceOption = None,
    model: ModelOption = "default",
    ablate: AblateOption = "",
    answer_only: Annotated[
        bool,
        typer.Option("--answer-only", help="Off only where the answer is predicted: quicker, a first look."),
    ] = False,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the JSON to this file.")] = None,
) -> None:
    """The loss with each part of the model switched off in turn, and the puzzles that break or mend."""
    if metric not in METRICS:
        raise PuzzlescopeError(f"No metric '{metric}': expected one of {', '.join(METRICS)}.")
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    parts = components_of(net.cfg, [kind.strip() for kind in components.split(",")])
    base = parse_ablation(ablate, net.cfg)
    found = sweep_model(
        net, chosen.tokens, parts, base=base, means=_means(net, base), scope=_scope(answer_only)
    )
    clean, *rows = _progress(found, "sweeping", total=len(parts) + 1, quiet=as_json)
    result = _sweep_result(clean, rows, metric, chosen)
    if math.isnan(result["clean"]):
        raise PuzzlescopeError(
            f"No cell of these puzzles counts for the metric '{metric}': choose another metric."
        )
    if out is not None:
        _write(out, json.dumps(result, indent=1) + "\n")
    if as_json:
        _print_json(result)
    elif out is None:
        header = ("off", "loss", "less clean", "solved", "broken", "mended")
        table = [
            (row["component"], f"{row['loss']:.3e}", f"{row['delta']:+.3e}", row["solved"], *flips)
            for row in result["rows"]
            for flips in [(len(row["broken"]), len(row["mended"]))]
        ]
        nothing = ("nothing", f"{result['clean']:.3e}", "", result["solved"], "", "")
        _print_table(header, [nothing, *table])


def _scope(answer_only: bool) -> Scope:
    return "answer" if answer_only else "everywhere"


def _sweep_result(clean: SweepRow, rows: list[SweepRow], metric: Any, puzzles: PuzzleSet) -> dict[str, Any]:
    """What `sweep --json` prints: for each component its loss, and the ids of the puzzles that go from solved to wrong
    (broken) and from wrong to solved (mended) without it."""
    found = []
    for row in rows:
        broken, mended = ([puzzles[k].id for k in flipped.tolist()] for flipped in row.flips(clean))
        flips = {"solved": int(row.solved.sum()), "broken": broken, "mended": mended}
        found.append(row.summary(clean, metric) | flips)
    return {"clean": clean.loss.mean(metric), "solved": int(clean.solved.sum()), "rows": found}


@app.command()
def heads(
    puzzles: PuzzlesOption = "bank",
    lookback: Annotated[str, typer.Option("--lookback", help="Distances, joined by commas.")] = "1,100",
    threshold: Annotated[
        float, typer.Option("--threshold", help="Leave out heads at or below this score.")
    ] = 0.1,
    clamp: Annotated[
        bool, typer.Option(help="Count positions with fewer before them, at position 0 (the notebook did).")
    ] = True,
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = 32,
    place: PlaceOption = None,
    model: ModelOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Heads that look a fixed distance back: 1 is the previous token, 100 the cell to be copied."""
    try:
        distances = [int(piece) for piece in lookback.split(",")]
    except ValueError:
        raise PuzzlescopeError(
            f"--lookback expects whole numbers joined by commas, as in 1,100; got '{lookback}'."
        ) from None
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    scores = lookback_table(net, chosen.tokens, distances, clamp=clamp)
    found = [head for distance in distances for head in heads_above(scores[distance], distance, threshold)]
    if as_json:
        _print_json([asdict(head) for head in found])
    else:
        _print_table(
            ("back", "head", "score"), [(head.lookback, head.name, f"{head.score:.4f}") for head in found]
        )


@app.command()
def phenomena(
    puzzles: PuzzlesOption = "bank",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = 64,
    place: PlaceOption = None,
    model: ModelOption = "default",
    as_json: JsonOption = False,
) -> None:
    """What the notebook found: attention layers zeroed, heads one and one hundred back, the copy circuit."""
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    found = measure_phenomena(net, chosen.tokens)
    if as_json:
        _print_json(asdict(found))
        return
    off = [(f"L{n}.attn", f"{loss:.3e}", f"{loss / found.clean:.1f}") for n, loss in enumerate(found.layers)]
    _print_table(("off", "loss", "times clean"), [("nothing", f"{found.clean:.3e}", ""), *off])
    typer.echo()
    looking = [
        (head.found.name, distance, f"{head.found.score:.4f}", f"{head.unclamped:.4f}")
        for distance, heads in found.heads.items()
        for head in heads
    ]
    _print_table(("head", "back", "score", "unclamped"), looking)
    typer.echo()
    circuits = [
        (c.ablation, f"{c.loss:.3e}", f"{c.copied:.3f}", f"{c.copied_colored:.3f}", f"{c.invalid:.3f}")
        for c in found.circuits
    ]
    _print_table(("copy circuit", "loss", "cells copied", "coloured ones", "markers"), circuits)


@app.command()
def train(
    out: Annotated[Path, typer.Argument(help="Folder for the run and, at its end, the model.")],
    minutes: Annotated[float, typer.Option(help="Computing time; or give --puzzles.")] = 0.0,
    puzzles: Annotated[int, typer.Option(help="Puzzles to see; or give --minutes.")] = 0,
    continues: Annotated[
        str, typer.Option("--from", help="A trained model to go on with: default or a folder.")
    ] = "",
    layers: Annotated[int | None, _size(6)] = None,
    heads: Annotated[int | None, _size(8)] = None,
    d_model: Annotated[int | None, _size(256)] = None,
    d_head: Annotated[int | None, _size(32)] = None,
    d_mlp: Annotated[int | None, _size(1024)] = None,
    seed: Annotated[int | None, _size(Recipe.seed)] = None,
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
) -> None:
    """Train a model, from scratch or --from another, or go on where a run in OUT was stopped."""
    if per_kind < 1 or threads < 0 or not 0 <= (seed or 0) < 1 << 63:
        raise PuzzlescopeError(
            "Expected --per-kind of at least 1, --threads of at least 0 and --seed of at least 0 and below 2^63;"
            f" got {per_kind}, {threads}, {seed}."
        )
    if threads > 0:
        torch.set_num_threads(threads)
    config, seed = _start(
        continues, seed, n_layers=layers, n_heads=heads, d_model=d_model, d_head=d_head, d_mlp=d_mlp
    )
    recipe = Recipe(
        model=config, seed=seed, batch=batch, puzzles=puzzles, minutes=minutes, lr=lr, continues=continues
    )
    try:
        trainer = Trainer(recipe, out, device, fused=fused)
    except OSError as error:
        raise PuzzlescopeError(f"{out} cannot be the run's folder: {error.strerror or error}.") from error
    trainer.run()
    folder = finish_training(trainer, per_kind)
    typer.echo(f"The model is in {folder}. Use it with --model {folder}.")


def _start(continues: str, seed: int | None, **sizes: int | None) -> tuple[Config, int]:
    """Sizes and seed of a run: those given, and for the rest those of the model it continues or the usual ones."""
    usual, usual_seed = Recipe(minutes=1.0).model, Recipe.seed
    if continues:
        folder = find_model(continues)
        usual, usual_seed = load_model(folder).cfg, read_record(folder)["data"]["seed"]
    given = {name: size for name, size in sizes.items() if size is not None}
    return replace(usual, **given), usual_seed if seed is None else seed


@app.command()
def evaluate(
    model: ModelOption = "default",
    per: Annotated[int, typer.Option("--per", help="Fresh puzzles for each task and structure.")] = 100,
    seed: Annotated[int, typer.Option(help="Another seed gives other puzzles.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """The share solved for each task and structure, on fresh puzzles with noise as in the public data set."""
    if per < 1 or seed < 0:
        raise PuzzlescopeError(
            f"Expected --per of at least 1 and --seed of at least 0, got {per} and {seed}."
        )
    net = load_model(model)
    found = _progress(evaluate_model(net, per, seed=seed), "evaluating", total=len(KINDS), quiet=as_json)
    rates = dict(found)
    if as_json:
        _print_json({f"{kind.task}: {kind.structure.name}": rate for kind, rate in rates.items()})
        return
    table = [
        (task, *(f"{100 * rate:.1f} %" for kind, rate in rates.items() if kind.task == task))
        for task in TASKS
    ]
    _print_table(("task", *(structure.name for structure in STRUCTURES)), table)


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="A checkpoint in the public .pth format.")],
    folder: Annotated[Path, typer.Argument(help="Where config.json and model.safetensors go.")],
) -> None:
    """Turn a public checkpoint into config.json + model.safetensors."""
    typer.echo(f"Wrote {convert_checkpoint(file, folder)}.")


@app.command()
def puzzles(
    task: Annotated[str, typer.Option("--task", help=" | ".join(TASKS))],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same puzzles.")] = 0,
    n: Annotated[int, typer.Option("-n", help="How many.")] = 1,
    structure: Annotated[str, typer.Option("--structure", help="The order of the grids.")] = STRUCTURES[
        0
    ].name,
    noise: Annotated[
        float, typer.Option("--noise", help=f"Share of noisy cells; {NOISE} in the public data.")
    ] = 0.0,
    out: Annotated[Path | None, typer.Option("--out", help="FILE.npz, FILE.json or FILE.parquet.")] = None,
) -> None:
    """Draw new puzzles; show them, or write them to a file."""
    if n > LARGEST_DRAW:
        raise PuzzlescopeError(f"-n draws at most {LARGEST_DRAW:,} puzzles at once, got {n}.")
    if n < 1 or seed < 0 or not 0 <= noise <= 1:
        raise PuzzlescopeError(
            f"Expected -n of at least 1, --seed of at least 0 and --noise in 0..1; got {n}, {seed}, {noise}."
        )
    order = structure_named(structure)
    drawn = task_named(task).generate(n, np.random.default_rng(seed), structure=order, noise=noise)
    found = PuzzleSet(task, tuple(Puzzle.of(task, tokens) for tokens in encode(drawn, order)))
    if out is None:
        typer.echo("\n\n".join(_as_text(puzzle) for puzzle in found))
    else:
        save_puzzles(found, out)
        typer.echo(f"Wrote {len(found)} puzzles to {out}.")


def _puzzles(
    source: str, task: str | None, structure: str | None, limit: int | None, place: str | None
) -> PuzzleSet:
    if limit is not None and limit < 1:
        raise PuzzlescopeError(f"--limit expects at least 1 puzzle, got {limit}.")
    order = None if structure is None else structure_named(structure)
    chosen = load_puzzles(source, task=task, structure=order, limit=limit, place=place)
    if not len(chosen):
        raise PuzzlescopeError(f"No puzzle of '{source}' fits the chosen task and structure.")
    return chosen


def _means(model: PuzzleGPT, ablation: Ablation) -> ReferenceMeans | None:
    return bank_means(model, load_puzzles("bank")) if ablation.uses_mean else None


def _progress(
    items: Iterable[Any], what: str, *, total: int | None = None, quiet: bool = False
) -> Iterable[Any]:
    return tqdm(items, desc=what, total=total, leave=False, disable=quiet or not sys.stderr.isatty())


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1))


def _print_table(header: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> None:
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *rest = [
            cell.ljust(w) if k == 0 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        typer.echo("  ".join([first, *rest]).rstrip())


def _as_text(puzzle: Puzzle) -> str:
    """The four grids side by side: a blank is a dot, colour 10 an a."""
    symbols = ".123456789a"
    titles = puzzle.structure.name.split(" ")
    lines = ["   ".join(title.ljust(10) for title in titles).rstrip()]
    for row in range(10):
        lines.append("   ".join("".join(symbols[cell] for cell in grid[row]) for grid in puzzle.grids))
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise PuzzlescopeError(f"Could not write {path}: {error.strerror}.") from error


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code (0 done, 2 bad input, 130 stopped by Ctrl-C)."""
    try:
        app(arguments, standalone_mode=False)
    except (PuzzlescopeError, UsageError) as error:
        text = str(error)
        if isinstance(error, UsageError):
            text = f"{error.format_message()} `python -m interp --help` lists what there is."  # type: ignore[attr-defined]
        print(" ".join(text.split()), file=sys.stderr)
        return 2
    except MemoryError:
        print("That needs more memory than this machine has: ask for smaller numbers.", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, had enough
        sys.stderr.close()
    return 0
