"""The receivers of a sender as charts: a board with a tile for each, and a ranking.

Every mark that stands for a reader carries its text as ``customdata``.
"""

from collections.abc import Collection, Mapping, Sequence

from interp.ablation import Component
from interp.analyses.readers import HEAD_INPUTS, INPUT_NAMES, Input, Reader
from interp.figures.draft import Draft
from interp.figures.style import MEASURING, QUIET, base_figure, legend_above
from interp.figures.tiles import Tile, draw_fields, name_lines
from interp.model import Config

SHOWN = 12
"""Readers of a ranking."""

MARKS: dict[Input, tuple[str, str]] = {
    "q": ("#0072B2", "circle"),
    "k": ("#AA4499", "diamond"),
    "v": ("#009E73", "square"),
    "mlp": ("#999933", "triangle-up"),
    "logits": (QUIET, "star"),
}
"""Colour (Okabe and Ito's, and two of Tol's: orange is kept for costs) and shape of each kind of reader."""

_GAP = 0.7
"""Between the queries, keys, values and MLPs of a board, in tiles."""


def readers_board(
    tiles: Mapping[Reader, tuple[str, str]],
    title: str,
    source: Component,
    cfg: Config,
    off: Collection[Component],
) -> Draft:
    """A row a layer, a tile for every head's queries, keys and values and for the MLP; the logits below.

    Args:
        tiles: of each reader the colour, and what it says when pointed at.
        source: whose readers they are.
        off: components that are off already: hatched.
    """
    first = source.layer + (source.kind == "mlp")
    lines = [*(f"L{layer}" for layer in range(first, cfg.n_layers)), "logits"]
    figure = base_figure(title, height=114 + 24 * max(len(lines), 4))
    figure.update_layout(margin_t=88, bargap=0)
    _name_columns(figure, cfg)
    name_lines(figure, lines)
    if not tiles:
        figure.add_annotation(text=MEASURING, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)
    draw_fields(
        figure,
        [
            Tile(
                line=len(lines) - 1 if reader.layer is None else reader.layer - first,
                column=_column(reader, cfg),
                colour=colour,
                data=(reader.text,),
                hover=hover,
                hatched=is_off(reader, off),
            )
            for reader, (colour, hover) in tiles.items()
        ],
    )
    return figure


def _name_columns(figure: Draft, cfg: Config) -> None:
    """Whose columns they are, and the number of each head."""
    middles = [column * (cfg.n_heads + _GAP) + (cfg.n_heads - 1) / 2 for column in range(3)]
    last = 3 * (cfg.n_heads + _GAP)
    for middle, text in zip(
        [*middles, last], ["queries<br>of head", "keys<br>of head", "values<br>of head", "mlp"], strict=True
    ):
        figure.add_annotation(
            text=text,
            x=middle,
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=18,
            showarrow=False,
            font={"size": 12},
        )
    heads = [column * (cfg.n_heads + _GAP) + head for column in range(3) for head in range(cfg.n_heads)]
    figure.update_xaxes(
        tickvals=heads,
        ticktext=[str(head) for head in range(cfg.n_heads)] * 3,
        tickangle=0,
        side="top",
        range=[-0.6, last + 0.9],
        showgrid=False,
        zeroline=False,
    )


def _column(reader: Reader, cfg: Config) -> float:
    """Where a tile stands: queries, keys and values beside one another, then MLPs and logits."""
    if reader.input == "mlp" or reader.input == "logits":
        return 3 * (cfg.n_heads + _GAP)
    assert reader.head is not None
    return HEAD_INPUTS.index(reader.input) * (cfg.n_heads + _GAP) + reader.head


def is_off(reader: Reader, off: Collection[Component]) -> bool:
    """Whether the component that reads, or the layer it is a head of, is off."""
    part = reader.component
    return part is not None and (
        part in off or (part.kind == "head" and Component(part.layer, "attn") in off)
    )


def ranking(bars: Sequence[tuple[Reader, float, str, str]], title: str) -> Draft:
    """Bars from the top, each of the colour of its kind and named at its end."""
    figure = base_figure(title, height=96 + 21 * SHOWN)
    for name in INPUT_NAMES:
        own = [bar for bar in bars if bar[0].input == name]
        if not own:
            continue
        figure.add_bar(
            orientation="h",
            name=INPUT_NAMES[name],
            x=[length for _, length, _, _ in own],
            y=[reader.text for reader, _, _, _ in own],
            width=0.72,
            marker={"color": MARKS[name][0]},
            text=[note for _, _, _, note in own],
            textposition="outside",
            textfont={"size": 11},
            cliponaxis=False,
            customdata=[[reader.text] for reader, _, _, _ in own],
            hovertext=[hover for _, _, hover, _ in own],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    names, lengths = [bar[0].text for bar in bars], [0.0, *(bar[1] for bar in bars)]
    room = 0.16 * ((max(lengths) - min(lengths)) or 1)  # for what is written at the bars' ends
    # A mark at the very edge may not be drawn, and a title below no mark at all is an error to Plotly: 0 lies
    # well inside.
    low = min(lengths) - room if min(lengths) < 0 else -room / 8
    figure.update_xaxes(range=[low, max(lengths) + room])
    figure.update_layout(margin_t=56, bargap=0.2, barmode="overlay")
    legend_above(figure)
    figure.update_yaxes(categoryorder="array", categoryarray=names, range=[SHOWN - 0.5, -0.5], showgrid=False)
    return figure
