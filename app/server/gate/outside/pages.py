"""The pages outside of the gate: plain HTML, which needs no script and nothing else of this server."""

import base64
import hashlib
from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse

NAME = "Puzzlescope"
STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
ICON = base64.b64encode((Path(__file__).parents[3] / "static" / "icon.svg").read_bytes()).decode()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # With no referrer at all a browser says "Origin: null" of a form, too, where the address is neither https
    # nor this machine's, and nobody could sign in there (app.server.gate.outside.targets.same_origin).
    "Referrer-Policy": "same-origin",
}


def page(title: str, *parts: str, status: int = 200) -> HTMLResponse:
    """A page.

    Args:
        title: its heading, in plain text.
        parts: what stands below it, in HTML.
    """
    body = "\n".join(parts)
    return HTMLResponse(
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}{"" if NAME in title else f" · {NAME}"}</title>
<link rel="icon" href="data:image/svg+xml;base64,{ICON}">
<style>{STYLE}</style>
</head>
<body>
<main>
<h1><img alt="" src="data:image/svg+xml;base64,{ICON}">{escape(title)}</h1>
{body}
</main>
</body>
</html>
""",
        status,
        headers=HEADERS,
    )


def sentence(text: str, *, wrong: bool = False) -> str:
    """A sentence of plain text.

    Args:
        wrong: it says why something did not work.
    """
    return f'<p class="wrong" role="alert">{escape(text)}</p>' if wrong else f"<p>{escape(text)}</p>"


def link(address: str, text: str) -> str:
    """What to do next, as a link."""
    return f'<p><a class="do" href="{escape(address)}">{escape(text)}</a></p>'


def quiet(text: str) -> str:
    """What most people need not read, in plain text."""
    return f'<p class="quiet">{escape(text)}</p>'


def password_form(address: str, target: str, token: str) -> str:
    """The form that asks for the shared password.

    Args:
        address: that it is sent to.
        target: where to go then, under the dashboard's address.
        token: that says whose form it is.
    """
    return f"""<form method="post" action="{escape(address)}">
<input type="hidden" name="next" value="{escape(target)}">
<input type="hidden" name="token" value="{escape(token)}">
<input type="hidden" name="username" value="puzzlescope" autocomplete="username">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button class="do">Sign in</button>
</form>"""


def button_form(address: str, text: str) -> str:
    """A button that is a form of its own."""
    return f'<form method="post" action="{escape(address)}"><button class="do">{escape(text)}</button></form>'
