"""Things that no browser of ours sends, from a seed."""

import json
import random
import string
from collections.abc import Callable
from urllib.parse import quote

from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks.load.visit.wire import Place, Trigger, rerun

NAMES = (
    "puzzle",
    "off",
    "model",
    "pin",
    "show",
    "story",
    "at",
    "measure",
    "sample",
    "cell",
    "attention",
    "only",
    "beside",
    "page",
)
"""Of a link's parameters, and some that there are not."""
BAIT = (
    "../../etc/passwd",
    "/dev/zero",
    "<script>alert(1)</script>",
    "L1.attn:mean:mean",
    "L999.H0",
    "L-1.attn",
    "\x00",
    "🧨" * 50,
    "{{7*7}}",
    "${jndi:ldap://x}",
    "' OR 1=1 --",
    "%s%n%x",
    "nan",
    "1e999",
    "-0",
    "[]",
    "{}",
    "null",
    "L0-5.H0-7,L0-5.mlp",
    "A" * 5000,
    "file:///etc/passwd",
    "http://127.0.0.1:1/",
    "\u202e\u0000\ufffd",
    "L1.attn," * 900,
)
PATHS = (
    "/",
    "/_stcore/health",
    "/_stcore/stream",
    "/_stcore/upload_file/x/y",
    "/media/x.png",
    "/metrics",
    "/ready",
    "/live",
    "/admin",
    "/app/static/plotly.js",
    "/component/x/y",
    "/parcels/x.bin",
    "/_stcore/host-config",
    "/heads",
    "/circuits",
    "/sign-in",
)
STEPS = ("../", "..%2f", "%2e%2e/", "..\\", "....//", "%252e%252e%252f", "..%c0%af")
METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "G\x01T",
    "",
)
EVENTS = (
    "wishes",
    "ask",
    "ready",
    "cell",
    "due",
    "choice",
    "clicked",
    "part",
    "wish",
    "exported",
    "chosen",
    "present",
)


def word(rng: random.Random) -> str:
    """A bait, or letters at random."""
    if rng.random() < 0.5:
        return rng.choice(BAIT)
    return "".join(rng.choices(string.printable, k=rng.randrange(0, 60)))


def value(rng: random.Random, depth: int = 3) -> object:
    """Any JSON."""
    kind = rng.randrange(8 if depth else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randrange(-(2**60), 2**60)
    if kind == 2:
        return rng.uniform(-1e300, 1e300)
    if kind < 6:
        return word(rng)
    if kind == 6:
        return [value(rng, depth - 1) for _ in range(rng.randrange(5))]
    return {word(rng)[:20]: value(rng, depth - 1) for _ in range(rng.randrange(5))}


def wishes(rng: random.Random) -> object:
    """Something like a message of the board."""
    kinds = ["switch", "method", "text", "undo", "redo", "reset", "export", "stop", word(rng)]
    wish = {
        "kind": rng.choice(kinds),
        "parts": value(rng),
        "off": value(rng, 0),
        "method": word(rng),
        "text": word(rng),
    }
    return {
        "client": value(rng, 0),
        "first": rng.choice([1, -1, 2**70, "1", None]),
        "wishes": [wish, value(rng)],
    }


def link(rng: random.Random) -> str:
    """A query that may mean nothing."""
    names = rng.sample(NAMES, rng.randrange(1, 5))
    if rng.random() < 0.1:
        return word(rng)
    return "&".join(f"{name}={quote(word(rng), safe='')}" for name in names)


def message(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes | str:
    """A message on the websocket of an open page.

    Args:
        known: the ids of the page's components.
        fragments: the ids of its fragments.
    """
    makers: list[Callable[[random.Random, dict[str, str], list[str]], bytes | str]]
    makers = [_bytes, _text, _cut, _event, _event, _event, _wishes, _state, _command, _query]
    return rng.choice(makers)(rng, known, fragments)


def _bytes(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes:
    return rng.randbytes(rng.randrange(0, 400))


def _text(rng: random.Random, known: dict[str, str], fragments: list[str]) -> str:
    return word(rng)


def _cut(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes:
    whole = rerun(Place(link(rng)), [word(rng)])
    return whole[: rng.randrange(len(whole))]


def _event(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes:
    event = Trigger(rng.choice([*known.values(), word(rng)]), rng.choice(EVENTS), value(rng))
    return rerun(Place(), triggers=[event], fragment=rng.choice([*fragments, "", word(rng)]))


def _wishes(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes:
    event = Trigger(known.get("ablation_board", "board"), "wishes", wishes(rng))
    return rerun(Place(), triggers=[event], fragment=rng.choice([*fragments, ""]))


def _state(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes:
    sent = BackMsg()
    for _ in range(rng.randrange(1, 20)):
        widget = sent.rerun_script.widget_states.widgets.add()
        widget.id = rng.choice([*known.values(), word(rng), "answer", "measure", "sample"])
        if rng.random() < 0.5:
            widget.json_value = rng.choice([json.dumps(value(rng)), word(rng)])
        else:
            widget.string_value = word(rng)
    return sent.SerializeToString()


def _command(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes:
    sent = BackMsg()
    name = rng.choice(
        [
            "clear_cache",
            "set_run_on_save",
            "stop_script",
            "load_git_info",
            "debug_shutdown_runtime",
            "app_heartbeat",
        ]
    )
    setattr(sent, name, True)
    return sent.SerializeToString()


def _query(rng: random.Random, known: dict[str, str], fragments: list[str]) -> bytes:
    sent = BackMsg()
    sent.rerun_script.query_string = link(rng)
    sent.rerun_script.page_name, sent.rerun_script.page_script_hash = word(rng), word(rng)
    sent.rerun_script.is_history_navigation = True
    return sent.SerializeToString()


def request(rng: random.Random, host: str, *, upload: bool) -> bytes:
    """An HTTP request that may be none.

    Args:
        upload: whether it is to look like a file that is sent.
    """
    path = "".join(
        [rng.choice(PATHS), *(rng.choice(STEPS) for _ in range(rng.randrange(4))), quote(word(rng))[:300]]
    )
    method, body = rng.choice(METHODS), b""
    headers = {"Host": rng.choice([host, host, host, "evil.example", ""]), "Connection": "close"}
    if upload:
        path = f"/_stcore/upload_file/{quote(word(rng), safe='')[:80] or 'x'}/{rng.randrange(10**6)}"
        method, body = rng.choice(["PUT", "POST", "DELETE"]), rng.randbytes(rng.randrange(3000))
        headers["Content-Type"] = rng.choice(
            ["multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "\x7f"]
        )
    headers["Content-Length"] = str(rng.choice([len(body), len(body), 0, -1, "x"]))
    if rng.random() < 0.3:
        headers[
            rng.choice(["Range", "Cookie", "X-Forwarded-For", "Upgrade", "Transfer-Encoding", "Origin"])
        ] = word(rng)[:200]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {said}" for name, said in headers.items()), "", ""]
    if rng.random() < 0.05:
        return rng.randbytes(200)
    return (
        "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines).encode("utf-8", "replace")
        + body
    )
