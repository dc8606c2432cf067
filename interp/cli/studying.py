"""``study`` and ``studies``: whole data sets."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from tqdm import tqdm

from interp.ablation import components_of
from interp.checkpoints import load_model
from interp.circuits.scores import HOWS
from interp.cli.options import (
    AblateOption,
    JsonOption,
    LimitOption,
    MethodOption,
    StructureOption,
    TaskOption,
)
from interp.cli.printing import print_table, say, say_result
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.outputs import strict_json
from interp.stopping import Stopped
from interp.studies.compacting import compact as merge
from interp.studies.cost import Cost, cost_of
from interp.studies.engines import Engine, engine_named
from interp.studies.folder import StudyFolder
from interp.studies.home import folder_of, kept_studies
from interp.studies.laying import source_hash
from interp.studies.plan import CHUNK, Plan
from interp.studies.progress import Status, status_of
from interp.studies.running import begin, go_on, planned, tidied
from interp.studies.schema import KINDS, MEASURES
from interp.studies.sources import is_generated
from interp.studies.words import bytes_in_words, cost_in_words, status_in_words, time_in_words

EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""


def study(
    name: Annotated[str, typer.Argument(help="Of the study; or a folder, or a URL as s3://bucket/name.")],
    puzzles: Annotated[
        str | None,
        typer.Option("--puzzles", help="generate:N, hub[:REPO], bank, a file or collection:NAME: begin one."),
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help=" | ".join(KINDS))] = "effects",
    components: Annotated[
        str, typer.Option("--components", help="attn, mlp, head, joined by commas.")
    ] = "attn,mlp,head",
    measures: Annotated[
        str, typer.Option("--measures", help=f"{', '.join(MEASURES)}; the columns of others are null.")
    ] = ",".join(MEASURES),
    pairs: Annotated[
        str, typer.Option("--pairs", help="With --kind edges: a kind of pair for each puzzle, or FILE.npz.")
    ] = "rule",
    edges: Annotated[
        str, typer.Option("--edges", help=f"How edges are scored: {' | '.join(HOWS)}.")
    ] = "eap-ig",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = None,
    model: Annotated[
        str | None, typer.Option("--model", help="As everywhere; left out, the study's own.")
    ] = None,
    ablate: AblateOption = "",
    method: MethodOption = "zero",
    seed: Annotated[int, typer.Option("--seed", help="Of puzzles and pairs that are drawn.")] = 0,
    chunk: Annotated[
        int, typer.Option("--chunk", help="Puzzles that are computed and written together.")
    ] = CHUNK,
    engine: Annotated[
        str, typer.Option("--engine", help="local, or ray: the cluster of RAY_ADDRESS.")
    ] = "local",
    status: Annotated[bool, typer.Option("--status", help="Only say how far it is.")] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what it will cost.")] = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Merge what is done into few large files.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Study a whole data set: a row a puzzle and component in Parquet files, chunk by chunk. Stop it at any
    moment; the same command, or the name alone, goes on with it."""
    folder = folder_of(name)
    if status:
        return _tell(folder, as_json)
    if compact:
        return _compact(folder, as_json)
    net, plan = None, None
    if puzzles or pairs.endswith(".npz"):
        net = load_model(model or "default")
        kinds = [one.strip() for one in components.split(",")]
        plan = planned(
            net,
            [part.text for part in components_of(net.cfg, kinds)] if kind == "effects" else [],
            puzzles=puzzles or pairs,
            named=model or "default",
            limit=limit,
            base=ablate,
            method=method,
            seed=seed,
            chunk=chunk,
            kind=kind,
            measures=measures,
            pairs=pairs,
            edges=edges,
            task=task,
            structure=structure,
        )
    elif not folder.begun:
        raise PuzzlescopeError(f"There is no study {name} yet: say of what with --puzzles to begin it.")
    if net is None:
        net = load_model(model or folder.plan.model)
    if estimate:
        return _estimate(folder, net, plan, as_json)
    return _run(folder, net, plan, engine_named(engine), as_json)


def studies(as_json: JsonOption = False) -> None:
    """The studies in the data folder, and how far they are."""
    rows: list[dict[str, Any]] = []
    for name, folder in kept_studies():
        try:
            plan, found = folder.plan, status_of(folder)
        except PuzzlescopeError as error:
            rows.append({"name": name, "error": str(error)})
            continue
        rows.append({"name": name, "kind": plan.kind, "of": plan.puzzles, "model": plan.model} | _told(found))
    if as_json:
        say_result(strict_json(rows))
        return
    lines = [
        (row["name"], row["error"], "", "", "", "")
        if "error" in row
        else (
            *(row["name"], row["kind"], row["of"], row["model"]),
            f"{row['computed']:,} of {row['puzzles']:,}",
            bytes_in_words(row["bytes"]),
        )
        for row in rows
    ]
    print_table(("study", "kind", "of", "model", "puzzles", "size"), lines, left=4)


def _tell(folder: StudyFolder, as_json: bool) -> None:
    found, table = status_of(folder), folder.plan.tables[-1]
    rows = folder.rows(table)
    if as_json:
        say_result(strict_json(_told(found) | {"rows": rows}))
    else:
        say_result(f"{status_in_words(found)} {rows:,} rows of {table}.")


def _told(found: Status) -> dict[str, Any]:
    return asdict(found) | {"complete": found.complete, "seconds_left": found.left}


def _compact(folder: StudyFolder, as_json: bool) -> None:
    written = list(merge(folder))
    found = status_of(folder)
    if as_json:
        say_result(strict_json(_told(found) | {"merged": len(written)}))
    else:
        say_result(f"Merged into {len(written):,} files. {status_in_words(found)}")


def _left(folder: StudyFolder, plan: Plan) -> int:
    """Puzzles that are not computed yet."""
    if not folder.begun or folder.plan.fingerprint != plan.fingerprint:
        return plan.n
    return sum(len(plan.numbers(chunk)) for chunk in folder.missing())


def _estimate(folder: StudyFolder, net: PuzzleGPT, plan: Plan | None, as_json: bool) -> None:
    plan = plan or folder.plan
    n = plan.n if is_generated(plan.puzzles) or plan.source_hash else source_hash(plan).n
    whole = _left(folder, plan) if plan.n else n
    cost = cost_of(net, plan, whole)
    say_result(strict_json(_priced(cost)) if as_json else cost_in_words(cost, plan.kind))


def _priced(cost: Cost) -> dict[str, Any]:
    return asdict(cost) | {"seconds": cost.seconds}


def _run(folder: StudyFolder, net: PuzzleGPT, plan: Plan | None, engine: Engine, as_json: bool) -> None:
    try:
        plan = folder.plan if plan is None else begin(folder, plan)
        cost = cost_of(net, plan, _left(folder, plan))
        if cost.puzzles:
            say(cost_in_words(cost, plan.kind))
        for _ in tidied(_watched(go_on(folder, net, engine), folder, plan, as_json), folder):
            pass
    except (Stopped, KeyboardInterrupt):
        say(f"What is done of the study stays in {folder.url}: the same command goes on with it.")
        raise
    found = status_of(folder)
    if as_json:
        say_result(strict_json(_told(found) | {"cost": _priced(cost), "folder": folder.url}))
    else:
        say_result(f"{status_in_words(found)} It lies in {folder.url}.")


def _watched(chunks: Iterator[Any], folder: StudyFolder, plan: Plan, quiet: bool) -> Iterator[Any]:
    """The same chunks; on a terminal with a bar, otherwise a line now and then."""
    done = plan.n - _left(folder, plan)
    if not quiet and sys.stderr is not None and sys.stderr.isatty():
        with tqdm(total=plan.n, initial=done, desc="puzzles", unit="puzzle", leave=False) as bar:
            for one in chunks:
                bar.update(one.puzzles)
                yield one
        return
    yield from _told_now_and_then(chunks, done, plan.n, time.monotonic)


def _told_now_and_then(
    chunks: Iterator[Any], done: int, total: int, clock: Callable[[], float]
) -> Iterator[Any]:
    """The same chunks, with a line on stderr after some."""
    begun = told = clock()
    new = 0
    for one in chunks:
        yield one
        new += one.puzzles
        now = clock()
        if now - told >= EVERY:
            told, rate = now, new / (now - begun)
            left = time_in_words((total - done - new) / rate)
            say(f"{done + new:,} of {total:,} puzzles, {rate:.3g} a second, {left} left.")
