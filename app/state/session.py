"""The scene of one visitor, what it was before (for undo), and what there is to say at the top of the page.

Widgets show what the scene says; their callbacks replace it here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from app.startup import arrival
from app.state.heads import copy_head
from app.state.link import Context, Parameter, query_of, read_query, unknown
from app.state.scene import OTHER_NAMES, PARAMETERS, Scene, first_changed, samples_for, scene_from_query
from app.widgets.controls import echoes
from app.widgets.text import escape_markdown
from interp.ablation import Ablation
from interp.backend import Backend
from interp.puzzles import Puzzle

_SCENE, _LINK, _NOTICE, _UNDO, _REDO = "scene", "link", "notice", "undo", "redo"
_ARRIVED, _UNCHOSEN = "arrived", "scene-unchosen"
LONGEST_HISTORY = 100


def current_scene(backend: Backend, page: str, choices: Mapping[str, Parameter], example: str = "") -> Scene:
    """The scene of this visitor: the one in the URL on the first run, and when Back or Forward brings
    another; else the one that the widgets made.

    Args:
        page: whose run this is.
        choices: what that page lets one choose besides; see :func:`chosen`. It is in the URL too.
        example: the id of the puzzle with which the page opens where nobody has chosen one: the link
            says nothing of a scene, and the visitor has changed nothing of it on another page.
    """
    arrival.note()
    query = arrival.asked()
    if query is not None:
        _arrive(query, backend, page, choices)
    if example and st.session_state.get(_UNCHOSEN) is now() and (puzzle := backend.bank().find(example)):
        open_puzzle(puzzle)
        st.session_state[_UNCHOSEN] = None
    scene: Scene = now()
    if st.session_state.get(_of_model(page)) != scene.model:
        # What was chosen on another model is read again, as from a link: what this one does not have is at
        # its default.
        before = query_of(chosen(page), choices) if _own(page) in st.session_state else {}
        _choose_anew(page, read_query(before, choices, _context(scene, backend))[0])
    return scene


def lead_to(scene: Scene, page: str, choices: Mapping[str, Parameter]) -> None:
    """Say which link this run leads to: that of the scene which it shows. Widgets come after it."""
    st.session_state[_LINK] = {**scene.query(), **query_of(chosen(page), choices)}
    echoes.begin(st.session_state[_LINK])


def _arrive(query: Mapping[str, str], backend: Backend, page: str, choices: Mapping[str, Parameter]) -> None:
    """Make the scene of this address the visitor's."""
    scene, problems = scene_from_query(query, backend)
    if scene.attention is None:
        scene = replace(scene, attention=copy_head(backend, scene.model))
    own, more = read_query(query, choices, _context(scene, backend))
    before = st.session_state.get(_SCENE)
    if before is not None:
        _go_over(before, scene)
    strange = unknown(query, {*PARAMETERS, *choices}, OTHER_NAMES)
    too_long = arrival.problem()
    st.session_state[_NOTICE] = [*([too_long] if too_long else []), *problems, *more, *strange]
    st.session_state[_SCENE] = scene
    st.session_state[_UNCHOSEN] = None if {*query} & (PARAMETERS.keys() - {"model"}) else scene
    _choose_anew(page, own)
    st.session_state[_ARRIVED] = True
    arrival.answered()


def _context(scene: Scene, backend: Backend) -> Context:
    return Context(backend.model(scene.model).cfg, backend.bank())


def arrived() -> bool:
    """Whether this run shows a scene that the browser's address has brought."""
    return bool(st.session_state.get(_ARRIVED))


def write_link() -> None:
    """Put what is on screen into the URL: at the end of a run, for a browser is busy with it for a while."""
    query = st.session_state.get(_LINK)
    # What was on its way when the visitor went Back may have changed the address: it is written again.
    if query is not None and (arrived() or st.query_params.to_dict() != query):
        st.query_params.from_dict(query)
    st.session_state[_ARRIVED] = False
    st.session_state[_NOTICE] = []  # they are on the page
    echoes.end()


def link() -> dict[str, str]:
    """The parameters of the link to what is on screen."""
    return dict(st.session_state[_LINK])


def chosen(page: str) -> dict[str, Any]:
    """What this visitor has chosen on a page, by the choices' names; read only."""
    return st.session_state[_own(page)]


def choose(page: str, /, **values: Any) -> None:
    """Choose something on a page; for use in widget callbacks."""
    st.session_state[_own(page)] = {**chosen(page), **values}


def _choose_anew(page: str, values: Mapping[str, Any]) -> None:
    st.session_state[_own(page)], st.session_state[_of_model(page)] = dict(values), now().model


def _own(page: str) -> str:
    return f"chosen-{page}"


def _of_model(page: str) -> str:
    return f"chosen-{page}-of"


def now() -> Scene:
    """The scene as it is; for use in widget callbacks."""
    return st.session_state[_SCENE]


def change(**changes: Any) -> None:
    """Replace parts of the scene; for use in widget callbacks. An ablation that is replaced can be
    brought back, as long as the model stays."""
    before = now()
    st.session_state[_SCENE] = replace(before, **changes)
    if now().model != before.model:
        _forget_steps()
    elif now().ablation != before.ablation:
        st.session_state[_UNDO] = [*_history(_UNDO), before.ablation][-LONGEST_HISTORY:]
        st.session_state[_REDO] = []


def look_at_head(layer: int | None = None, head: int | None = None) -> None:
    """Show the attention of another layer's head of the same number, of another head of the layer, or both;
    for use in widget callbacks."""
    shown = now().shown_head
    here = shown.head if head is None else head
    change(attention=replace(shown, layer=shown.layer if layer is None else layer, head=here))


def _go_over(before: Scene, after: Scene) -> None:
    """Let undo and redo follow the browser's Back and Forward: each leads again to where the other came
    from."""
    undo, redo = _history(_UNDO), _history(_REDO)
    if after.model != before.model:
        _forget_steps()
    elif after.ablation != before.ablation:
        forward = redo[-1:] == [after.ablation]
        if undo[-1:] == [after.ablation] and not forward:
            undo, redo = undo[:-1], [*redo, before.ablation]
        else:
            undo, redo = [*undo, before.ablation][-LONGEST_HISTORY:], redo[:-1] if forward else []
        st.session_state[_UNDO], st.session_state[_REDO] = undo, redo


def _forget_steps() -> None:
    """Another model has other components: what was off before may not exist in it."""
    st.session_state[_UNDO] = st.session_state[_REDO] = []


def of_this_model(act: Callable[..., None]) -> Callable[..., None]:
    """For widgets that show parts of the model at hand: what one of them is clicked for is only done as long
    as the visitor has not gone on to another model, whose parts are others even where they have the same
    names."""
    drawn: Scene | None = st.session_state.get(_SCENE)

    def guarded(*args: Any, **named: Any) -> None:
        if drawn is None or now().model == drawn.model:
            act(*args, **named)

    return guarded


def open_puzzle(puzzle: Puzzle) -> None:
    """Show another puzzle, and of its answer the first cell that is not merely copied."""
    sample = now().sample if now().sample in samples_for(puzzle) else 1
    structure = now().structure if now().structure == puzzle.structure else None
    change(
        puzzle=puzzle,
        cell=first_changed(puzzle),
        view="from",
        sample=sample,
        structure=structure,
        force=(),
    )


def can_undo() -> bool:
    return bool(_history(_UNDO))


def can_redo() -> bool:
    return bool(_history(_REDO))


def undo() -> None:
    """Bring back what was off before the last change, if there was one."""
    _step(_UNDO, _REDO)


def redo() -> None:
    """Take back the last undo, if there was one."""
    _step(_REDO, _UNDO)


def _step(taken: str, kept: str) -> None:
    history = _history(taken)
    if history:
        st.session_state[kept] = [*_history(kept), now().ablation]
        st.session_state[_SCENE] = replace(now(), ablation=history[-1])
        st.session_state[taken] = history[:-1]


def _history(name: str) -> list[Ablation]:
    return st.session_state.get(name, [])


def notify(sentence: str) -> None:
    """Say something at the top of the page on the next run."""
    st.session_state.setdefault(_NOTICE, []).append(sentence)


def show_notices() -> None:
    """Show what callbacks and the link had to say: until a run has come to its end, for one that begins anew
    on its way takes what it showed with it."""
    for sentence in st.session_state.get(_NOTICE, []):
        st.warning(escape_markdown(sentence), icon=":material/info:")
