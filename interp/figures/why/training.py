"""Heads over a training: what is measured of each, against the puzzles seen."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from interp.figures.draft import Draft, drawn
from interp.figures.style import base_figure, empty, legend_above
from interp.figures.why.phase import shade_chance

HUES = ("#d6481e", "#2f77c9", "#2b9c72", "#8a58c4", "#c98a12", "#c2478f", "#5b7083", "#7a9a1e")
"""Of the heads; beyond eight they begin again."""
DASHES = ("solid", "dot", "dash", "dashdot")
"""Of what is measured of a head."""
NOTHING = "No head looks anywhere at the end of this training."
EXPONENT_STEPS = (1, 2, 5)


@drawn
def moments_chart(
    puzzles: Int[np.ndarray, " moment"],
    lines: Mapping[str, Mapping[str, Float[np.ndarray, " moment"]]],
    chance: float,
    title: str,
) -> Draft:
    """A line for each head and each thing that is measured of it, against the puzzles seen (logarithmic): a
    head has its colour, a measure its dashes. The grey band holds what chance makes of the phases. Moments
    of which nothing is told are left out, and so is the untrained model, which has no place on the axis.

    Args:
        puzzles: seen at every moment, ascending.
        lines: of every head, what was measured by its name; the same measures of all heads.
        chance: the height of the band; nan for none.
        title: of the chart.
    """
    figure = base_figure(title, height=340)
    told = [values for measured in lines.values() for values in measured.values()]
    seen = (puzzles > 0) & np.any([np.isfinite(values) for values in told] or [False], axis=0)
    if not seen.any():
        return empty(figure, NOTHING, height=140)
    across = puzzles[seen]
    shade_chance(figure, chance, shade=0.18)
    for k, (head, measured) in enumerate(lines.items()):
        for n, (measure, values) in enumerate(measured.items()):
            _line(figure, across, values[seen], (head, measure), HUES[k % len(HUES)], n)
    legend_above(figure)
    _axes(figure, across, np.concatenate([values[seen] for values in told]))
    figure.update_yaxes(title=_key(next(iter(lines.values()))))
    return figure


def _line(
    figure: Draft,
    across: Int[np.ndarray, " moment"],
    values: Float[np.ndarray, " moment"],
    names: tuple[str, str],
    hue: str,
    n: int,
) -> None:
    """The n-th measure of a head: its line, and what it says when pointed at."""
    head, measure = names
    figure.add_scatter(
        x=across,
        y=values,
        mode="lines",
        name=head,
        showlegend=n == 0,
        line={"color": hue, "width": 2.0 if n == 0 else 1.4, "dash": DASHES[n % len(DASHES)]},
        marker={"color": hue},
        hovertext=[
            f"<b>{head}</b>, {measure}<br>{seen_by:,} puzzles: {value:.2f}"
            for seen_by, value in zip(across.tolist(), values.tolist(), strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        connectgaps=False,
    )


def _axes(figure: Draft, across: Int[np.ndarray, " moment"], values: Float[np.ndarray, " value"]) -> None:
    """Puzzles, logarithmic, and values, with 0 and 1 in sight."""
    ends = (float(across.min()), float(across.max()))
    lowest, highest = float(np.nanmin(values, initial=0.0)), float(np.nanmax(values, initial=1.0))
    named = _ticks(*ends)
    figure.update_xaxes(
        type="log",
        title="puzzles seen",
        tickvals=named,
        ticktext=[f"{one:,}" for one in named],
        range=[float(np.log10(ends[0])) - 0.02, float(np.log10(ends[1])) + 0.04],
        zeroline=False,
    )
    figure.update_yaxes(range=[lowest - 0.04, highest + 0.08], zeroline=False)


def _key(measures: Mapping[str, object]) -> str:
    """What the lines are, by their dashes: "attention (solid), concordance (dotted)"."""
    words = {"solid": "solid", "dot": "dotted", "dash": "dashed", "dashdot": "dash-dotted"}
    names: Sequence[str] = tuple(measures)
    if len(names) == 1:
        return names[0]
    return ", ".join(f"{name} ({words[DASHES[n % len(DASHES)]]})" for n, name in enumerate(names))


def _ticks(low: float, high: float) -> list[int]:
    """Round numbers on a logarithmic axis."""
    decades = range(int(np.floor(np.log10(low))), int(np.floor(np.log10(high))) + 1)
    every = [step * 10**decade for decade in decades for step in EXPONENT_STEPS if decade >= 0]
    return [one for one in every if low <= one <= high]
