"""Ask a server how it is, for ``puzzlescope status``. Only the standard library is used."""

from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

SECONDS = 10.0
LONGEST = 4 * 2**20
"""Bytes that are read."""
TOKEN = "PUZZLESCOPE_METRICS_TOKEN"


def here(environ: Mapping[str, str]) -> str:
    """The address of the server on this machine.

    >>> here({}), here({"STREAMLIT_SERVER_PORT": "80", "STREAMLIT_SERVER_BASE_URL_PATH": "/p/"})
    ('http://127.0.0.1:8501', 'http://127.0.0.1:80/p')
    """
    base = environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    port = environ.get("STREAMLIT_SERVER_PORT", "8501")
    return f"http://127.0.0.1:{port}{f'/{base}' if base else ''}"


def token(environ: Mapping[str, str]) -> str:
    """The one that the server asks for, as the variable or its file says; empty where neither does."""
    path = environ.get(f"{TOKEN}_FILE", "").strip()
    try:
        return environ.get(TOKEN, "").strip() or (Path(path).read_text().strip() if path else "")
    except (OSError, UnicodeDecodeError):
        return ""


def ask(url: str, token: str = "", json: bool = False) -> tuple[bool, str]:
    """Whether the server has told, and its words, or a sentence why not.

    Args:
        url: of the dashboard, with its base path.
        token: is sent along, if there is one.
        json: for programs.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        return False, f"--url must be an address such as http://127.0.0.1:8501, got '{url[:80]}'."
    headers = {"Accept": "application/json" if json else "text/plain"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    opener = build_opener(
        ProxyHandler({})
    )  # a proxy of the environment is not asked: the server would refuse
    try:
        with opener.open(Request(f"{url.rstrip('/')}/status", headers=headers), timeout=SECONDS) as answer:
            kind = answer.headers.get_content_type()
            said = answer.read(LONGEST).decode("utf-8", "replace").rstrip()
    except HTTPError as error:
        with error:
            said = error.read(1000).decode("utf-8", "replace").strip()
        return (
            False,
            said if error.code == 403 else f"{url} answers {error.code}: is it a dashboard's address?",
        )
    except (OSError, HTTPException, URLError, ValueError) as error:
        why = error.reason if isinstance(error, URLError) else error
        return False, f"No answer from {url}: {why}. Is the server running, and there?"
    if kind not in ("application/json", "text/plain"):
        return False, f"Something else answers at {url}: check the port and the base path."
    return True, said
