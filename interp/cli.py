"""The command line: ``python -m interp COMMAND``. Bad input of any kind ends with one sentence and exit code
2.

Whatever could keep a result from being written is found out before it is computed; what then fails
nevertheless costs no result, which is printed instead. A result may hold numbers that are not finite, those
of a model that has diverged: in JSON they are ``null``, and in tables it is said in words.
"""

import io
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from tqdm import tqdm

from interp import machine
from interp.ablation import Ablation, Component, ReferenceMeans, bank_means, components_of, parse_ablation
from interp.analyses.ablation_sweep import Scope, SweepRow
from interp.analyses.ablation_sweep import sweep as sweep_model
from interp.analyses.head_roles import Role, Roles, head_roles
from interp.analyses.lookback import lookback_table
from interp.analyses.notebook.experiments import (
    ON_START,
    LookingHead,
    Phenomena,
    looking_heads,
    measure_phenomena,
)
from interp.checkpoints import convert as convert_checkpoint
from interp.checkpoints import find_model, load_model
from interp.checkpoints.weights import short
from interp.engine.measures import METRICS
from interp.engine.predict import losses
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.numbers import NO_RATIO, count, has_ratio, no_ratio, number, ratio
from interp.outputs import output_path, reason, strict_json, write_whole
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles, save_puzzles
from interp.puzzles.kinds import KINDS
from interp.stopping import WORD, Stopped
from interp.tasks import NOISE, TASKS, task_named
from interp.tokens import STRUCTURES, encode, structure_named
from interp.training.evaluation import evaluate_more
from interp.training.finishing import finish as finish_training
from interp.training.recipe import Recipe
from interp.training.record import read_record
from interp.training.trainer import Trainer

LARGEST_DRAW = 1_000_000
PUZZLE_ENDINGS = (".npz", ".json", ".jsonl", ".ndjson", ".parquet")

DIVERGED = (
    "are not finite, as those of a model whose training diverged: they say nothing, and no puzzle with such"
    " numbers counts as solved."
)

# Typer carries a copy of click and shows only some of its errors; this is the one that all misuse is.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def _size(usual: int) -> Any:
    """An option that stands at its usual value, or at that of the model to be continued."""
    return typer.Option(show_default=f"{usual}, or as in --from")


app = typer.Typer(
    help="Take apart small GPTs that solve grid puzzles.",
    epilog="Exit codes: 0 done, 2 not possible as asked (a sentence says why), 130 stopped by Ctrl-C, 143 by"
    " SIGTERM.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

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
AblateOption = Annotated[str, typer.Option("--ablate", help="What is ablated, as in L1-5.attn,L0.H3:mean.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON; a number that is not finite is null in it.")
]
OutOption = Annotated[
    str | None,
    typer.Option(
        "--out", help="Write the JSON to this file, whole or not at all; one that is there is replaced."
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Write over a model, a README.md and the like that are there.")
]


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
    out: OutOption = None,
) -> None:
    """How many puzzles the model solves, and its loss, under any ablation."""
    path = _checked(out)
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    ablation = parse_ablation(ablate, net.cfg)
    means = _means(net, ablation)
    by_task: dict[str, Any] = {}
    total, solved, lost = 0.0, 0, 0
    for name, group in _progress(chosen.by_task().items(), "solving", quiet=as_json):
        loss, right = losses(net, group.tokens, ablation, means)
        by_task[name] = {"n": len(group), "solved": int(right.sum()), "loss": loss.mean()}
        total, solved = total + loss.mean() * len(group), solved + int(right.sum())
        lost += int((~np.isfinite(loss.by_puzzle())).sum())
    result = {"n": len(chosen), "solved": solved, "loss": total / len(chosen), "by_task": by_task}
    rows = [*by_task.items(), ("all", result)]
    header = ("task", "puzzles", "solved", "loss")
    _report(
        result,
        lambda: _print_table(header, [(name, r["n"], r["solved"], number(r["loss"])) for name, r in rows]),
        as_json,
        path,
        f"On {lost} of {len(chosen)} puzzles the model's numbers {DIVERGED}" if lost else "",
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
        typer.Option(
            "--answer-only", help="Ablate only where the answer is predicted: quicker, a first look."
        ),
    ] = False,
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """Ablation sweep: the loss with each component ablated in turn, and the puzzles that break or get
    fixed."""
    if metric not in METRICS:
        raise PuzzlescopeError(f"No metric '{metric}': expected one of {', '.join(METRICS)}.")
    path = _checked(out)
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    parts = components_of(net.cfg, [kind.strip() for kind in components.split(",")])
    base = parse_ablation(ablate, net.cfg)
    found = sweep_model(
        net, chosen.tokens, parts, base=base, means=_means(net, base), scope=_scope(answer_only)
    )
    clean, *rows = _progress(found, "sweeping", total=len(parts) + 1, quiet=as_json)
    copied = clean.loss.copied
    if {"copied": not copied.any(), "changed": copied.all()}.get(metric, False):
        raise PuzzlescopeError(
            f"No cell of these puzzles counts for the metric '{metric}': choose another metric."
        )
    result = _sweep_result(clean, rows, metric, chosen)
    lost = sum(not np.isfinite(loss) for loss in (result["clean"], *(row["loss"] for row in result["rows"])))
    _report(
        result,
        lambda: _print_sweep(result),
        as_json,
        path,
        f"In {lost} of {len(rows) + 1} rows the model's numbers {DIVERGED}" if lost else "",
    )


def _print_sweep(result: dict[str, Any]) -> None:
    header = ("ablated", "cells broken", "cells fixed", "loss", "delta", "solved", "broken", "fixed")
    table = [
        (
            row["component"],
            count(row["cells_broken"]),
            count(row["cells_fixed"]),
            number(row["loss"]),
            number(row["delta"], "+.3e"),
            row["solved"],
            len(row["broken"]),
            len(row["mended"]),
        )
        for row in result["rows"]
    ]
    clean = ("nothing (clean)", "", "", number(result["clean"]), "", result["solved"], "", "")
    _print_table(header, [clean, *table])


def _scope(answer_only: bool) -> Scope:
    return "answer" if answer_only else "everywhere"


def _sweep_result(clean: SweepRow, rows: list[SweepRow], metric: Any, puzzles: PuzzleSet) -> dict[str, Any]:
    """What `sweep --json` prints: for each component the cells of 100 that break and that are fixed (mean
    over the puzzles, each cell given the true ones before it), its loss, and the ids of the puzzles that go
    from solved to wrong (broken) and from wrong to solved (mended) without it."""
    found = []
    for row in rows:
        broken, mended = ([puzzles[k].id for k in flipped.tolist()] for flipped in row.flips(clean))
        flips = {"solved": int(row.solved.sum()), "broken": broken, "mended": mended}
        found.append(row.brief(clean, metric) | flips)
    return {"clean": clean.loss.mean(metric), "solved": int(clean.solved.sum()), "rows": found}


@app.command()
def heads(
    puzzles: PuzzlesOption = "bank",
    lookback: Annotated[
        str, typer.Option("--lookback", help="Attention offsets (positions back), joined by commas.")
    ] = "1,100",
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
    out: OutOption = None,
) -> None:
    """Heads that attend at a fixed offset: 1 is the previous token, 100 the cell to be copied. The notebook's
    score also names heads that only rest on the start token where too few positions come before; they are
    listed last, and say so. A head's role is what it attends to where the answer's cells are predicted."""
    path = _checked(out)
    if np.isnan(threshold):
        raise PuzzlescopeError("--threshold expects a number, got nan.")
    try:
        distances = [int(piece) for piece in lookback.split(",")]
    except ValueError:
        raise PuzzlescopeError(
            f"--lookback expects whole numbers joined by commas, as in 1,100; got '{lookback}'."
        ) from None
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    clamped = lookback_table(net, chosen.tokens, [*distances, ON_START])
    real = lookback_table(net, chosen.tokens, distances, clamp=False)
    roles = head_roles(net, chosen.tokens)
    found = [
        head
        for back in distances
        for head in looking_heads(
            (clamped if clamp else real)[back], real[back], clamped[ON_START], back, threshold
        )
    ]
    rows = [
        asdict(head.found)
        | {
            "unclamped": head.unclamped,
            "start": head.start,
            "looks": head.looks,
            "role": _role(head, roles).key,
        }
        for head in found
    ]
    lost = sum(not np.isfinite(head.found.score) for head in found)
    _report(
        rows,
        lambda: _print_heads(found, roles),
        as_json,
        path,
        f"The scores of {lost} of these heads {DIVERGED}" if lost else "",
    )


def _role(head: LookingHead, roles: Roles) -> Role:
    return roles.by_component[Component(head.found.layer, "head", head.found.head)].role


def _print_heads(found: list[LookingHead], roles: Roles | None = None) -> None:
    """A line a head: by the notebook's formula, over the positions that can look so far back, and on the
    start token; and its role, if that is known."""
    _print_table(
        (
            "offset",
            "head",
            "score",
            "unclamped",
            "on start",
            "attends so far back",
            *(["role"] if roles else []),
        ),
        [
            (
                head.found.lookback,
                head.found.name,
                *(number(one, ".4f") for one in (head.found.score, head.unclamped, head.start)),
                _looks(head),
                *([_role(head, roles).name] if roles else []),
            )
            for head in found
        ],
    )


def _looks(head: LookingHead) -> str:
    if not np.isfinite(head.unclamped):
        return "unknown"
    return "yes" if head.looks else "no, rests on the start token"


@app.command()
def phenomena(
    puzzles: PuzzlesOption = "bank",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = 64,
    place: PlaceOption = None,
    model: ModelOption = "default",
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """The notebook's experiments: attention layers zeroed, heads at offsets 1 and 100, the copy circuit."""
    path = _checked(out)
    chosen, net = _puzzles(puzzles, task, structure, limit, place), load_model(model)
    found = measure_phenomena(net, chosen.tokens)
    numbers = (found.clean, *found.layers, *(circuit.loss for circuit in found.circuits))
    lost = sum(not np.isfinite(loss) for loss in numbers)
    note = f"{lost} of {len(numbers)} losses {DIVERGED}" if lost else ""
    _report(asdict(found), lambda: _print_phenomena(found), as_json, path, note)


def _print_phenomena(found: Phenomena) -> None:
    off = [(f"L{n}.attn", number(loss), ratio(loss, found.clean)) for n, loss in enumerate(found.layers)]
    _print_table(("off", "loss", "times clean"), [("nothing", number(found.clean), ""), *off])
    if not all(has_ratio(loss, found.clean) for loss in found.layers):
        _print(f"{NO_RATIO}: there is no such ratio, for {no_ratio(found.clean)}.")
    _print("")
    _print_heads([head for heads in found.heads.values() for head in heads])
    _print("")
    circuits = [(c.ablation, number(c.loss), *c.shares(".3f")) for c in found.circuits]
    _print_table(("copy circuit", "loss", "cells copied", "coloured ones", "markers"), circuits)


@app.command()
def train(
    out: Annotated[str, typer.Argument(help="Folder for the run and, at its end, the model.")],
    minutes: Annotated[float, typer.Option(help="Computing time; or give --puzzles.")] = 0.0,
    puzzles: Annotated[int, typer.Option(help="Puzzles to see; or give --minutes.")] = 0,
    continues: Annotated[
        str, typer.Option("--from", help="Trained model to continue from: default or a folder.")
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
        model=config, seed=seed, batch=batch, puzzles=puzzles, minutes=minutes, lr=lr, continues=continues
    )
    folder = _folder(out)
    try:
        trainer = Trainer(recipe, folder, device or machine.read().place(), fused=fused, replace=force)
        trainer.run()
        finish_training(trainer, per_kind)
    except OSError as error:
        raise PuzzlescopeError(f"The run in {folder} cannot go on: {reason(error)}.") from error
    except KeyboardInterrupt as stopped:  # caught by the run itself, which has saved its state
        raise Stopped(stopped.args[0] if stopped.args else signal.SIGINT) from None
    _print(f"The model is in {folder}. Use it with --model {folder}.")


def _start(continues: str, seed: int | None, **sizes: int | None) -> tuple[Config, int]:
    """Sizes and seed of a run: those given, and for the rest those of the model it continues or the usual
    ones."""
    usual, usual_seed = Recipe(minutes=1.0).model, Recipe.seed
    if continues:
        folder = find_model(continues)
        usual, usual_seed = load_model(folder).cfg, read_record(folder).data.seed
    given = {name: size for name, size in sizes.items() if size is not None}
    return replace(usual, **given), usual_seed if seed is None else seed


@app.command()
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
    path = _checked(out)
    net = load_model(model)
    found = dict(_progress(evaluate_more(net, per, seed=seed), "evaluating", total=len(KINDS), quiet=as_json))
    table = [
        (task, *(f"{100 * one.rate:.1f} %" for kind, one in found.items() if kind.task == task))
        for task in TASKS
    ]
    lost = round(per * sum(one.not_finite for one in found.values()))
    _report(
        {f"{kind.task}: {kind.structure.name}": one.rate for kind, one in found.items()},
        lambda: _print_table(("task", *(structure.name for structure in STRUCTURES)), table),
        as_json,
        path,
        f"On {lost} of {per * len(found)} puzzles the model's numbers {DIVERGED}" if lost else "",
    )


@app.command()
def convert(
    file: Annotated[str, typer.Argument(help="A checkpoint in the public .pth format.")],
    folder: Annotated[str, typer.Argument(help="Where config.json and model.safetensors go.")],
    force: ForceOption = False,
) -> None:
    """Turn a public checkpoint into config.json + model.safetensors. Such files, and a README.md, that are
    there already are written over only with --force."""
    _print(f"Wrote {convert_checkpoint(file, _folder(folder), replace=force)}.")


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
    out: Annotated[
        str | None,
        typer.Option("--out", help="FILE.npz, FILE.json or FILE.parquet; one that is there is replaced."),
    ] = None,
) -> None:
    """Draw new puzzles; show them, or write them to a file."""
    if n > LARGEST_DRAW:
        raise PuzzlescopeError(f"-n draws at most {LARGEST_DRAW:,} puzzles at once, got {n}.")
    if n < 1 or seed < 0 or not 0 <= noise <= 1:
        raise PuzzlescopeError(
            f"Expected -n of at least 1, --seed of at least 0 and --noise in 0..1; got {n}, {seed}, {noise}."
        )
    path = _checked(out, PUZZLE_ENDINGS)
    order = structure_named(structure)
    drawn = task_named(task).generate(n, np.random.default_rng(seed), structure=order, noise=noise)
    found = PuzzleSet(task, tuple(Puzzle.of(task, tokens) for tokens in encode(drawn, order)))
    if path is None:
        _print("\n\n".join(_as_text(puzzle) for puzzle in found))
        return
    try:
        save_puzzles(found, path)
    except PuzzlescopeError as error:
        rows = [{"task": p.task, "structure": p.structure.name, "grids": p.grids.tolist()} for p in found]
        _print(strict_json(rows, indent=None))
        raise PuzzlescopeError(f"{error} They were printed as JSON instead.") from error
    _print(f"Wrote {len(found)} puzzles to {path}.")


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
    return bank_means(model, load_puzzles("bank")) if ablation.needs_means else None


def _progress(
    items: Iterable[Any], what: str, *, total: int | None = None, quiet: bool = False
) -> Iterable[Any]:
    seen = sys.stderr is not None and sys.stderr.isatty()
    return tqdm(items, desc=what, total=total, leave=False, disable=quiet or not seen)


# ---- where results go --------------------------------------------------------------------------------------


def _checked(out: str | None, endings: Iterable[str] = ()) -> Path | None:
    """The file of --out, before anything is computed for it."""
    return None if out is None else output_path(out, endings)


def _folder(name: str) -> Path:
    """A folder as typed. (A shell expands ~ only at the start of a word.)"""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # of nobody
        raise PuzzlescopeError(f"There is no folder {name}: nobody here has that name.") from None


def _report(result: Any, table: Callable[[], None], as_json: bool, out: Path | None, note: str = "") -> None:
    """Put a result where it was asked for: into a file, on stdout as JSON, or, if neither, there as a table.

    Args:
        note: what a person should know of it, as a sentence.

    Raises:
        PuzzlescopeError: if the file cannot be written after all; then the result was printed.
    """
    failed: PuzzlescopeError | None = None
    if out is not None:
        try:
            write_whole(out, strict_json(result) + "\n")
        except PuzzlescopeError as error:
            failed = error
    if as_json or failed:
        _print(strict_json(result))
    elif out is None:
        table()
        if note:
            _print(note)
    if note and (as_json or out):
        _say(note)
    if failed:
        raise PuzzlescopeError(f"{failed} The result was printed as JSON instead.") from failed


class _ReaderGoneError(Exception):
    """The reader of standard output, such as ``head``, has had enough."""


def _print(text: str) -> None:
    """Print a result, all of it, now: whether that works must be known before the program ends."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise _ReaderGoneError from None
    except OSError as error:
        raise PuzzlescopeError(f"The result could not be printed: {reason(error)}.") from error


def _say(text: str) -> None:
    """Tell a person, if there is somewhere to."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)


def _check_stdout() -> None:
    """Know before anything is computed that nothing could be printed."""
    if sys.stdout is None:
        raise PuzzlescopeError(
            "There is nowhere to print to, for standard output is closed: send it to a file, or to /dev/null."
        )
    with suppress(io.UnsupportedOperation, AttributeError):  # not a file, as in a notebook
        descriptor = sys.stdout.fileno()
        try:
            os.write(descriptor, b"")  # nothing; a device that is full says so
        except OSError as error:
            raise PuzzlescopeError(f"Nothing can be printed: {reason(error)}.") from error


def _drop_stdout() -> None:
    """Forget what cannot be printed; or Python would try once more at its end, and complain."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def _print_table(header: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> None:
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    found = []
    for line in lines:
        first, *rest = [
            cell.ljust(w) if k == 0 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        found.append("  ".join([first, *rest]).rstrip())
    _print("\n".join(found))


def _as_text(puzzle: Puzzle) -> str:
    """The four grids side by side: a blank is a dot, colour 10 an a."""
    symbols = ".123456789a"
    titles = puzzle.structure.name.split(" ")
    lines = ["   ".join(title.ljust(10) for title in titles).rstrip()]
    for row in range(10):
        lines.append("   ".join("".join(symbols[cell] for cell in grid[row]) for grid in puzzle.grids))
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 2 not possible as asked, 130 stopped by Ctrl-C, 143 by
    SIGTERM; 1 is a fault of ours. A reader of standard output that goes away, such as ``head``, is no
    error."""
    try:
        return _run(arguments)
    except _ReaderGoneError:
        _drop_stdout()
        return 0
    except Stopped as stopped:
        _drop_stdout()
        _say(WORD)
        return stopped.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _say(WORD)
        return 128 + signal.SIGINT
    except (PuzzlescopeError, UsageError) as error:
        text = str(error)
        if isinstance(error, UsageError):
            text = f"{error.format_message()} `{_program()} --help` lists what there is."  # type: ignore[attr-defined]
        code = 2
    except OSError as error:  # of the help, or of what no command has a sentence of its own for
        text, code = f"That did not work: {reason(error)}.", 2
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            text, code = _fault(error), 1
        else:
            text, code = "That needs more memory than this machine has: ask for smaller numbers.", 2
    except Exception as error:
        text, code = _fault(error), 1
    _drop_stdout()
    _say(" ".join(text.split()))
    return code


def _program() -> str:
    """How this program was called."""
    return "puzzlescope" if Path(sys.argv[0]).stem == "puzzlescope" else "python -m interp"


def _run(arguments: list[str] | None) -> int:
    _check_stdout()
    machine.read().use_threads()
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()  # of the help
    except SystemExit:  # what Typer makes of a pipe that broke under the help
        raise _ReaderGoneError from None
    except BrokenPipeError:
        raise _ReaderGoneError from None
    if code == 128 + signal.SIGINT:  # what Typer makes of Ctrl-C
        raise KeyboardInterrupt
    return 0


def _out_of_memory(error: Exception) -> bool:
    """Whether this is one of PyTorch's several ways to say so, or Python's."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "memory" in str(error)


def _fault(error: Exception) -> str:
    return (
        f"This should not happen, and is a fault of Puzzlescope: {type(error).__name__}: {short(error)};"
        " please report it, with the command."
    )
