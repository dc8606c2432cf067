"""Plates, their tables and programs as one HTML page that needs nothing else: no script, no request."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from interp.export.tables import html_table
from interp.figures.paper.plate import PAGE, Plate, today
from interp.figures.paper.words import writable

MOST_ROWS = 200
STYLE = """
:root { color-scheme: light; }
body { max-width: 200mm; margin: 12mm auto; padding: 0 5mm; background: #fff; color: #1f2328;
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif; }
h1 { font-size: 26px; } h2 { font-size: 18px; margin: 2em 0 0.5em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; }
dt { color: #4a5058; }
dd { margin: 0; }
figure { margin: 0; break-inside: avoid; } figure svg { width: 100%; height: auto; }
details { margin: 6px 0; } summary { cursor: pointer; }
.table { max-height: 360px; overflow: auto; }
table { border-collapse: collapse; font-size: 13px; } caption { text-align: left; color: #4a5058; }
th, td { padding: 2px 10px 2px 0; text-align: left; border-bottom: 1px solid #d5d9de; }
pre { padding: 10px; background: #f5f6f7; overflow: auto; font-size: 13px; }
@media print { .table { max-height: none; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(
    title: str,
    plates: Iterable[Plate],
    *,
    facts: Sequence[tuple[str, str]] = (),
    programs: Mapping[str, str] | None = None,
    query: str = "",
    date: str = "",
) -> str:
    """The page.

    Args:
        facts: what stands below the title, each a name and a value.
        programs: Python by what it computes.
        query: the scene, as it stands in the dashboard's address behind the question mark.
        date: left out, today's.
    """
    shown = list(plates)
    told = [*facts, ("Date", date or today())]
    if query:
        told.append(("Scene", f"?{query}"))
    lines = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in told)
    figures = "".join(_figure(number, plate) for number, plate in enumerate(shown, 1))
    code = "".join(
        f"<h3>{_text(name.capitalize())}</h3><pre>{_text(program)}</pre>"
        for name, program in (programs or {}).items()
    )
    python = f"<h2>Python</h2><p>These programs compute the same.</p>{code}" if code else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{_text(title)}</h1><dl>{lines}</dl>{figures}{python}</main></body></html>\n"
    )


def _figure(number: int, plate: Plate) -> str:
    """A plate, its files, and its rows as a table."""
    svg = _within(plate.svg(PAGE), f"f{number}-")
    data = b64encode(plate.csv().encode()).decode()
    name = f"{_text(plate.name)}.csv"
    numbers = (
        f'<p><a download="{name}" href="data:text/csv;base64,{data}">Numbers ({name})</a></p>'
        f"<details><summary>Table, {len(plate.rows):,} rows</summary>"
        f'<div class="table">{html_table(plate.rows, plate.title, MOST_ROWS)}</div></details>'
        if plate.rows
        else ""
    )
    return f"<h2>{_text(plate.title)}</h2><figure>{svg}</figure>{numbers}"


def _within(svg: str, prefix: str) -> str:
    """An SVG inside a page: its own names must not meet another's."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", body)
    return re.sub(r'href="#([^"]+)"', rf'href="#{prefix}\1"', body)


def _text(text: str) -> str:
    return escape(writable(text))
