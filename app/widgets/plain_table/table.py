"""A table in a room of fixed height, and a row of named facts."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import streamlit as st

CSS = (Path(__file__).parent / "table.css").read_text()


def show(
    name: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    height: int,
    empty: str,
    *,
    titled: bool = True,
    first: str = "",
    wraps: bool = False,
) -> None:
    """Draw a table. What does not fit into its room is scrolled.

    Args:
        name: its heading.
        head: the columns' names. Columns whose name ends with a no-break space hold numbers.
        rows: their texts.
        height: of the room, in pixels.
        empty: what stands there without rows.
        titled: whether its heading is drawn; a screen reader is always told.
        first: how wide the first column is, as CSS has it; left out, wide enough for a time.
        wraps: whether texts go on in another line where they are too long, columns are as wide as what is in
            them, and the room no higher than the rows; then ``height`` is what it has at most.
    """
    body = "".join(f"<tr>{_cells(head, row)}</tr>" for row in rows)
    if not rows:
        body = f'<tr><td class="none" colspan="{len(head)}">{escape(empty)}</td></tr>'
    top = "".join(f'<th scope="col"{_kind(one)}>{escape(one.strip())}</th>' for one in head)
    title = f'<h2 class="plain-title">{escape(name)}</h2>' if titled else ""
    style = f"{'max-' if wraps else ''}height:{height}px" + (f";--first:{first}" if first else "")
    region = f'class="plain-table{" wraps" if wraps else ""}" style="{style}" tabindex="0" role="region"'
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    st.html(f'<style>{CSS}</style>{title}<div {region} aria-label="{escape(name)}">{table}</div>')


def facts(facts: Mapping[str, str]) -> None:
    """Draw named facts side by side, in a room that does not change with them."""
    items = "".join(map(_fact, facts, facts.values()))
    st.html(f'<style>{CSS}</style><dl class="plain-facts">{items}</dl>')


def _fact(name: str, said: str) -> str:
    return f'<div><dt>{escape(name)}</dt><dd title="{escape(said)}">{escape(said)}</dd></div>'


def _cells(head: Sequence[str], row: Sequence[str]) -> str:
    return "".join(f"<td{_kind(name)}>{escape(cell)}</td>" for name, cell in zip(head, row, strict=True))


def _kind(name: str) -> str:
    return ' class="number"' if name.endswith("\N{NO-BREAK SPACE}") else ""
