"""Where people go once they have signed in: never away from this server."""

import secrets
from collections import OrderedDict
from urllib.parse import quote, unquote, urlsplit

LONGEST, LONGEST_TOLD, MOST_KEPT = 64_000, 1500, 200


class Targets:
    """Keeps the long ones, such as links of stories: a cookie or another address has no room for them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()

    def told(self, target: str) -> str:
        """What stands for a target in an address: itself, or a name for it."""
        if len(target) <= LONGEST_TOLD:
            return target
        name = f"~{secrets.token_urlsafe(16)}"
        self._kept[name] = target
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return name

    def meant(self, told: str, base: str) -> str:
        """The target that this stands for; see :func:`target`."""
        return target(self._kept.get(told, told), base)


def target(said: str, base: str) -> str:
    """The place that is asked for, if it is one below the dashboard's address where one does not sign in
    or out; else the dashboard itself.

    Args:
        base: the path under which the dashboard is served, without a slash at its end.

    >>> target("/heads?puzzle=7", "")
    '/heads?puzzle=7'
    >>> target("https://evil.example/", ""), target("//evil.example", ""), target("/a", "/puzzles")
    ('/', '/', '/puzzles/')
    >>> target("/puzzles/../other", "/puzzles"), target("/sign-out", "")
    ('/puzzles/', '/')
    """
    home = f"{base}/"
    plain = (
        said.isascii()
        and said.isprintable()
        and " " not in said
        and "\\" not in said
        and len(said) <= LONGEST
    )
    if not plain or not said.startswith(home) or unquote(said).startswith(("//", "/\\")):
        return home
    parts = urlsplit(said)
    if parts.scheme or parts.netloc:
        return home
    steps = unquote(parts.path).split("/")
    leaves = ".." in steps or "." in steps or parts.path.startswith(f"{home}sign-")
    return home if leaves else said


def asked(path: str, query: str, base: str) -> str:
    """The place that a request asks for.

    Args:
        path: as the server has decoded it.
    """
    return target(quote(path) + (f"?{query}" if query else ""), base)


def same_origin(headers: dict[str, str], url: str) -> bool:
    """Whether a form was sent by a page of this server: browsers say so.

    Args:
        headers: of the request, by their names in lower case.
        url: by which people come; it may be empty.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is None:
        return False
    ours = {headers.get("host", ""), urlsplit(url).netloc} - {""}
    try:
        return urlsplit(origin).netloc in ours
    except ValueError:  # "http://[", say: no browser's, and no address
        return False
