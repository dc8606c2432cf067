"""A tile of the board: what ablating one component does, as a colour, a number and words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepRow, cells_in_words, cost, same_puzzles, value
from interp.engine.measures import MEASURES, Measure, metric_of
from interp.figures.scale import in_words, note, position
from interp.numbers import has_ratio, short, times

LEAST_ON_HEADS: dict[str, float] = {"wrong": 1, "answers": 0}
"""From which change on a head's tile has a number in it: there are many, and most do little. For a loss it is
:data:`LEAST_LOSS_ON_HEADS` nats."""
LEAST_LOSS_ON_HEADS = 0.01


@dataclass(frozen=True)
class Tile:
    """What switching one component off does, over the puzzles that it is measured on.

    Attributes:
        change: by the board's measure (:func:`interp.analyses.ablation_sweep.cost`); nan where it is not
            finite, or no puzzle has such a cell.
        cells: how many cells break and are fixed, in words.
        loss, clean: the loss beside the measure, in nats a token, with the component off and in the clean
            run; ``None`` if no puzzle has such a cell. Either may be infinite or not a number.
        solved_to_wrong, wrong_to_solved: how many puzzles change sides.
        n: over how many puzzles.
        approximate: measured at some positions only: a first look.
    """

    change: float
    cells: str = ""
    loss: float | None = None
    clean: float | None = None
    solved_to_wrong: int = 0
    wrong_to_solved: int = 0
    n: int = 1
    approximate: bool = False


def tile_of(row: SweepRow, clean: SweepRow, measure: Measure, *, approximate: bool = False) -> Tile:
    """The tile of a row of a sweep beside the clean run, over the puzzles that both know."""
    row, clean = same_puzzles(row, clean)
    metric = metric_of(measure)
    known = metric not in ("copied", "changed") or bool((row.loss.copied == (metric == "copied")).any())
    broken, fixed = row.flips(clean)
    return Tile(
        change=cost(row, clean, measure),
        cells=cells_in_words(row, clean),
        loss=value(row, metric) if known else None,
        clean=value(clean, metric) if known else None,
        solved_to_wrong=len(broken),
        wrong_to_solved=len(fixed),
        n=len(row.right),
        approximate=approximate,
    )


def place(tile: Tile, measure: Measure) -> float:
    """Its position on the colour scale; nan where it is not known."""
    return position(tile.change, measure)


def number(part: Component, tile: Tile, measure: Measure) -> str:
    """What is written on it: nothing on a head that does next to nothing."""
    least = LEAST_ON_HEADS.get(measure, LEAST_LOSS_ON_HEADS) if part.kind == "head" else 0
    return note(tile.change, measure, tile.n) if abs(tile.change) >= least else ""


def costliest(tiles: Mapping[Component, Tile], measure: Measure) -> Component | None:
    """The component that costs most; ``None`` if none costs anything."""
    known = [part for part, tile in tiles.items() if place(tile, measure) > 0]
    return max(known, key=lambda part: tiles[part].change) if known else None


def said(tile: Tile, measure: Measure, *, given: bool = False) -> str:
    """The read-out of a tile, after its name.

    Args:
        given: whether something is off already in the run that it is compared with.
    """
    flips = f"answers: {tile.solved_to_wrong} lost, {tile.wrong_to_solved} gained"
    if tile.n == 1:
        flips = "the answer is solved or wrong as before"
        if tile.solved_to_wrong or tile.wrong_to_solved:
            flips = "solved → wrong" if tile.solved_to_wrong else "wrong → solved"
    told = [tile.cells, _loss_in_words(tile, measure, given), flips, "first look" if tile.approximate else ""]
    return " · ".join(filter(None, told))


def _loss_in_words(tile: Tile, measure: Measure, given: bool) -> str:
    if tile.loss is None:
        return "no such cell in these puzzles"
    metric = metric_of(measure)
    where = "" if metric == "final" else f" on {MEASURES[metric].place}"
    if tile.clean is None:
        return f"loss{where} {short(tile.loss)}"
    before = "before" if given else "clean"
    ratio = f"{times(tile.loss / tile.clean)} × {before}" if has_ratio(tile.loss, tile.clean) else before
    return f"loss{where} {short(tile.loss)}, {ratio} {short(tile.clean)}"


def in_short(tile: Tile, measure: Measure) -> str:
    """The same for a tile's label: "breaks 27 cells", "costs 0.48 nats", "loses 3 of 16 answers"."""
    words = in_words(tile.change, measure, tile.n)
    return words + (", first look" if tile.approximate and math.isfinite(tile.change) else "")
