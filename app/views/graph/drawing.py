"""The picture of the circuit, and what is said of it."""

import json
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
import streamlit as st

from app.live import circuits
from app.live.circuits import Shown
from app.live.watching import Seen
from app.state.heads import roles_of
from app.state.scene import Scene
from app.state.session import choose, chosen, notify, of_this_model
from app.views.graph import asking
from app.views.graph.choices import LONGEST, LONGEST_STATE, PAGE
from app.views.shared.switching import switch_all
from app.widgets import terms
from app.widgets.circuit_graph import Event, circuit_graph
from app.widgets.controls import choice
from app.widgets.text import escape_markdown
from interp.ablation import parse_ablation
from interp.backend import Backend
from interp.circuits.finder import Circuit
from interp.circuits.graph import ARROW
from interp.circuits.questions import Effects
from interp.circuits.questions.sample import Pairs
from interp.circuits.scores import EdgeScores, agreement
from interp.circuits.text import edges_text, parse_circuit, parse_edges
from interp.errors import PuzzlescopeError
from interp.figures.circuit import DEFAULT_STATE, CircuitPicture, PictureState, picture_of, read_state

HEIGHT = 620


def show(scene: Scene, backend: Backend, shown: Shown) -> None:
    """Draw what is known."""
    circuit, rough = asking.shown_circuit(scene, backend, shown)
    _line(scene, shown, circuit, rough)
    for problem in shown.problems:
        st.info(escape_markdown(problem), icon=":material/info:")
    with st.container(key="graph-figure", gap=None):
        if circuit is None or shown.known is None or shown.known.scores is None:
            st.container(height=HEIGHT, border=True).caption("" if shown.problems else "Scoring the edges …")
        else:
            _picture(scene, backend, circuit, shown.known.scores)
    if circuit is not None and not rough and not asking.every():
        _text(scene, backend, circuit)
    _agreement(shown)


def _line(scene: Scene, shown: Shown, circuit: Circuit | None, rough: bool) -> None:
    """How far it is, and what is shown: a line of one height (on a phone two: app/style.css)."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", height=30, border=False, key="graph-far"
    ):
        terms.caption(escape_markdown(told(scene, shown, circuit, rough)))
        if shown.under_way:
            st.button("Stop", key="graph-stop", type="tertiary", on_click=circuits.stop)
        elif shown.stopped:
            st.button("Go on", key="graph-again", type="tertiary", on_click=circuits.go_on)


def told(scene: Scene, shown: Shown, circuit: Circuit | None, rough: bool) -> str:
    """What is shown, in a sentence."""
    asked = asking.circuit_of(scene)
    if circuit is None:
        return f"Scoring edges on {asked.effects.pairs.words} …"
    n, every = len(circuit), circuit.graph.n_edges
    if chosen(PAGE)["circuit"]:
        return f"{n} of {every:,} edges, as the link gives them{_keeps(shown)}."
    if asking.every() and not rough:
        return f"All {every:,} edges, scored on {asked.effects.pairs.words}. The slider shows fewer or more."
    if rough or shown.search is None or shown.search.state is None:
        state, known = shown.effects.state, shown.known
        of = f"{0 if state is None else state.known} of {1 if state is None else state.n} pairs"
        first = " (a first look by two pairs)" if known is not state else ""
        if shown.refused and state is not None and state.complete:
            return f"Scored on {asked.effects.pairs.words}. Shown: {_largest(circuit)}."
        return f"Scoring edges: {of}{first}. Shown: {_largest(circuit)} so far."
    found = f"{_size(circuit)} keep {circuit.faithfulness:.0%} of the difference"
    if shown.search.state.complete:
        return f"{found}, on {asked.effects.pairs.words}."
    adding = "adding edges" if circuit.by == "edges" else "adding parts"
    doing = "dropping what can go" if shown.search.state.phase == "eliminating" else adding
    return f"{found}; {doing} …"


def _keeps(shown: Shown) -> str:
    """What a circuit that was given keeps, on the pairs that are chosen, once that is known."""
    state = None if shown.certificate is None else shown.certificate.state
    if state is None or state.circuit is None:
        return "; what they keep is not known yet"
    return f": they keep {state.circuit.faithfulness:.0%} of the difference"


def _size(circuit: Circuit) -> str:
    n, every = len(circuit), circuit.graph.n_edges
    if circuit.by == "edges":
        return f"{n:,} of {every:,} edges"
    return f"{circuit.size} of {len(circuit.graph.writers) - 1} heads and MLPs, with {n:,} edges,"


def _largest(circuit: Circuit) -> str:
    if len(circuit) == circuit.graph.n_edges:
        return "all edges, as they are"
    if circuit.by == "edges":
        return f"the {len(circuit)} largest"
    return f"the {circuit.size} largest heads and MLPs"


# ---- the picture -------------------------------------------------------------------------------------------


def picture(
    scene: Scene, backend: Backend, circuit: Circuit, scores: EdgeScores, pairs: Pairs
) -> CircuitPicture:
    """What is drawn, on the page and in files.

    Args:
        pairs: by which the edges are scored.
    """
    roles = roles_of(backend, scene.model)
    labels = {head.component.text: head.role.name for head in roles.heads if head.role.key != "content"}
    kept = None if len(circuit) == circuit.graph.n_edges else circuit.kept.tobytes()
    named = _named(pairs, scores.pairs)
    return _drawn(scores, kept, scene.model, named, tuple(labels.items()))


def _named(pairs: Pairs, n: int) -> tuple[str, str]:
    """What a circuit is for, and by which pairs it was scored, in words.

    Args:
        n: pairs that were scored so far.
    """
    if pairs.puzzle is None:
        return pairs.task or "all tasks", replace(pairs, n=n).words if n > 1 else ""
    return f"puzzle {pairs.puzzle.id[:6]}, {pairs.puzzle.task}", f"1 pair that differs in the {pairs.kind}"


@lru_cache(maxsize=8)
def _drawn(
    scores: EdgeScores,
    kept: bytes | None,
    model: str,
    named: tuple[str, str],
    labels: tuple[tuple[str, str], ...],
) -> CircuitPicture:
    """The page is drawn again at every click, the picture is the same: that of all edges of 12 layers takes
    0.1 s to make."""
    graph = scores.graph
    mask = None if kept is None else np.frombuffer(kept, bool).reshape(graph.possible.shape)
    task, pairs = named
    return picture_of(scores, mask, model=model, task=task, pairs=pairs, labels=dict(labels))


def arranged() -> object:
    """What was made of the picture, as the link says, which is only a claim."""
    text = chosen(PAGE)["boxes"]
    return json.loads(text) if text else None


def read(state: object, drawn: CircuitPicture) -> PictureState:
    """The same, as far as it fits a picture."""
    return DEFAULT_STATE if state is None else read_state(state, drawn)


def _picture(scene: Scene, backend: Backend, circuit: Circuit, scores: EdgeScores) -> None:
    drawn = picture(scene, backend, circuit, scores, asking.pairs_of(scene))
    circuit_graph(
        drawn,
        state=read(arranged(), drawn),
        off=[part for part in circuit.graph.writers if _is_off(part, scene)],
        cut=asking.cut(scene, backend),
        key=scene.key("graph-picture"),
        on_event=of_this_model(partial(_heard, scene, backend)),
        on_state=of_this_model(_arranged),
    )


def _is_off(part: str, scene: Scene) -> bool:
    """Whether a head or an MLP is ablated, by itself or with the attention of its layer."""
    layer, _, which = part.partition(".")
    names = {component.text for component in scene.ablation.components}
    return part in names or (which.startswith("H") and f"{layer}.attn" in names)


def _heard(scene: Scene, backend: Backend, event: Event) -> None:
    """A box is ablated, or restored; edges are cut, or mended."""
    if "ablate" in event:
        parts = parse_ablation(event["ablate"], backend.model(scene.model).cfg).components
        switch_all(tuple(parts))
    for edge in event.get("cut", ()):
        cut_edge(scene, backend, f"{edge['from']}{ARROW}{edge['to']}")


def _arranged(state: PictureState) -> None:
    """Keep what was made of the picture in the link, as long as it is short enough for one."""
    usual = DEFAULT_STATE.data()
    text = json.dumps({name: one for name, one in state.data().items() if one != usual[name]})
    if len(text) <= LONGEST_STATE:
        choose(PAGE, boxes="" if text == "{}" else text)


def cut_edge(scene: Scene, backend: Backend, text: str) -> None:
    """Cut an edge in the whole model, or mend it; for callbacks."""
    graph = asking.graph_of(scene, backend)
    mask = parse_edges(chosen(PAGE)["cut"], graph)
    place = graph.place(graph.parse(text))
    mask[place] = not mask[place]
    choose(PAGE, cut=edges_text(mask, graph))


# ---- the circuit as text -----------------------------------------------------------------------------------


def _text(scene: Scene, backend: Backend, circuit: Circuit) -> None:
    """The circuit as text, which can be changed: it then stands in the link, and is not looked for."""
    text = edges_text(circuit.kept, circuit.graph)
    with st.expander("The circuit as text"):
        if len(text) > LONGEST:
            st.caption(f"It has {len(text):,} letters, more than fit into a link: the export has it.")
            return
        choice.text(
            "Edges, as writers>readers",
            text,
            key=scene.key("graph-text"),
            on_change=of_this_model(partial(_give, scene, backend)),
        )
        with st.container(horizontal=True, gap="small"):
            if chosen(PAGE)["circuit"]:
                st.button("Look for it anew", key="graph-anew", on_click=partial(choose, PAGE, circuit=""))
            else:
                help = "The link then holds these edges, and is shown without a search."
                st.button(
                    "Keep in the link",
                    key="graph-keep",
                    help=help,
                    on_click=partial(choose, PAGE, circuit=text),
                )


def _give(scene: Scene, backend: Backend, text: str) -> None:
    graph = asking.graph_of(scene, backend)
    try:
        choose(PAGE, circuit=edges_text(parse_circuit(text, graph), graph) if text.strip() else "")
    except PuzzlescopeError as error:
        notify(str(error))


# ---- how good the estimate is ------------------------------------------------------------------------------


def _agreement(shown: Shown) -> None:
    if shown.effects.state is None or shown.effects.state.scores is None:
        return
    estimate = shown.effects.state
    if estimate.scores is not None and estimate.scores.how == "exact":
        terms.caption("These effects are exact: each edge was cut in a run of its own.")
        return
    if shown.exact is None:
        if estimate.complete:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.caption("How well does this estimate put the edges in order?", width="content")
                st.button(
                    "Hold it against exact effects",
                    key="graph-exact",
                    type="tertiary",
                    on_click=circuits.hold_against_exact,
                )
        return
    st.caption(agreement_in_words(estimate, shown.exact))


def agreement_in_words(estimate: Effects, exact: Seen[Effects]) -> str:
    """How well an estimate agrees with the exact effects that are known."""
    true = exact.state
    n = 0 if true is None else min(true.known, estimate.known)
    if true is None or n == 0:
        return f"Cutting every edge in a run of its own: {exact.progress or 0:.0%} …"
    found = agreement(estimate.over(n), true.over(n))
    shares = " and ".join(f"{own:.0%} of the top {share:.0%}" for share, own in found.overlap.items())
    rank = "not defined" if np.isnan(found.spearman) else f"{found.spearman:.2f}"
    pairs = "1 pair" if n == 1 else f"{n} pairs"
    more = f" ({exact.progress:.0%} so far)" if exact.progress is not None else ""
    return (
        f"Against exact effects, over {pairs}: rank correlation of all edges {rank}; {shares} are the"
        f" same{more}."
    )
