"""The score of one key at one query, split by who wrote what is read: as bars and as a matrix."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from interp.errors import PuzzlescopeError
from interp.figures.draft import Draft, drawn
from interp.figures.scale import AWAY, TOWARD, rgb
from interp.figures.style import QUIET, STRONG, base_figure, empty, legend_above
from interp.figures.tiles import signed
from interp.figures.why.parts import Part

SHOWN = 9
"""Pairs that have a bar of their own, the largest; the others are summed."""
LINES = 7
"""Parts of each side that have a line of the matrix, the largest; the others are summed."""
CONTENT = "#009e73"
"""Of what depends on the puzzle; what position alone gives is :data:`interp.figures.style.STRONG`."""
KINDS = {
    2: ("position", STRONG, ""),
    1: ("one of each", STRONG, "/"),
    0: ("content", CONTENT, ""),
}
"""Of a pair, by how many of its sides are positional: its name, its colour and its hatching."""
NOT_FINITE = "The scores of this head are not finite: there is nothing to split."


@drawn
def score_bars(
    queries: Sequence[Part], keys: Sequence[Part], terms: Float[np.ndarray, "query key"], title: str
) -> Draft:
    """The largest terms as lying bars, each named by its part of the query and its part of the key, and the
    sum of all others; coloured by whether these are positional. The bars sum to the score.

    Args:
        queries, keys: the parts of each side.
        terms: what each pair adds to the score.
        title: what is split.

    Raises:
        PuzzlescopeError: if there is not one term for each pair.
    """
    _check(queries, keys, terms)
    total = float(terms.sum())
    figure = base_figure(f"{title}: {signed(f'{total:+.1f}')}", height=124 + 21 * (SHOWN + 1))
    if not np.isfinite(terms).all():
        return empty(base_figure(title, height=140), NOT_FINITE)
    order = np.argsort(-np.abs(terms), axis=None)[:SHOWN]
    pairs = [(queries[k // len(keys)], keys[k % len(keys)], float(terms.flat[k])) for k in order.tolist()]
    for positional, (name, colour, hatch) in KINDS.items():
        own = [
            (line, pair)
            for line, pair in enumerate(pairs)
            if sum(part.kind == "position" for part in pair[:2]) == positional
        ]
        _bars(figure, [(line, value, _told(q, k, value)) for line, (q, k, value) in own], name, colour, hatch)
    rest = total - sum(value for _, _, value in pairs)
    others = terms.size - len(pairs)
    if others:
        told = f"all {others:,} other pairs<br>{signed(f'{rest:+.2f}')}"
        _bars(figure, [(len(pairs), rest, told)], "all others", QUIET, "")
    lengths = [0.0, *(value for _, _, value in pairs), *([rest] if others else [])]
    room = 0.2 * ((max(lengths) - min(lengths)) or 1)
    low = min(lengths) - room if min(lengths) < 0 else -room / 8
    figure.update_xaxes(
        title="added to the score", range=[low, max(lengths) + room], zeroline=True, zerolinecolor=QUIET
    )
    names = [f"{q.label} × {k.label}" for q, k, _ in pairs] + (["all others"] if others else [])
    figure.update_layout(margin_t=56, bargap=0.2, barmode="overlay")
    legend_above(figure)
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=names,
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        tickfont_size=11,
    )
    return figure


def _bars(figure: Draft, bars: Sequence[tuple[int, float, str]], name: str, colour: str, hatch: str) -> None:
    """Bars of one kind, by line, length and what each says when pointed at."""
    if not bars:
        return
    figure.add_bar(
        orientation="h",
        name=name,
        x=[value for _, value, _ in bars],
        y=[line for line, _, _ in bars],
        width=0.72,
        marker={
            "color": colour,
            "pattern": {"shape": [hatch] * len(bars), "fillmode": "overlay", "size": 5},
        },
        text=[signed(f"{value:+.1f}") for _, value, _ in bars],
        textposition="outside",
        textfont={"size": 11},
        cliponaxis=False,
        hovertext=[told for _, _, told in bars],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _told(query: Part, key: Part, value: float) -> str:
    return f"query: {query.words}<br>key: {key.words}<br>{signed(f'{value:+.2f}')}"


@drawn
def score_matrix(
    queries: Sequence[Part], keys: Sequence[Part], terms: Float[np.ndarray, "query key"], title: str = ""
) -> Draft:
    """The same as a matrix: a row a part of the query, a column a part of the key, teal what raises the
    score, purple what lowers it. The parts that add little are summed as *rest*.

    Raises:
        PuzzlescopeError: if there is not one term for each pair.
    """
    _check(queries, keys, terms)
    title = title or "Who on the query's side (rows) with whom on the key's side"
    if not np.isfinite(terms).all():
        return empty(base_figure(title, height=140), NOT_FINITE)
    rows, down = _gathered(queries, np.abs(terms).sum(1))
    columns, across = _gathered(keys, np.abs(terms).sum(0))
    table = down.T @ terms @ across
    figure = base_figure(title, height=120 + 28 * len(rows))
    full = float(np.abs(table).max(initial=1e-6))
    figure.add_heatmap(
        z=table,
        zmin=-full,
        zmax=full,
        colorscale=[(0, rgb(AWAY)), (0.5, "rgba(138, 148, 163, 0.10)"), (1, rgb(TOWARD))],
        colorbar={"thickness": 10, "len": 0.6, "outlinewidth": 0, "tickformat": "+.1f"},
        hovertext=[
            [
                f"query: {row}<br>key: {column}<br>{value:+.2f}"
                for column, value in zip(columns, line, strict=True)
            ]
            for row, line in zip(rows, table.tolist(), strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.update_layout(margin_t=84)
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=columns,
        side="top",
        showgrid=False,
        zeroline=False,
        tickangle=-40,
        tickfont_size=10,
        range=[-0.5, len(columns) - 0.5],
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=rows,
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        tickfont_size=10,
    )
    return figure


def _gathered(
    parts: Sequence[Part], sizes: Float[np.ndarray, " part"]
) -> tuple[list[str], Float[np.ndarray, "part line"]]:
    """The lines of one side, in the order of the parts, and which part goes into which."""
    kept = sorted(np.argsort(-sizes)[:LINES].tolist()) if len(parts) > LINES + 1 else list(range(len(parts)))
    rest = [k for k in range(len(parts)) if k not in kept]
    into = np.zeros((len(parts), len(kept) + bool(rest)))
    into[kept, np.arange(len(kept))] = 1
    into[rest, -1] = 1
    return [parts[k].label for k in kept] + (["rest"] if rest else []), into


def _check(queries: Sequence[Part], keys: Sequence[Part], terms: Float[np.ndarray, "query key"]) -> None:
    if terms.shape != (len(queries), len(keys)) or not terms.size:
        raise PuzzlescopeError(
            f"Expected a term for each of {len(queries)} × {len(keys)} pairs, got {terms.shape}."
        )
