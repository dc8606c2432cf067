"""``heads`` and ``phenomena``: what heads look at."""

from dataclasses import asdict
from typing import Annotated

import numpy as np
import typer

from interp.ablation import Component
from interp.analyses.head_roles import Role, Roles, head_roles
from interp.analyses.lookback import lookback_table
from interp.analyses.notebook.experiments import (
    ON_START,
    LookingHead,
    Phenomena,
    looking_heads,
    measure_phenomena,
)
from interp.checkpoints import load_model
from interp.cli.inputs import chosen_puzzles
from interp.cli.options import (
    JsonOption,
    LimitOption,
    ModelOption,
    OutOption,
    PlaceOption,
    PuzzlesOption,
    StructureOption,
    TaskOption,
)
from interp.cli.printing import DIVERGED, checked, print_table, report, say_result
from interp.errors import PuzzlescopeError
from interp.numbers import NO_RATIO, has_ratio, no_ratio, number, ratio


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
    path = checked(out)
    if np.isnan(threshold):
        raise PuzzlescopeError("--threshold expects a number, got nan.")
    try:
        distances = [int(piece) for piece in lookback.split(",")]
    except ValueError:
        raise PuzzlescopeError(
            f"--lookback expects whole numbers joined by commas, as in 1,100; got '{lookback}'."
        ) from None
    chosen, net = chosen_puzzles(puzzles, task, structure, limit, place), load_model(model)
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
    report(
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
    print_table(
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
    path = checked(out)
    chosen, net = chosen_puzzles(puzzles, task, structure, limit, place), load_model(model)
    found = measure_phenomena(net, chosen.tokens)
    numbers = (found.clean, *found.layers, *(circuit.loss for circuit in found.circuits))
    lost = sum(not np.isfinite(loss) for loss in numbers)
    note = f"{lost} of {len(numbers)} losses {DIVERGED}" if lost else ""
    report(asdict(found), lambda: _print_phenomena(found), as_json, path, note)


def _print_phenomena(found: Phenomena) -> None:
    off = [(f"L{n}.attn", number(loss), ratio(loss, found.clean)) for n, loss in enumerate(found.layers)]
    print_table(("off", "loss", "times clean"), [("nothing", number(found.clean), ""), *off])
    if not all(has_ratio(loss, found.clean) for loss in found.layers):
        say_result(f"{NO_RATIO}: there is no such ratio, for {no_ratio(found.clean)}.")
    say_result("")
    _print_heads([head for heads in found.heads.values() for head in heads])
    say_result("")
    circuits = [(c.ablation, number(c.loss), *c.shares(".3f")) for c in found.circuits]
    print_table(("copy circuit", "loss", "cells copied", "coloured ones", "markers"), circuits)
