"""What kinds of terms a head's contrast is made of, as shares with their intervals."""

from collections.abc import Mapping

from interp.figures.draft import Draft, drawn
from interp.figures.style import MEASURING, QUIET, STRONG, base_figure, empty
from interp.figures.why.score import CONTENT
from interp.why.split import Share, class_name

COLOURS = {
    "direct": STRONG,
    "recoded": "#7f9ec2",
    "content": CONTENT,
    "k": "#aa4499",
    "q": "#999933",
}
"""Of the classes that belong to a way; the others are :data:`QUIET`. K's is as the inputs of heads have it
(:mod:`interp.figures.readers`), not Q's, whose blue is position's here."""


@drawn
def share_bars(shares: Mapping[str, Share], title: str) -> Draft:
    """A lying bar a class of terms: its share of the contrast, with a line for its interval. Shares sum to 1;
    one below 0 works against the looked-at key.

    Args:
        shares: of each class by its key in :data:`interp.why.split.CLASSES`; those that are nan are left
            out.
        title: of what.
    """
    figure = base_figure(title, height=84 + 26 * max(len(shares), 2))
    known = {name: one for name, one in shares.items() if one.value == one.value}
    if not known:
        return empty(figure, MEASURING)
    names = list(known)
    figure.add_bar(
        orientation="h",
        x=[one.value for one in known.values()],
        y=list(range(len(names))),
        width=0.66,
        marker={"color": [_faint(COLOURS.get(name, QUIET)) for name in names]},
        hovertext=[_told(name, one) for name, one in known.items()],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    ends = [0.0, 1.0]
    for line, (name, one) in enumerate(known.items()):
        ends += _interval(figure, line, name, one)
    low, high = min(ends), max(ends)
    figure.update_xaxes(
        title="share of the contrast",
        range=[low - 0.02, high + 0.2 * (high - low)],
        tickformat=".0%",
        zeroline=True,
        zerolinecolor=QUIET,
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[class_name(name) for name in names],
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )
    return figure


def _interval(figure: Draft, line: int, name: str, one: Share) -> list[float]:
    """Draw a share's interval and its number beside it; what of it there is on the axis."""
    ends = [one.value, *(end for end in (one.low, one.high) if end == end)]
    if len(ends) == 3:
        stroke = {"color": COLOURS.get(name, QUIET), "width": 4}
        figure.add_shape(type="line", x0=one.low, x1=one.high, y0=line, y1=line, line=stroke)
    at = {"x": max(one.value, 0.0, *ends[2:]), "y": line, "xanchor": "left", "xshift": 5}
    figure.add_annotation(text=_percent(one.value), **at, showarrow=False, font={"size": 11})
    return ends


def _faint(colour: str) -> str:
    """A colour through which its interval is seen."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.5)"


def _percent(share: float) -> str:
    told = f"{share:.0%}"
    return "0%" if told == "-0%" else told.replace("-", "−")


def _told(name: str, one: Share) -> str:
    between = f"<br>95 % interval {one.low:.1%} to {one.high:.1%}" if one.low == one.low else ""
    return f"<b>{class_name(name)}</b>: {one.value:.1%}{between}".replace("-", "−")
