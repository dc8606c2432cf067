"""What the gate and its pages know together: the settings, who has signed in, and who tries to."""

import math
import time
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from app.server.gate import peers
from app.server.gate.attempts import Attempts
from app.server.gate.openid import LONGEST_NAME, OpenID
from app.server.gate.outside.targets import Targets
from app.server.gate.password import Password
from app.server.gate.person import Person
from app.server.gate.seal import FORM_COOKIE, FORM_SECONDS, SESSION_COOKIE, Seal
from app.server.gate.settings import GateSettings
from app.server.gate.visits import Visits


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let in, where signing in would not help.

    Attributes:
        status: of HTTP.
        sentence: for people.
    """

    status: int
    sentence: str


BY_PROXY = Refusal(
    401,
    "This dashboard is entered through the proxy where people sign in: go there by its own address.",
)
NOT_THE_PROXY = Refusal(
    403, "Only the proxy where people sign in may say who has come: this request has not come from it."
)
NOT_ONE = Refusal(400, "The proxy where people sign in has to name one person, and named none, or several.")


class Entrance:
    """One deployment's.

    Args:
        base: the path under which it is served, without a slash at its end.
    """

    def __init__(self, settings: GateSettings, base: str) -> None:
        self.settings, self.base = settings, base
        self.seal, self.visits, self.attempts, self.targets = Seal(settings), Visits(), Attempts(), Targets()
        provider = settings.provider
        self.openid = OpenID(provider, settings.url, settings.allowed) if provider else None
        self.password = Password(settings.password_hash) if settings.password_hash else None

    # ---- who has come --------------------------------------------------------------------------------------

    def who(self, scope: Scope) -> Person | Refusal | None:
        """Who has come; None: somebody who has not signed in."""
        if self.settings.way == "header":
            return self._by_header(scope)
        cookies = cookie_parser("; ".join(Headers(scope=scope).getlist("cookie")))
        person = self.seal.person(cookies.get(SESSION_COOKIE))
        if person is None or self.visits.is_ended(person):
            return None
        if self.settings.way == "provider" and person.address not in self.settings.allowed:
            return None
        return person

    def _by_header(self, scope: Scope) -> Person | Refusal:
        said = Headers(scope=scope).getlist(self.settings.header)
        if peers.peer(scope) not in self.settings.proxies:
            return NOT_THE_PROXY if said else BY_PROXY
        name = _utf8(said[0]).strip() if len(said) == 1 else ""
        if not name or len(name) > LONGEST_NAME or "," in name or not name.isprintable():
            return NOT_ONE
        if name not in self.settings.allowed:
            return Refusal(403, f"{name} is not among those who may enter: ask who runs this dashboard.")
        now = time.time()
        return Person("header", name, name, name, now, now + 3600 * self.settings.hours)

    # ---- cookies -------------------------------------------------------------------------------------------

    def remember(self, response: Response, person: Person, scope: Scope) -> None:
        """Let the browser keep that somebody has signed in."""
        self._set(
            response, SESSION_COOKIE, self.seal.session(person), math.ceil(person.until - time.time()), scope
        )

    def forget(self, response: Response) -> None:
        """Let the browser forget it."""
        response.delete_cookie(SESSION_COOKIE, path=self._path, httponly=True, samesite="lax")

    def remember_form(self, response: Response, browser: str, scope: Scope) -> None:
        """Let the browser keep its name, by which a form is known to be its own."""
        self._set(response, FORM_COOKIE, browser, FORM_SECONDS, scope)

    @property
    def _path(self) -> str:
        return self.base or "/"

    def _set(self, response: Response, name: str, value: str, seconds: int, scope: Scope) -> None:
        secure = self.settings.url.startswith("https:") or scope.get("scheme") in ("https", "wss")
        response.set_cookie(
            name, value, max_age=seconds, path=self._path, secure=secure, httponly=True, samesite="lax"
        )


def _utf8(text: str) -> str:
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return ""
