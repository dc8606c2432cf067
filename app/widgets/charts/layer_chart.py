"""The ablation effect of each layer, as bars: click one to ablate or restore its attention, or its MLP."""

from collections.abc import Callable, Collection, Mapping, Sequence

from app.widgets import terms
from app.widgets.browser.news import News
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepRow, sweep_summary
from interp.analyses.by_method.draws import NO_SPREAD, Spread
from interp.engine.measures import Measure
from interp.figures.scale import legend
from interp.figures.sweep import PINNED, Kind, layer_chart

_NAMES: dict[Kind, str] = {"attn": "layers", "mlp": "mlps"}


def show(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure,
    kind: Kind,
    off: Collection[Component],
    *,
    key: str,
    on_click: Callable[[Component], None],
    beneath: Sequence[SweepRow] = (),
    second: str = PINNED,
    given: bool = False,
    told: str | None = None,
    spread: Mapping[Component, Spread] = NO_SPREAD,
) -> None:
    """Draw the chart of the rows, however much they know yet, and say below it which component has the
    largest effect.

    Args:
        off: parts that are off already: hatched.
        on_click: called with the component that was clicked.
        beneath: a second sweep of the same, its run without any component first: marked by lines.
        second: what that is, in words.
        given: whether something is off already in the run that all is compared with.
        told: what stands below in place of the sentence that sums it up.
        spread: what components cost over several draws of what is put in their place: bars of error.
    """
    own = [row for row in rows if row.component is not None and row.component.kind == kind]
    shown = {row.component.text: row.component for row in own if row.component is not None}
    click = clickable_chart.clicking(shown, on_click)
    figure = layer_chart.draft(
        own, clean, measure, kind, off, beneath, given=given, second=second, spread=spread
    )
    clickable_chart.show(figure, key=key, name=_NAMES[kind], on_click=click)
    summary = sweep_summary(own, clean, measure, given=given) if told is None else told
    marked = f"Lines: {second}." if beneath else ""
    drawn = max((one.n for one in spread.values()), default=0)
    bars = f"Upright bars: mean of {drawn} draws, plus and minus its standard error." if drawn else ""
    terms.caption(escape_markdown(" ".join(filter(None, [legend(measure), summary, marked, bars]))))


def news(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure,
    kind: Kind,
    off: Collection[Component],
    *,
    key: str,
    beneath: Sequence[SweepRow] = (),
    second: str = PINNED,
    given: bool = False,
    spread: Mapping[Component, Spread] = NO_SPREAD,
) -> News | None:
    """What is new since the chart was drawn; what is said below it stays."""
    figure = layer_chart.draft(
        rows, clean, measure, kind, off, beneath, given=given, second=second, spread=spread
    )
    return clickable_chart.news(figure, key=key, name=_NAMES[kind])
