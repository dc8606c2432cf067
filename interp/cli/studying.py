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
    is_said,
)
from interp.cli.printing import print_table, say, say_result
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.numbers import rate_in_words, time_in_words
from interp.outputs import strict_json
from interp.stopping import Stopped
from interp.studies.asked import Asked, planned
from interp.studies.compacting import compact as merge
from interp.studies.cost import Cost, cost_of
from interp.studies.engines import Engine, engine_named
from interp.studies.engines.local import LocalEngine
from interp.studies.folder import StudyFolder
from interp.studies.home import folder_of, kept_studies
from interp.studies.laying import source_hash
from interp.studies.plan import CHUNK, Plan
from interp.studies.progress import Status, keep_rate, status_of
from interp.studies.running import begin, go_on, tidied
from interp.studies.schema import EFFECTS, KINDS, MEASURED, MEASURES
from interp.studies.sources import is_generated
from interp.studies.words import bytes_in_words, cost_in_words, status_in_words

EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""


NameArgument = Annotated[str, typer.Argument(help="Of the study; or a folder, or a URL as s3://bucket/name.")]
SourceOption = Annotated[
    str | None,
    typer.Option("--puzzles", help="generate:N, hub[:REPO], bank, a file or collection:NAME: begin one."),
]
KindOption = Annotated[str, typer.Option("--kind", help=" | ".join(KINDS))]
ComponentsOption = Annotated[str, typer.Option("--components", help="attn, mlp, head, joined by commas.")]
MeasuresOption = Annotated[
    str, typer.Option("--measures", help=f"{', '.join(MEASURES)}; the columns of others are null.")
]
PairsOption = Annotated[
    str, typer.Option("--pairs", help="With --kind edges: a kind of pair for each puzzle, or FILE.npz.")
]
EdgesOption = Annotated[str, typer.Option("--edges", help=f"How edges are scored: {' | '.join(HOWS)}.")]
OwnModelOption = Annotated[
    str | None, typer.Option("--model", help="As everywhere; left out, the study's own.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of puzzles and pairs that are drawn.")]
ChunkOption = Annotated[int, typer.Option("--chunk", help="Puzzles that are computed and written together.")]
EngineOption = Annotated[str, typer.Option("--engine", help="local, or ray: the cluster of RAY_ADDRESS.")]
StatusOption = Annotated[bool, typer.Option("--status", help="Only say how far it is.")]
EstimateOption = Annotated[bool, typer.Option("--estimate", help="Only say what it will cost.")]
CompactOption = Annotated[bool, typer.Option("--compact", help="Merge what is done into few large files.")]

OF_KIND = {"components": "effects", "measures": "effects", "method": "effects"} | {
    "pairs": "edges",
    "edges": "edges",
}
"""Options that one kind of study takes, and no other."""
OF_PLAN = (*OF_KIND, "kind", "task", "structure", "limit", "ablate", "seed", "chunk")
"""Options that say what a study is: they are said when it begins."""


def study(
    name: NameArgument,
    puzzles: SourceOption = None,
    kind: KindOption = "effects",
    components: ComponentsOption = "attn,mlp,head",
    measures: MeasuresOption = MEASURED,
    pairs: PairsOption = "rule",
    edges: EdgesOption = "eap-ig",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = None,
    model: OwnModelOption = None,
    ablate: AblateOption = "",
    method: MethodOption = "zero",
    seed: SeedOption = 0,
    chunk: ChunkOption = CHUNK,
    engine: EngineOption = "local",
    status: StatusOption = False,
    estimate: EstimateOption = False,
    compact: CompactOption = False,
    as_json: JsonOption = False,
) -> None:
    """Study a whole data set: a row a puzzle and component in Parquet files, chunk by chunk. Stop it at any
    moment; the same command, or the name alone, goes on with it."""
    folder, plan = folder_of(name), None
    if status + estimate + compact > 1:
        raise PuzzlescopeError("One of --status, --estimate and --compact at a time.")
    if status:
        return _tell(folder, as_json)
    if compact:
        return _compact(folder, as_json)
    source = puzzles or (pairs if pairs.endswith(".npz") else "")
    _check_said(kind, bool(source), folder)
    computing = engine_named(engine)
    net = load_model(model or ("default" if source else folder.plan.model))
    if source:
        asked = Asked(
            components=_parts(net, components) if kind == EFFECTS else (),
            puzzles=source,
            model=model or "default",
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
        plan = planned(net, asked)
    if estimate:
        return _estimate(folder, net, plan, computing, as_json)
    return _run(folder, net, plan, computing, as_json)


def _parts(net: PuzzleGPT, kinds: str) -> list[str]:
    return [part.text for part in components_of(net.cfg, [one.strip() for one in kinds.split(",")])]


def _check_said(kind: str, begins: bool, folder: StudyFolder) -> None:
    """See that no option is said that would count for nothing.

    Raises:
        PuzzlescopeError: for one that is.
    """
    said = [name for name in OF_PLAN if is_said(name)]
    if not begins:
        if not folder.begun:
            raise PuzzlescopeError(
                f"There is no study {folder.name} yet: say of what with --puzzles to begin it."
            )
        if said:
            raise PuzzlescopeError(
                f"--{said[0]} is said when a study begins, together with --puzzles: leave it out, and"
                f" {folder.name} goes on by its own plan."
            )
    for name in said:
        if kind in KINDS and OF_KIND.get(name, kind) != kind:
            raise PuzzlescopeError(
                f"--{name} is of studies of {OF_KIND[name]}: leave it out in one of {kind}."
            )


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
    return plan.count(folder.missing())


def _estimate(folder: StudyFolder, net: PuzzleGPT, plan: Plan | None, engine: Engine, as_json: bool) -> None:
    plan = plan or folder.plan
    n = plan.n if is_generated(plan.puzzles) or plan.source_hash else source_hash(plan).n
    whole = _left(folder, plan) if plan.n else n
    cost = cost_of(net, plan, whole)
    say_result(strict_json(_priced(cost)) if as_json else _cost(cost, plan, folder, engine))


def _cost(cost: Cost, plan: Plan, folder: StudyFolder, engine: Engine) -> str:
    """What it costs, in sentences."""
    told, free = cost_in_words(cost, plan.kind, not isinstance(engine, LocalEngine)), folder.free
    if free is None or cost.bytes < free:
        return told
    return f"{told} That is more than the {bytes_in_words(free)} that are free there."


def _priced(cost: Cost) -> dict[str, Any]:
    return asdict(cost) | {"seconds": cost.seconds}


def _run(folder: StudyFolder, net: PuzzleGPT, plan: Plan | None, engine: Engine, as_json: bool) -> None:
    try:
        plan = folder.plan if plan is None else begin(folder, plan)
        cost = cost_of(net, plan, _left(folder, plan))
        if cost.puzzles:
            say(_cost(cost, plan, folder, engine))
            keep_rate(folder, cost.rate)
        for _ in tidied(_watched(go_on(folder, net, engine), folder, plan, as_json), folder):
            pass
    except (Stopped, KeyboardInterrupt):
        say(f"What is done of the study stays in {folder.place}: the same command goes on with it.")
        raise
    found = status_of(folder)
    if as_json:
        say_result(strict_json(_told(found) | {"cost": _priced(cost), "folder": folder.place}))
    else:
        say_result(f"{status_in_words(found)} It lies in {folder.place}.")


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
            say(f"{done + new:,} of {total:,} puzzles, {rate_in_words(rate)} a second, {left} left.")
