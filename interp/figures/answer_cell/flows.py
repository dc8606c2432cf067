"""The attribution graph of a cell as a chart: sources below, layers upward, the target on top."""

from collections.abc import Sequence

import numpy as np

from interp.circuits.cells import CellGraph, Flow, Node
from interp.circuits.cells.graph import NOT_FINITE, SHOWN
from interp.figures.answer_cell.places import Places, places
from interp.figures.draft import Draft, drawn
from interp.figures.scale import AWAY, TOWARD, Hue, blended, tint
from interp.figures.style import PAPER, QUIET, base_figure, empty
from interp.figures.tiles import signed, write_on
from interp.tokens import cell_name

EDGES = 64
"""Flows that are drawn, the largest."""
WIDEST, THINNEST = 9.0, 0.8
"""Of the lines of the largest flow and of the smallest, in pixels."""
LISTED = 4
"""Flows into a box and out of it that are told when it is pointed at, each."""
LINE = 21
"""Height of a line of boxes, in pixels."""
NARROW = {
    "first grid, changed": "1st grid,<br>changed",
    "second grid, changed": "2nd grid,<br>changed",
    "third grid, around": "3rd grid,<br>around",
    "third grid, same cell": "3rd grid,<br>same cell",
    "first grid": "1st<br>grid",
    "second grid": "2nd<br>grid",
    "third grid": "3rd<br>grid",
    "answer so far": "answer<br>so far",
    "answer, around": "answer,<br>around",
}
"""Names of roles in two lines."""


@drawn
def cell_flows(graph: CellGraph, shown: int = SHOWN, marked: str | None = None) -> Draft:
    """The strongest boxes, and the largest flows between them: teal and whole where they push toward the
    first colour, purple and dotted where away from it, the wider the more. A box has the colour of what it
    adds in all. Its ``customdata`` is its text.

    Args:
        shown: how many boxes besides the target.
        marked: the box whose flows alone are drawn, all of them, by its text.
    """
    title = f"What leads to {graph.words}"
    if not np.isfinite(graph.flows).all():
        return empty(base_figure(title, height=140), NOT_FINITE.format(cell_name(graph.cell)))
    kept = graph.strongest(shown)
    nodes = [graph.nodes[k] for k in kept]
    layout, flows = places(nodes), graph.between(kept)
    figure = base_figure(
        f"{title}: {signed(f'{graph.target:+.2f}')}", height=round(96 + LINE * layout.size[1])
    )
    _draw_flows(figure, nodes, layout, _chosen(nodes, flows, marked))
    _draw_boxes(figure, graph, kept, layout, marked)
    _name_places(figure, layout)
    return figure


def _chosen(nodes: Sequence[Node], flows: Sequence[Flow], marked: str | None) -> list[Flow]:
    """The flows that are drawn: the largest, and of every box the largest out of it, so that none stands
    alone; or those of the marked box."""
    if marked in {node.text for node in nodes}:
        return [flow for flow in flows if marked in (flow.writer.text, flow.reader.text)][:EDGES]
    first: dict[Node, Flow] = {}
    for flow in flows:
        first.setdefault(flow.writer, flow)
    return [flow for k, flow in enumerate(flows) if k < EDGES or first[flow.writer] is flow]


def _draw_flows(figure: Draft, nodes: Sequence[Node], layout: Places, flows: Sequence[Flow]) -> None:
    at = dict(zip(nodes, layout.at, strict=True))
    full = max((abs(flow.value) for flow in flows), default=1.0)
    for flow in reversed(flows):  # the largest lie on top
        (x0, y0), (x1, y1) = at[flow.writer], at[flow.reader]
        share = abs(flow.value) / full
        hue = TOWARD if flow.value > 0 else AWAY
        figure.add_shape(
            type="line",
            x0=x0,
            y0=y0 + 0.4,
            x1=x1,
            y1=y1 - 0.4,
            layer="below",
            line={
                "color": _faint(hue, 0.25 + 0.5 * share),
                "width": THINNEST + (WIDEST - THINNEST) * share,
                "dash": "solid" if flow.value > 0 else "dot",
            },
        )


def _faint(hue: Hue, opacity: float) -> str:
    return f"rgba({hue[0]}, {hue[1]}, {hue[2]}, {opacity:.3f})"


def _draw_boxes(
    figure: Draft,
    graph: CellGraph,
    kept: Sequence[int],
    layout: Places,
    marked: str | None,
) -> None:
    nodes, values = [graph.nodes[k] for k in kept], graph.values[list(kept)]
    full = float(np.abs(values[:-1]).max(initial=1e-6))
    shares = [*(values[:-1] / full).tolist(), float(np.sign(values[-1]))]
    # Opaque, for lines pass behind; what is written on them is then read on any ground.
    colours = ["rgba({}, {}, {}, 1)".format(*blended(tint(share), PAPER)) for share in shares]
    figure.add_bar(
        orientation="h",
        x=[0.92] * len(nodes),
        base=[x - 0.46 for x, _ in layout.at],
        y=[y for _, y in layout.at],
        width=0.8,
        marker={
            "color": colours,
            "line": {"color": QUIET, "width": [2 if node.text == marked else 0 for node in nodes]},
        },
        customdata=[[node.text] for node in nodes],
        hovertext=[_told(graph, k) for k in kept],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        x=[x for x, _ in layout.at],
        y=[y for _, y in layout.at],
        text=[_label(node) for node in nodes],
        mode="text",
        textfont={"size": 10},
        hoverinfo="skip",
        meta={"behind": colours},
    )
    write_on(figure, PAPER)


def _label(node: Node) -> str:
    inside = node.part.partition(".")[2] or node.part
    return {"mlp": "MLP", "position": "pos"}.get(inside, inside)


def _told(graph: CellGraph, number: int) -> str:
    node, value = graph.nodes[number], graph.values[number]
    lines = [f"<b>{node.text}</b> {'is' if number == len(graph.nodes) - 1 else 'adds'} {value:+.2f} in all"]
    into = [f"{flow.writer.text} {flow.value:+.2f}" for flow in graph.into(number, LISTED)]
    out = [f"{flow.reader.text} {flow.value:+.2f}" for flow in graph.out_of(number, LISTED)]
    for title, own in (("from", into), ("to", out)):
        lines += [f"{title if k == 0 else '&nbsp;' * 2 * len(title)} {one}" for k, one in enumerate(own)]
    return "<br>".join(lines)


def _name_places(figure: Draft, layout: Places) -> None:
    wide, high = layout.size
    named = [(name, x) for name, x in layout.columns if name]
    figure.update_xaxes(
        tickvals=[x for _, x in named],
        ticktext=[NARROW.get(name, name) for name, _ in named],
        range=[-0.2, wide + 0.2],
        showgrid=False,
        zeroline=False,
        tickangle=0,
        tickfont_size=10,
    )
    figure.update_yaxes(
        tickvals=[y for name, y in layout.bands if name],
        ticktext=[name for name, _ in layout.bands if name],
        range=[-0.3, high + 0.3],
        showgrid=False,
        zeroline=False,
        tickfont_size=10,
    )
