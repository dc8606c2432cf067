"""CSS colours as matplotlib takes them, and whether they can be read on white."""

import re

from matplotlib.colors import to_rgba

RGBA = tuple[float, float, float, float]
_CSS = re.compile(r"rgba?\(\s*([\d.]+),\s*([\d.]+),\s*([\d.]+)(?:,\s*([\d.]+))?\s*\)")


def paint(css: str) -> RGBA:
    """A colour as CSS writes it: ``#rrggbb``, ``rgb(...)``, ``rgba(...)`` or a name.

    >>> paint("rgba(255, 0, 51, 0.5)")
    (1.0, 0.0, 0.2, 0.5)
    """
    found = _CSS.fullmatch(css)
    if found is None:
        return to_rgba(css)
    red, green, blue = (float(part) / 255 for part in found.groups()[:3])
    return red, green, blue, float(found[4] or 1)


def on_white(css: str) -> RGBA:
    """What it looks like on white: without opacity, for programs that know none."""
    red, green, blue, opacity = paint(css)
    red, green, blue = (1 - opacity * (1 - part) for part in (red, green, blue))
    return red, green, blue, 1.0
