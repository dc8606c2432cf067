"""Composition scores as charts: the receivers of one sender, and every head with every head."""

from collections.abc import Collection, Sequence

import numpy as np

from interp.ablation import Component
from interp.analyses.composition import Composition, Reading
from interp.analyses.readers import INPUT_NAMES, HeadInput
from interp.figures.draft import Draft, drawn
from interp.figures.readers import SHOWN, is_off, ranking, readers_board
from interp.figures.scale import AWAY, TOWARD, rgb, tint
from interp.figures.style import QUIET, STRONG, base_figure
from interp.model import Config

LEAST_EXCESS = 0.03
"""A tile is of full colour at the largest score beyond chance, but never below this."""


@drawn
def weights_board(
    readings: Sequence[Reading], source: Component, cfg: Config, off: Collection[Component] = ()
) -> Draft:
    """Who reads a source, by weights: a row a layer, a tile for every head's queries, keys and values and for
    the MLP; the logits below. Teal reads more of it than chance would, purple less. Readers that are ``off``
    are hatched."""
    full = max([LEAST_EXCESS, *(abs(reading.excess) for reading in readings)])
    tiles = {reading.reader: (tint(reading.excess / full), _by_weights(reading, off)) for reading in readings}
    return readers_board(tiles, f"Score beyond chance with what {source.text} writes", source, cfg, off)


@drawn
def weights_ranking(readings: Sequence[Reading], source: Component) -> Draft:
    """The readers with the highest scores beyond chance, as bars of their scores; a line says what chance
    gives."""
    shown = sorted(readings, key=lambda reading: -reading.excess)[:SHOWN]
    figure = ranking(
        [(one.reader, one.score, _by_weights(one, ()), f"{one.score:.2f}") for one in shown],
        f"Highest composition with {source.text}",
    )
    figure.update_xaxes(title="composition score")
    if shown:
        chance = float(np.mean([reading.chance for reading in shown]))
        figure.add_vline(x=chance, line_color=QUIET, line_width=2, line_dash="dot")
        figure.add_annotation(
            text="chance",
            x=chance,
            y=1,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            font={"size": 11},
        )
    return figure


@drawn
def head_matrix(
    composition: Composition, head_input: HeadInput, cfg: Config, source: Component | None = None
) -> Draft:
    """Every head (rows) with one input of every head (columns): scores beyond chance. The rows of the source
    are marked."""
    # The last layer's heads write to no head, and the first layer's read from none.
    table = composition.heads(head_input)[: -cfg.n_heads, cfg.n_heads :]
    names = [part.text for part in composition.sources if part.kind == "head"]
    figure = base_figure(
        f"Scores beyond chance with the {INPUT_NAMES[head_input]} of later heads", height=540
    )
    full = max(LEAST_EXCESS, float(np.nan_to_num(np.abs(table)).max(initial=0)))
    figure.add_heatmap(
        z=table,
        x=names[cfg.n_heads :],
        y=names[: -cfg.n_heads],
        zmin=-full,
        zmax=full,
        colorscale=[(0, rgb(AWAY)), (0.5, "rgba(138, 148, 163, 0.10)"), (1, rgb(TOWARD))],
        colorbar={"thickness": 10, "len": 0.6, "outlinewidth": 0, "tickformat": "+.2f"},
        hovertemplate=f"%{{x}}.{head_input} reads %{{y}}: %{{z:+.3f}} beyond chance<extra></extra>",
        hoverongaps=False,
    )
    if source is not None and source.kind != "mlp" and source.layer < cfg.n_layers - 1:
        first = source.layer * cfg.n_heads + (source.head or 0)
        count = cfg.n_heads if source.head is None else 1
        figure.add_shape(
            type="rect",
            x0=-0.5,
            x1=table.shape[1] - 0.5,
            y0=first - 0.5,
            y1=first + count - 0.5,
            line={"color": STRONG, "width": 2},
        )
    _layers_on_axes(figure, cfg)
    return figure


def _layers_on_axes(figure: Draft, cfg: Config) -> None:
    """A line between layers, and their names: of all but the first along x, of all but the last along y."""
    for edge in (layer * cfg.n_heads - 0.5 for layer in range(1, cfg.n_layers - 1)):
        figure.add_vline(x=edge, line_color=QUIET, line_width=0.6)
        figure.add_hline(y=edge, line_color=QUIET, line_width=0.6)
    middles = [(layer + 0.5) * cfg.n_heads - 0.5 for layer in range(cfg.n_layers - 1)]
    names = [f"L{layer}" for layer in range(cfg.n_layers)]
    figure.update_layout(margin_t=84)
    figure.update_xaxes(
        title="heads that read", tickvals=middles, ticktext=names[1:], side="top", showgrid=False
    )
    figure.update_yaxes(
        title="heads that write", tickvals=middles, ticktext=names[:-1], autorange="reversed", showgrid=False
    )


def _by_weights(reading: Reading, off: Collection[Component]) -> str:
    lines = [
        f"<b>{reading.reader.text}</b> reads {reading.source.text}",
        f"score {reading.score:.3f}, chance {reading.chance:.3f} ± {reading.spread:.3f}:"
        f" {reading.excess:+.3f}",
    ]
    return "<br>".join([*lines, *(["this receiver is ablated"] if is_off(reading.reader, off) else [])])
