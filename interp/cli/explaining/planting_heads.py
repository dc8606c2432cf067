"""``plant-head``: a model with a head of which it is known why it looks where it looks."""

from typing import Annotated, Any

import torch
import typer

from interp.checkpoints import check_free, save_model
from interp.cli.options import ForceOption, JsonOption
from interp.cli.printing import folder_named, say_result
from interp.errors import PuzzlescopeError
from interp.outputs import strict_json, write_whole
from interp.why.planted.planting import KINDS, OFFSET, PlantedHead, plant_head

TRUTH = "truth.json"


def planted_head(
    out: Annotated[str, typer.Argument(help="Folder for the model and the truth about it.")],
    kind: Annotated[str, typer.Option("--kind", help=f"Why it looks there: {', '.join(KINDS)}.")] = "pointer",
    offset: Annotated[
        int, typer.Option("--offset", help="How many positions back what it looks at lies.")
    ] = OFFSET,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same model.")] = 0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a model with a head of which it is known why it looks where it looks: it points by position, by
    the model's weights alone; it is an induction head (K-composition), trained on copies at random distances;
    it looks for the partner of its token; or it does the first and the last, each for half. OUT loads as any
    model does; truth.json in it says which head it is."""
    folder = folder_named(out)
    found = plant_head(kind, offset, seed)
    check_free(folder, replace=force)
    if (folder / TRUTH).exists() and not force:
        raise PuzzlescopeError(f"{folder} already holds {TRUTH}: name another folder, or --force.")
    truth = truth_of(found)
    save_model(found.model, folder, _card(found), dtype=torch.float32, replace=force)
    write_whole(folder / TRUTH, strict_json(truth) + "\n")
    if as_json:
        say_result(strict_json(truth))
    else:
        say_result(
            f"The model is in {folder}: {found.head.text} {KINDS[found.kind]}. Use it with --model {folder}."
        )


def truth_of(found: PlantedHead) -> dict[str, Any]:
    """What is known of it, as JSON has it."""
    return {
        "head": found.head.text,
        "kind": found.kind,
        "back": found.back,
        "seed": found.seed,
        "checkpoint_id": found.model.checkpoint_id,
        "sequences": found.rows.tokens.tolist(),
        "queries": found.rows.queries.tolist(),
    }


def _card(found: PlantedHead) -> str:
    return (
        f"# A planted head: {found.kind}\n\nMade by Puzzlescope, seed {found.seed}. {found.head.text}"
        f" {KINDS[found.kind]}. `{TRUTH}` has sequences on which it can be seen, the positions that look, and"
        f" how far back what they look at lies ({found.back}).\n"
    )
