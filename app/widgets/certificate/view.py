"""A certificate as lines of numbers, each with what it means; a share is drawn as a bar too, with what it is
compared with as ticks on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from pathlib import Path

import streamlit as st

CSS = (Path(__file__).parent / "view.css").read_text()


@dataclass(frozen=True)
class Line:
    """One number.

    Attributes:
        name: what it is of.
        said: the number, in words.
        help: what it means, in a sentence.
        share: from 0 to 1, if it is one.
        beside: other shares that it is compared with.
    """

    name: str
    said: str
    help: str = ""
    share: float | None = None
    beside: tuple[float, ...] = ()


@dataclass(frozen=True)
class Section:
    """Some lines.

    Attributes:
        title: above them; none of the first.
        lines: the numbers.
    """

    title: str
    lines: Sequence[Line]


def show(sections: Sequence[Section], verdict: str = "", good: bool | None = None) -> None:
    """Draw it.

    Args:
        verdict: in a sentence, above everything.
        good: whether that is for the circuit; ``None`` where there is none yet.
    """
    sign = {None: "", True: "✓ ", False: "✕ "}[good]
    kind = {None: "", True: " good", False: " bad"}[good]
    head = f'<p class="verdict{kind}" role="status">{sign}{escape(verdict)}</p>' if verdict else ""
    body = "".join(map(_section, sections))
    st.html(f'<style>{CSS}</style><div class="certificate">{head}{body}</div>')


def _section(section: Section) -> str:
    title = f"<h3>{escape(section.title)}</h3>" if section.title else ""
    return f"{title}<dl>{''.join(map(_line, section.lines))}</dl>"


def _line(line: Line) -> str:
    bar = "" if line.share is None else _bar(line.share, line.beside)
    told = f' title="{escape(line.help)}"' if line.help else ""
    return f"<div{told}><dt>{escape(line.name)}</dt><dd>{bar}<span>{escape(line.said)}</span></dd></div>"


def _bar(share: float, beside: Sequence[float]) -> str:
    ticks = "".join(f'<i style="left:{_percent(one)}"></i>' for one in beside if isfinite(one))
    width = _percent(share) if isfinite(share) else "0"
    return f'<span class="bar" aria-hidden="true"><b style="width:{width}"></b>{ticks}</span>'


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.1f}%"
