"""The settings that say who may enter."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.server.gate.allowed import EVERYBODY, Allowed, allowed
from app.server.gate.networks import NOWHERE, Networks, is_this_machine, networks
from app.server.gate.person import Way
from app.server.words import Words
from interp.errors import PuzzlescopeError, brief

OPEN, URL, SECRET = "PUZZLESCOPE_OPEN", "PUZZLESCOPE_URL", "PUZZLESCOPE_COOKIE_SECRET"
METADATA, CLIENT_ID = "PUZZLESCOPE_OIDC_METADATA_URL", "PUZZLESCOPE_OIDC_CLIENT_ID"
CLIENT_SECRET = "PUZZLESCOPE_OIDC_CLIENT_SECRET"
HEADER, PROXIES = "PUZZLESCOPE_USER_HEADER", "PUZZLESCOPE_TRUSTED_PROXIES"
PASSWORD, ALLOWED = "PUZZLESCOPE_PASSWORD_HASH", "PUZZLESCOPE_ALLOWED"
HOURS, FRAMES = "PUZZLESCOPE_SIGN_IN_HOURS", "PUZZLESCOPE_FRAMES"
WAYS: dict[str, Way] = {METADATA: "provider", HEADER: "header", PASSWORD: "password"}

SHORTEST_SECRET = 32
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_HASH = re.compile(
    r"\$argon2id\$v=19\$m=\d{1,9},t=\d{1,9},p=\d{1,3}"
    r"\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,128}"
)
"""A salt of 8 bytes and a digest of 16 are the least; `puzzlescope password` takes 16 and 32."""
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*:\[\]-]+|\*|self|none")


@dataclass(frozen=True)
class Provider:
    """An OpenID provider, and how it knows this deployment.

    Attributes:
        metadata_url: where it describes itself.
        client_id: the name that it gave this deployment.
        client_secret: the secret that it gave with the name.
    """

    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class GateSettings:
    """Who may enter.

    Attributes:
        way: how people sign in; None: nobody needs to.
        url: the address by which people come, without a slash at its end; it may be empty.
        allowed: whose addresses are let in.
        hours: after which a sign-in ends.
        secret: signs the cookies; empty: one is drawn at the start.
        provider: of the way of that name.
        header: the name of the header that a proxy writes, in lower case.
        proxies: whose word is believed: on who has signed in, and on where a request comes from.
        password_hash: of the shared password.
        frames: the origins on whose pages the dashboard may stand in a frame; None: figures anywhere, whole
            pages only on its own.
    """

    way: Way | None = None
    url: str = ""
    allowed: Allowed = EVERYBODY
    hours: float = 12.0
    secret: str = field(default="", repr=False)
    provider: Provider | None = None
    header: str = ""
    proxies: Networks = NOWHERE
    password_hash: str = field(default="", repr=False)
    frames: tuple[str, ...] | None = None


def read(words: Words, address: str) -> GateSettings:
    """What the environment says of it.

    Args:
        address: where the server listens.

    Raises:
        PuzzlescopeError: if one of the settings cannot be, or nothing says who may enter where other machines
            reach the server.
    """
    way = _way(words, address)
    return GateSettings(
        way=way,
        url=_url(words, needed=way == "provider"),
        allowed=_allowed(words, way),
        hours=words.number(HOURS, 12, 0.01, 8760),
        secret=_secret(words, needed=way == "provider"),
        provider=_provider(words) if way == "provider" else None,
        header=_header(words) if way == "header" else "",
        proxies=_proxies(words, needed=way == "header"),
        password_hash=_password_hash(words) if way == "password" else "",
        frames=_frames(words),
    )


def _way(words: Words, address: str) -> Way | None:
    said = [name for name in WAYS if words.text(name)] + ([OPEN] if words.flag(OPEN) else [])
    if len(said) > 1:
        raise PuzzlescopeError(f"{said[0]} and {said[1]} are both set: keep one way to enter.")
    if not said and (reached := _reached(words, address)):
        raise PuzzlescopeError(
            f"{reached}, and nothing says who may enter: set {PASSWORD} (`puzzlescope password` makes it), "
            f"{METADATA} or {HEADER} "
            f"(docs/deploy.md says how), or {OPEN}=1 if all who reach it may enter."
        )
    if not said and (orphan := next((n for n in (CLIENT_ID, CLIENT_SECRET) if words.text(n)), None)):
        raise PuzzlescopeError(f"{orphan} is set, but {METADATA} is not: set both, or none of them.")
    return WAYS.get(said[0]) if said else None


def _reached(words: Words, address: str) -> str:
    """How other machines reach the server; empty if they do not. Behind a proxy on the same machine it
    listens on this machine alone, and its public address tells."""
    if not is_this_machine(address):
        return f"The server would listen on {address}, where other machines reach it"
    url = words.text(URL)
    if _is_url(url, ("https", "http")) and not is_this_machine(urlsplit(url).hostname or ""):
        return f"{URL} says that people come by {brief(url)}"
    return ""


def _needed(words: Words, name: str, what: str, by: str) -> str:
    said = words.text(name)
    if not said:
        raise PuzzlescopeError(f"{by} needs {name}, {what}: it is not set.")
    return said


def _url(words: Words, needed: bool) -> str:
    said = (
        _needed(words, URL, "the address by which people come, such as https://puzzles.example.org", METADATA)
        if needed
        else words.text(URL)
    )
    if said and not _is_url(said, ("https", "http")):
        raise PuzzlescopeError(
            f"{URL} must be the address by which people come, such as https://puzzles.example.org, "
            f"got '{brief(said)}'."
        )
    return said.rstrip("/")


def _is_url(said: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(said)
        return parts.scheme in schemes and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False


def _allowed(words: Words, way: Way | None) -> Allowed:
    said = words.names(ALLOWED)
    if said and way not in ("provider", "header"):
        raise PuzzlescopeError(
            f"{ALLOWED} is set, but nothing tells whose address a visitor has: it goes with {METADATA} or "
            f"{HEADER}."
        )
    if way == "provider" and not said:
        raise PuzzlescopeError(
            f"{METADATA} needs {ALLOWED}, the domains and addresses that are let in, such as example.org or "
            "ann@example.org, or * for all whom the provider knows: it is not set."
        )
    return allowed(ALLOWED, said) if said else EVERYBODY


def _secret(words: Words, needed: bool) -> str:
    said = (
        _needed(words, SECRET, f"{SHORTEST_SECRET} or more characters drawn at random", METADATA)
        if needed
        else words.text(SECRET)
    )
    if said and len(said) < SHORTEST_SECRET:
        raise PuzzlescopeError(
            f"{SECRET} must have {SHORTEST_SECRET} or more characters drawn at random, got {len(said)}: "
            "`openssl rand -hex 32` prints some."
        )
    return said


def _provider(words: Words) -> Provider:
    url = words.text(METADATA)
    usable = _is_url(url, ("https", "http"))
    if not usable or (urlsplit(url).scheme == "http" and not is_this_machine(urlsplit(url).hostname or "")):
        raise PuzzlescopeError(
            f"{METADATA} must be an https address, such as "
            f"https://login.example.org/.well-known/openid-configuration, got '{brief(url)}'."
        )
    return Provider(
        metadata_url=url,
        client_id=_needed(words, CLIENT_ID, "the name that the provider gave this deployment", METADATA),
        client_secret=_needed(words, CLIENT_SECRET, "the secret that the provider gave with it", METADATA),
    )


def _header(words: Words) -> str:
    said = words.text(HEADER)
    if not _HEADER_NAME.fullmatch(said):
        raise PuzzlescopeError(
            f"{HEADER} must be a header's name, such as X-Forwarded-Email, got '{brief(said)}'."
        )
    return said.lower()


def _proxies(words: Words, needed: bool) -> Networks:
    said = words.names(PROXIES)
    if needed and not said:
        raise PuzzlescopeError(
            f"{HEADER} needs {PROXIES}, the addresses from which the proxy comes, such as 10.0.0.5 or "
            "10.0.0.0/24: it is not set."
        )
    return networks(PROXIES, said)


def _password_hash(words: Words) -> str:
    """A file may hold what a terminal showed: the questions before it and white space."""
    lines = [line.strip() for line in words.text(PASSWORD).splitlines()]
    said = next((line for line in reversed(lines) if line.startswith("$argon2")), lines[-1])
    if not _HASH.fullmatch(said):
        raise PuzzlescopeError(
            f"{PASSWORD} must be what `puzzlescope password` prints, a whole line that begins with "
            f"$argon2id$ (in a compose file write each $ twice, or give it in a file: {PASSWORD}_FILE)."
        )
    return said


def _frames(words: Words) -> tuple[str, ...] | None:
    said = words.names(FRAMES)
    for one in said:
        if not _ORIGIN.fullmatch(one):
            raise PuzzlescopeError(
                f"{FRAMES} must list origins, such as https://wiki.example.org, or be self, none or *, "
                f"got '{brief(one)}'."
            )
    return said or None
