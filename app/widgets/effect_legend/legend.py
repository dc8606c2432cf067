"""The legend of the colour scale of ablation effects: a bar with ticks, and the largest effect shown.

The board draws it too: its bar is made of the very colours that tiles have.
"""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from app.widgets.browser.scripts import ELEMENT, LEGEND, component, joined
from interp.engine.measures import Measure
from interp.figures.scale import colour, legend, marks, note, position, quantity

HERE = Path(__file__).parent
STEPS = 50
"""Colours of the bar, for the whole scale from no effect to full colour."""

CSS = (HERE / "legend.css").read_text()
_legend = component("effect_legend", css=CSS, js=joined(ELEMENT, LEGEND, HERE / "legend.js"))


def legend_data(measure: Measure, n: int, changes: Mapping[str, float], against: str = "") -> dict[str, Any]:
    """The legend as the browser draws it.

    Args:
        measure: by which effects are coloured.
        n: over how many puzzles.
        changes: the effects that are shown, by the names of what has them; those that are not finite are
            passed over. Where something helps, the bar begins with blue.
        against: on top of what the effects are, as the title ends.
    """
    above = marks(measure, n)
    places = {name: position(change, measure) for name, change in changes.items() if isfinite(change)}
    least = min([0.0, *places.values()])
    low = -next(mark.position for mark in above if mark.position >= -least - 1e-9) if least < 0 else 0.0
    below = [(f"−{one.text}", -one.position) for one in reversed(above) if 0 < one.position <= -low + 1e-9]
    steps = round(STEPS * (1 - low))
    largest = max(places, key=lambda name: places[name], default=None)

    def along(place: float) -> float:
        """Where it is on the bar, 0 to 1."""
        return round((place - low) / (1 - low), 4)

    return {
        "title": quantity(measure) + (f", {against}" if against else ""),
        "help": legend(measure),
        "steps": [colour(low + (1 - low) * k / (steps - 1)) for k in range(steps)],
        "ticks": [
            [along(place), text] for text, place in [*below, *((mark.text, mark.position) for mark in above)]
        ],
        "largest": None
        if largest is None or places[largest] <= 0
        else [along(places[largest]), f"{largest}: {note(changes[largest], measure, n)}"],
    }


def show(measure: Measure, n: int, changes: Mapping[str, float], *, against: str = "", key: str) -> None:
    """Draw it alone, below a chart."""
    _legend(key=key, data=legend_data(measure, n, changes, against))
