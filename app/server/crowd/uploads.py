"""How many files a visitor may have uploaded, and how large those of all may be. Streamlit keeps them in
memory as long as the visitor is here, and bounds only the size of each."""

import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime

MOST_FILES = 20
MOST_BYTES = 256 << 20
"""Of all files of all who are here."""
LONGEST_NAME = 200
"""Letters of a visit's name, and of a file's. The browser's are half as long."""
_ADDRESS = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)")


class Uploads:
    """Refuses what is one file too many.

    Args:
        app: what takes the files.
        known: whether a session is one of this server's: only of those files are kept.
    """

    def __init__(self, app: ASGIApp, known: Callable[[str], bool] | None = None):
        self._app, self._known = app, known or _is_known
        self._files: dict[str, dict[str, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _ADDRESS.search(scope.get("path", "")) if scope["type"] == "http" else None
        if found is None or scope["method"] not in ("PUT", "DELETE"):
            await self._app(scope, receive, send)
            return
        session, file = found.groups()
        if scope["method"] == "PUT":
            fault = self._fault(session, file, Headers(scope=scope).get("content-length", ""))
            if fault is not None:
                await fault(scope, receive, send)
                return

        async def told(message: Message) -> None:
            done = message["type"] == "http.response.start" and message["status"] < 400
            if done and scope["method"] == "DELETE":
                self._files.get(session, {}).pop(file, None)
            await send(message)

        await self._app(scope, receive, told)

    def _fault(self, session: str, file: str, length: str) -> PlainTextResponse | None:
        """Why a file is not taken. One that is taken is counted, whether or not all of it comes."""
        if max(len(session), len(file)) > LONGEST_NAME:
            return PlainTextResponse(f"The name of a file has at most {LONGEST_NAME} letters.", 414)
        if not length.isdecimal():
            return PlainTextResponse("The size of a file must be told before it is sent.", 411)
        if not self._known(session):  # of theirs nothing is kept
            return None
        self._files = {one: files for one, files in self._files.items() if self._known(one)}
        files = self._files.setdefault(session, {})
        if len(files) >= MOST_FILES and file not in files:
            return PlainTextResponse(
                f"You have opened {MOST_FILES} files: load the page anew before you open another.", 413
            )
        others = sum(sum(own.values()) for own in self._files.values()) - files.get(file, 0)
        if others + int(length) > MOST_BYTES:
            return PlainTextResponse(
                "Many files of many people are open here, and there is no room for another: try again later.",
                413,
            )
        files[file] = int(length)
        return None


def _is_known(session: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(session)
