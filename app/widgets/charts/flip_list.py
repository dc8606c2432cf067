"""Puzzles that an ablation breaks or fixes, each a link that opens it on the workbench."""

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from app.widgets.workbench_link import workbench_link
from interp.puzzles import Puzzle

SHOWN = 24


def show(broken: Sequence[Puzzle], mended: Sequence[Puzzle], query: Callable[[Puzzle], str]) -> None:
    """Draw both lists.

    Args:
        broken: went from solved to wrong.
        mended: went from wrong to solved.
        query: the URL parameters under which the workbench shows a puzzle with that component off, such as
            ``puzzle=9a3726a23b&off=L1.attn``.
    """
    st.html(
        f'<div role="group" aria-label="Puzzles that flip">{_line("Solved → wrong", broken, query)}'
        f"{_line('Wrong → solved', mended, query)}</div>"
    )


def _line(title: str, puzzles: Sequence[Puzzle], query: Callable[[Puzzle], str]) -> str:
    links = " ".join(link(puzzle, query(puzzle)) for puzzle in puzzles[:SHOWN])
    more = f" and {len(puzzles) - SHOWN} more" if len(puzzles) > SHOWN else ""
    return (
        f'<p style="margin:0 0 0.3rem;font-size:0.9rem"><strong>{escape(title)}</strong> ({len(puzzles)}) '
        f"{links or 'none'}{more}</p>"
    )


def link(puzzle: Puzzle, query: str) -> str:
    """The link that opens a puzzle; the list stands on the workbench itself."""
    about, style = f"{puzzle.task}, {puzzle.structure.name}", "font-family:monospace;margin-right:0.5em"
    return workbench_link(puzzle.id, query, title=about, style=style, folder="")
