"""The attribution graph of the cell that is looked at, and what it predicts."""

from urllib.parse import urlencode

import streamlit as st

from app.live import fragment, sweeps
from app.live.watching import Seen, look_in, watched
from app.state.link import unpacked
from app.state.scene import Scene
from app.state.session import choose, chosen, of_this_model
from app.views.circuits.cell import cell_of
from app.views.circuits.choices import PAGE
from app.views.shared.pairs import pair_of, usual_pair
from app.widgets.charts import attribution_graph
from app.widgets.workbench_link import workbench_link
from interp.ablation import Term, parse_component
from interp.backend import Backend
from interp.circuits.cells import CellEffects, CellEffectsOf, CellGraphOf, CellTarget
from interp.circuits.cells.target import over_pair
from interp.errors import PuzzlescopeError
from interp.pairs import Pair

GROUP = "cell-effects"

LEADS = {"runner-up": "the runner-up", "centred": "the mean colour", "pair": "the pair's answer"}
"""With what the predicted colour is compared; the last where the pair's answer differs at the cell."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw the graph, and the predictions, which fill up."""
    graph, marked = backend.ask(scene.model, graph_of(scene)), chosen(PAGE)["box"] or None
    if scene.ablation:
        st.caption("This is of the whole model: what is ablated takes part.")
    attribution_graph.show(
        graph,
        key="cell-graph",
        marked=marked,
        over=_lead(scene),
        choices={name: words for name, words in LEADS.items() if name != "pair" or _other(scene)},
        on_box=of_this_model(lambda box: choose(PAGE, box=box)),
        on_over=lambda lead: choose(PAGE, lead=lead),
    )
    with st.container(horizontal=True, gap="medium"):
        _offer_ablation(scene, backend, marked)
        _lead_to_circuit(scene)

    def under_way() -> bool:
        return look(scene, backend).progress is not None

    def draw_predictions() -> None:
        _draw(scene, backend)

    fragment.show(draw_predictions, scene=scene, page=PAGE, under_way=under_way, groups=[GROUP], alone=True)


def graph_of(scene: Scene) -> CellGraphOf:
    """The question of the graph."""
    return CellGraphOf(scene.puzzle, cell_of(scene), target_of(scene))


def effects_of(scene: Scene) -> CellEffectsOf:
    """The question of what it predicts, by the method that the scene sweeps with."""
    return CellEffectsOf(scene.puzzle, cell_of(scene), target_of(scene), sweeps.sweep_method(scene))


def target_of(scene: Scene) -> CellTarget:
    """What is explained at the cell."""
    other = _other(scene)
    if _lead(scene) == "pair" and other is not None:
        return other
    return CellTarget(centred=_lead(scene) == "centred")


def look(scene: Scene, backend: Backend) -> Seen[CellEffects]:
    question = effects_of(scene)
    return look_in(GROUP, (scene.model, question), lambda: backend.watch(scene.model, question))


def _lead(scene: Scene) -> str:
    lead: str = chosen(PAGE)["lead"]
    return "runner-up" if lead == "pair" and _other(scene) is None else lead


def _other(scene: Scene) -> CellTarget | None:
    """The right colour over that of the pair, where there is one with another answer at the cell."""
    pair = pair_of(scene.puzzle, usual_pair(scene.puzzle))
    if not isinstance(pair, Pair):
        return None
    try:
        return over_pair(pair, cell_of(scene))
    except PuzzlescopeError:
        return None


def _offer_ablation(scene: Scene, backend: Backend, marked: str | None) -> None:
    """A link to the workbench with the marked box's component ablated, if it is one that can be."""
    part = (marked or "").partition(" @ ")[0]
    try:
        component = parse_component(part, backend.model(scene.model).cfg)
    except PuzzlescopeError:
        return  # a source, a neuron, or a box of another model
    off = scene.ablation.with_term(Term(component, sweeps.sweep_method(scene)))
    link = workbench_link(f"Ablate {part} on the workbench →", scene.link_to(scene.puzzle, off))
    st.html(link, width="content")


def _lead_to_circuit(scene: Scene) -> None:
    """A link to the page of the graph: back to the circuit that one came from, or to this puzzle's."""
    back = unpacked(chosen(PAGE)["back"])
    text = "Back to the circuit →" if back else "The few edges that this puzzle needs →"
    query = urlencode({**(back or {"whose": "puzzle"}), **scene.query()})
    st.html(workbench_link(text, query, folder="./graph"), width="content")


def _draw(scene: Scene, backend: Backend) -> None:
    seen, marked = look(scene, backend), chosen(PAGE)["box"] or ""
    attribution_graph.show_predictions(
        seen.state,
        key="cell-graph",
        marked=marked.partition(" @ ")[0] or None,
        progress=seen.progress,
        stopped=seen.stopped,
        on_component=of_this_model(lambda part: choose(PAGE, box=f"{part} @ here")),
        on_stop=lambda: watched().stop(GROUP),
        on_again=lambda: watched().forget(GROUP),
    )
