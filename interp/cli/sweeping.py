"""``sweep``."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import numpy as np
import typer

from interp.ablation import Ablation, Component, Method, components_of, parse_ablation, parse_method
from interp.analyses.ablation_sweep import Scope, SweepRow
from interp.analyses.ablation_sweep import sweep as sweep_model
from interp.analyses.by_method.draws import draws_of, spreads
from interp.checkpoints import load_model
from interp.cli.inputs import chosen_puzzles, means_if_used, progress
from interp.cli.options import (
    AblateOption,
    JsonOption,
    LimitOption,
    MethodOption,
    ModelOption,
    OutOption,
    PlaceOption,
    PuzzlesOption,
    StructureOption,
    TaskOption,
)
from interp.cli.printing import DIVERGED, checked, print_table, report
from interp.engine.measures import METRICS, Metric
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.numbers import count, number
from interp.puzzles import PuzzleSet


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
    method: MethodOption = "zero",
    draws: Annotated[
        int,
        typer.Option(
            "--draws", help="With resample: the mean over so many draws of other puzzles, and its error."
        ),
    ] = 1,
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
    path = checked(out)
    chosen, net = chosen_puzzles(puzzles, task, structure, limit, place), load_model(model)
    parts = components_of(net.cfg, [kind.strip() for kind in components.split(",")])
    base = parse_ablation(ablate, net.cfg)
    methods = _drawn(parse_method(method, "--method"), draws)
    sweeps = _swept(net, chosen, parts, base, methods, answer_only=answer_only, quiet=as_json)
    clean, *rows = sweeps[0]
    _check_counts(clean, metric)
    result = _sweep_result(clean, rows, metric, chosen)
    if len(sweeps) > 1:
        _add_draws(result, sweeps, metric)
    lost = sum(not np.isfinite(loss) for loss in (result["clean"], *(row["loss"] for row in result["rows"])))
    report(
        result,
        lambda: _print_sweep(result),
        as_json,
        path,
        f"In {lost} of {len(rows) + 1} rows the model's numbers {DIVERGED}" if lost else "",
    )


def _swept(
    net: PuzzleGPT,
    chosen: PuzzleSet,
    parts: Sequence[Component],
    base: Ablation,
    methods: Sequence[Method],
    *,
    answer_only: bool,
    quiet: bool,
) -> list[list[SweepRow]]:
    """The rows of a sweep by each method, that without any component first; counted on a terminal."""
    means = means_if_used(net, chosen, base, *methods)

    def rows_by(one: Method) -> Iterable[SweepRow]:
        return sweep_model(
            net, chosen.tokens, parts, base=base, means=means, method=one, scope=_scope(answer_only)
        )

    every_row = (row for one in methods for row in rows_by(one))
    total = len(parts) + 1
    listed = list(progress(every_row, "sweeping", total=total * len(methods), quiet=quiet))
    return [listed[k : k + total] for k in range(0, len(listed), total)]


def _check_counts(clean: SweepRow, metric: str) -> None:
    """Raise :class:`PuzzlescopeError` if no cell counts for a metric."""
    copied = clean.loss.copied
    if {"copied": not copied.any(), "changed": copied.all()}.get(metric, False):
        raise PuzzlescopeError(
            f"No cell of these puzzles counts for the metric '{metric}': choose another metric."
        )


def _print_sweep(result: dict[str, Any]) -> None:
    header: tuple[str, ...] = (
        "ablated",
        "cells broken",
        "cells fixed",
        "loss",
        "delta",
        "solved",
        "broken",
        "fixed",
    )
    table: list[tuple[Any, ...]] = [
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
    clean: tuple[Any, ...] = (
        "nothing (clean)",
        "",
        "",
        number(result["clean"]),
        "",
        result["solved"],
        "",
        "",
    )
    if "draws" in result:
        header = (*header, f"mean delta of {result['draws']}", "error")
        clean = (*clean, "", "")
        table = [
            (*line, number(row["delta_mean"], "+.3e"), number(row["delta_error"], ".1e"))
            for line, row in zip(table, result["rows"], strict=True)
        ]
    print_table(header, [clean, *table])


def _drawn(method: Method, draws: int) -> tuple[Method, ...]:
    """The draws of a method that are asked for."""
    if draws < 1 or (draws > 1 and not method.draws):
        expected = "at least 1" if method.draws else f"1, for {method.text} draws nothing"
        raise PuzzlescopeError(f"--draws expects {expected}, got {draws}.")
    return draws_of(method, draws)


def _add_draws(result: dict[str, Any], sweeps: list[list[SweepRow]], metric: Metric) -> None:
    """Of each component the mean of its deltas over all draws, and that mean's standard error; all else is of
    the first draw."""
    found = spreads(sweeps, metric)
    result["draws"] = len(sweeps)
    for row, of in zip(result["rows"], sweeps[0][1:], strict=True):
        own = None if of.component is None else found.get(of.component)
        row["delta_mean"] = np.nan if own is None else own.mean
        row["delta_error"] = np.nan if own is None else own.error


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
