"""Where the puzzles come from that are looked through: the bank, collections, a file, or the hub."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.state.collections import mine
from app.state.waiting import TURNS, pulse
from app.views.puzzles.choices import BANK, COLLECTION, FILE, HUB
from interp.backend import Backend
from interp.backend.job import TICK
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.puzzles.collections import Collection
from interp.puzzles.exchange import Preview
from interp.puzzles.kept import Kept

PREVIEW = "puzzles-preview"
"""In the visitor's session: what a file or a text holds that was opened."""
MOST_SETS = 8
"""Pieces of data sets that are kept for all who use this server."""
OF_A_SET = 1000
"""Puzzles that are streamed of one."""


@dataclass(frozen=True, eq=False)
class Source:
    """Puzzles to look through.

    Attributes:
        key: of the source, and of what of it.
        puzzles: all of them.
        words: where each comes from, as the beginning of a sentence.
        kept: the same puzzles with names, if they have any.
        collection: the collection, if it is one.
        damaged: what the disk has changed of it, a sentence each.
    """

    key: str
    puzzles: Sequence[Puzzle]
    words: str
    kept: tuple[Kept, ...] = ()
    collection: Collection | None = None
    damaged: tuple[str, ...] = ()

    def title(self, number: int) -> str:
        """What a puzzle is called below its picture."""
        puzzle = self.puzzles[number]
        name = self.kept[number].name if self.kept else ""
        return name or f"{puzzle.task} {puzzle.id[:6]}"

    def taken(self, number: int) -> Kept:
        """A puzzle, to be kept."""
        if self.kept:
            return self.kept[number]
        puzzle = self.puzzles[number]
        return Kept(puzzle, self.title(number), f"{self.words}, puzzle {puzzle.id}.")


def found(own: Mapping[str, Any], backend: Backend) -> Source | None:
    """The source that is chosen; ``None`` if there is nothing of it yet.

    Raises:
        PuzzlescopeError: if a collection cannot be read.
    """
    key = own["from"]
    if key == BANK:
        return Source(key, backend.bank(), "The bank")
    if key == FILE:
        return _of_preview(st.session_state.get(PREVIEW))
    if key == HUB:
        puzzles = fetched(own["set"], own["split"])
        words = f"hub:{own['set']}" + (f", {own['split']}" if own["split"] else "")
        return None if puzzles is None else Source(f"{key} {own['set']} {own['split']}", puzzles, words)
    contents = mine().contents(key.removeprefix(COLLECTION))
    return Source(
        key, contents.puzzles, contents.collection.name, contents.kept, contents.collection, contents.damaged
    )


def _of_preview(preview: Preview | None) -> Source | None:
    if preview is None:
        return None
    kept = preview.taken()
    return Source(f"{FILE} {id(preview)}", tuple(one.puzzle for one in kept), preview.source, kept)


# ---- the hub -----------------------------------------------------------------------------------------------

_sets: OrderedDict[tuple[str, str], PuzzleSet] = OrderedDict()
_asking: dict[tuple[str, str], "Future[PuzzleSet]"] = {}
_lock = threading.Lock()


def fetched(name: str, split: str) -> PuzzleSet | None:
    """What has been streamed of a data set, if anything has."""
    with _lock:
        return _sets.get((name, split))


def fetch(name: str, split: str) -> PuzzleSet:
    """The first puzzles of a data set on the hub, streamed now unless they are kept. The page waits; who goes
    on to something else does not, and finds them later.

    Args:
        split: only this split, or the puzzles of this task; empty for the first of all.

    Raises:
        PuzzlescopeError: if they cannot be had.
    """
    with _lock:
        known = _sets.get((name, split))
        asked = _asking.get((name, split))
        if known is None and asked is None:
            asked = _asking[name, split] = Future()
            threading.Thread(target=_stream, args=(name, split, asked), daemon=True).start()
    if known is not None:
        return known
    assert asked is not None
    with TURNS.given_up():
        while not asked.done():
            try:
                return asked.result(TICK)
            except TimeoutError:
                pulse()
    return asked.result()


def _stream(name: str, split: str, asked: "Future[PuzzleSet]") -> None:
    try:
        puzzles = load_puzzles(f"hub:{name}", task=split or None, limit=OF_A_SET)
    except BaseException as error:
        with _lock:
            del _asking[name, split]
        asked.set_exception(error)
        return
    with _lock:
        _sets[name, split] = puzzles
        while len(_sets) > MOST_SETS:
            _sets.popitem(last=False)
        del _asking[name, split]
    asked.set_result(puzzles)


def collections() -> tuple[Collection, ...]:
    """Those of the visitor; none where they cannot be read, which is said where one is looked for."""
    try:
        return mine().all()
    except PuzzlescopeError:
        return ()
