"""The browser's side of components: what several need stands in a file of its own, put before theirs.

Streamlit sends a component's script and style with every message, which is most of what small messages are.
Here only the address of a script is sent, and the browser keeps what stands there. Its style comes with it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from app.server.parcels import PARCELS

SHARED = Path(__file__).parent / "shared"
ELEMENT = SHARED / "element.js"
CANVAS = SHARED / "canvas_view.js"
SVG_CELLS = SHARED / "svg_cells.js"
LEGEND = SHARED / "scale_legend.js"
KEYS = SHARED / "keys.js"
AT_WORK = SHARED / "at_work.js"
WISHES = SHARED / "wishes.js"
KEPT = SHARED / "kept.js"
NEWS = SHARED / "news.js"
RING, RING_STYLE = SHARED / "ring.js", SHARED / "ring.css"

DRESSED = """
const sheet = new CSSStyleSheet()
sheet.replaceSync(STYLE)
export default (given) => {
  const root = given.parentElement.getRootNode()
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  return drawUndressed(given)
}
"""
"""The end of a script that brings its style: it is read once, for all places where the component stands."""
LOADER = """
const address = new URL(ADDRESS, document.baseURI).href
const gone = () => fetch(address).then((answer) => answer.status >= 400 && answer.status < 500, () => false)
const load = (tries) =>
  import(tries ? `${address}?${tries}` : address).catch(async (error) => {
    if (tries > 4 && (tries > 2000 || (await gone()))) throw error
    await new Promise((resolve) => setTimeout(resolve, Math.min(300 * 2 ** tries, 3000)))
    return load(tries + 1)
  })
export default (await load(0)).default
"""
"""What is sent in a script's place. Where the network or the server is away it asks again until
either is back: Streamlit would show an error in the component's place, and would not try again."""


def joined(*files: Path) -> str:
    """One module of these files, in this order; the last of them to export decides what it is."""
    return "\n".join(file.read_text() for file in files)


def component(
    name: str, *, js: str, css: str = "", html: str | None = None, isolate_styles: bool = True
) -> Callable[..., Any]:
    """A component of Streamlit's whose script the browser fetches once.

    Args:
        js: a module with one ``export default``, the function that draws.
        css: its style. It comes with the script where that draws everything; with the message where there is
            something to see before, or where it holds for the whole page and has to go with the component.
        html, isolate_styles: as Streamlit takes them.

    Returns:
        What draws it.
    """
    own = bool(css) and html is None and isolate_styles
    address = PARCELS.put_script(dressed(js, css) if own else js)
    return st.components.v2.component(
        name,
        html=html,
        css=None if own else css or None,
        js=LOADER.replace("ADDRESS", json.dumps(address)),
        isolate_styles=isolate_styles,
    )


def dressed(js: str, css: str) -> str:
    """The module that brings its style along."""
    assert js.count("export default") == 1
    drawing = js.replace("export default", "const drawUndressed =")
    return f"{drawing}\nconst STYLE = {json.dumps(css)}{DRESSED}"
