"""Sign-in with an OpenID provider, by Authlib: the authorization code flow with PKCE.

These are the libraries of ``streamlit[auth]``. Streamlit's own ``st.login`` is not used: its cookie holds the
provider's tokens, lasts thirty days, and says nothing on whether the e-mail address was verified; and who may
enter must be known before a page is served.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth, OAuthError
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse

from app.server.gate.allowed import Allowed
from app.server.gate.settings import Provider
from interp.errors import PuzzlescopeError

NAME = "openid"
MOST_TOKENS = 2000
LONGEST_NAME = 200
_FAILURES = (httpx2.HTTPError, AuthlibBaseError, JoseError, RuntimeError, ValueError, KeyError, TypeError)
"""What it comes to when a provider does not answer, or answers nonsense."""


class RefusedError(PuzzlescopeError):
    """Somebody is known to the provider, and not let in.

    Attributes:
        why: in two or three words.
        address: that the provider tells, if any.
    """

    def __init__(self, sentence: str, why: str, address: str | None = None) -> None:
        super().__init__(sentence)
        self.why, self.address = why, address


@dataclass(frozen=True)
class Arrival:
    """Somebody whom the provider has sent back.

    Attributes:
        address: the e-mail address that it vouches for.
        name: to be shown.
        target: where he wanted to go.
        token: which tells the provider, at the end, who signs out.
    """

    address: str
    name: str
    target: str
    token: str


class OpenID:
    """One provider.

    Args:
        url: by which people come to this deployment.
        allowed: whom it lets in.
    """

    def __init__(self, provider: Provider, url: str, allowed: Allowed) -> None:
        self.host = urlsplit(provider.metadata_url).hostname or ""
        self._redirect = f"{url}/oauth2callback"
        self._allowed = allowed
        self._tokens: OrderedDict[str, str] = OrderedDict()
        self._client: Any = OAuth().register(
            NAME,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=provider.metadata_url,
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )

    async def begin(self, request: Request, target: str, choose: bool) -> RedirectResponse:
        """Send somebody to the provider.

        Args:
            target: where to go afterwards.
            choose: let him choose an account, also if he has one open.

        Raises:
            PuzzlescopeError: if the provider cannot be reached.
        """
        more = {"prompt": "select_account"} if choose else {}
        try:
            asked = await self._client.create_authorization_url(self._redirect, **more)
        except _FAILURES as error:
            raise _unreachable(self.host) from error
        await self._client.save_authorize_data(request, redirect_uri=self._redirect, target=target, **asked)
        return RedirectResponse(asked["url"], 303)

    async def finish(self, request: Request) -> Arrival:
        """Take in whom the provider sends back.

        Raises:
            RefusedError: if his address is not let in.
            PuzzlescopeError: if the sign-in has not worked.
        """
        state = request.query_params.get("state", "")
        begun = await self._client.framework.get_state_data(request.session, state)
        if "error" in request.query_params:
            await self._client.framework.clear_state_data(request.session, state)
            raise PuzzlescopeError("The sign-in was broken off at the provider: begin it again.")
        if not begun:
            raise PuzzlescopeError(
                "This sign-in was begun too long ago, or in another browser: begin it again."
            )
        token = await self._token(request)
        claims = token.get("userinfo") or {}
        return Arrival(
            address=self._let_in(claims),
            name=str(claims.get("name") or claims.get("email"))[:LONGEST_NAME],
            target=str(begun.get("target", "")),
            token=str(token.get("id_token", "")),
        )

    async def _token(self, request: Request) -> dict[str, Any]:
        client = self._client
        try:
            metadata = await client.load_server_metadata()
            claims = {
                "iss": {"essential": True, "values": [metadata["issuer"]]},
                "aud": {"essential": True, "values": [client.client_id]},
            }
            token: dict[str, Any] = await client.authorize_access_token(request, claims_options=claims)
            if "email" not in token["userinfo"] and metadata.get("userinfo_endpoint"):
                told = await client.userinfo(token=token)
                if told.get("sub") == token["userinfo"]["sub"]:
                    token["userinfo"] = {**told, **token["userinfo"]}
        except OAuthError as error:
            raise PuzzlescopeError("The provider did not confirm the sign-in: begin it again.") from error
        except _FAILURES as error:
            raise _unreachable(self.host) from error
        return token

    def _let_in(self, claims: dict[str, Any]) -> str:
        address = claims.get("email")
        if not isinstance(address, str) or not address or len(address) > LONGEST_NAME:
            sentence = f"{self.host} told no e-mail address: its administrator has to release it here."
            raise RefusedError(sentence, "no address")
        if claims.get("email_verified") in (False, "false"):
            sentence = f"{self.host} has not verified the address {address}: verify it there first."
            raise RefusedError(sentence, "address not verified", address)
        if address not in self._allowed:
            sentence = (
                f"{address} is not among those who may enter: take another account, or ask who runs this."
            )
            raise RefusedError(sentence, "not allowed", address)
        return address

    def keep(self, session: str, token: str) -> None:
        """Remember what tells the provider who signs out; it is no matter if that is forgotten."""
        self._tokens[session] = token
        while len(self._tokens) > MOST_TOKENS:
            self._tokens.popitem(last=False)

    async def leave(self, session: str) -> str | None:
        """Where to go to sign out at the provider, too, if it lets people."""
        token = self._tokens.pop(session, None)
        try:
            asked = await self._client.create_logout_url(
                post_logout_redirect_uri=self._redirect,
                id_token_hint=token,
                client_id=self._client.client_id,
            )
        except _FAILURES:
            return None
        return str(asked["url"])


def _unreachable(host: str) -> PuzzlescopeError:
    return PuzzlescopeError(
        f"{host}, where people sign in, cannot be reached or gave no proper answer: try again later."
    )
