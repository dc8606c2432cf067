"""The shift experiment: the query is told that it stands elsewhere; does the attention go along?"""

from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from interp.figures.draft import Draft, drawn
from interp.figures.style import QUIET, STRONG, base_figure, empty

STOPS = ((0.0, "rgba(138, 148, 163, 0.08)"), (1.0, STRONG))
NOTHING = "There is no attention to move here."


@drawn
def shift_map(
    shifts: Integer[np.ndarray, " shift"],
    places: Integer[np.ndarray, " place"],
    attention: Float[np.ndarray, "shift place"],
    title: str,
    *,
    side: int = 1,
) -> Draft:
    """A column a shift: where the attention lies, as places relative to the key that is looked at without a
    shift, darker the more. On the dotted line it goes along step by step.

    Args:
        shifts: by how many positions the one side was moved, in order.
        places: relative to that key, in order.
        attention: mean share of each; rows that are nan are not known yet.
        title: whose it is.
        side: the slope of the line: 1 where queries are moved, -1 where keys are.
    """
    figure = base_figure(title, height=360)
    if not np.isfinite(attention).any():
        return empty(figure, NOTHING, height=140)
    full = max(float(np.nanmax(attention)), 0.05)
    figure.add_heatmap(
        z=attention.T,
        zmin=0.0,
        zmax=full,
        colorscale=list(STOPS),
        colorbar={"thickness": 10, "len": 0.6, "outlinewidth": 0, "tickformat": ".2f"},
        hovertext=[
            [
                f"moved by {shift:+d}<br>{place:+d} from the usual key: {share:.2f}".replace("-", "−")
                for shift, share in zip(shifts.tolist(), line, strict=True)
            ]
            for place, line in zip(places.tolist(), attention.T.tolist(), strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        hoverongaps=False,
    )
    first, last = float(shifts[0]), float(shifts[-1])
    figure.add_shape(
        type="line",
        x0=0,
        x1=len(shifts) - 1,
        y0=_at(side * first, places),
        y1=_at(side * last, places),
        line={"color": QUIET, "width": 1.5, "dash": "dot"},
    )
    figure.update_xaxes(title="moved by, positions", **_axis(shifts))
    figure.update_yaxes(title="looks at, from the usual key", **_axis(places))
    return figure


def _axis(values: Integer[np.ndarray, " value"]) -> dict[str, Any]:
    """The axis of values that stand one beside the other."""
    step = 10 if len(values) > 20 else 2
    marked = [k for k, value in enumerate(values.tolist()) if value % step == 0]
    return {
        "tickvals": marked,
        "ticktext": [f"{values[k]:+d}".replace("-", "−") if values[k] else "0" for k in marked],
        "range": [-0.5, len(values) - 0.5],
        "showgrid": False,
        "zeroline": False,
    }


def _at(value: float, places: Integer[np.ndarray, " place"]) -> float:
    """Where a place stands along the axis, in cells."""
    return float(np.interp(value, places, np.arange(len(places))))
