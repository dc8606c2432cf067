"""``pairs``: puzzles that differ in one thing."""

from typing import Annotated, Any

import typer

from interp.cli.options import JsonOption
from interp.cli.printing import checked, puzzle_text, say_result
from interp.errors import PuzzlescopeError
from interp.outputs import strict_json
from interp.pairs import KINDS, Pair, check_kind, make_pairs
from interp.pairs.files import write_pairs
from interp.tasks import TASKS


def pairs(
    task: Annotated[str, typer.Option("--task", help=" | ".join(TASKS))],
    kind: Annotated[str, typer.Option("--kind", help=" | ".join(KINDS))] = "rule",
    n: Annotated[int, typer.Option("--n", "-n", help="How many.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same pairs.")] = 0,
    out: Annotated[str | None, typer.Option("--out", help="FILE.npz; one that is there is replaced.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw pairs of puzzles that differ in one thing, both answers worked out by the task's solver; show
    them, or write them to a file."""
    path = checked(out, (".npz",))
    check_kind(kind)
    found = make_pairs(task, kind, n, seed)  # type: ignore[arg-type]
    failed: PuzzlescopeError | None = None
    if path is not None:
        try:
            write_pairs(found, path)
        except PuzzlescopeError as error:
            failed = error
    if as_json or failed:
        say_result(strict_json([_as_json(pair) for pair in found], indent=None))
    elif path is not None:
        say_result(f"Wrote {len(found)} pairs to {path}.")
    else:
        say_result("\n\n".join(_as_text(pair) for pair in found))
    if failed:
        raise PuzzlescopeError(f"{failed} They were printed as JSON instead.") from failed


def _as_json(pair: Pair) -> dict[str, Any]:
    ends = {"base": pair.base, "counterfactual": pair.counterfactual}
    return {
        "task": pair.task,
        "kind": pair.kind,
        "variable": pair.variable,
        "contrast": int(pair.contrast.sum()),
    } | {
        name: {"task": end.task, "structure": end.structure.name, "grids": end.grids.tolist()}
        for name, end in ends.items()
    }


def _as_text(pair: Pair) -> str:
    cells = int(pair.contrast.sum())
    head = f"{pair.kind} of {pair.task}, {pair.variable} ({cells} cells of the answer differ)"
    return f"{head}\n{puzzle_text(pair.base)}\n\n{puzzle_text(pair.counterfactual)}"
