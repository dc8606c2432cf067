"""What the backend tells the server: counted once, and logged without what a visitor has sent."""

import subprocess
import sys
from typing import Any

import pytest

from app.server import logs
from app.server.metrics.counters import REGISTRY
from app.server.watching import computing
from interp.backend import Ended
from interp.errors import PuzzlescopeError
from tests.support.places import ROOT


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events."""
    found: list[dict[str, Any]] = []

    def event(name: str, level: int = 20, **facts: Any) -> None:
        found.append({"event": name, "level": level, **facts})

    monkeypatch.setattr(logs, "event", event)
    return found


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"puzzlescope_{name}", labels) or 0.0


@pytest.mark.parametrize(
    ("outcome", "error", "level", "shown"),
    [
        ("finished", None, 20, False),
        ("abandoned", None, 20, False),
        ("failed", PuzzlescopeError("'L9' is no layer."), 20, False),
        ("failed", ValueError("a bug"), 40, True),
    ],
)
def test_each_end_is_counted_once(
    told: list[dict[str, Any]], outcome: Any, error: BaseException | None, level: int, shown: bool
) -> None:
    labels = {"kind": "Probe", "outcome": outcome}
    before = value("computations_total", **labels), value("computation_seconds_count", kind="Probe")
    computing.ended(Ended("Probe", outcome, 1.5, 3.0, 7, "a-session", error))
    assert value("computations_total", **labels) == before[0] + 1
    assert value("computation_seconds_count", kind="Probe") == before[1] + (outcome == "finished")
    (line,) = told
    assert (line["level"], line["error"] is error and shown) == (level, shown)
    assert line["error"] is None or shown, "what the visitor got wrong is told the visitor alone"
    assert line["visitor"] == logs.visitor_id("a-session") and "a-session" not in str(line)


def test_the_server_is_there_before_pytorch() -> None:
    probe = "import sys, app.server.serving, app.server.metrics.routes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=False).returncode == 0
