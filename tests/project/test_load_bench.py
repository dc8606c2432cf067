"""The load bench sees what a page shows, and would notice a wrong answer, or another visitor's."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.load import direct
from benchmarks.load.numbers import percentile, slope, summary
from benchmarks.load.people import Person
from benchmarks.load.server import Sample
from benchmarks.load.soak import growth, verdict
from benchmarks.load.visit.answers import Scene, Shown, Strip
from benchmarks.load.visit.eyes import Eyes, Tally
from benchmarks.load.visit.page import Page, files_in, inside_shown
from benchmarks.load.visit.visitor import Visitor
from benchmarks.load.visit.wire import Place, Reader, Trigger, rerun
from interp import load_model, load_puzzles
from scripts.dashboard import dashboard
from tests.support.deploy.loops import run

PANELS = 6


def drawn(name: str, data: dict[str, Any], *, fragment: str = "") -> ForwardMsg:
    """A message that draws a component."""
    message = ForwardMsg()
    message.delta.fragment_id = fragment
    component = message.delta.new_element.bidi_component
    component.id, component.component_name, component.json = f"id-{name}", f"app.{name}", json.dumps(data)
    return message


def strip(title: str, now: list[int]) -> dict[str, Any]:
    """The data of a strip with an answer under this title."""
    panels = [{"title": f"grid {k}", "cells": [k] * 100} for k in range(PANELS - 1)]
    return {"panels": [*panels, {"title": title, "cells": now, "chance": [[0.9, 0.1]] * len(now)}]}


def ended() -> ForwardMsg:
    message = ForwardMsg()
    message.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
    return message


class Watched:
    """The eyes of a visitor, and what they have seen."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.tally = Tally(self.shown.append)
        self.eyes = Eyes("somebody", Page(Place()), self.tally)

    def see(self, *messages: ForwardMsg) -> None:
        for message in messages:
            self.eyes.take(message.SerializeToString())


def test_only_the_answer_that_was_asked_for_ends_the_waiting() -> None:
    watched, first = Watched(), Scene("default", "p", "L1.attn")
    watched.eyes.wait_for(first, "link")
    watched.see(drawn("puzzle_strip", strip("Ablated: L1.attn", [7] * 100)), ended())
    assert watched.eyes.done().seconds is not None

    second = replace(first, off="L1.attn,L3.H2")
    watched.eyes.wait_for(second, "click")
    watched.see(drawn("puzzle_strip", strip("Ablated: L1.attn", [7] * 100)))
    assert not watched.eyes.answered.is_set(), "the answer before it is drawn once more"
    watched.see(drawn("puzzle_strip", strip("Ablated: L1.attn,L3.H2", [8] * 100)))
    assert watched.eyes.answered.is_set() and not watched.eyes.finished.is_set()
    watched.see(drawn("loss_readout", {"items": [{"label": "cells", "before": "1", "after": "2"}]}), ended())
    done = watched.eyes.done()
    assert done.seconds is not None and done.finished is not None and not done.error
    assert [one.scene for one in watched.shown] == [first, second]
    assert watched.shown[1].strip.now == "8" * 100
    assert watched.shown[1].losses == {"cells": ("1", "2")}


def test_what_nobody_asked_for_is_an_error() -> None:
    watched = Watched()
    watched.eyes.wait_for(Scene("default", "p", "L1.attn"), "link")
    watched.see(drawn("puzzle_strip", strip("Ablated: L2.mlp", [7] * 100)))
    assert not watched.eyes.answered.is_set()
    assert list(watched.tally.errors) == ["an answer that was not asked for"]


def test_exceptions_and_tracebacks_are_noticed() -> None:
    watched = Watched()
    watched.eyes.wait_for(Scene("default", "p"), "link")
    broken, told = ForwardMsg(), ForwardMsg()
    broken.delta.new_element.exception.message = "oops"
    told.delta.new_element.markdown.body = "Traceback (most recent call last)"
    watched.see(broken, told)
    assert len(watched.tally.errors) == 2
    assert inside_shown(b'x File "/srv/app/main.py", line 3') and not inside_shown(b"All is well.")


def test_a_place_in_line_is_heard() -> None:
    watched = Watched()
    watched.eyes.wait_for(Scene("default", "p"), "link")
    said = ForwardMsg()
    said.delta.new_element.html.body = "Many people are here: you are 31st in line, about 2 min."
    watched.see(said)
    assert watched.eyes.done().places == (said.delta.new_element.html.body,)


def test_a_message_that_was_kept_is_read_again_by_its_name_until_it_is_old() -> None:
    reader, message, reference = Reader(), drawn("puzzle_strip", strip("", [])), ForwardMsg()
    message.hash, message.metadata.cacheable, reference.ref_hash = "h", True, "h"
    begun = ForwardMsg()
    begun.new_session.config.max_cached_message_age = 2
    reader.read(begun.SerializeToString())
    reader.read(message.SerializeToString())
    assert reader.read(reference.SerializeToString()).delta == message.delta
    for _ in range(3):
        reader.read(ended().SerializeToString())
    with pytest.raises(KeyError):
        reader.read(reference.SerializeToString())


def test_a_tiny_loss_may_be_some_grains_off_and_another_may_not() -> None:
    assert direct.fits("9.0e-7", 9.0527e-7) and not direct.fits("8.9e-7", 9.0527e-7)
    assert direct.fits("0.484", 0.48352) and not direct.fits("0.485", 0.4838)
    assert direct.fits("9.9e-8", 1.09e-7, 12) and not direct.fits("9.9e-8", 1.09e-7)
    assert direct.fits("no such cell", float("nan"))


def test_what_is_asked_is_what_a_page_asks() -> None:
    message = BackMsg()
    trigger = Trigger("board", "wishes", {"first": 1})
    message.ParseFromString(rerun(Place("off=L1.attn", "hash"), ["h"], triggers=[trigger], fragment="f"))
    state = message.rerun_script
    assert (state.query_string, state.page_script_hash, state.fragment_id) == ("off=L1.attn", "hash", "f")
    assert list(state.cached_message_hashes) == ["h"]
    widget, own = state.widget_states.widgets
    assert own.id == "board"
    assert widget.id == "$$STREAMLIT_INTERNAL_KEY_board__events"
    assert json.loads(widget.json_trigger_value) == [{"event": "wishes", "value": {"first": 1}}]


def test_files_in_a_message_are_fetched() -> None:
    message = b'src="/media/abc.png" and "parcels/00ff.js", "parcels/00ff.bin"'
    assert files_in(message) == {"media/abc.png", "parcels/00ff.js"}


def test_clicks_tell_what_is_ablated_then() -> None:
    person = Person("default", ("p",), load_model("default").cfg)
    clicks = person.clicks_from("L1.attn", random.Random(1))
    first, second = next(clicks), next(clicks)
    assert first.off and first.part in first.then and "L1.attn" in first.then
    assert not second.off and second.part == "L1.attn" and second.then == first.part


def test_numbers() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert summary([None, 1.0, 3.0])["n"] == 2
    assert slope([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) == pytest.approx(2.0)


@pytest.mark.parametrize(("more", "word"), [(0.0, "kept"), (0.1, "MISSED")])
def test_growth_is_told(more: float, word: str) -> None:
    samples = [Sample(float(at), 1000 * (1 + more * at / 1000), 9, 9, 0.0) for at in range(0, 1001, 10)]
    found = growth(samples, settled=200.0) | {"checked": {"wrong": 0, "answers": 1}, "errors": {}}
    assert word in verdict(found)


# ---- right and wrong answers -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def right() -> Shown:
    """What a page would show of two puzzles' first one, put together without a page."""
    scene = Scene("default", load_puzzles("bank")[0].id, "L1.attn")
    expected = direct.alone(scene)
    grids = tuple(direct.written(grid) for grid in expected.puzzle.grids.reshape(4, -1))
    chances = tuple(expected.last.greedy_probabilities[0].max(-1).tolist())
    clean, now = (direct.written(run.greedy[0]) for run in (expected.clean, expected.last))
    losses = {
        "cells": (
            direct.short(expected.clean.loss.mean("cells")),
            direct.short(expected.last.loss.mean("cells")),
        )
    }
    return Shown("somebody", scene, Strip(grids, clean, scene.title, now, chances), losses)


def test_a_right_answer_is_right(right: Shown) -> None:
    assert direct.check([right]).wrong == 0
    assert Shown.of(json.loads(json.dumps(right.record()))) == right


@pytest.mark.parametrize(
    "change",
    [
        lambda one: {"now": one.clean if one.clean != one.now else "0" * 100},
        lambda one: {"clean": "0" * 100},
        lambda one: {"grids": one.grids[::-1]},
        lambda one: {"chances": (0.123, *one.chances[1:])},
        lambda one: {"title": "Ablated: L2.attn"},
    ],
)
def test_a_wrong_one_is_noticed(right: Shown, change: Any) -> None:
    wrong = replace(right, strip=replace(right.strip, **change(right.strip)))
    assert direct.check([wrong]).wrong == 1


def test_a_wrong_loss_is_noticed(right: Shown) -> None:
    before, _ = right.losses["cells"]
    assert direct.check([replace(right, losses={"cells": (before, "123")})]).wrong == 1


def test_the_answer_to_another_scene_is_told_apart(right: Shown) -> None:
    other = replace(right, scene=replace(right.scene, off="L3.attn"))
    elsewhere = direct.alone(other.scene)
    theirs = replace(other.strip, title=other.scene.title, now=direct.written(elsewhere.last.greedy[0]))
    known = replace(
        other, strip=replace(theirs, chances=tuple(elsewhere.last.greedy_probabilities[0].max(-1))), losses={}
    )
    crossed = replace(right, strip=replace(known.strip, title=right.scene.title))
    assert known.strip.now != right.strip.now, "else they could not be told apart"
    found = direct.check([known, crossed])
    assert (found.wrong, found.crossed) == (1, 1)


def test_a_real_page_is_seen_and_clicked() -> None:
    """One visitor, one server: the answers that he sees are right, and a wrong expectation is noticed."""
    shown: list[Shown] = []
    tally, scene = Tally(shown.append), Scene("default", load_puzzles("bank")[0].id, "L1.attn")

    async def visit(address: str) -> list[float | None]:
        visitor = Visitor(address, "somebody", tally)
        try:
            link = await visitor.open(scene)
            click = await visitor.click("L3.H2", True, "L1.attn,L3.H2")
        finally:
            await visitor.close()
        return [link.seconds, click.seconds]

    with dashboard() as address:
        assert None not in run(visit(address))
    assert not tally.errors
    assert {one.scene.off for one in shown} == {"L1.attn", "L1.attn,L3.H2"}
    assert any(one.losses for one in shown)
    assert direct.check(shown).wrong == 0
    planted = [replace(one, scene=replace(one.scene, off="L2.attn")) for one in shown]
    assert direct.check(planted).wrong == len(planted)
