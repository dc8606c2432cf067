"""How every chart looks: its colours, its frame, and what it says where it has nothing to show."""

from collections.abc import Sequence

from interp.figures.draft import Draft

QUIET, STRONG = "#8a94a3", "#4d6f96"
"""Bars and lines, and what stands out among them: seen on light and on dark. Orange is a cost and nothing
else (:mod:`interp.figures.scale`)."""
PAPER = "#ffffff"
"""What a figure lies on unless it is said otherwise."""

GRID_LINE = "rgba(128, 136, 148, 0.28)"

MEASURING = "Measuring …"
NOT_FINITE = "The losses are not finite: there is nothing to compare."


def base_figure(title: str, *, height: int) -> Draft:
    """An empty chart on whatever lies behind it, in whatever font the page has."""
    figure = Draft()
    figure.update_layout(
        title={
            "text": title,
            "font": {"size": 13},
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "pad": {"t": 4, "l": 2},
        },
        hoverlabel={"align": "left"},
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        height=height,
        bargap=0.35,
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hovermode="closest",
        clickmode="event",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": QUIET, "activecolor": STRONG},
    )
    figure.update_xaxes(fixedrange=True, automargin=True, gridcolor=GRID_LINE)
    figure.update_yaxes(fixedrange=True, automargin=True, gridcolor=GRID_LINE)
    return figure


def hatching(hatched: Sequence[bool]) -> dict[str, object]:
    return {
        "shape": ["/" if one else "" for one in hatched],
        "fillmode": "overlay",
        "size": 6,
        "solidity": 0.25,
    }


def legend_above(figure: Draft) -> None:
    """Show the names of the traces in a line above the chart, as words only: a click on them does nothing."""
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1,
            "yanchor": "bottom",
            "font": {"size": 11},
        },
        legend_itemclick=False,
        legend_itemdoubleclick=False,
    )


def empty(figure: Draft, text: str = MEASURING, *, height: int | None = None) -> Draft:
    """A chart without axes that says why it shows nothing."""
    figure.add_annotation(text=text, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)
    if height is not None:
        figure.update_layout(height=height)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
