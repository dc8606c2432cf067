"""The server is killed while people click, and started again: every open page returns to its scene, a click
works again, and what was kept is there."""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from playwright.async_api import async_playwright

from benchmarks.load import direct
from benchmarks.load.people import Person
from benchmarks.load.server import Server, served
from benchmarks.load.visit import chromium
from benchmarks.load.visit.answers import Scene, Shown
from benchmarks.load.visit.eyes import PATIENCE, Done, Tally
from benchmarks.load.visit.sockets import Cookies
from benchmarks.load.visit.visitor import Visitor
from scripts.dashboard import CHROMIUM_ARGUMENTS
from scripts.find_chromium import find_chromium

VISITORS = 6
AWAY = 3.0
"""Seconds between the end of the one process and the start of the next."""
KEPT_WITHIN = 60.0
"""Seconds in which the exact board of a visitor is kept on the disk."""


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Kill it and see who comes back."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        with served(Path(folder), arguments.port, PUZZLESCOPE_DATA=str(data)) as server:
            return asyncio.run(_run(server, Person.of(arguments.model), data))


async def _run(server: Server, person: Person, data: Path) -> dict[str, Any]:
    shown: list[Shown] = []
    before, after = Tally(shown.append), Tally(shown.append)
    visitors = [Visitor(server.url, f"visitor {k}", before) for k in range(VISITORS)]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS
        )
        tab = chromium.Tab(await browser.new_page(), server.url, "Chromium", before)
        await asyncio.gather(
            *(_settle(one, person, k) for k, one in enumerate(visitors)), _settle_in(tab, person)
        )
        await visitors[0].measure()
        await _kept_within(data, KEPT_WITHIN)
        clicking = [asyncio.create_task(_click(one, person, k)) for k, one in enumerate(visitors)]
        await asyncio.sleep(0.5)
        kept = _files(data)
        server.kill()
        at = time.perf_counter()
        await asyncio.gather(*clicking)
        await asyncio.sleep(AWAY)
        began = await asyncio.to_thread(server.start)
        for one in (*(visitor.eyes for visitor in visitors), tab.eyes):
            one.tally = after
        back = await asyncio.gather(*(_return(one) for one in visitors), _return_in(tab))
        spent = time.perf_counter() - at
        again = await asyncio.gather(
            *(_click(one, person, 50 + k) for k, one in enumerate(visitors)), _click_in(tab, person)
        )
        await asyncio.gather(*(visitor.close() for visitor in visitors))
        await browser.close()
    verdict = await asyncio.to_thread(direct.check_answers, shown)
    return {
        "pages": len(visitors) + 1,
        "back_at_their_scene": sum(one.seconds is not None for one in back),
        "click_again": sum(one.seconds is not None for one in again),
        "chromium_back": back[-1].seconds is not None,
        "chromium_clicks": again[-1].seconds is not None,
        "new_process_healthy_after_s": round(began, 1),
        "all_back_after_s": round(spent, 1),
        "kept_results_there": f"{len(kept & _files(data))} of {len(kept)}",
        "wrong": verdict["wrong"],
        "errors_afterwards": dict(Counter(after.errors)),
    }


async def _kept_within(folder: Path, seconds: float) -> None:
    """Wait until a result is kept in the folder."""
    until = time.perf_counter() + seconds
    while not any(folder.rglob("*.result")) and time.perf_counter() < until:
        await asyncio.sleep(0.2)


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.result")}


async def _settle(visitor: Visitor, person: Person, k: int) -> None:
    await visitor.open(person.link(random.Random(k)))
    await _click(visitor, person, k)


async def _click(visitor: Visitor, person: Person, seed: int) -> Done:
    """Switch one more part off, or one on again."""
    scene = visitor.eyes.scene
    if scene is None:
        return Done("click", None, None, 0, 0, 0)
    click = next(person.clicks_from(scene.off, random.Random(seed)))
    return await visitor.click(click.part, click.off, click.then)


async def _return(visitor: Visitor) -> Done:
    """As a browser does: with what it knows of its session, and its address."""
    scene = visitor.eyes.scene
    if scene is None:
        return Done("link", None, None, 0, 0, 0)
    off = parse_qs(visitor.eyes.page.place.query).get("off", [""])[0]
    visitor.cookies = Cookies(visitor.eyes.page.session, drawn=True)
    visitor.forget_wishes()
    return await visitor.connect(replace(scene, off=off), "link")


async def _settle_in(tab: chromium.Tab, person: Person) -> None:
    scene = Scene(person.model, person.puzzles[3], "L1.attn")
    await tab.open(scene)
    await tab.click("L3.mlp", "L1.attn,L3.mlp")


async def _return_in(tab: chromium.Tab) -> Done:
    """Its browser does everything by itself."""
    assert tab.eyes.scene is not None
    tab.eyes.wait_for(tab.eyes.scene, "link")
    await tab.eyes.wait(PATIENCE)
    return tab.eyes.done()


async def _click_in(tab: chromium.Tab, person: Person) -> Done:
    return await tab.click("L1.attn", "L3.mlp")
