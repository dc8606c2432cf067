"""``solve``."""

from typing import Annotated, Any

import numpy as np
import typer
from jaxtyping import Bool, Int

from interp.ablation import Ablation, ReferenceMeans, parse_ablation
from interp.checkpoints import load_model
from interp.cli.inputs import chosen_puzzles, means_if_used, progress
from interp.cli.options import (
    AblateOption,
    JsonOption,
    LimitOption,
    ModelOption,
    OutOption,
    PlaceOption,
    PuzzlesOption,
    StructureOption,
    TaskOption,
)
from interp.cli.printing import DIVERGED, checked, print_table, report
from interp.engine.answers import AnswerLoss
from interp.engine.forcing import Forced, forced_text, parse_forced
from interp.engine.predict import losses, predict
from interp.grids import CELLS
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.puzzles import PuzzleSet


def solve(
    puzzles: PuzzlesOption = "bank",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = None,
    place: PlaceOption = None,
    model: ModelOption = "default",
    ablate: AblateOption = "",
    forced: Annotated[
        str,
        typer.Option(
            "--forced",
            help="Cells of the answers that are given a colour, as in r4c5=2,r4c6=0; the model draws on from"
            " them.",
        ),
    ] = "",
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """How many puzzles the model solves, and its loss, under any ablation. With --forced, a puzzle is solved
    if all its other cells are drawn right, and it is told how many cells are not."""
    path = checked(out)
    chosen, net = chosen_puzzles(puzzles, task, structure, limit, place), load_model(model)
    ablation, given = parse_ablation(ablate, net.cfg), parse_forced(forced)
    means = means_if_used(net, chosen, ablation)
    by_task: dict[str, Any] = {}
    total, solved, lost, wrong = 0.0, 0, 0, 0
    for name, group in progress(chosen.by_task().items(), "solving", quiet=as_json):
        loss, right, off = _answers(net, group, ablation, means, given)
        by_task[name] = {"n": len(group), "solved": int(right.sum()), "loss": loss.mean()}
        by_task[name] |= {"wrong": int(off.sum())} if given else {}
        total, solved = total + loss.mean() * len(group), solved + int(right.sum())
        lost, wrong = lost + int((~np.isfinite(loss.by_puzzle())).sum()), wrong + int(off.sum())
    result = {"n": len(chosen), "solved": solved, "loss": total / len(chosen), "by_task": by_task}
    if given:
        result |= {"wrong": wrong, "forced": forced_text(given)}
    report(
        result,
        lambda: _print_solved([*by_task.items(), ("all", result)], bool(given)),
        as_json,
        path,
        f"On {lost} of {len(chosen)} puzzles the model's numbers {DIVERGED}" if lost else "",
    )


def _answers(
    net: PuzzleGPT, group: PuzzleSet, ablation: Ablation, means: ReferenceMeans | None, forced: Forced
) -> tuple[AnswerLoss, Bool[np.ndarray, " puzzle"], Int[np.ndarray, " puzzle"]]:
    """The loss on each puzzle, whether it is solved, and how many cells are wrong that are not forced.
    Without forced cells these are not counted, for that takes decoding."""
    if not forced:
        loss, right = losses(net, group.tokens, ablation, means)
        return loss, right, np.zeros(len(group), dtype=np.int64)
    found = predict(net, group.tokens, ablation, means, forced=forced)
    off = found.greedy != group.tokens[:, -CELLS:]
    off[:, [cell for cell, _ in forced]] = False
    return found.loss, ~off.any(1), off.sum(1)


def _print_solved(rows: list[tuple[str, dict[str, Any]]], forced: bool) -> None:
    header = ("task", "puzzles", "solved", "loss", *(["cells wrong"] if forced else []))
    print_table(
        header,
        [
            (name, r["n"], r["solved"], number(r["loss"]), *([r["wrong"]] if forced else []))
            for name, r in rows
        ],
    )
