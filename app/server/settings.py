"""The settings of a deployment: environment variables, read once, at the start."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

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
from interp.errors import PuzzlescopeError
from interp.machine import Machine

PREFIX = "PUZZLESCOPE_"
NAMES = (
    *("URL", "OPEN", "PASSWORD_HASH", "OIDC_METADATA_URL", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"),
    *("COOKIE_SECRET", "ALLOWED", "SIGN_IN_HOURS", "USER_HEADER", "TRUSTED_PROXIES", "ADMINS", "FRAMES"),
    *("METRICS_FROM", "METRICS_TOKEN", "MEMORY", "DEVICE", "THREADS", "VISITORS", "DATA", "DATA_MOST"),
    *("LOG", "LOG_PEOPLE", "GRACE", "MODEL"),
)
"""The variables that mean something, without their prefix. Each may also be given as ``NAME_FILE``."""
ALIKE = 0.8
"""How much a name must be like a variable's (0 to 1) to be taken for that, misspelt."""


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
    check_spelling(words.environ)
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


def check_spelling(environ: Iterable[str]) -> None:
    """Stop at a variable that is nearly one of ours: what somebody set to keep people out must not be passed
    over in silence. Others of the prefix are let be: a cluster puts there what it calls a service's address.

    Raises:
        PuzzlescopeError: naming the variable that was meant.
    """
    for name in sorted(environ):
        short = name.removeprefix(PREFIX)
        own = short.removesuffix("_FILE")
        if short == name or own in NAMES:
            continue
        if meant := get_close_matches(own, NAMES, n=1, cutoff=ALIKE):
            raise PuzzlescopeError(f"There is no setting {name}: {PREFIX}{meant[0]} may be meant.")


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
