"""How many files a visitor may have uploaded. Streamlit keeps them in memory as long as the visitor is here,
and bounds only the size of each."""

import re
from collections import OrderedDict
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime

MOST_FILES = 20
MOST_VISITORS = 2000
"""Of these the files are counted; the visitors of long ago are forgotten first."""
_ADDRESS = re.compile(r"/_stcore/upload_file/([^/]{1,200})/([^/]{1,200})")


class Uploads:
    """Refuses what is one file too many.

    Args:
        app: what takes the files.
        known: whether a session is one of this server's: only of those files are kept.
    """

    def __init__(self, app: ASGIApp, known: Callable[[str], bool] | None = None):
        self._app, self._known = app, known or _is_known
        self._files: OrderedDict[str, set[str]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _ADDRESS.search(scope.get("path", "")) if scope["type"] == "http" else None
        if found is not None and not self._let_by(scope["method"], *found.groups()):
            sentence = f"You have opened {MOST_FILES} files: load the page anew before you open another."
            await PlainTextResponse(sentence, 413)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _let_by(self, method: str, session: str, file: str) -> bool:
        if method == "DELETE":
            self._files.get(session, set()).discard(file)
        if method != "PUT" or not self._known(session):
            return True
        files = self._files.setdefault(session, set())
        self._files.move_to_end(session)
        while len(self._files) > MOST_VISITORS:
            self._files.popitem(last=False)
        if len(files) >= MOST_FILES and file not in files:
            return False
        files.add(file)
        return True


def _is_known(session: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(session)
