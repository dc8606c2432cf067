"""The ablation effect of each head, as a map of layers and heads: click a tile to ablate or restore a
head."""

from collections.abc import Callable, Collection, Sequence

from app.widgets import terms
from app.widgets.browser.news import News
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepRow, sweep_summary
from interp.engine.measures import Measure
from interp.figures.scale import legend
from interp.figures.sweep import PINNED, head_map


def show(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure,
    off: Collection[Component],
    *,
    key: str,
    on_click: Callable[[Component], None],
    beneath: Sequence[SweepRow] = (),
    second: str = PINNED,
    given: bool = False,
    told: str | None = None,
) -> None:
    """Draw the map of the rows, however much they know yet, and say below it which head has the largest
    effect.

    Args:
        off: parts that are off already: hatched and outlined.
        on_click: called with the head that was clicked.
        beneath: a second sweep of the same, its run without any component first: bars at the tiles' feet.
        second: what that is, in words.
        given: whether something is off already in the run that all is compared with.
        told: what stands below in place of the sentence that sums it up.
    """
    own = [row for row in rows if row.component is not None and row.component.kind == "head"]
    shown = {row.component.text: row.component for row in own if row.component is not None}
    click = clickable_chart.clicking(shown, on_click)
    figure = head_map.draft(own, clean, measure, off, beneath, given=given, second=second)
    clickable_chart.show(figure, key=key, name="heads", on_click=click)
    summary = sweep_summary(own, clean, measure, given=given) if told is None else told
    marked = f"Bars at the foot: {second}." if beneath else ""
    terms.caption(escape_markdown(" ".join(filter(None, [legend(measure), summary, marked]))))


def news(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure,
    off: Collection[Component],
    *,
    key: str,
    beneath: Sequence[SweepRow] = (),
    second: str = PINNED,
    given: bool = False,
) -> News | None:
    """What is new since the map was drawn; what is said below it stays."""
    figure = head_map.draft(rows, clean, measure, off, beneath, given=given, second=second)
    return clickable_chart.news(figure, key=key, name="heads")
