"""Which machine a request comes from, and which one the proxy says that it comes from.

uvicorn puts what ``X-Forwarded-For`` says in the place of the address of the machine that is at the other end
of the connection, if a proxy that it trusts says so. Whose word on a person is believed goes by the
connection, which nobody can make up.
"""

import uvicorn.config
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.server.gate.networks import Networks

PEER = "puzzlescope.peer"


def keep(proxies: Networks) -> None:
    """Let uvicorn, which is about to wrap the application, keep the address at the other end of each
    connection, and believe these proxies, too, on where a request comes from."""

    class KeepsPeer(ProxyHeadersMiddleware):
        def __init__(self, app: ASGIApp, trusted_hosts: list[str] | str = "127.0.0.1") -> None:
            said = trusted_hosts.split(",") if isinstance(trusted_hosts, str) else list(trusted_hosts)
            more = [] if "*" in said else [str(block) for block in proxies.blocks]
            super().__init__(app, [*(one.strip() for one in said), *more])  # type: ignore[arg-type]

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
            if scope["type"] != "lifespan":
                scope[PEER] = (scope.get("client") or ("", 0))[0]
            await super().__call__(scope, receive, send)  # type: ignore[arg-type]

    setattr(uvicorn.config, ProxyHeadersMiddleware.__name__, KeepsPeer)


def peer(scope: Scope) -> str:
    """The address of the machine at the other end of the connection; empty where that is not known."""
    found: str = scope.get(PEER, "")
    return found


def client(scope: Scope) -> str:
    """The address that the request comes from, as far as proxies that are trusted tell."""
    return str((scope.get("client") or ("", 0))[0])
