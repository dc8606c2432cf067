"""What a visitor sees on an open page: answers and when they came, words of waiting, and what is wrong."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from benchmarks.load.visit.answers import Scene, Shown, Strip, read_losses
from benchmarks.load.visit.page import Broken, Drawn, Ended, Event, Page, Said, inside_shown
from benchmarks.load.visit.wire import Reader

PATIENCE = 60.0
"""Seconds that an answer is waited for; after that there is none."""
WAITING = re.compile(
    r"\b\d+(?:st|nd|rd|th)\b|\bahead of you\b|\bin (?:the )?(?:line|queue|turn)\b", re.IGNORECASE
)
"""How a page tells a visitor that others come first."""
LONGEST_SAID = 300
"""Letters of such a sentence: a style sheet is none."""


@dataclass(frozen=True)
class Done:
    """How one link or click was answered.

    Attributes:
        kind: "link" or "click".
        seconds: until the first message that holds the answer; ``None``: it never came.
        finished: seconds until the run of the page ended; ``None``: not while it was waited for.
        size, wire: bytes of the messages until then, with the files that a browser would fetch; and what
            went over the wire for them.
        messages: how many.
        places: what was said of others who come first.
        error: why there is no answer, or what was wrong on the way.
    """

    kind: str
    seconds: float | None
    finished: float | None
    size: int
    wire: int
    messages: int
    places: tuple[str, ...] = ()
    error: str = ""


@dataclass
class Tally:
    """What all visitors together have seen.

    Attributes:
        shown: is told every answer that a page shows.
        errors: what was wrong, and how often.
        sizes, counts: bytes and messages, by the kind of what they draw.
        said: words of pages that stand as an error, and how often.
        looks: how often pages asked for a run by themselves.
        repeats: how often wishes were said again.
    """

    shown: Callable[[Shown], None]
    errors: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    repeats: int = 0


class Eyes:
    """Of one visitor, on one page.

    Attributes:
        page: as far as it is known.
        scene: that is shown; ``None`` before the first answer.
        size, messages: bytes and messages received so far.
        answered, finished: whether the answer that is waited for is there, and the run that brought it over.
    """

    def __init__(self, name: str, page: Page, tally: Tally):
        self.name, self.page, self.tally = name, page, tally
        self.reader = Reader()
        self.scene: Scene | None = None
        self.size = self.messages = 0
        self.answered, self.finished = asyncio.Event(), asyncio.Event()
        self._asked: Scene | None = None
        self._open: Shown | None = None
        self._last: Shown | None = None

    def wait_for(self, asked: Scene, kind: str) -> None:
        """From now on the answer to this is waited for."""
        self._asked, self._kind = asked, kind
        self._start, self._size, self._messages = time.perf_counter(), self.size, self.messages
        self._answer_at = self._finish_at = 0.0
        self._places: list[str] = []
        self._troubles: list[str] = []
        self.answered.clear()
        self.finished.clear()

    async def wait(self, seconds: float) -> None:
        """Wait for that answer, and for the end of the run that brings it."""
        try:
            async with asyncio.timeout(seconds):
                await self.answered.wait()
                await self.finished.wait()
        except TimeoutError:
            what = "end of the run" if self._answer_at else "answer"
            self.trouble(f"no {what} after a {self._kind} within {seconds:.0f} s")

    def done(self) -> Done:
        """How it was until now; nothing is waited for any more. ``wire`` is for the caller to tell."""
        if self._answer_at:
            self.scene = self._asked
        self._asked = None
        return Done(
            self._kind,
            self._answer_at - self._start if self._answer_at else None,
            self._finish_at - self._start if self._finish_at else None,
            self.size - self._size,
            0,
            self.messages - self._messages,
            tuple(self._places),
            "; ".join(self._troubles),
        )

    def trouble(self, why: str) -> None:
        """Note that something is wrong."""
        self._troubles.append(why)
        self.tally.errors[why] += 1

    def closed(self, why: str) -> None:
        """The socket is closed, and nothing more will come."""
        self.trouble(f"socket closed: {why}")
        self.answered.set()
        self.finished.set()

    def take(self, data: bytes) -> list[Event]:
        """Take a message of the server: what happens by it, for the page to react to."""
        self.size += len(data)
        self.messages += 1
        inside = inside_shown(data)
        if inside:
            self.trouble(f"shows the inside of the server: {inside}")
        try:
            message = self.reader.read(data)
        except (DecodeError, KeyError) as error:
            self.trouble(f"a message that a page cannot read: {type(error).__name__}")
            return []
        events = list(self.page.take(message))
        kind: str = message.WhichOneof("type") or ""
        for event in events:
            self._see(event)
            kind = event.name if isinstance(event, Drawn) else kind
        self.tally.sizes[kind] += len(data)
        self.tally.counts[kind] += 1
        return events

    def _see(self, event: Event) -> None:
        match event:
            case Drawn("puzzle_strip"):
                self._strip(event)
            case Drawn("loss_readout") if self._open is not None:
                losses = read_losses(event.data)
                self._open = Shown(self.name, self._open.scene, self._open.strip, losses)
                self._flush()
            case Ended():
                self._flush()
                if event.whole and self._answer_at and not self._finish_at:
                    self._finish_at = time.perf_counter()
                    self.finished.set()
            case Broken(why):
                self.trouble(why)
            case Said():
                self._hear(event)

    def _hear(self, said: Said) -> None:
        if len(said.text) < LONGEST_SAID and WAITING.search(said.text):
            self._places.append(said.text[:120])
        if said.error:
            self.tally.said[said.text[:160]] += 1

    def _strip(self, drawn: Drawn) -> None:
        now = time.perf_counter()
        try:
            strip = Strip.read(drawn.data)
        except (ValueError, KeyError, TypeError) as error:
            self.trouble(f"a strip that cannot be read: {error}")
            return
        self._flush()
        if self._asked is not None and strip.answers(self._asked):
            self._answer_at = self._answer_at or now
            self.answered.set()
            scene = self._asked
        elif self.scene is not None and strip.answers(self.scene):
            scene = self.scene
        else:
            scene = self._asked or self.scene or Scene("", "")
            self.trouble("an answer that was not asked for")
        self._open = Shown(self.name, scene, strip, {})

    def _flush(self) -> None:
        """Tell the answer that was drawn last, unless it was told before."""
        if self._open is not None and self._open != self._last:
            self._last = self._open
            self.tally.shown(self._open)
        self._open = None
