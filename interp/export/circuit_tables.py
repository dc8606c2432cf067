"""Who reads whom as rows of an export (:class:`interp.export.tables.Table`)."""

from collections.abc import Sequence
from typing import Any

from interp.ablation import ZERO, Component, Method
from interp.analyses.composition import Composition
from interp.analyses.path_ablation import PathState
from interp.export.tables import sweep_rows
from interp.puzzles import Puzzle


def composition_rows(composition: Composition, source: Component | None = None) -> tuple[dict[str, Any], ...]:
    """A row for every reader of a source, or of every source: the score, what chance gives, and what is
    beyond it, also in standard deviations of chance."""
    sources = composition.sources if source is None else (source,)
    return tuple(
        {
            "source": reading.source.text,
            "reader": reading.reader.text,
            "score": reading.score,
            "chance": reading.chance,
            "excess": reading.excess,
            "deviations": reading.deviations,
        }
        for one in sources
        for reading in composition.readings(one)
    )


def path_rows(
    state: PathState, puzzles: Sequence[Puzzle], method: Method = ZERO
) -> tuple[dict[str, Any], ...]:
    """The run with the source read by everybody first, then a row for every reader without it: the columns of
    :func:`interp.export.tables.sweep_rows`, with ``source`` and ``reader`` in place of the component. Readers
    of whom nothing is known yet are left out.

    Args:
        puzzles: those of the state, in its order.
    """
    clean, *rows = state.common()
    known = [(reader, row) for reader, row in zip(state.readers, rows, strict=True) if len(row.solved)]
    readers = ["nobody", *(reader.text for reader, _ in known)]
    found = sweep_rows(clean, [row for _, row in known], puzzles, method)
    return tuple(
        {"source": state.source.text, "reader": reader, **{k: v for k, v in row.items() if k != "component"}}
        for reader, row in zip(readers, found, strict=False)
    )
