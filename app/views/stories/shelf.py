"""The stories that come along, as cards."""

import base64
from html import escape

import streamlit as st

from app.state import playing
from app.state.scene import Scene, scene_from_query
from app.state.stories import Story, shelf
from app.views.shared.talks.known import known
from app.widgets.palette import PALETTES
from app.widgets.text import escape_markdown
from interp.backend import Backend
from interp.figures.grids import grid_svg
from interp.puzzles import Puzzle

ACROSS = 3
"""Cards in a row."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw a card for each story, and a sentence for each file that is none."""
    stories, problems = shelf(known())
    for problem in problems:
        st.warning(escape_markdown(problem), icon=":material/info:")
    for begin in range(0, len(stories), ACROSS):
        for place, story in zip(st.columns(ACROSS), stories[begin : begin + ACROSS], strict=False):
            with place.container(border=True, height="stretch"):
                _card(story, scene, backend)


def _card(story: Story, scene: Scene, backend: Backend) -> None:
    first, _ = scene_from_query(dict(story.scenes[0].query), backend)
    st.html(thumbnail(first.puzzle, scene.palette))
    st.header(escape_markdown(story.title), anchor=False)
    st.markdown(escape_markdown(story.summary))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Play",
            key=f"play-{story.name}",
            icon=":material/play_arrow:",
            type="primary" if scene.story != story.name else "secondary",
            on_click=playing.play,
            args=(story.name,),
        )
        n = len(story.scenes)
        st.caption(f"{n} scenes" if n != 1 else "1 scene", width="content")


def thumbnail(puzzle: Puzzle, palette: str) -> str:
    """The four grids of a puzzle, small, as HTML: as images, for Streamlit takes SVG out of a page's HTML."""
    grids = [
        _image(grid_svg(cells, size=6, palette=PALETTES[palette]), name)
        for name, cells in zip(puzzle.structure.name.split(" "), puzzle.grids, strict=True)
    ]
    signs = ["", "→", "", "→"]
    pieces = "".join(
        f"<span>{sign}</span>{grid}" if sign else grid for sign, grid in zip(signs, grids, strict=True)
    )
    return f'<div style="display:flex;align-items:center;gap:6px">{pieces}</div>'


def _image(svg: str, name: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(name)}" width="62" height="62">'
