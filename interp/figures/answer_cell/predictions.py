"""Predicted against true effects of ablations at a cell."""

import numpy as np
from jaxtyping import Float

from interp.circuits.cells import CellEffects
from interp.circuits.cells.graph import NOT_FINITE
from interp.figures.draft import Draft, drawn
from interp.figures.style import QUIET, STRONG, base_figure, empty
from interp.tokens import cell_name

NAME = 0.12, 0.04
"""How wide and high a name is, in charts."""
NAMED = 8
"""How many of the components furthest from nothing are named."""


@drawn
def cell_predictions(found: CellEffects, marked: str | None = None) -> Draft:
    """A point a head (round) or MLP (square): to the right what the held model predicts that ablating it
    costs the lead, up what it costs; on the line where both are the same. Its ``customdata`` is its name.

    Args:
        marked: the component that stands out.
    """
    title = f"Predicted and true effect of ablating each component ({found.method.text})"
    figure = base_figure(title, height=360)
    known = np.flatnonzero(found.known)
    if not len(known):
        return empty(figure)
    components = [found.components[k] for k in known]
    predicted, true = found.predicted[known], found.true[known]
    if not np.isfinite([*predicted, *true]).all():
        return empty(figure, NOT_FINITE.format(cell_name(found.cell)), height=140)
    both = np.concatenate([predicted, true, [0.0]])
    low, high = float(both.min()), float(both.max())
    room = 0.08 * max(high - low, 1e-6)
    ends = [low - room, high + room]
    figure.add_shape(
        type="line",
        x0=ends[0],
        y0=ends[0],
        x1=ends[1],
        y1=ends[1],
        layer="below",
        line={"color": QUIET, "dash": "dot", "width": 1},
    )
    names = [component.text for component in components]
    sizes = np.maximum(np.abs(predicted), np.abs(true))
    named = _apart(np.argsort(-sizes)[:NAMED].tolist(), predicted, true, ends[1] - ends[0])
    figure.add_scatter(
        x=predicted,
        y=true,
        mode="markers+text",
        marker={
            "symbol": ["square" if one.kind == "mlp" else "circle" for one in components],
            "size": [11 if name == marked else 8 for name in names],
            "color": [STRONG if name == marked or k in named else QUIET for k, name in enumerate(names)],
        },
        text=[name if k in named or name == marked else "" for k, name in enumerate(names)],
        textposition="top center",
        textfont={"size": 10},
        customdata=[[name] for name in names],
        hovertext=[
            f"<b>{name}</b> ablated<br>predicted {a:+.2f}<br>true {b:+.2f}"
            for name, a, b in zip(names, predicted.tolist(), true.tolist(), strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.update_xaxes(
        title="predicted fall of the lead, logits", range=ends, zeroline=True, zerolinecolor=QUIET
    )
    figure.update_yaxes(title="true fall", range=ends, zeroline=True, zerolinecolor=QUIET)
    return figure


def _apart(
    largest: list[int], predicted: Float[np.ndarray, " n"], true: Float[np.ndarray, " n"], wide: float
) -> set[int]:
    """Those of the points whose names do not lie over that of an earlier one."""
    kept: list[int] = []
    for k in largest:
        if all(
            abs(predicted[k] - predicted[other]) > NAME[0] * wide
            or abs(true[k] - true[other]) > NAME[1] * wide
            for other in kept
        ):
            kept.append(k)
    return set(kept)
