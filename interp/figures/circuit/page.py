"""A circuit as one HTML file: its graph to walk in, its certificate, and how it is computed again. It opens
without a server and asks for nothing."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any

import torch

from interp.circuits.files import WITHIN
from interp.export.tables import VERSION
from interp.figures.circuit.picture import CircuitPicture
from interp.figures.circuit.said import CERTIFICATE_STYLE, Said, said_html
from interp.figures.circuit.scripts import GEOMETRY, GRAPH, HERE, PANEL, STYLE, TOOLS
from interp.figures.circuit.state import DEFAULT_STATE, PictureState
from interp.figures.circuit.svg import svg
from interp.figures.paper.plates import today
from interp.figures.paper.words import writable
from interp.outputs import strict_json

START = """
const given = JSON.parse(document.getElementById("given").textContent)
new CircuitGraph(document.getElementById("graph"), {}).update(given.picture, given.state)
"""


def html(
    picture: CircuitPicture,
    certificate: Said | None = None,
    facts: Sequence[tuple[str, str]] = (),
    *,
    programs: Mapping[str, str] | None = None,
    state: PictureState = DEFAULT_STATE,
    date: str = "",
    record: Mapping[str, Any] | None = None,
) -> str:
    """The file.

    Args:
        certificate: what was found on held-out pairs, in the words of the page.
        facts: what stands at the end, each a name and a value: seeds, the checkpoint. Versions and the date
            come after them.
        programs: text by what it is, such as the Python program and the command that compute the same.
        date: left out, today's.
        record: the circuit's file (:mod:`interp.circuits.files`), which the page holds and does not show:
            `python -m interp certify` takes it from there.
    """
    script = "\n".join(file.read_text() for file in (GEOMETRY, PANEL, TOOLS, GRAPH)) + START
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    given = json.dumps({"picture": picture.data(), "state": state.data()}, allow_nan=False)
    versions = [("Puzzlescope", VERSION), ("PyTorch", torch.__version__)]
    shown = [("Model", picture.model), *facts, *versions, ("Date", date or today())]
    lines = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in shown if value)
    style = "".join(file.read_text() for file in (STYLE, HERE / "page.css", CERTIFICATE_STYLE))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{_text(picture.title)}</title><style>{style}</style></head>"
        f"<body><main><h1>{_text(picture.title)}</h1><p>{_text(picture.summary)} {_text(picture.about)}</p>"
        f'<div id="graph"></div><noscript>{svg(picture, state)}</noscript>'
        f"{_certificate(certificate)}{_programs(programs or {})}<h2>Facts</h2><dl>{lines}</dl></main>"
        f'<script type="application/json" id="given">{_inline(given)}</script>{_held(record)}'
        f"<script>{script}</script></body></html>\n"
    )


def _held(record: Mapping[str, Any] | None) -> str:
    if record is None:
        return ""
    return f'<script type="application/json" id="{WITHIN}">{_inline(strict_json(record))}</script>'


def _inline(text: str) -> str:
    """JSON inside a page: no text in it can end its element."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _certificate(said: Said | None) -> str:
    if said is None:
        return ""
    below = f"<p>{_text(said.on)}</p>" if said.on else ""
    return f"<h2>Certificate</h2>{said_html(said)}{below}"


def _programs(programs: Mapping[str, str]) -> str:
    code = "".join(
        f'<h3>{_text(name)}</h3><pre tabindex="0">{_text(program)}</pre>'
        for name, program in programs.items()
    )
    return f"<h2>Compute it again</h2>{code}" if code else ""


def _text(text: str) -> str:
    return escape(writable(text))
