"""The settings of a deployment: environment variables, read once, at the start."""

from dataclasses import dataclass, field

from app.server import logs
from app.server.gate import settings as gate
from app.server.gate.settings import GateSettings
from app.server.logs import LogSettings
from app.server.metrics import guard
from app.server.metrics.guard import Readers
from app.server.words import Words


@dataclass(frozen=True)
class Settings:
    """All of them.

    Attributes:
        address: where the server listens.
        gate: who may enter.
        log: how events are written down.
        readers: who may read how the server is.
    """

    address: str = "127.0.0.1"
    gate: GateSettings = field(default_factory=GateSettings)
    log: LogSettings = field(default_factory=LogSettings)
    readers: Readers = field(default_factory=Readers)


def read(words: Words, address: str) -> Settings:
    """The settings that the environment gives.

    Args:
        address: where the server listens, as Streamlit was told.

    Raises:
        PuzzlescopeError: if one of them cannot be.
    """
    return Settings(
        address=address,
        gate=gate.read(words, address),
        log=logs.read(words),
        readers=guard.read(words),
    )
