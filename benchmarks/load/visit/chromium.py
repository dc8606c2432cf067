"""Visitors in a real Chromium, in a process of their own: they click tiles, and what they are shown is read
from the messages that their browser receives.

``python -m benchmarks.load.visit.chromium URL MODEL PAGES SECONDS SEED``, which prints a line of JSON.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil
from playwright.async_api import Error, WebSocket, async_playwright
from playwright.async_api import Page as ChromiumPage

from benchmarks.load.people import Person
from benchmarks.load.visit.answers import Scene, Shown
from benchmarks.load.visit.eyes import PATIENCE, Done, Eyes, Tally
from benchmarks.load.visit.page import Page
from benchmarks.load.visit.visitor import query_of
from benchmarks.load.visit.wire import Place, Reader
from scripts.dashboard import CHROMIUM_ARGUMENTS
from scripts.find_chromium import find_chromium

GRACE = 90
"""Seconds after which the process is killed if it does not end when it should."""


@dataclass
class Seen:
    """What the pages of a Chromium met with."""

    done: list[Done] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    cores: float = 0.0


class Tab:
    """One page of a real browser, which is a visitor.

    Attributes:
        eyes: what is seen on it, read from its websockets' messages.
    """

    def __init__(self, tab: ChromiumPage, url: str, name: str, tally: Tally):
        self.tab, self.url, self._opened = tab, url, 0
        self.eyes = Eyes(name, Page(Place()), tally)
        tab.on("websocket", self._listen)
        tab.on("pageerror", lambda error: self.eyes.trouble(f"JavaScript: {error}"[:200]))

    def _listen(self, socket: WebSocket) -> None:
        if "/_stcore/stream" not in socket.url:
            return
        document = self._opened

        def take(data: bytes | str) -> None:
            # What still comes for the page that is being left is no concern of the new one.
            if document == self._opened and isinstance(data, bytes):
                self.eyes.take(data)

        socket.on("framereceived", take)

    async def open(self, scene: Scene) -> Done:
        """Open the link of a scene and wait for its answer."""
        self.eyes.wait_for(scene, "link")
        self._opened += 1
        self.eyes.reader = Reader()  # what it keeps, it keeps as long as its document stands
        await self.tab.goto(f"{self.url}/?{query_of(scene)}", wait_until="commit")
        await self.eyes.wait(PATIENCE)
        return self.eyes.done()

    async def click(self, part: str, then: str) -> Done:
        """Click a tile and wait for the answer."""
        assert self.eyes.scene is not None
        tile = self.tab.locator(f'.tile[data-part="{part}"]')
        await tile.wait_for(timeout=1000 * PATIENCE)
        self.eyes.wait_for(Scene(self.eyes.scene.model, self.eyes.scene.puzzle, then), "click")
        await tile.evaluate("tile => tile.click()")
        await self.eyes.wait(PATIENCE)
        return self.eyes.done()


async def live(tab: Tab, person: Person, done: list[Done], until: float, rng: random.Random) -> None:
    """Open links and click tiles until that time."""
    while time.monotonic() < until:
        scene = person.link(rng)
        done.append(await tab.open(scene))
        clicks = person.clicks_from(scene.off, rng)
        for _ in range(person.clicks):
            think = rng.uniform(*person.think)
            await asyncio.sleep(max(0.0, min(think, until - time.monotonic())))
            if done[-1].seconds is None or time.monotonic() >= until:
                break
            click = next(clicks)
            done.append(await tab.click(click.part, click.then))


async def visits(url: str, model: str, pages: int, seconds: float, seed: int) -> Seen:
    """Let so many pages live for so long."""
    shown: list[Shown] = []
    seen, tally, rng = Seen(shown=shown), Tally(shown.append), random.Random(seed)
    until, began = time.monotonic() + seconds, time.monotonic()
    person = Person.of(model)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS
        )
        lives: list[Awaitable[None]] = []
        for k in range(pages):
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            tab = Tab(await context.new_page(), url, f"Chromium {k}", tally)
            lives.append(live(tab, person, seen.done, until, random.Random(rng.random())))
        for failure in await asyncio.gather(*lives, return_exceptions=True):
            if isinstance(failure, Error):
                tally.errors[f"Chromium: {failure}"[:200]] += 1
            elif failure is not None:
                raise failure
        seen.cores = _cpu_seconds() / (time.monotonic() - began)
        await browser.close()
    seen.errors = dict(tally.errors)
    return seen


def _cpu_seconds() -> float:
    """Of this process and of the browser."""
    found = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        found += times.user + times.system
    return found


async def elsewhere(url: str, model: str, pages: int, seconds: float, seed: int) -> Seen:
    """The same in another process."""
    arguments = [url, model, str(pages), str(seconds), str(seed)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load.visit.chromium", *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        written, _ = await asyncio.wait_for(process.communicate(), seconds + PATIENCE + GRACE)
    except TimeoutError:
        process.kill()
        return Seen(errors={"the Chromium visitors' process did not end": 1})
    if process.returncode:
        return Seen(errors={"the Chromium visitors' process failed": 1})
    return read(json.loads(written.splitlines()[-1]))


def read(record: dict[str, Any]) -> Seen:
    """What the other process wrote."""
    done = [Done(**{**one, "places": tuple(one["places"])}) for one in record["done"]]
    return Seen(done, [Shown.of(one) for one in record["shown"]], record["errors"], record["cores"])


def main() -> None:
    url, model, pages, seconds, seed = sys.argv[1:]
    seen = asyncio.run(visits(url, model, int(pages), float(seconds), int(seed)))
    print(json.dumps(asdict(seen)))


if __name__ == "__main__":
    main()
