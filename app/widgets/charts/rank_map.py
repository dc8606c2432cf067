"""Whether methods of ablation agree on which components matter, as a map, with a sentence."""

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.analyses.by_method.rankings import Rankings
from interp.figures.rankings import LEGEND, rankings_map

ABOUT = (
    "Which components matter depends on what is put in their place: nothing, their mean, a constant trained"
    " to cost least, their output in another puzzle or in the pair's other run, or their mean pattern."
    " Here the effects by each are compared by their **rank correlation**."
)


def show(rankings: Rankings, *, key: str) -> None:
    """Draw the map, however far the sweeps are, and below it which two methods agree least."""
    click = clickable_chart.clicking({}, lambda _: None)
    clickable_chart.show(rankings_map.draft(rankings), key=key, name="methods", on_click=click)
    terms.caption(escape_markdown(f"{LEGEND} {rankings.summary()}"))
