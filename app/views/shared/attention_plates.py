"""Where the heads of a layer attend, on paper: on the grids, and token by token."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from app.state.scene import Scene
from app.views.shared.plates import plate
from app.widgets.token_attention.view import names_of, positions_of
from interp.analyses.attention import AttentionOf, LayerAttention
from interp.backend import Backend
from interp.grids import CELLS, SIZE
from interp.tokens import GRID_TOKENS, N_CTX, cell_name, predicting_position

if TYPE_CHECKING:
    from interp.figures.paper import Plate

MOST_ROWS = 20_000
"""Pairs of tokens in a table: of all 405 tokens of one head there are eight times as many."""


def offered(scene: Scene, backend: Backend) -> list[tuple[str, str, "Callable[[], Plate]"]]:
    """The figures of a layer's attention: name, label, what makes the plate."""
    return [
        ("attention", "attention on the grids", lambda: _maps(scene, backend)),
        *tokens_offered(scene, backend),
    ]


def tokens_offered(scene: Scene, backend: Backend) -> list[tuple[str, str, "Callable[[], Plate]"]]:
    return [
        ("tokens", "attention token by token", lambda: _tokens(scene, backend, everything=False)),
        ("all-tokens", "attention between all tokens", lambda: _tokens(scene, backend, everything=True)),
    ]


def _ask(scene: Scene, backend: Backend) -> LayerAttention:
    return backend.ask(scene.model, AttentionOf(scene.puzzle, scene.ablation, scene.layer))


def _maps(scene: Scene, backend: Backend) -> "Plate":
    """Every head of the layer, from the chosen cell, or to it."""
    from interp.figures.paper import Line, Maps

    attention, n = _ask(scene, backend), len(_ask(scene, backend).off)
    shares = shares_of(attention, scene)
    lines = [
        Line(f"L{scene.layer}.H{head}", shares[head], "ablated" if attention.off[head] else "")
        for head in ([scene.head] if scene.large else range(n))
    ]
    place, index = divmod(scene.cell, CELLS)
    drawing = Maps(lines, scene.puzzle.structure.name.split(" "), (place, *divmod(index, SIZE)))
    grid = scene.puzzle.structure.name.split(" ")[place]
    looks = (
        f"from {cell_name(index)} of {grid}, as query"
        if scene.view == "from"
        else f"to {cell_name(index)} of {grid}, as key"
    )
    weighted = "" if scene.weighting == "attention" else ", weighted by the length of the value"
    unit = f"{drawing.black:.2g}"
    return plate(
        scene,
        backend,
        drawing,
        figure="attention",
        title=f"Attention of layer {scene.layer} {looks}",
        rows=[
            {
                "head": f"L{scene.layer}.H{head}",
                "grid": k + 1,
                "row": row + 1,
                "column": column + 1,
                "attention": share,
            }
            for head in range(n)
            for (k, row, column), share in np.ndenumerate(shares[head])
        ],
        about=f"Attention{weighted}, in {scene.run}. Black is {unit}; greys go by the square root. The cell is"
        " framed.",
        more=[f"L{scene.layer}", f"g{place + 1}r{index // SIZE + 1}c{index % SIZE + 1}", scene.view]
        + ([scene.weighting] if weighted else [])
        + ([f"H{scene.head}"] if scene.large else []),
    )


def shares_of(attention: LayerAttention, scene: Scene) -> np.ndarray:
    """Attention of every head on the four grids, ``[head, grid, row, column]``: from the position that
    predicts the scene's cell, or to that cell from the positions that predict each cell of the answer and
    those of the grids."""
    pattern = attention.pattern
    if scene.weighting != "attention":
        pattern = pattern * attention.value_norms[:, None, :]
    place, index = divmod(scene.cell, CELLS)
    row, column = divmod(index, SIZE)
    cells = 1 + GRID_TOKENS * np.arange(4)[:, None] + 1 + np.arange(CELLS)
    if scene.view == "from":
        found = pattern[:, predicting_position(row, column), :][:, cells]
    else:
        found = pattern[:, :, cells[place, index]][:, cells - 1]
    return found.reshape(len(pattern), 4, SIZE, SIZE)


def _tokens(scene: Scene, backend: Backend, *, everything: bool) -> "Plate":
    """The pattern of the chosen head, or of all, over the chosen tokens or over all of them."""
    from interp.figures.paper import Pattern

    attention = _ask(scene, backend)
    heads = list(range(len(attention.off))) if scene.all_heads else [scene.head]
    window = scene.tokens.fitted("heads" if scene.all_heads else "pattern")
    positions = np.arange(N_CTX) if everything else positions_of(window)
    shown = attention.pattern[np.ix_(np.array(heads), positions, positions)]
    names = [f"L{scene.layer}.H{head}" for head in heads]
    drawing = Pattern(shown, names, positions, scene.puzzle.structure.name.split(" "))
    whose = f"all heads of layer {scene.layer}" if scene.all_heads else names[0]
    return plate(
        scene,
        backend,
        drawing,
        figure="all-tokens" if everything else "tokens",
        title=f"Attention of {whose}, token by token",
        rows=_pairs(shown, names, names_of(positions, scene.puzzle)),
        about=f"Rows attend (queries), columns are attended to (keys), in {scene.run}. Black is"
        f" {drawing.black:.2g} and more; greys go by the square root.",
        more=[f"L{scene.layer}" if scene.all_heads else names[0], *([] if everything else [window.text])],
    )


def _pairs(shown: np.ndarray, heads: list[str], names: list[str]) -> list[dict[str, Any]]:
    """A row for each pair of tokens that has attention to speak of, the largest first where there are too
    many."""
    flat = shown.ravel()
    kept = np.flatnonzero(flat > 0)
    if len(kept) > MOST_ROWS:
        kept = np.sort(kept[np.argsort(-flat[kept], kind="stable")[:MOST_ROWS]])
    head, query, key = np.unravel_index(kept, shown.shape)
    return [
        {"head": heads[h], "query": names[q], "key": names[k], "attention": float(shown[h, q, k])}
        for h, q, k in zip(head.tolist(), query.tolist(), key.tolist(), strict=True)
    ]
