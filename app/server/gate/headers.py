"""Headers that tell browsers what not to do with the answers of this server."""

import re
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.gate.settings import GateSettings

ALONE = "only"
"""The word of a link that shows one figure of the first page, which is made to stand in a frame."""
FIGURES = ("strip", "board", "attention")
"""What the word may say."""

_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


class SafeHeaders:
    """Adds them to each answer that does not say something else. What no page of ours asks for, a path with
    characters that cannot be seen, is answered here: what comes after might read it in another way.

    Args:
        app: what comes after it.
        base: the path under which the dashboard is served, without a slash at its end.
    """

    def __init__(self, app: ASGIApp, settings: GateSettings, base: str = "") -> None:
        self._app, self._settings, self._base = app, settings, base
        self._secure = settings.url.startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope)
            await send(message)

        if scope["type"] == "http" and _UNSEEN.search(scope["path"]):
            await PlainTextResponse("This is no address of this server.", 400)(scope, receive, told)
            return
        await self._app(scope, receive, told if scope["type"] == "http" else send)

    def _add(self, headers: MutableHeaders, scope: Scope) -> None:
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Content-Security-Policy", f"frame-ancestors {self._ancestors(scope)}")
        if self._secure:
            _secured(headers)

    def _ancestors(self, scope: Scope) -> str:
        frames = self._settings.frames
        if frames is None:
            asked = parse_qs(scope["query_string"].decode("latin-1")).get(ALONE, [])
            alone = (
                len(asked) == 1 and asked[0] in FIGURES and scope["path"] in (self._base, f"{self._base}/")
            )
            return "*" if alone else "'self'"
        return " ".join(f"'{one}'" if one in ("self", "none") else one for one in frames)


def _secured(headers: MutableHeaders) -> None:
    """Cookies that Streamlit sets, too, go over https only."""
    cookies = headers.getlist("set-cookie")
    if all("; secure" in cookie.lower() for cookie in cookies):
        return
    del headers["set-cookie"]
    for cookie in cookies:
        headers.append("set-cookie", cookie if "; secure" in cookie.lower() else f"{cookie}; Secure")
