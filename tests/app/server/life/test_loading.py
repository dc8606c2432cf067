"""What is loaded before the first visitor, and what is said of it."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.server import readiness
from app.server.life import loading
from app.startup import opening
from interp.errors import PuzzlescopeError

SECONDS = 60


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    readiness.begin()
    yield
    readiness.begin()


def wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, readiness.now()
        time.sleep(0.01)


def test_it_is_ready_when_all_is_loaded_and_not_before() -> None:
    may = threading.Event()
    with loading.begun(lambda: bool(may.wait(SECONDS)) and None):
        assert readiness.now() == readiness.STARTING
        may.set()
        wait(lambda: readiness.now() == readiness.READY)


def test_what_cannot_be_loaded_is_told_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def load() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise PuzzlescopeError("There is no model at /model.")

    said = set()
    with caplog.at_level("INFO", "puzzlescope"), loading.begun(load, again=0.02):
        while not readiness.now().taking_visitors:
            said.add(readiness.now().sentence)
            time.sleep(0.002)
    assert "Not ready: There is no model at /model." in said
    assert [record.message for record in caplog.records] == ["not ready", "ready"]
    assert len(tries) == 4


def test_a_fault_of_ours_is_logged_and_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    def load() -> None:
        raise KeyError("/home/secret")

    with loading.begun(load, again=SECONDS):
        wait(lambda: "KeyError" in readiness.now().sentence)
    assert "/home/secret" not in readiness.now().sentence
    assert caplog.records[0].exc_info is not None


def test_who_stops_meanwhile_is_not_ready_afterwards() -> None:
    may = threading.Event()
    with loading.begun(lambda: bool(may.wait(SECONDS)) and None):
        readiness.stopping()
        may.set()
    assert readiness.now().phase == "stopping"


def test_what_the_first_page_asks_for_is_there(monkeypatch: pytest.MonkeyPatch, model_folder: str) -> None:
    """So the first visitor's page waits for nothing; only what is watched is still to come."""
    from streamlit.testing.v1 import AppTest

    from app.state import backend as shared
    from tests.support.places import ROOT

    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    monkeypatch.setattr(shared, "_backend", None)
    opening.ahead()
    backend = shared.shared_backend()
    before = backend.status().computed
    assert before, "nothing was computed"
    opened = AppTest.from_file(ROOT / "app" / "router.py", default_timeout=SECONDS).run()
    assert not opened.exception
    asked = {"PredictionOf", "HeadRoles", "AttentionOf"}
    after = backend.status().computed
    assert {kind: before[kind].done for kind in asked} == {kind: after[kind].done for kind in asked}


def test_a_model_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.state import backend as shared

    monkeypatch.setattr(shared, "_backend", None)
    monkeypatch.setenv("PUZZLESCOPE_MODEL", "/no/such/model")
    with pytest.raises(PuzzlescopeError, match="/no/such/model"):
        opening.ahead()
