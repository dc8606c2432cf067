"""``failures``."""

from itertools import islice
from typing import Annotated, Any

import numpy as np
import typer

from interp.ablation import parse_ablation
from interp.analyses.failures import TRIES, FailureState, study_failure
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
from interp.cli.printing import checked, print_table, report, say_result
from interp.engine.predict import losses
from interp.errors import PuzzlescopeError
from interp.grids import COLORS, SIZE


def failures(
    puzzles: PuzzlesOption = "bank",
    most: Annotated[
        int, typer.Option("--most", help="Study at most this many of the failed puzzles; about 10 s each.")
    ] = 4,
    cells: Annotated[int, typer.Option("--cells", help="Edits of at most this many cells, 1 to 3.")] = 3,
    tries: Annotated[int, typer.Option("--tries", help="Edits that are tried of a puzzle, at most.")] = TRIES,
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = None,
    place: PlaceOption = None,
    model: ModelOption = "default",
    ablate: AblateOption = "",
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """Why the model fails puzzles: the smallest edit of the third grid that makes it right, checked by the
    task's solver and by greedy decoding, and the rule that gives what it drew. Tries every edit of one cell,
    and the most promising of two and three."""
    if most < 1:
        raise PuzzlescopeError(f"--most expects at least 1 puzzle, got {most}.")
    path = checked(out)
    chosen, net = chosen_puzzles(puzzles, task, structure, limit, place), load_model(model)
    ablation = parse_ablation(ablate, net.cfg)
    means = means_if_used(net, chosen, ablation)
    solved = np.concatenate(
        [
            losses(net, chosen[start : start + 64].tokens, ablation, means)[1]
            for start in progress(range(0, len(chosen), 64), "looking for failures", quiet=as_json)
        ]
    )
    failed = chosen.filter(solved=~solved)
    studied = [
        study_failure(net, puzzle, ablation, means, most_cells=cells, tries=tries)
        for puzzle in progress(islice(failed, most), "studying", total=min(most, len(failed)), quiet=as_json)
    ]
    result = {
        "n": len(chosen),
        "failed": len(failed),
        "failures": [_told(state) for state in studied],
    }
    left = len(failed) - len(studied)
    report(
        result,
        lambda: _print(studied, len(chosen)),
        as_json,
        path,
        f"{left:,} more failed and were not studied: raise --most." if left else "",
    )


def _told(state: FailureState) -> dict[str, Any]:
    """A puzzle of `failures --json`; rows and columns count from 1."""
    return {
        "puzzle": state.puzzle,
        "task": state.task,
        "cells_wrong": int(state.wrong.sum()),
        "noise": state.noise,
        "edits": [
            {
                "grid": state.grid,
                "row": edit.row + 1,
                "column": edit.column + 1,
                "from": COLORS[state.third[SIZE * edit.row + edit.column]].name,
                "to": COLORS[edit.color].name,
            }
            for edit in state.edits
        ],
        "tried": {str(k + 1): n for k, n in enumerate(state.tried.tolist())},
        "rules": [{"rule": fit.task, "own": fit.own, "cells_off": fit.off} for fit in state.rules],
        "unverified": state.unverified,
        "summary": state.summary(),
    }


def _print(studied: list[FailureState], n: int) -> None:
    """A line a puzzle, and what was found of each."""
    header = ("puzzle", "task", "cells wrong", "edit", "rule", "cells off")
    print_table(
        header,
        [
            (
                state.puzzle,
                state.task,
                int(state.wrong.sum()),
                len(state.edits) or "none found",
                state.rules[0].words if state.rules else "none nearer",
                state.rules[0].off if state.rules else "",
            )
            for state in studied
        ]
        or [(f"all {n:,} solved", "", "", "", "", "")],
    )
    for state in studied:
        say_result(f"\n{state.puzzle}: {state.summary()}")
