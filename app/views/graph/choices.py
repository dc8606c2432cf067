"""What one can choose on the page of the graph, and how it stands in its link."""

import json
import re
from typing import Literal, get_args

from app.state.link import Context, Parameter, one_of
from app.state.sights import Sight, Sights, see
from interp.circuits.finder import By, Target
from interp.circuits.graph import Graph
from interp.circuits.questions.finding import USUAL
from interp.circuits.scores import HOWS
from interp.circuits.text import AND, edges_text, parse_circuit, parse_edges
from interp.circuits.writes import FILLS
from interp.errors import PuzzlescopeError, brief
from interp.pairs import ALIGNED

PAGE = "graph"
EXAMPLE = "f0eb6dbc1f"
"""A puzzle of frame, whose circuit is small and clear: 36 edges answer all its puzzles (docs/circuits.md).
That of grow, the task of the puzzle that other pages open with, takes 870 edges, which nobody can follow. A
puzzle that was chosen, in the link or on another page, stays."""

Whose = Literal["task", "puzzle", "all"]
KINDS = tuple(kind for kind in ALIGNED if kind != "noise")
"""The kinds of pairs whose ends have different answers at the same positions."""
MADE_OF: dict[By, str] = {"edges": "edges", "nodes": "heads and MLPs"}
"""What a circuit is made of."""
EVERY = Target("size", 10**6)
"""All edges of the model, whatever it is: nothing is looked for."""
LONGEST = 12_000
"""Letters of a circuit in a link."""
LONGEST_STATE = 4_000
"""Letters of how the boxes are arranged."""
_BETWEEN_NAMES = re.compile(r"(?<=[\w*]) +(?=[a-zL])")
"""What is left of a ``+`` in a link written by hand, where it means a space: names have no other between."""


def target_text(target: Target) -> str:
    """A target as it stands in a link: 60 edges, 0.9 of the gap, all solved, or every edge."""
    if target == EVERY:
        return "all"
    return "solved" if target.kind == "solved" else f"{target.amount:g}"


def target_words(target: Target, by: By = "edges") -> str:
    """The same for a list to choose from."""
    if target == EVERY:
        return "all edges"
    if target.kind == "solved":
        return "all answers right"
    of = "edges" if by == "edges" else "parts"
    return f"{target.amount:g} {of}" if target.kind == "size" else f"{target.amount:.0%} of the gap"


def _target(text: str, context: Context) -> Target:
    if text in ("solved", "all"):
        return Target("solved") if text == "solved" else EVERY
    if text.isascii() and text.isdigit() and 0 < int(text[:7]) <= Graph(context.cfg).n_edges and text != "1":
        return Target("size", int(text))
    try:
        return Target("faithfulness", float(text))
    except (ValueError, PuzzlescopeError):
        pass
    raise PuzzlescopeError(
        "Expected a number of edges such as 60, a faithfulness such as 0.9, solved or all, got"
        f" '{brief(text)}'."
    )


def _edges(text: str, context: Context) -> str:
    if len(text) > LONGEST:
        raise PuzzlescopeError(f"A circuit in a link has at most {LONGEST:,} letters, got {len(text):,}.")
    graph = Graph(context.cfg)
    return edges_text(parse_edges(_BETWEEN_NAMES.sub(AND, text), graph), graph)


def _circuit(text: str, context: Context) -> str:
    """Edges that are a circuit; none, where one is looked for."""
    text, graph = _edges(text, context), Graph(context.cfg)
    return edges_text(parse_circuit(text, graph), graph) if text else ""


def _arranged(text: str, context: Context) -> str:
    """How the boxes are arranged, as JSON: what is in it the graph reads as if a stranger had written it."""
    try:
        usable = not text or (len(text) <= LONGEST_STATE and isinstance(json.loads(text), dict))
    except (ValueError, RecursionError):
        usable = False
    if not usable:
        raise PuzzlescopeError(
            f"Expected an object of JSON in at most {LONGEST_STATE:,} letters, as the page writes it, got"
            f" '{brief(text)}'."
        )
    return text


SIGHTS: Sights = {
    "graph": Sight("the graph", ".st-key-graph-figure"),
    "certificate": Sight("the certificate", ".st-key-graph-certificate"),
}
CHOICES = {
    **see(SIGHTS),
    "whose": one_of(get_args(Whose), "task", "choice of pairs"),
    "kind": one_of(("", *KINDS), "", "kind of pair"),
    "how": one_of(tuple(HOWS), "eap-ig", "way of scoring edges"),
    "fill": one_of(tuple(FILLS), "pair", "what cut edges read"),
    "target": Parameter(USUAL, _target, target_text, "size of the circuit"),
    "by": one_of(tuple(MADE_OF), "edges", "choice of what circuits are made of"),
    "minimal": one_of((False, True), False, "choice of elimination"),
    "circuit": Parameter("", _circuit, words="circuit"),
    "cut": Parameter("", _edges, words="edges that are cut"),
    "full": one_of((False, True), False, "kind of certificate"),
    "boxes": Parameter("", _arranged, words="arrangement of the boxes"),
}
