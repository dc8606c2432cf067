"""How the process ends."""

import asyncio
import signal
import time
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.app_session import AppSession, AppSessionState

from app.server.life import stopping
from app.server.words import Words
from interp.errors import PuzzlescopeError
from tests.support.deploy.loops import run

RUNNING, IDLE = AppSessionState.APP_IS_RUNNING, AppSessionState.APP_NOT_RUNNING


def visit() -> Any:
    return SimpleNamespace(_state=RUNNING, _scriptrunner=object())


def waited(*visits: Any, grace: float = 60.0) -> float:
    """Seconds that were waited for them, while ``then`` has been done to each, in a loop."""

    async def wait() -> float:
        began = time.monotonic()
        await stopping.finished([(one, one._scriptrunner) for one in visits], grace)
        return time.monotonic() - began

    return run(wait())


def test_streamlit_has_what_is_looked_at() -> None:
    """Its sessions' state and run are no public names."""
    assert {"APP_IS_RUNNING", "APP_NOT_RUNNING"} <= {state.name for state in AppSessionState}
    names = {name for code in (AppSession.__init__.__code__,) for name in code.co_names}
    assert {"_state", "_scriptrunner"} <= names
    assert stopping.running() == [], "there is no server in this process"


def test_who_computes_nothing_is_not_waited_for() -> None:
    assert waited() < 30


def test_running_answers_are_waited_for() -> None:
    slow = visit()

    async def both() -> None:
        waiting = asyncio.ensure_future(stopping.finished([(slow, slow._scriptrunner)], 60))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        slow._state = IDLE
        await asyncio.wait_for(waiting, 30)

    run(both())


def test_what_begins_afterwards_is_not_waited_for() -> None:
    """A page that looks in on a sweep runs again and again."""
    again = visit()

    async def both() -> None:
        waiting = asyncio.ensure_future(stopping.finished([(again, again._scriptrunner)], 60))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        again._scriptrunner = object()
        await asyncio.wait_for(waiting, 30)

    run(both())


def test_the_grace_has_an_end() -> None:
    assert waited(visit(), grace=0.2) < 30


def test_what_is_registered_is_closed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_at_end", [])  # the backend that tests share goes on
    closed: list[str] = []

    async def serve() -> None:
        with stopping.on_signals(1.0):
            stopping.at_end(lambda: closed.append("backend"))

    import threading

    thread = threading.Thread(target=asyncio.run, args=[serve()])  # as a test's server: signals are not its
    thread.start()
    thread.join()
    assert closed == ["backend"] and stopping._at_end == []


def test_docker_does_not_have_to_kill() -> None:
    """It waits for ten seconds, of which half a one is for a machine that is busy."""
    assert stopping.GRACE + stopping._LAST_WORDS + stopping._AFTER_GRACE <= 9.5


def test_the_deadline_is_set_when_the_signal_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that never ends does not put it off."""
    set_for: list[float] = []
    monkeypatch.setattr(stopping, "_end_within", set_for.append)
    monkeypatch.setattr(stopping.readiness, "stopping", lambda _: None)

    async def serve() -> None:
        ending = stopping._Ending(stopping.GRACE, None, asyncio.get_running_loop())
        ending.heard(signal.SIGTERM, None)
        ending.heard(signal.SIGINT, None)
        await asyncio.sleep(0)

    run(serve())
    assert set_for == [pytest.approx(9.3), 1.0]


def test_the_grace_is_a_setting() -> None:
    assert stopping.read(Words({})) == 8
    assert stopping.read(Words({"PUZZLESCOPE_GRACE": "0"})) == 0
    with pytest.raises(PuzzlescopeError, match="PUZZLESCOPE_GRACE must be a number from 0 to 600, got 'x'"):
        stopping.read(Words({"PUZZLESCOPE_GRACE": "x"}))
