"""A circuit as a short text: the same in a link, on the command line and in a file.

Terms joined by commas, ``writers>readers``, each of these joined by ``+``: every writer of a term is read by
every reader of it. Components are named as in an ablation (:mod:`interp.ablation.text`), layers and heads may
be a range (``1-3``, ``1-*``) or all (``*``), and the inputs of a head stand together.

>>> from interp.model import Config
>>> graph = Graph(Config(n_layers=6, n_heads=8))
>>> mask = parse_edges("embed>L1.H5.qkv, L1.H5>L3.H2.k+L4.mlp+logits", graph)
>>> edges_text(mask, graph)
'embed>L1.H5.qkv,L1.H5>L3.H2.k+L4.mlp+logits'
>>> edges_text(parse_edges("L1.H1+L1.H5>L2-3.H*.v,L1.H5>L2.mlp,L1.H1>L2.mlp", graph), graph)
'L1.H1+L1.H5>L2-3.H0-7.v+L2.mlp'
"""

import re
from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool

from interp.ablation.joining import runs_of
from interp.ablation.text import parse_range
from interp.analyses.readers import HEAD_INPUTS
from interp.circuits.graph import EMBED, LOGITS, Graph, connected
from interp.errors import PuzzlescopeError, brief

INTO = ">"
AND = "+"
LONGEST = 200_000
"""Letters: more than any circuit of the models that come along has."""

_WRITER = re.compile(r"L(?P<layers>[^.]*)\.(?:H(?P<heads>[^.]*)|mlp)")
_READER = re.compile(r"L(?P<layers>[^.]*)\.(?:H(?P<heads>[^.]*)\.(?P<inputs>[qkv]+)|mlp)")


def edges_text(mask: Bool[np.ndarray, "reader writer"], graph: Graph) -> str:
    """The text of the edges of a mask, in a canonical order; empty for none."""
    terms: dict[str, list[int]] = {}
    for writer in np.flatnonzero((mask & graph.possible).any(0)).tolist():
        terms.setdefault(_readers_text(graph, mask[:, writer]), []).append(writer)
    return ",".join(f"{_writers_text(graph, own)}{INTO}{readers}" for readers, own in terms.items())


def parse_edges(text: str, graph: Graph) -> Bool[np.ndarray, "reader writer"]:
    """The edges that a text names, as a mask. Empty text names none; an edge may be named twice.

    Raises:
        PuzzlescopeError: naming the first bad term and what was expected there.
    """
    if len(text) > LONGEST:
        raise PuzzlescopeError(f"A circuit's text has at most {LONGEST:,} letters, got {len(text):,}.")
    found = np.zeros_like(graph.possible)
    for number, piece in enumerate(text.split(","), start=1):
        where = f"Circuit term {number}, '{brief(piece)}'"
        if piece.strip():
            writers, readers = _parse_term(piece, where, graph)
            _check_order(writers, readers, where, graph)
            found[np.ix_(readers, writers)] = True
        elif text.strip():
            raise PuzzlescopeError(f"{where}: it is empty; remove the comma or name an edge.")
    return found


def parse_circuit(text: str, graph: Graph) -> Bool[np.ndarray, "reader writer"]:
    """The edges that a text names and that are on a path from the embedding to the logits: all others make
    no difference.

    Raises:
        PuzzlescopeError: for a bad term, or if there is no such edge.
    """
    found = connected(graph, parse_edges(text, graph))
    if not found.any():
        raise PuzzlescopeError(
            "No edge of this circuit is on a path from the embedding to the logits: begin one with embed>"
            " and end one with >logits."
        )
    return found


def _check_order(writers: list[int], readers: list[int], where: str, graph: Graph) -> None:
    """Raise :class:`PuzzlescopeError` where a reader does not come after a writer of the same term."""
    for reader in readers:
        late = [writer for writer in writers if not graph.possible[reader, writer]]
        if late:
            raise PuzzlescopeError(
                f"{where}: {graph.readers[reader]} cannot read {graph.writers[late[0]]}, which it does not"
                " come after."
            )


def _parse_term(text: str, where: str, graph: Graph) -> tuple[list[int], list[int]]:
    left, into, right = text.partition(INTO)
    if not into:
        raise PuzzlescopeError(
            f"{where}: expected writers{INTO}readers, as in L1.H5{INTO}L3.H2.k{AND}logits."
        )
    writers = [one for piece in left.split(AND) for one in _parse_writer(piece.strip(), where, graph)]
    readers = [one for piece in right.split(AND) for one in _parse_reader(piece.strip(), where, graph)]
    return writers, readers


def _parse_writer(text: str, where: str, graph: Graph) -> list[int]:
    if text == EMBED:
        return [0]
    match = _WRITER.fullmatch(text)
    if match is None:
        raise PuzzlescopeError(
            f"{where}: expected a writer such as {EMBED}, L1.H5, L1.H0-3 or L2.mlp before the {INTO}, got"
            f" '{brief(text)}'."
        )
    layers, heads = _layers_heads(match, where, graph)
    if heads is None:
        return [graph.mlp(layer) for layer in layers]
    return [graph.head(layer, head) for layer in layers for head in heads]


def _parse_reader(text: str, where: str, graph: Graph) -> list[int]:
    if text == LOGITS:
        return [len(graph.readers) - 1]
    match = _READER.fullmatch(text)
    if match is None:
        raise PuzzlescopeError(
            f"{where}: expected a reader such as L3.H2.k, L3.H0-3.qkv, L2.mlp or {LOGITS} after the {INTO},"
            f" got '{brief(text)}'."
        )
    layers, heads = _layers_heads(match, where, graph)
    if heads is None:
        return [graph.mlp_input(layer) for layer in layers]
    numbers = sorted({HEAD_INPUTS.index(one) for one in match["inputs"]})
    width = len(HEAD_INPUTS)
    return [
        graph.inputs(layer).start + width * head + own
        for layer in layers
        for head in heads
        for own in numbers
    ]


def _layers_heads(
    match: re.Match[str], where: str, graph: Graph
) -> tuple[Iterable[int], Iterable[int] | None]:
    """The layers and the heads that are named; no heads of MLPs."""
    layers = parse_range(match["layers"], graph.cfg.n_layers, "layer", where)
    if match["heads"] is None:
        return layers, None
    return layers, parse_range(match["heads"], graph.cfg.n_heads, "head", where)


# ---- printing ----------------------------------------------------------------------------------------------


def _writers_text(graph: Graph, writers: list[int]) -> str:
    found = [EMBED] if 0 in writers else []
    parts = []
    for layer in range(graph.cfg.n_layers):
        heads = [head for head in range(graph.cfg.n_heads) if graph.head(layer, head) in writers]
        parts += [(layer, f"H{run}") for run in runs_of(heads)]
        parts += [(layer, "mlp")] if graph.mlp(layer) in writers else []
    return AND.join([*found, *_over_layers(parts)])


def _readers_text(graph: Graph, chosen: Bool[np.ndarray, " reader"]) -> str:
    parts = []
    for layer in range(graph.cfg.n_layers):
        own = chosen[graph.inputs(layer)].reshape(graph.cfg.n_heads, len(HEAD_INPUTS))
        heads: dict[str, list[int]] = {}
        for head, inputs in enumerate(own):
            letters = "".join(name for name, there in zip(HEAD_INPUTS, inputs, strict=True) if there)
            heads.setdefault(letters, []).append(head)
        parts += [
            (layer, f"H{run}.{letters}") for letters, own in heads.items() if letters for run in runs_of(own)
        ]
        parts += [(layer, "mlp")] if chosen[graph.mlp_input(layer)] else []
    return AND.join([*_over_layers(parts), *([LOGITS] if chosen[-1] else [])])


def _over_layers(parts: Iterable[tuple[int, str]]) -> list[str]:
    """Parts of layers, those of several layers in one name: (1, "mlp") and (2, "mlp") are ``L1-2.mlp``."""
    layers: dict[str, list[int]] = {}
    for layer, part in parts:
        layers.setdefault(part, []).append(layer)
    return [f"L{run}.{part}" for part, own in layers.items() for run in runs_of(own)]
