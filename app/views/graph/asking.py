"""What the page of the graph asks, by what is chosen on it."""

from app.live import circuits
from app.live.circuits import Shown
from app.state.scene import Scene
from app.state.session import chosen
from app.views.graph.choices import EVERY, PAGE, Whose
from app.views.shared.pairs import pair_of, usual_pair
from interp.backend import Backend
from interp.circuits.finder import By, Circuit, top_kept
from interp.circuits.graph import Edge, Graph
from interp.circuits.questions import AnswerWithout, CircuitOf, EdgeEffects
from interp.circuits.questions.sample import Pairs
from interp.circuits.text import parse_edges
from interp.pairs import Kind
from interp.tasks import TASKS

PREVIEW: dict[By, int] = {"edges": 60, "nodes": 10}
"""Edges, or heads and MLPs, that are shown as long as the circuit is looked for."""


def kind_of(scene: Scene) -> Kind:
    """In what the ends of the pairs differ: left open, in the first kind that there is of this puzzle, or in
    the rule."""
    own = chosen(PAGE)
    found: Kind = own["kind"] or (usual_pair(scene.puzzle) if whose(scene) == "puzzle" else "rule")
    return found


def whose(scene: Scene) -> Whose:
    """What a circuit is looked for: as chosen, but a puzzle of one's own is of no task."""
    found: Whose = chosen(PAGE)["whose"]
    return "all" if found == "task" and scene.puzzle.task not in TASKS else found


def pairs_of(scene: Scene) -> Pairs:
    """The pairs that the circuit is looked for by."""
    kind, of = kind_of(scene), whose(scene)
    if of == "puzzle":
        return Pairs(kind, n=1, puzzle=scene.puzzle)
    return Pairs(kind, scene.puzzle.task if of == "task" else None)


def circuit_of(scene: Scene) -> CircuitOf:
    """The circuit that is looked for."""
    own = chosen(PAGE)
    effects = EdgeEffects(pairs_of(scene), own["how"], own["fill"])
    return CircuitOf(effects, own["target"], by=own["by"], eliminate=own["minimal"])


def graph_of(scene: Scene, backend: Backend) -> Graph:
    return Graph(backend.model(scene.model).cfg)


def given(scene: Scene, backend: Backend) -> tuple[Edge, ...] | None:
    """The edges of the circuit that the link gives; ``None`` where one is looked for."""
    text, graph = chosen(PAGE)["circuit"], graph_of(scene, backend)
    return graph.listed(parse_edges(text, graph)) if text else None


def every() -> bool:
    """Whether all edges are shown, and no circuit is looked for."""
    return not chosen(PAGE)["circuit"] and chosen(PAGE)["target"] == EVERY


def cut(scene: Scene, backend: Backend) -> tuple[Edge, ...]:
    """The edges that the visitor has cut."""
    graph = graph_of(scene, backend)
    return graph.listed(parse_edges(chosen(PAGE)["cut"], graph))


def look(scene: Scene, backend: Backend) -> Shown:
    """How far it all is."""
    edges, full = () if every() else given(scene, backend), chosen(PAGE)["full"]
    return circuits.look(backend, scene.model, circuit_of(scene), edges, full=full)


def shown_circuit(scene: Scene, backend: Backend, shown: Shown) -> tuple[Circuit | None, bool]:
    """The circuit on screen: the one that the link gives, or the best that is known; and whether it is only
    the top edges of an estimate, as long as the search has nothing yet. Its faithfulness is nan then."""
    graph, edges = graph_of(scene, backend), given(scene, backend)
    if edges is not None:
        return Circuit(graph, graph.mask(edges), float("nan")), False
    if every():
        complete = shown.effects.state is not None and shown.effects.state.complete
        return None if shown.known is None else Circuit(graph, graph.possible, 1.0), not complete
    search = None if shown.search is None else shown.search.state
    if search is not None and search.circuit is not None:
        return search.circuit, False
    if shown.known is None or shown.known.scores is None:
        return None, True
    target, by = chosen(PAGE)["target"], chosen(PAGE)["by"]
    n = int(target.amount) if target.kind == "size" else PREVIEW[by]
    return Circuit(graph, top_kept(shown.known.scores, n, by=by), float("nan"), by), True


def answer_without(scene: Scene, edges: tuple[Edge, ...]) -> AnswerWithout:
    """What the model answers the puzzle with these edges cut, which read the run of a counterfactual: of the
    kind that is chosen, if the puzzle has one."""
    kind = kind_of(scene)
    if isinstance(pair_of(scene.puzzle, kind), str):
        kind = usual_pair(scene.puzzle)
    return AnswerWithout(Pairs(kind, n=1, puzzle=scene.puzzle), edges, chosen(PAGE)["fill"])
