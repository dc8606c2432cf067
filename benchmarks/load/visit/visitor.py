"""A visitor: opens a link, clicks tiles of the board, and waits for the answers, as a browser's page does."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, WebSocketException

from benchmarks.load.visit.answers import Scene
from benchmarks.load.visit.eyes import PATIENCE, Done, Eyes, Tally
from benchmarks.load.visit.looks import Looks
from benchmarks.load.visit.media import Browser
from benchmarks.load.visit.page import Again, Drawn, Event, Page, files_in, weights_of
from benchmarks.load.visit.sockets import NONE, Cookies, Counted, opened
from benchmarks.load.visit.wire import Place, Reader, Trigger, rerun

REPEAT = 1.5
"""Seconds after which the board says again what was not heard: app/widgets/browser/shared/wishes.js."""
UNHEARD = 4
"""Repeats after which the whole page is asked to run."""


def query_of(scene: Scene) -> str:
    """Of the link that opens a scene."""
    query = {"model": scene.model, "puzzle": scene.puzzle, "off": scene.off}
    return urlencode({name: value for name, value in query.items() if value})


class Visitor:
    """One visitor with one open page.

    Args:
        url: of the dashboard.
        name: of the visitor, for the report.
        tally: is told what he sees.
        seconds: how long an answer is waited for.
        cookies: that he brings along.
        files: that his browser has fetched before; those that it fetches now are added.
    """

    def __init__(
        self,
        url: str,
        name: str,
        tally: Tally,
        *,
        seconds: float = PATIENCE,
        cookies: Cookies = NONE,
        files: set[str] | None = None,
    ):
        self.url, self.tally, self.patience, self.cookies = url, tally, seconds, cookies
        self.eyes = Eyes(name, Page(Place()), tally)
        self.socket: Counted | None = None
        self._client = f"{random.getrandbits(60):x}"
        self._wishes = self._files = 0
        self._unheard: list[dict[str, Any]] = []
        self.browser = Browser(url, self._fetched, set() if files is None else files)

    # ---- what the person does ------------------------------------------------------------------------------

    async def open(self, scene: Scene) -> Done:
        """Open the link of a scene and wait for its answer."""
        self.eyes.page.place, self.eyes.reader = Place(query_of(scene)), Reader()
        return await self.connect(scene, "link")

    async def connect(self, scene: Scene, kind: str) -> Done:
        """Connect, or connect again, and wait until the page shows this scene."""
        self.eyes.wait_for(scene, kind)
        self.looks = Looks(self._look)
        try:
            self.socket = await opened(self.url, self.cookies, self.patience)
        except (OSError, TimeoutError, WebSocketException) as error:
            self.eyes.trouble(f"cannot connect: {type(error).__name__}")
            return self.eyes.done()
        self._reading = asyncio.create_task(self._read(self.socket))
        await self._send()
        return await self._wait(0)

    async def click(self, part: str, off: bool, then: str, method: str = "zero") -> Done:
        """Switch a part off, or on, and wait for the answer.

        Args:
            then: the canonical text of what is ablated after it.
        """
        return await self.wish([{"kind": "switch", "parts": [part], "off": off, "method": method}], then)

    async def wish(self, wishes: list[dict[str, Any]], then: str) -> Done:
        """Tell the board several wishes at once, and wait for the answer."""
        assert self.eyes.scene is not None and self.socket is not None, "a link comes first"
        self.eyes.wait_for(replace(self.eyes.scene, off=then), "click")
        before = self.socket.received
        self._wishes += len(wishes)
        self._unheard += wishes
        saying = asyncio.create_task(self._say())
        try:
            return await self._wait(before)
        finally:
            saying.cancel()

    async def _wait(self, wire_before: int) -> Done:
        assert self.socket is not None
        files = self._files
        await self.eyes.wait(self.patience)
        await self.browser.all_there()
        wire = self.socket.received - wire_before + self._files - files
        return replace(self.eyes.done(), wire=wire)

    async def measure(self) -> None:
        """Ask the board for exact values, which take a while; they are not waited for."""
        self._wishes += 1
        self._unheard.append({"kind": "measure"})
        self._saying = asyncio.create_task(self._say())

    def forget_wishes(self) -> None:
        """No more is said of what was clicked so far."""
        self._unheard.clear()

    async def close(self) -> None:
        """Close the page."""
        if self.socket is None:
            return
        self.looks.close()
        self.tally.looks += self.looks.asked
        self._reading.cancel()
        await self.socket.close()

    # ---- what the page does --------------------------------------------------------------------------------

    async def _send(
        self, triggers: Sequence[Trigger] = (), fragment: str = "", by_itself: bool = False
    ) -> None:
        kept, place = self.eyes.reader.kept, self.eyes.page.place
        message = rerun(place, kept, triggers=triggers, fragment=fragment, by_itself=by_itself)
        assert self.socket is not None
        self.eyes.page.running = True  # it is asked for, which a browser takes for the same
        with suppress(ConnectionClosed):  # told by the reader
            await self.socket.send(message)

    async def _look(self, fragment: str, triggers: list[Trigger]) -> None:
        await self._send(triggers, fragment, by_itself=not triggers)

    async def _say(self) -> None:
        """Say the wishes until they are heard."""
        repeats = 0
        while self._unheard:
            board = self.eyes.page.drawn.get("ablation_board")
            if board is not None:
                first = self._wishes - len(self._unheard) + 1
                value = {"client": self._client, "first": first, "wishes": self._unheard}
                await self._send([Trigger(board.id, "wishes", value)], board.fragment)
            await asyncio.sleep(REPEAT)
            while self._unheard and self.eyes.page.running:  # what was said waits there
                await asyncio.sleep(REPEAT)
            repeats += 1
            self.tally.repeats += bool(self._unheard)
            if self._unheard and repeats % UNHEARD == 0:
                await self._ask_for_all()

    async def _ask_for_all(self) -> None:
        keeper = self.eyes.page.drawn.get("page_keeper")
        if keeper is not None:
            await self._send([Trigger(keeper.id, "ask", self._wishes)])

    async def _read(self, socket: Counted) -> None:
        try:
            async for data in socket:
                if isinstance(data, bytes):
                    events = self.eyes.take(data)
                    self.browser.fetch(files_in(data))
                    for event in events:
                        await self._react(event)
            self._closed("by the server")
        except ConnectionClosed as error:
            self._closed(f"{error.rcvd.code}" if error.rcvd else "without a word")
        except Exception as error:  # it would end unseen, and every answer seem not to come
            self._closed(f"by a fault of this client: {type(error).__name__}")
            raise

    def _closed(self, why: str) -> None:
        self.looks.close()
        self.eyes.closed(why)

    def _fetched(self, size: int) -> None:
        self._files += size
        self.eyes.size += size

    async def _react(self, event: Event) -> None:
        match event:
            case Drawn("page_keeper"):
                if not event.data.get("ready", True):
                    await self._send([Trigger(event.id, "ready", True)])
            case Drawn("ablation_board"):
                self._heard(event.data.get("seen"))
            case Drawn("look_in"):
                self.looks.look_in(event)
                for news in event.data.get("news", {}).values():
                    self._heard(news.get("set", {}).get("seen"))
            case Drawn("grid_attention"):
                self.browser.fetch(weights_of(event))
            case Again():
                self.looks.take(event)

    def _heard(self, seen: Any) -> None:
        if not isinstance(seen, list) or len(seen) != 2 or seen[0] != self._client:
            return
        left = max(0, self._wishes - int(seen[1]))
        del self._unheard[: max(0, len(self._unheard) - left)]
