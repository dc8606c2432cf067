"""``puzzles``: new ones."""

from typing import Annotated

import numpy as np
import typer

from interp.cli.printing import checked, puzzle_text, say_result
from interp.errors import PuzzlescopeError
from interp.outputs import strict_json
from interp.puzzles import Puzzle, PuzzleSet, save_puzzles
from interp.tasks import NOISE, TASKS, task_named
from interp.tokens import STRUCTURES, encode, structure_named

LARGEST_DRAW = 1_000_000
PUZZLE_ENDINGS = (".npz", ".json", ".jsonl", ".ndjson", ".parquet")


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
    path = checked(out, PUZZLE_ENDINGS)
    order = structure_named(structure)
    drawn = task_named(task).generate(n, np.random.default_rng(seed), structure=order, noise=noise)
    found = PuzzleSet(task, tuple(Puzzle.of(task, tokens) for tokens in encode(drawn, order)))
    if path is None:
        say_result("\n\n".join(puzzle_text(puzzle) for puzzle in found))
        return
    try:
        save_puzzles(found, path)
    except PuzzlescopeError as error:
        rows = [{"task": p.task, "structure": p.structure.name, "grids": p.grids.tolist()} for p in found]
        say_result(strict_json(rows, indent=None))
        raise PuzzlescopeError(f"{error} They were printed as JSON instead.") from error
    say_result(f"Wrote {len(found)} puzzles to {path}.")
