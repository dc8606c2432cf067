"""``solve``."""

from typing import Any

import numpy as np

from interp.ablation import parse_ablation
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
from interp.engine.predict import losses
from interp.numbers import number


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
    path = checked(out)
    chosen, net = chosen_puzzles(puzzles, task, structure, limit, place), load_model(model)
    ablation = parse_ablation(ablate, net.cfg)
    means = means_if_used(net, chosen, ablation)
    by_task: dict[str, Any] = {}
    total, solved, lost = 0.0, 0, 0
    for name, group in progress(chosen.by_task().items(), "solving", quiet=as_json):
        loss, right = losses(net, group.tokens, ablation, means)
        by_task[name] = {"n": len(group), "solved": int(right.sum()), "loss": loss.mean()}
        total, solved = total + loss.mean() * len(group), solved + int(right.sum())
        lost += int((~np.isfinite(loss.by_puzzle())).sum())
    result = {"n": len(chosen), "solved": solved, "loss": total / len(chosen), "by_task": by_task}
    rows = [*by_task.items(), ("all", result)]
    header = ("task", "puzzles", "solved", "loss")
    report(
        result,
        lambda: print_table(header, [(name, r["n"], r["solved"], number(r["loss"])) for name, r in rows]),
        as_json,
        path,
        f"On {lost} of {len(chosen)} puzzles the model's numbers {DIVERGED}" if lost else "",
    )
