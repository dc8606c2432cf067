"""The settings of a deployment: environment variables, read once, at the start."""

from dataclasses import dataclass, field

from app.server import life, logs
from app.server.crowd import limits
from app.server.crowd.limits import Limits
from app.server.gate import settings as gate
from app.server.gate.settings import GateSettings
from app.server.life import data
from app.server.life.data import Data
from app.server.life.stopping import GRACE
from app.server.logs import LogSettings
from app.server.metrics import guard
from app.server.metrics.guard import Readers
from app.server.watching import admins
from app.server.words import Words
from interp import machine
from interp.machine import Machine


@dataclass(frozen=True)
class Settings:
    """All of them.

    Attributes:
        address: where the server listens.
        gate: who may enter.
        admins: addresses of those who may look after the server.
        log: how events are written down.
        readers: who may read how the server is.
        limits: how much of the machine it may take, and how many people it takes in.
        machine: how many threads it computes with, and on which device.
        grace: seconds that running answers have when the server is told to stop.
        data: where results are kept.
    """

    address: str = "127.0.0.1"
    gate: GateSettings = field(default_factory=GateSettings)
    admins: frozenset[str] = frozenset()
    log: LogSettings = field(default_factory=LogSettings)
    readers: Readers = field(default_factory=Readers)
    limits: Limits = field(default_factory=Limits)
    machine: Machine = field(default_factory=Machine)
    grace: float = GRACE
    data: Data = field(default_factory=Data)


def read(words: Words, address: str) -> Settings:
    """The settings that the environment gives.

    Args:
        address: where the server listens, as Streamlit was told.

    Raises:
        PuzzlescopeError: if one of them cannot be.
    """
    entrance = gate.read(words, address)
    return Settings(
        address=address,
        gate=entrance,
        admins=admins.read(words, entrance.way),
        log=logs.read(words),
        readers=guard.read(words),
        limits=limits.read(words),
        machine=_machine(words),
        grace=life.read(words),
        data=data.read(words),
    )


def _machine(words: Words) -> Machine:
    """Of the machine. A card that is asked for by name is looked for at once, which needs PyTorch."""
    asked = machine.read(words.text)
    if asked.device == "cuda":
        asked.place()
    return asked


_now = Settings()


def use(settings: Settings) -> None:
    """Let these be the process's."""
    global _now
    _now = settings


def now() -> Settings:
    """Those of this process."""
    return _now
