"""The measure and the sample: two small choices that stand in a heading's line."""

from collections.abc import Callable, Sequence

from app.widgets.controls import choice
from interp.engine.measures import MEASURES, Measure


def show_measure(
    measure: Measure,
    *,
    key: str,
    on_change: Callable[[Measure], None],
    measures: Sequence[Measure] = tuple(MEASURES),
) -> None:
    """Draw the choice of the measure: cells broken, a cut of the loss, or exact answers."""
    choice.select(
        "Measure",
        {one: MEASURES[one].name for one in measures},
        measure,
        key=key,
        on_change=on_change,
        help="\n\n".join(f"**{MEASURES[one].name}**: {MEASURES[one].help}" for one in measures),
        label_visibility="collapsed",
        width=134,
    )


def show_sample(sample: int, samples: Sequence[int], *, key: str, on_change: Callable[[int], None]) -> None:
    """Draw the choice of how many puzzles: this one (1), or so many of its task."""
    names = {n: "this puzzle" if n == 1 else f"{n} puzzles" for n in samples}
    choice.select(
        "Over which puzzles",
        names,
        sample,
        key=key,
        on_change=on_change,
        label_visibility="collapsed",
        help="On this puzzle, or on several of its task.",
        width=122,
    )
