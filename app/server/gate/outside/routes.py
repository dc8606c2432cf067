"""The addresses of the gate: ``/sign-in``, ``/sign-out``, and where the provider sends people back to."""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.server.gate import peers
from app.server.gate.entrance import Entrance, Refusal
from app.server.gate.middleware import sign_in
from app.server.gate.openid import RefusedError
from app.server.gate.outside import pages
from app.server.gate.outside.targets import same_origin
from app.server.gate.person import Person
from app.server.gate.seal import FORM_COOKIE, drawn
from app.server.watching import sign_ins
from interp.errors import PuzzlescopeError, brief

LONGEST_FORM = 200_000
_TITLE = "Sign in to Puzzlescope"


def routes(entrance: Entrance) -> list[BaseRoute]:
    """They stand under the base path."""
    base, desk = entrance.base, _Desk(entrance)
    return [
        Route(f"{base}/sign-in", desk.sign_in, methods=["GET", "POST"]),
        Route(f"{base}/sign-in/begin", desk.begin),
        Route(f"{base}/oauth2callback", desk.back),
        Route(f"{base}/sign-out", desk.sign_out, methods=["GET", "POST"]),
    ]


@dataclass(frozen=True)
class _Desk:
    entrance: Entrance

    async def sign_in(self, request: Request) -> Response:
        entrance = self.entrance
        if request.method == "POST":
            return await self._password(request)
        told = request.query_params.get("next", "")
        who = entrance.who(request.scope) if entrance.settings.way else None
        if isinstance(who, Refusal):
            return pages.page("No entry", pages.sentence(who.sentence, wrong=True), status=who.status)
        if who is not None or entrance.settings.way is None:
            return RedirectResponse(entrance.targets.meant(told, entrance.base), 303)
        return self._page(request, told, out="out" in request.query_params)

    def _page(
        self, request: Request, told: str, wrong: str = "", status: int = 200, out: bool = False
    ) -> Response:
        """The page where one signs in.

        Args:
            told: what stands for where to go then.
            wrong: why it has not worked.
            out: the person has just signed out.
        """
        entrance = self.entrance
        said = [pages.sentence("You have signed out.")] if out else []
        said += [pages.sentence(wrong, wrong=True)] if wrong else []
        if entrance.openid is not None:
            address = f"{entrance.base}/sign-in/begin{_query(told)}"
            said.append(pages.link(address, f"Sign in with {entrance.openid.host}"))
            return pages.page(_TITLE, *said, pages.quiet(_HOURS.format(_hours(entrance))), status=status)
        browser = request.cookies.get(FORM_COOKIE) or drawn()
        token = entrance.seal.form(browser)
        form = pages.password_form(f"{entrance.base}/sign-in", told, token)
        response = pages.page(
            _TITLE, *said, form, pages.quiet(_HOURS.format(_hours(entrance))), status=status
        )
        entrance.remember_form(response, browser, request.scope)
        return response

    # ---- with a password -----------------------------------------------------------------------------------

    async def _password(self, request: Request) -> Response:
        entrance = self.entrance
        if entrance.password is None:
            return RedirectResponse(f"{entrance.base}/sign-in", 303)
        form = await _form(request)
        told, host = form.get("next", ""), peers.client(request.scope)
        known = entrance.seal.is_form(form.get("token", ""), request.cookies.get(FORM_COOKIE))
        if not known or _is_foreign(request, entrance):
            return self._page(
                request, told, "This page was open for too long, or cookies are off: try again.", 400
            )
        wait = entrance.attempts.begin(host)
        if wait:
            sign_ins.note("refused", "too many attempts")
            why = "Too many wrong passwords" if entrance.attempts.spent(host) else _BY_OTHERS
            response = self._page(request, told, f"{why}: wait {_minutes(wait)}, then try again.", 429)
            response.headers["Retry-After"] = str(int(wait) + 1)
            return response
        if not await entrance.password.is_right(form.get("password", "")):
            sign_ins.note("refused", "wrong password")
            return self._page(request, told, "This is not the password: try again.", 403)
        entrance.attempts.right(host)
        return self._entered(request, entrance.seal.begun("", ""), told)

    def _entered(self, request: Request, person: Person, told: str) -> Response:
        entrance = self.entrance
        sign_ins.note("ok", person=person.address or None)
        response = RedirectResponse(entrance.targets.meant(told, entrance.base), 303)
        response.headers["Cache-Control"] = "no-store"
        entrance.remember(response, person, request.scope)
        return response

    # ---- with a provider -----------------------------------------------------------------------------------

    async def begin(self, request: Request) -> Response:
        entrance = self.entrance
        told = request.query_params.get("next", "")
        if entrance.openid is None:
            return RedirectResponse(sign_in(entrance.base, told), 303)
        target = entrance.targets.told(entrance.targets.meant(told, entrance.base))
        try:
            return await entrance.openid.begin(request, target, choose="other" in request.query_params)
        except PuzzlescopeError as error:
            sign_ins.note("refused", _cause(error))
            return self._page(request, told, str(error), 502)

    async def back(self, request: Request) -> Response:
        entrance = self.entrance
        if entrance.openid is None or not request.query_params:
            return RedirectResponse(f"{entrance.base}/sign-in", 303)
        if set(request.query_params) <= {"state"}:  # from signing out at the provider
            return RedirectResponse(f"{entrance.base}/sign-in?out", 303)
        try:
            arrival = await entrance.openid.finish(request)
        except RefusedError as error:
            sign_ins.note("refused", error.why, error.address)
            other = pages.link(f"{entrance.base}/sign-in/begin?other", "Sign in with another account")
            return pages.page("No entry", pages.sentence(str(error), wrong=True), other, status=403)
        except PuzzlescopeError as error:
            sign_ins.note("refused", _cause(error))
            return self._page(request, "", str(error), 400)
        person = entrance.seal.begun(arrival.address, arrival.name)
        entrance.openid.keep(person.session, arrival.token)
        return self._entered(request, person, arrival.target)

    # ---- out -----------------------------------------------------------------------------------------------

    async def sign_out(self, request: Request) -> Response:
        entrance = self.entrance
        who = entrance.who(request.scope) if entrance.settings.way else None
        if not isinstance(who, Person) or who.way == "header":
            return RedirectResponse(f"{entrance.base}/sign-in", 303)
        if _is_foreign(request, entrance):
            button = pages.button_form(f"{entrance.base}/sign-out", "Sign out")
            name = who.name or "with the shared password"
            return pages.page("Sign out", pages.sentence(f"You are signed in: {name}."), button)
        entrance.visits.end(who)
        there = await entrance.openid.leave(who.session) if entrance.openid else None
        response = RedirectResponse(there or f"{entrance.base}/sign-in?out", 303)
        response.headers["Cache-Control"] = "no-store"
        entrance.forget(response)
        return response


_BY_OTHERS = "Others have tried too many passwords, so that none is looked at now"
_HOURS = "A sign-in lasts {}; a cookie is kept for it."


def _cause(error: PuzzlescopeError) -> str:
    """What went wrong with the provider, for the log: a word of the protocol (``invalid_client``), or of the
    network."""
    cause = error.__cause__
    if cause is None:
        return "broken off"
    return brief(getattr(cause, "error", None) or type(cause).__name__)


def _hours(entrance: Entrance) -> str:
    hours = entrance.settings.hours
    return f"{hours:g} hours" if hours != 1 else "an hour"


def _minutes(seconds: float) -> str:
    minutes = int(seconds // 60) + 1
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _query(told: str) -> str:
    return f"?{urlencode({'next': told})}" if told else ""


def _is_foreign(request: Request, entrance: Entrance) -> bool:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return not same_origin(headers, entrance.settings.url)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form; of one that is too large, or is broken off, none."""
    body = b""
    with suppress(ClientDisconnect):
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_FORM:
                return {}
    return {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
