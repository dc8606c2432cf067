"""A picture of a circuit as an SVG file: always on white, with its legend, in no need of anything else."""

from html import escape

from interp.figures.circuit.picture import KINDS, CircuitPicture, Kind
from interp.figures.circuit.scene import PORTS, Box, DrawnEdge, Scene, is_end, line_width, scene_of
from interp.figures.circuit.state import DEFAULT_STATE, PictureState
from interp.figures.paper.words import writable
from interp.numbers import short

WIDTH = 960.0
HEAD, FOOT = 46.0, 64.0
"""Pixels above and below the graph: the title, the legend and the caption."""
COLOURS: dict[Kind, str] = {
    "q": "#1860b0",
    "k": "#a0348a",
    "v": "#008566",
    "mlp": "#927b00",
    "logits": "#5d6065",
}
"""As ``graph.css`` has them on white."""
INK, QUIET, LINE = "#1f2328", "#565b62", "#a5a9ae"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif"
LETTER, SMALL_LETTER = 7.0, 5.7
TITLE_AT: tuple[int, ...] = (4, -2, -6)
"""Pixels below a box's middle, by how many lines stand below the title."""
LABEL_AT: tuple[tuple[int, ...], ...] = ((), (11,), (4, 13))
"""And of these."""
"""Pixels of a letter of a title, and of what stands below it."""


def svg(picture: CircuitPicture, state: PictureState = DEFAULT_STATE, *, width: int | float = WIDTH) -> str:
    """The picture as somebody has made it, as an SVG document.

    Args:
        width: in pixels; the height follows.
    """
    scene = scene_of(picture, state, width)
    height = HEAD + scene.height + FOOT
    told = _caption(picture, state, scene)
    layers = "".join(_text(4, y + 4, name, QUIET, anchor="start") for name, y in picture.layout.layers)
    edges = "".join(_edge(edge) for edge in scene.edges)
    boxes = "".join(_box(box) for box in scene.boxes)
    foot = HEAD + scene.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" role="img" aria-labelledby="title about">'
        f'<title id="title">{_safe(picture.title)}</title><desc id="about">{_safe(picture.summary)}</desc>'
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>'
        f"{_text(4, 20, picture.title, INK, 15, 'start', bold=True)}"
        f"{_text(4, 37, told, QUIET, 11, 'start')}"
        f'<g transform="translate(0 {HEAD:g})">{layers}<g fill="none" opacity="0.999">{edges}</g>{boxes}</g>'
        f'<g transform="translate(4 {foot:g})">{_legend(picture)}'
        f"{_text(0, 48, picture.about, QUIET, 10.5, 'start')}</g></svg>\n"
    )


def _caption(picture: CircuitPicture, state: PictureState, scene: Scene) -> str:
    of = f"{len(scene.edges):,} of {scene.there:,} edges, effect ≥ {short(scene.least)} logits"
    where = f"positions: {state.block}" if state.block else ""
    return " · ".join(word for word in (picture.model, of, where) if word)


def _edge(edge: DrawnEdge) -> str:
    dashes = ' stroke-dasharray="5 3.5"' if edge.value < 0 else ""
    return (
        f'<path class="{edge.kind}" d="{edge.path}" stroke="{COLOURS[edge.kind]}" opacity="0.6"'
        f' stroke-width="{edge.width:.2f}"{dashes}/>'
    )


def _box(box: Box) -> str:
    left, top = -box.width / 2, -box.height / 2
    fill = "#f5f6f7" if is_end(box) else "#ffffff"
    card = f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:g}" rx="5"'
    room = int((box.width - 6) / LETTER)
    title = box.title if len(box.title) <= room or not is_plain(box) else box.title.partition(".")[2]
    two = bool(box.label) and box.height > 30 and room > 5
    below = _lines(box.label, int((box.width - 4) / SMALL_LETTER)) if two else []
    words = _text(0, TITLE_AT[len(below)], _cut(title, room), INK, 12, bold=True)
    for y, line in zip(LABEL_AT[len(below)], below, strict=True):
        words += _text(0, y, line, QUIET, 10.5)
    stack = ""
    if len(box.parts) > 1:
        stack = (
            f'<rect x="{left + 3:.1f}" y="{top - 3:.1f}" width="{box.width - 6:.1f}" height="3" fill="none"'
            f' stroke="{LINE}"/>'
        )
    ports = ""
    if any(".H" in part for part in box.parts):
        ports = "".join(
            f'<rect x="{across * box.width - 3.5:.1f}" y="{box.height / 2 - 3:.1f}" width="7" height="3"'
            f' fill="{COLOURS[kind]}"/>'
            for kind, across in PORTS.items()
        )
    return (
        f'<g class="box" transform="translate({box.x:.1f} {box.y:.1f})"><title>{_safe(box.title)}</title>'
        f'{card} fill="{fill}" stroke="{LINE}"/>{stack}{words}{ports}</g>'
    )


def is_plain(box: Box) -> bool:
    """Whether a box is called as its part is."""
    return box.title == box.name and len(box.parts) == 1


def _legend(picture: CircuitPicture) -> str:
    """The colours, the signs and three widths."""
    found, x = "", 0.0
    for kind, words in KINDS.items():
        found += f'<path d="M{x:g} 18h20" stroke="{COLOURS[kind]}" stroke-width="3"/>' + _text(
            x + 26, 22, words, INK, 11, "start"
        )
        x += 44 + SMALL_LETTER * len(words)
    for words, dashes in (("helps", ""), ("harms", ' stroke-dasharray="5 3.5"')):
        found += f'<path d="M{x:g} 18h20" stroke="{QUIET}" stroke-width="2"{dashes}/>' + _text(
            x + 26, 22, words, INK, 11, "start"
        )
        x += 44 + SMALL_LETTER * len(words)
    for share in (1.0, 0.1, 0.01):
        value = share * picture.strongest
        thickness = line_width(value, picture.strongest)
        words = short(float(f"{value:.2g}"))
        found += f'<path d="M{x:g} 18h20" stroke="{QUIET}" stroke-width="{thickness:.2f}"/>' + _text(
            x + 26, 22, words, INK, 11, "start"
        )
        x += 44 + SMALL_LETTER * len(words)
    return found


def _text(
    x: int | float,
    y: int | float,
    words: str,
    colour: str,
    size: int | float = 12,
    anchor: str = "middle",
    *,
    bold: bool = False,
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{_safe(words)}</text>"
    )


def _lines(text: str, letters: int) -> list[str]:
    """A label on one line, or on two where it is too long for one and has words."""
    first = text.rfind(" ", 0, letters + 1)
    if len(text) <= letters or first < 1:
        return [_cut(text, letters)]
    return [text[:first], _cut(text[first + 1 :], letters)]


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: max(1, letters - 1)]}…"


def _safe(text: str) -> str:
    return escape(writable(text))
