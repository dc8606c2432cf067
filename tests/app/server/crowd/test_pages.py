"""No part of a page takes its visitor back to a page that is left."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.server.crowd.pages import Pages, Place, heard


def said(page: str, *, fragment: str = "", once: bool = False, kept: bool = False) -> bytes:
    """What a browser says: of a part, or of the page as a whole."""
    message = BackMsg()
    message.rerun_script.page_script_hash = page
    message.rerun_script.fragment_id = fragment
    message.rerun_script.query_string = "off=L1.attn"
    if once:
        message.rerun_script.widget_states.widgets.add(id="look", json_trigger_value="{}")
    if kept:
        message.rerun_script.widget_states.widgets.add(id="model", string_value="default")
    return message.SerializeToString()


def page_of(data: bytes) -> str:
    message = BackMsg()
    message.ParseFromString(data)
    return message.rerun_script.page_script_hash


def begun(page: str, fragment: str = "") -> bytes:
    message = ForwardMsg()
    message.new_session.page_script_hash = page
    message.metadata.run.fragment_ids.extend([fragment] if fragment else [])
    return message.SerializeToString()


@pytest.fixture
def heads() -> Place:
    """Of a visitor on that page."""
    place = Place()
    place.begun("heads")
    return place


@pytest.mark.parametrize("part", [{"fragment": "f"}, {"once": True}])
def test_a_part_of_a_page_that_is_left_speaks_on_the_new_one(heads: Place, part: dict[str, str]) -> None:
    late = said("heads", kept=True, **part)
    assert heard(heads, late) == late, "nobody has gone yet"
    assert page_of(heard(heads, said("circuits", kept=True))) == "circuits"
    told = heard(heads, late)
    assert page_of(told) == "circuits"
    before, after = BackMsg(), BackMsg()
    before.ParseFromString(late)
    after.ParseFromString(told)
    after.rerun_script.page_script_hash = "heads"
    assert after == before, "all else is as it was said"


def test_who_goes_back_is_let_go_back(heads: Place) -> None:
    heard(heads, said("circuits"))
    assert page_of(heard(heads, said("heads"))) == "heads"
    assert page_of(heard(heads, said("heads", fragment="f"))) == "heads"
    assert page_of(heard(heads, said("circuits", fragment="f"))) == "heads"


def test_a_run_from_before_somebody_went_takes_them_nowhere(heads: Place) -> None:
    heard(heads, said("circuits"))
    heads.begun("heads")
    assert page_of(heard(heads, said("heads", fragment="f"))) == "circuits"


def test_a_page_to_which_the_server_goes_counts_too(heads: Place) -> None:
    heads.begun("stories")
    assert page_of(heard(heads, said("heads", fragment="f"))) == "stories"


def test_the_first_page_goes_by_the_name_that_the_server_finds() -> None:
    """A browser comes without one, and the server's first word is of its script as a whole."""
    place = Place()
    heard(place, said(""))
    place.begun("script")
    place.found("workbench")
    assert page_of(heard(place, said("workbench", fragment="f"))) == "workbench"
    heard(place, said("nowhere"))
    place.begun("nowhere")
    place.found("workbench")
    assert page_of(heard(place, said("workbench", once=True))) == "workbench"
    heard(place, said("circuits"))
    place.found("workbench")  # of the run before
    assert page_of(heard(place, said("workbench", once=True))) == "circuits"


def test_a_page_that_was_passed_over_is_not_waited_for(heads: Place) -> None:
    heard(heads, said("circuits"))
    heard(heads, said("workbench"))
    heads.begun("workbench")
    heads.begun("stories")
    assert page_of(heard(heads, said("workbench", fragment="f"))) == "stories"


def test_a_stranger_s_pages_are_not_kept(heads: Place) -> None:
    for number in range(1000):
        heard(heads, said(f"page {number}"))
    heard(heads, said("x" * 1000))
    assert len(heads._to_run) <= 64 and len(heads._been) <= 64 and heads.page == "page 999"


@given(st.binary())
def test_bytes_of_any_kind_pass(data: bytes) -> None:
    place = Place()
    place.begun("heads")
    place.asked("circuits")
    told = heard(place, data)
    assert told == data or page_of(data) == "heads"


PAGES = ("workbench", "heads", "circuits")
STEPS = st.sampled_from([*PAGES, "part", "event", "server hears", "browser hears"])


@given(st.lists(STEPS, max_size=40))
def test_whoever_speaks_whenever_visitors_end_where_they_wanted(steps: list[str]) -> None:
    """A browser and a server, with messages under way both ways for any time. Streamlit's browser is on the
    page that it was last told of, and says so with everything but a click on another page's name."""
    place, shown, wanted = Place(), "workbench", "workbench"
    place.begun(shown)
    up: deque[bytes] = deque()
    down: deque[str] = deque()

    def server_hears() -> None:
        message = BackMsg()
        message.ParseFromString(heard(place, up.popleft()))
        page = message.rerun_script.page_script_hash
        down.append(page)
        if not message.rerun_script.fragment_id:
            place.begun(page)

    for step in steps:
        if step in PAGES:
            wanted = step
            up.append(said(step))
        elif step in ("part", "event"):
            up.append(said(shown, fragment="look" if step == "part" else "", once=True))
        elif step == "server hears" and up:
            server_hears()
        elif step == "browser hears" and down:
            shown = down.popleft()
    while up:
        server_hears()
    assert (down[-1] if down else shown) == wanted


async def _listen(socket: WebSocket) -> None:
    await socket.accept()
    async for data in socket.iter_bytes():
        page = page_of(data)
        await socket.send_bytes(begun("heads") if not page else data)
        if page == "heads":
            await socket.send_bytes(begun("heads", "f"))


def test_on_a_websocket() -> None:
    app = Starlette(routes=[WebSocketRoute("/stream", _listen)], middleware=[Middleware(Pages)])
    with TestClient(app).websocket_connect("/stream") as socket:
        for sent, back in [
            (said(""), begun("heads")),
            (said("heads", fragment="f"), said("heads", fragment="f")),
            (said("circuits"), said("circuits")),
            (said("heads", fragment="f"), said("circuits", fragment="f")),
        ]:
            socket.send_bytes(sent)
            assert socket.receive_bytes() == back
            if back == said("heads", fragment="f"):
                socket.receive_bytes()
