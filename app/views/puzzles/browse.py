"""Puzzles to look through: where they come from, which of them, and small pictures of those."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from app.live import fragment
from app.startup import arrival
from app.state.scene import Scene
from app.state.session import choose, chosen, now, open_puzzle
from app.views.puzzles import importing, keeping, results, sources
from app.views.puzzles.choices import BANK, COLLECTION, FILE, HUB, PAGE, RESULTS, SETS
from app.views.puzzles.sources import Source
from app.widgets.controls import choice
from app.widgets.gallery import gallery
from app.widgets.gallery.gallery import AT_ONCE, Tile, Wish
from app.widgets.palette import PALETTES
from app.widgets.text import escape_markdown
from interp.backend import Backend
from interp.errors import PuzzlescopeError, brief
from interp.puzzles.kept import Kept
from interp.tasks import TASKS
from interp.tokens import STRUCTURES

NAMES = {BANK: "the bank", FILE: "a file or a text", HUB: "the Hugging Face hub"}
WORKBENCH = "workbench"
CULTURE = "culture"
"""A split of the public data set whose puzzles are not told apart by task."""
LONGEST_TITLE = 40
NOTHING_OFF = "Nothing is ablated, so no puzzle flips: ablate a component above."
_ASKED, _PICKED = "puzzles-asked", "puzzles-picked"


def show(scene: Scene, backend: Backend) -> None:
    """Draw it."""
    own = chosen(PAGE)
    line = st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="puzzles-from")
    with line:
        _choose_source(own)
        if own["from"] == HUB:
            _choose_set(own)
    if own["from"] == FILE:
        importing.show()
    try:
        source = sources.found(own, backend) if own["from"] != HUB else _of_hub(own, backend)
    except PuzzlescopeError as error:
        st.warning(escape_markdown(str(error)), icon=":material/info:")
        return
    if source is None:
        return
    if source.collection is not None:
        keeping.show_collection(source)
    if not len(source.puzzles):
        st.caption("Nothing is in it." if source.collection else "")
        return
    with line:
        _choose_which(own, source)
    _gallery(scene, backend, source)


def _choose(**values: Any) -> None:
    """Choose what is looked through: that begins at its first page."""
    choose(PAGE, **{"page": 1, **values})


# ---- what is looked through --------------------------------------------------------------------------------


def _choose_source(own: Mapping[str, Any]) -> None:
    kept = [COLLECTION + one.name for one in sources.collections()]
    names = [BANK, *kept, FILE, HUB]
    options = names if own["from"] in names else [*names, own["from"]]
    told = {name: NAMES.get(name) or f"collection: {name.removeprefix(COLLECTION)}" for name in options}
    choice.select(
        "Puzzles from",
        told,
        own["from"],
        key="puzzles-source",
        on_change=lambda name: _choose(**{"from": name, "task": "", "grids": "", "result": "all"}),
        width=230,
    )


def _choose_set(own: Mapping[str, Any]) -> None:
    choice.select(
        "Data set",
        list(dict.fromkeys([*SETS, own["set"]])),
        own["set"],
        key="puzzles-set",
        on_change=lambda name: _choose(set=name or SETS[0]),
        accept_new_options=True,
        help="One of these, or the name of another: OWNER/NAME, or OWNER/NAME@REVISION.",
        width=330,
    )
    splits = {"": "the first of all", **{task: task for task in TASKS}, CULTURE: CULTURE}
    choice.select(
        "Split or task",
        splits if own["split"] in splits else {**splits, own["split"]: own["split"]},
        own["split"],
        key="puzzles-split",
        on_change=lambda split: _choose(split=split),
        width=170,
    )
    there = sources.fetched(own["set"], own["split"]) is not None
    wanted = own["set"], own["split"]
    st.button(
        "Fetched" if there else f"Fetch {sources.OF_A_SET:,} puzzles",
        key="puzzles-fetch",
        icon=":material/cloud_download:",
        disabled=there,
        on_click=lambda: st.session_state.__setitem__(_ASKED, wanted),
    )


def _of_hub(own: Mapping[str, Any], backend: Backend) -> Source | None:
    """What was fetched of the hub; nothing is asked there before the visitor asks for it."""
    wanted = own["set"], own["split"]
    if st.session_state.get(_ASKED) == wanted:
        with st.spinner(f"Streaming {wanted[0]} ..."):
            sources.fetch(*wanted)
        st.session_state.pop(_ASKED)
        st.rerun()
    source = sources.found(own, backend)
    if source is None:
        st.caption("Nothing is asked of the hub before you press *Fetch*; what comes is kept on this server.")
    return source


# ---- which of them -----------------------------------------------------------------------------------------


def _choose_which(own: Mapping[str, Any], source: Source) -> None:
    tasks = list(dict.fromkeys(puzzle.task for puzzle in source.puzzles))
    names = {"": "all tasks"} | {task: task for task in dict.fromkeys([*tasks, own["task"]]) if task}
    choice.select(
        "Task", names, own["task"], key="puzzles-task", on_change=lambda one: _choose(task=one), width=170
    )
    choice.select(
        "Order of the grids",
        {"": "any order"} | {one.name: one.name for one in STRUCTURES},
        own["grids"],
        key="puzzles-grids",
        on_change=lambda one: _choose(grids=one),
        width=170,
    )
    choice.segmented(
        "Which",
        RESULTS,
        own["result"],
        key="puzzles-result",
        on_change=lambda one: _choose(result=one),
        label_shown=True,
        help="All; those that the clean model solves, or fails; or those that flip under what is ablated:"
        " from solved to failed, or back.",
    )


def _fitting(own: Mapping[str, Any], source: Source) -> list[int]:
    """Numbers of the puzzles of the task and order that are chosen."""
    task, order = own["task"], own["grids"]
    return [
        number
        for number, puzzle in enumerate(source.puzzles)
        if task in ("", puzzle.task) and order in ("", puzzle.structure.name)
    ]


# ---- the pictures ------------------------------------------------------------------------------------------


def _gallery(scene: Scene, backend: Backend, source: Source) -> None:
    own = chosen(PAGE)
    numbers, wanted = _fitting(own, source), own["result"]
    puzzles = [source.puzzles[number] for number in numbers]
    if wanted == "all":
        results.forget()

    def looked() -> results.Results:
        return results.results(scene, backend, puzzles, wanted)

    def draw_gallery() -> None:
        _draw(scene, source, numbers, looked())

    if wanted == "flips" and not scene.ablation:
        st.caption(NOTHING_OFF)
    fragment.show(
        draw_gallery,
        scene=scene,
        under_way=lambda: looked().progress is not None,
        groups=results.GROUPS,
        page=PAGE,
        alone=True,
    )


def _draw(scene: Scene, source: Source, numbers: Sequence[int], known: results.Results) -> None:
    own = chosen(PAGE)
    shown = [
        (place, number)
        for place, number in enumerate(numbers)
        if own["result"] == "all" or known.fits(place, own["result"])
    ]
    pages = max(1, -(-len(shown) // AT_ONCE))
    page = min(own["page"], pages)
    picked = _picked(source)
    tiles = []
    for place, number in shown[AT_ONCE * (page - 1) : AT_ONCE * page]:
        note, bad = known.note(place)
        title = brief(source.title(number), LONGEST_TITLE)
        tiles.append(Tile(number, source.puzzles[number], title, note, bad, number in picked))
    with st.container(key="gallery"):
        gallery.show(
            tiles,
            key="puzzles-gallery",
            page=page,
            pages=pages,
            total=_total(len(shown), len(numbers), known),
            colors=PALETTES[scene.palette],
            on_wish=partial(_grant, source),
        )
    _show_picked(source, [number for _, number in shown])


def _total(shown: int, of: int, known: results.Results) -> str:
    puzzles = "1 puzzle" if shown == 1 else f"{shown:,} puzzles"
    judged = f" of the first {results.MOST:,}" if of > results.MOST and known.clean else ""
    if known.progress is not None:
        return f"{puzzles} so far{judged}: {known.progress:.0%} are looked at"
    if not shown and known.clean:
        return f"None of {'the first ' if judged else ''}{min(of, results.MOST):,} puzzles"
    return f"{puzzles}{judged}"


def _grant(source: Source, wish: Wish) -> None:
    match wish.act:
        case "open":
            open_puzzle(source.puzzles[wish.number])
            arrival.ask(now().query(), WORKBENCH)
        case "paint":
            open_puzzle(source.puzzles[wish.number])
            choose(PAGE, part="easel")
        case "pick":
            _pick(source, _picked(source) ^ {wish.number})
        case "page":
            choose(PAGE, page=wish.number)


# ---- picking -----------------------------------------------------------------------------------------------


def _picked(source: Source) -> frozenset[int]:
    """Numbers of the puzzles of this source that are picked."""
    key, numbers = st.session_state.get(_PICKED, ("", frozenset()))
    return numbers if key == source.key else frozenset()


def _pick(source: Source, numbers: frozenset[int]) -> None:
    st.session_state[_PICKED] = source.key, numbers


def _show_picked(source: Source, shown: Sequence[int]) -> None:
    picked = sorted(number for number in _picked(source) if number < len(source.puzzles))

    def taken() -> list[Kept]:
        return [source.taken(number) for number in picked]

    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="puzzles-picked-line"):
        st.button(
            f"Pick all {len(shown):,}",
            key="puzzles-pick-all",
            disabled=not shown or set(shown) <= set(picked),
            on_click=lambda: _pick(source, frozenset(shown)),
        )
        st.button(
            "Pick none",
            key="puzzles-pick-none",
            disabled=not picked,
            on_click=lambda: _pick(source, frozenset()),
        )
        keeping.show(f"Keep {len(picked):,} picked", taken, key="puzzles-keep", disabled=not picked)
        if source.collection is not None:
            st.button(
                f"Take {len(picked):,} out",
                key="puzzles-take-out",
                disabled=not picked,
                on_click=lambda: _take_out(source, taken()),
            )


def _take_out(source: Source, taken: Sequence[Kept]) -> None:
    assert source.collection is not None
    keeping.remove(source.collection.name, taken)
    _pick(source, frozenset())
