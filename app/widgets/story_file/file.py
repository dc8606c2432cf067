"""A story as one HTML file that asks nothing of any server: captions, pictures, and the way to the next.

It can be opened from a disk, sent and printed. Its policy lets a browser run the one script in it and fetch
nothing, whatever its texts say; they are all escaped besides.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
SCRIPT = (HERE / "file.js").read_text()
STYLE = (HERE / "file.css").read_text()


class Picture(NamedTuple):
    """A picture of a scene.

    Attributes:
        title: above it.
        note: beside the title.
        svg: the picture; the only text of a file that is taken as it is.
        opens: the sign before it: an arrow, "gap" for a line, or nothing.
    """

    title: str
    note: str
    svg: str
    opens: str = ""


@dataclass(frozen=True)
class FileScene:
    """A scene in the file.

    Attributes:
        heading: a few words.
        caption: HTML, as :func:`app.state.stories.caption.html` makes it.
        pictures: side by side.
        narration: what became of the answer, in a sentence.
        source: model, puzzle and ablation, in a line.
        link: to the live scene.
    """

    heading: str
    caption: str
    pictures: Sequence[Picture]
    narration: str
    source: str
    link: str


def made(title: str, summary: str, author: str, scenes: Sequence[FileScene]) -> str:
    """The whole file."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    by = f' <span class="by">by {escape(author)}</span>' if author else ""
    sections = "".join(_section(scene, k + 1, len(scenes)) for k, scene in enumerate(scenes))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p>{escape(summary)}{by}</p></header>
<main aria-live="polite">{sections}</main>
<footer><nav hidden><button type="button" id="previous">← Previous</button><span id="count"></span>
<button type="button" id="next">Next →</button><span class="keys">arrow keys</span></nav>
<span>Made with Puzzlescope</span></footer>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _section(scene: FileScene, number: int, count: int) -> str:
    pictures = "".join(map(_figure, scene.pictures))
    link = f'<a href="{escape(scene.link)}" rel="noreferrer">open this scene</a>' if scene.link else ""
    return f"""
<section id="scene-{number}" aria-label="Scene {number} of {count}">
<h2>{escape(scene.heading)}</h2>
<div class="caption">{scene.caption}</div>
<div class="strip">{pictures}</div>
<p class="narration">{escape(scene.narration)}</p>
<p class="source">{escape(scene.source)} {link}</p>
</section>"""


def _figure(picture: Picture) -> str:
    sign = '<span class="gap"></span>' if picture.opens == "gap" else f"<span>{escape(picture.opens)}</span>"
    words = f"<b>{escape(picture.title)}</b> <i>{escape(picture.note)}</i>"
    return f"{sign if picture.opens else ''}<figure><figcaption>{words}</figcaption>{picture.svg}</figure>"
