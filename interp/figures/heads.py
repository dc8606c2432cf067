"""Head studies as charts: the spectrum of one head by attention offset, and all heads by two measures."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from interp.analyses.head_study import MARKED, Over, queries_before
from interp.engine.measures import Measure
from interp.errors import PuzzlescopeError
from interp.figures.draft import Draft, drawn
from interp.figures.scale import UNKNOWN, colour, in_words
from interp.figures.style import MEASURING, QUIET, STRONG, base_figure, empty
from interp.figures.tiles import signed

FROM: dict[Over, str] = {"answer": "from the answer's cells", "all": "from all positions"}
"""The queries of a mean, in few words."""

TICKS = (0, 0.01, 0.1, 0.25, 0.5, 1)
"""Shares of attention that the square-root scale names."""

LABELS: dict[int, tuple[str, str]] = {
    1: ("1", "right"),
    9: ("9·10", "left"),
    100: ("100·101", "left"),
    201: ("201·202", "left"),
    302: ("302·303", "left"),
}
"""How marked distances are named above a spectrum, neighbours together, and on which side of them."""

FAR = 0.3
"""Points of a scatter that come this far, in either measure, on the way to its largest are named, beside the
chosen one."""
NEAR = 0.05
"""Those nearer to one another than this, on the same scale, share a label."""


@drawn
def spectrum_figure(
    spectrum: Float[np.ndarray, "405"], name: str, over: Over = "all", *, height: int = 230
) -> Draft:
    """The mean attention of one head at every distance back, on a square-root scale: small shares are seen
    too.

    The distances that mean something in a puzzle are drawn in colour, with a dot, and named above.

    Args:
        spectrum: from :meth:`interp.analyses.head_study.HeadStudy.spectrum_over`; distances that no query has
            are left out.
        name: of the head.
        over: of which queries it is.
    """
    figure = base_figure(f"{name}: attention by distance back, {FROM[over]}", height=height)
    backs = np.flatnonzero(~np.isnan(spectrum))
    if not len(backs):
        return empty(figure)
    heights = np.sqrt(spectrum[backs].clip(min=0))
    top = max(1.12 * heights.max(), np.sqrt(0.06))
    figure.add_bar(
        x=backs,
        y=heights,
        width=1,
        marker={"color": QUIET, "line": {"width": 0}},
        hovertext=[_told(int(back), spectrum, over) for back in backs],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    marked = [back for back in MARKED if back in backs]
    figure.add_bar(x=marked, y=np.sqrt(spectrum[marked]), width=1, marker_color=STRONG, hoverinfo="skip")
    figure.add_scatter(
        x=marked,
        y=np.sqrt(spectrum[marked]),
        mode="markers",
        marker={"color": STRONG, "size": 5},
        hovertext=[_told(back, spectrum, over) for back in marked],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    labels = [
        {
            "text": label,
            "x": back,
            "xanchor": side,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 11},
        }
        for back, (label, side) in LABELS.items()
    ]
    figure.update_layout(barmode="overlay", bargap=0, margin_t=46, clickmode="none", annotations=labels)
    figure.update_xaxes(title="positions back", range=[-4, len(spectrum)], zeroline=False)
    figure.update_yaxes(
        title="mean attention",
        range=[0, top],
        tickvals=np.sqrt(TICKS),
        ticktext=[f"{tick:g}" for tick in TICKS],
    )
    return figure


def _told(back: int, spectrum: Float[np.ndarray, "405"], over: Over) -> str:
    meaning = f"<br>{MARKED[back]}" if back in MARKED else ""
    measured = queries_before(over)[back]
    of = f"<br>mean over {measured} position{'s' if measured > 1 else ''} of a puzzle"
    return f"<b>{back} back</b>: {spectrum[back]:.3g}{meaning}{of}"


@drawn
def scatter_figure(
    measures: tuple[Mapping[str, float], Mapping[str, float]],
    titles: tuple[str, str],
    costs: Mapping[str, float],
    positions: Mapping[str, float],
    chosen: str = "",
    *,
    measure: Measure = "final",
    height: int = 400,
    waiting: str = MEASURING,
) -> Draft:
    """A point a head, by two measures, coloured by what ablating it costs (orange) or brings (blue).

    A head whose cost is not known is a circle. Those far out are named, and the chosen one, which is
    ringed. A point's ``customdata`` is its name.

    Args:
        measures: of every head by its name, across and up; heads of which one is nan are left out.
        titles: of the two axes.
        costs: by the same names, as :func:`interp.analyses.ablation_sweep.cost` counts them.
        positions: of the costs on the colour scale (:func:`interp.figures.scale.position`).
        measure: of the costs.
        waiting: what is said where there is no point.

    Raises:
        PuzzlescopeError: if the two measures are not of the same heads.
    """
    across, up = measures
    if across.keys() != up.keys():
        raise PuzzlescopeError("The two measures of a scatter must be of the same heads.")
    figure = base_figure("", height=height)
    names = [name for name in across if not np.isnan(across[name] + up[name])]
    if not names:
        return empty(figure, waiting)
    labels = _labels(across, up, names, chosen)
    figure.add_scatter(
        x=[across[name] for name in names],
        y=[up[name] for name in names],
        mode="markers+text",
        text=[labels.get(name, "") for name in names],
        textposition="top center",
        textfont_size=11,
        customdata=[[name] for name in names],
        marker={
            "opacity": 1,  # Plotly makes marks of several sizes fainter
            "size": [15 if name == chosen else 11 for name in names],
            "color": [colour(positions[name]) if _known(positions, name) else UNKNOWN for name in names],
            "line": {"width": [3 if name == chosen else 1 for name in names], "color": QUIET},
        },
        hovertext=[_point(name, across, up, titles, costs, measure) for name in names],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_layout(margin_t=22)
    for axis, values, title in (
        (figure.update_xaxes, across, titles[0]),
        (figure.update_yaxes, up, titles[1]),
    ):
        axis(title=title, range=_range([values[name] for name in names]), zeroline=False)
    return figure


def _known(costs: Mapping[str, float], name: str) -> bool:
    return name in costs and not np.isnan(costs[name])


def _labels(
    across: Mapping[str, float], up: Mapping[str, float], names: Sequence[str], chosen: str
) -> dict[str, str]:
    """What is written at which point: its name, or those of all that lie at the same place."""
    places = {name: np.array([_reach(values, name, names) for values in (across, up)]) for name in names}
    told = [name for name in names if name == chosen or np.abs(places[name]).max() >= FAR]
    groups: list[list[str]] = []
    for name in told:
        near = (one for one in groups if np.abs(places[one[0]] - places[name]).max() < NEAR)
        group = next(near, None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return {group[0]: ", ".join(group[:3]) + (" ..." if len(group) > 3 else "") for group in groups}


def _reach(values: Mapping[str, float], name: str, names: Sequence[str]) -> float:
    """A value, the largest being 1."""
    return values[name] / (max(abs(values[one]) for one in names) or 1.0)


def _range(values: Sequence[float]) -> list[float]:
    """A little more than all of them and 0."""
    low, high = min(0.0, *values), max(0.05, *values)
    return [low - 0.04 * (high - low), high + 0.08 * (high - low)]


def _point(
    name: str,
    across: Mapping[str, float],
    up: Mapping[str, float],
    titles: tuple[str, str],
    costs: Mapping[str, float],
    measure: Measure,
) -> str:
    lines = [f"<b>{name}</b>", f"{titles[0]}: {across[name]:.3g}", f"{titles[1]}: {up[name]:.3g}"]
    if _known(costs, name):
        lost = f"answers lost: {signed(f'{costs[name]:.0%}')}" if measure == "answers" else ""
        lines.append(lost or f"ablating it {in_words(costs[name], measure)}")
    return "<br>".join(lines)
