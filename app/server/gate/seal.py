"""Signed cookies: what this deployment has written into a browser, and nobody else could have."""

import hashlib
import json
import secrets
import time
from dataclasses import asdict

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from app.server.gate.person import Person
from app.server.gate.settings import GateSettings

SESSION_COOKIE = "puzzlescope_session"
FORM_COOKIE = "puzzlescope_form"
LONGEST_COOKIE = 3500
FORM_SECONDS = 3600
_SIGNER = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


class Seal:
    """Seals sessions and forms, and opens what it has sealed.

    Args:
        settings: a session ends with any change of how people sign in: the provider, the password.
    """

    def __init__(self, settings: GateSettings) -> None:
        secret = settings.secret or secrets.token_hex(32)
        self._seconds = 3600 * settings.hours
        self._way = settings.way
        provider = asdict(settings.provider) if settings.provider else None
        means = json.dumps([settings.way, provider, settings.password_hash])
        salt = f"session:{hashlib.sha256(means.encode()).hexdigest()}"
        self._sessions = URLSafeSerializer(secret, salt, signer_kwargs=_SIGNER)
        self._forms = URLSafeTimedSerializer(secret, "form", signer_kwargs=_SIGNER)

    def begun(self, address: str, name: str) -> Person:
        """Somebody who signs in now."""
        assert self._way is not None
        now = time.time()
        return Person(self._way, address, name, secrets.token_urlsafe(16), now, now + self._seconds)

    def session(self, person: Person) -> str:
        """What the browser keeps of somebody who has signed in."""
        return self._sessions.dumps([person.address, person.name, person.session, person.since])

    def person(self, cookie: str | None) -> Person | None:
        """Who has signed in, if the cookie is one of ours and the time has not run out."""
        if not cookie or len(cookie) > LONGEST_COOKIE or self._way is None:
            return None
        try:
            address, name, session, since = self._sessions.loads(cookie)
        except BadData:
            return None
        until = since + self._seconds
        return Person(self._way, address, name, session, since, until) if time.time() < until else None

    def form(self, browser: str) -> str:
        """What a form holds that is filled in by this browser.

        Args:
            browser: what the browser keeps in a cookie; see :func:`drawn`.
        """
        return self._forms.dumps(browser)

    def is_form(self, token: str, browser: str | None) -> bool:
        """Whether a form was given to this browser, not long ago."""
        try:
            told: str = self._forms.loads(token, max_age=FORM_SECONDS)
        except BadData:
            return False
        # As bytes: of text that is not ASCII, which a cookie may hold, it would not tell.
        return bool(browser) and secrets.compare_digest(told.encode(), (browser or "").encode())


def drawn() -> str:
    """A name for a browser, which nobody can guess."""
    return secrets.token_urlsafe(16)
