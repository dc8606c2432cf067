"""``why-training``: when heads came to look where they look, over the moments that a training kept."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from interp.checkpoints import load_model
from interp.cli.explaining.why import held_out_puzzles
from interp.cli.inputs import progress
from interp.cli.options import JsonOption, OutOption, PlaceOption, PuzzlesOption, StructureOption, TaskOption
from interp.cli.printing import checked, print_table, report, say_result
from interp.figures import moments_chart
from interp.figures.paper import PAGE, Plate, plate
from interp.numbers import number
from interp.outputs import write_whole
from interp.puzzles import PuzzleSet
from interp.training.moments import moments_of
from interp.why.over_training import HeadThen, OverTraining, over_training

DRAWN = 4
"""Heads that a picture shows: those that look most clearly in the end. The table has all."""
MEASURES = {
    "attention": ("attention", "concordance"),
    "position": ("direct_share", "slope_embedded"),
}
WORDS = {
    "attention": "attention",
    "concordance": "concordance",
    "direct_share": "share of direct position",
    "slope_embedded": "slope by the embedding",
}
TITLES = {
    "attention": "Heads over a training: where they look, and where their weights point",
    "position": "Which position they read: the embedded one, or what lower layers made of it",
}


def why_training(
    folder: Annotated[str, typer.Argument(help="Of a run of `train --moments`.")],
    every: Annotated[int, typer.Option(help="Take every which moment, counted from the last back.")] = 1,
    all_heads: Annotated[
        bool, typer.Option("--all", help="Also heads that look nowhere in the end, less thoroughly.")
    ] = False,
    picture: Annotated[
        str | None,
        typer.Option(
            help="FILE.svg: attention and concordance; FILE-position.svg and FILE.csv are written beside it."
        ),
    ] = None,
    puzzles: PuzzlesOption = "bank",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: Annotated[int, typer.Option("--limit", help="At most this many puzzles.")] = 8,
    place: PlaceOption = None,
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """When heads came to look where they look: attention to the offset, phases of their weights, the position
    that they read, at every moment that a training kept. Puzzles that means are over are left out."""
    path, drawing = checked(out), checked(picture, (".svg",))
    chosen = held_out_puzzles(puzzles, task, structure, limit, place)
    run = Path(folder).expanduser()
    moments = moments_of(run)
    steps = over_training.steps(run, chosen, every=every, all_heads=all_heads)
    found = _followed(steps, as_json)
    if drawing is not None:
        plates = _plates(found, chosen, str(moments[-1].path), run.name)
        write_whole(drawing, plates["attention"].svg(PAGE))
        write_whole(drawing.with_stem(f"{drawing.stem}-position"), plates["position"].svg(PAGE))
        write_whole(drawing.with_suffix(".csv"), plates["attention"].csv())
    report(training_json(found, len(chosen)), lambda: _print(found), as_json, path)


def _followed(steps: Any, quiet: bool) -> OverTraining:
    """Run to the end, with a bar on a terminal."""
    result: list[OverTraining] = []

    def rows() -> Any:
        result.append((yield from steps))

    for _ in progress(rows(), "heads and moments", quiet=quiet):
        pass
    return result[0]


def training_json(found: OverTraining, n: int) -> dict[str, Any]:
    """Rows and births, as JSON has it.

    Args:
        n: how many puzzles it is over.
    """
    return {
        "puzzles_asked": n,
        "looking": list(found.looking),
        "births": [
            {
                "head": one.head,
                "back": one.back,
                "phase": one.phase,
                "attention": one.attention,
                "half_phase": one.half_phase,
                "half_attention": one.half_attention,
            }
            for one in found.births
        ],
        "rows": list(found.table()),
    }


def _print(found: OverTraining) -> None:
    print_table(
        (
            *("head", "puzzles", "attention", "looks", "concordance", "chance", "points", "relative"),
            *("nats", "direct", "re-coded", "slope", "by embedding"),
        ),
        [_printed(row) for head in found.heads for row in found.heads[head]],
    )
    say_result(found.summary())


def _printed(row: HeadThen) -> tuple[Any, ...]:
    shares = (row.direct_share, row.recoded_share)
    return (
        *(f"{row.head}, {row.back} back", row.puzzles, number(row.attention, ".3f"), row.looks),
        *(number(row.concordance, "+.2f"), _or_blank(row.chance, ".2f"), row.points),
        *(number(row.relative_share, ".0%"), _or_blank(row.contrast, "+.2f")),
        *(_or_blank(share, ".0%") for share in shares),
        *(_or_blank(row.slope, "+.2f"), _or_blank(row.slope_embedded, "+.2f")),
    )


def _or_blank(value: float, form: str) -> str:
    return "" if np.isnan(value) else number(value, form)


def _plates(found: OverTraining, puzzles: PuzzleSet, model: str, name: str) -> dict[str, Plate]:
    """Of each of :data:`MEASURES`."""
    drawn, net = {}, load_model(model)
    numbers = [{key: _brief(value) for key, value in row.items()} for row in found.table()]
    for which, measures in MEASURES.items():
        lines = {}
        for head in sorted(found.looking, key=lambda one: -found.heads[one][-1].attention)[:DRAWN]:
            own = found.heads[head]
            label = f"{head}, {own[0].back} back"
            lines[label] = {
                WORDS[measure]: np.array([getattr(row, measure) for row in own]) for measure in measures
            }
        seen = sorted({row.puzzles for row in found.rows})
        chances = [row.chance for row in found.rows if not np.isnan(row.chance)]
        chance = max(chances, default=float("nan")) if which == "attention" else float("nan")
        chart = moments_chart(np.array(seen), lines, chance, TITLES[which])
        measure = ", ".join(WORDS[one] for one in measures)
        board = plate(chart, net, tuple(puzzles), measure=measure, rows=numbers, name=name)
        drawn[which] = board
    return drawn


def _brief(value: Any) -> Any:
    """Four digits of a number, which is more than eight puzzles tell."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
