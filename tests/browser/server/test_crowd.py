"""Many people at once: one who waits is told the place in line, and a full server says so."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.dashboard import running
from tests.browser.conftest import NewContext, finished

# Two pages that compute as long as a file is there, in the server's own process.
CROWD = """
import os, sys, threading, time

def hold():
    while True:
        turns = getattr(sys.modules.get("app.state.waiting"), "TURNS", None)
        if turns is not None and os.path.exists({held!r}):
            with turns.turn():
                while os.path.exists({held!r}):
                    time.sleep(0.02)
        time.sleep(0.02)

for _ in range(2):
    threading.Thread(target=hold, daemon=True).start()
"""


@dataclass(frozen=True)
class Crowd:
    """A server for one visitor, and a file that holds all turns while it exists."""

    address: str
    held: Path


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    folder = tmp_path_factory.mktemp("crowd")
    held = folder / "held"
    (folder / "sitecustomize.py").write_text(CROWD.format(held=str(held)))
    with running(said={"PYTHONPATH": str(folder), "PUZZLESCOPE_VISITORS": "1"}) as server:
        yield Crowd(server.address, held)


def places(page: Page) -> list[object]:
    """Where the headings and the charts' containers stand."""
    found: list[object] = page.evaluate(
        """() => [...document.querySelectorAll("h1, h2, [class*=st-key-]")]
            .filter((one) => !one.closest(".st-key-line"))
            .map((one) => { const box = one.getBoundingClientRect(); return [box.x, box.y, box.width] })"""
    )
    return found


def test_one_who_waits_is_told_the_place_and_nothing_moves(crowd: Crowd, new_context: NewContext) -> None:
    page = new_context().new_page()
    page.goto(crowd.address)
    finished(page)
    page.wait_for_timeout(1500)  # what fills up is complete
    address, before = page.url, places(page)
    crowd.held.touch()
    page.get_by_role("button", name="Random").click()
    status = page.get_by_role("status").filter(has_text="in line")
    expect(status).to_have_text(
        re.compile(r"^Many people are here: you are 3rd in line, about \d+ (seconds|minutes?)\.$")
    )
    box = status.bounding_box()
    assert box is not None and box["y"] > 800 and box["height"] < 60, "at the foot of the window"
    assert places(page) == before
    assert page.url == address
    crowd.held.unlink()
    expect(status).to_have_count(0)
    finished(page)
    assert page.url != address, "and then comes what was asked for"


def test_a_full_server_says_so_and_lets_the_next_in(crowd: Crowd, new_context: NewContext) -> None:
    first, second = new_context(), new_context()
    one, other = first.new_page(), second.new_page()
    other.set_viewport_size({"width": 390, "height": 800})
    one.goto(crowd.address)
    finished(one)
    other.goto(crowd.address)
    expect(other.get_by_role("status").filter(has_text="full")).to_have_text(
        re.compile("This server is full: it takes 1 person at a time. This page tries again by itself.")
    )
    first.close()
    expect(other.get_by_role("heading", level=1)).to_be_visible()
    expect(other.get_by_role("status").filter(has_text="full")).to_have_count(0)
