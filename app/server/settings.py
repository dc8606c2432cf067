"""The settings of a deployment: environment variables, read once, at the start."""

from dataclasses import dataclass, field

from app.server import logs
from app.server.logs import LogSettings
from app.server.metrics import guard
from app.server.metrics.guard import Readers
from app.server.words import Words


@dataclass(frozen=True)
class Settings:
    """All of them.

    Attributes:
        address: where the server listens.
        open: anybody who reaches it may enter.
        log: how events are written down.
        readers: who may read how the server is.
    """

    address: str = "127.0.0.1"
    open: bool = False
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
        open=words.flag("PUZZLESCOPE_OPEN"),
        log=logs.read(words),
        readers=guard.read(words),
    )
