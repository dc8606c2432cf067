"""Where heads attend relative to the cell about to be predicted: one head large, the others small.

The maps travel to the browser as bytes, and what follows the pointer is drawn there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import CANVAS, ELEMENT, component, joined
from app.widgets.browser.sending import finite
from interp.analyses.attention import packed
from interp.analyses.head_study import HeadStudy

HERE = Path(__file__).parent
PLACES = ("1st grid", "2nd grid", "3rd grid", "answer")

SCRIPT = joined(ELEMENT, CANVAS, HERE / "view.js")

_view = component(
    "head_offsets",
    css=(HERE / "view.css").read_text(),
    js=SCRIPT,
)


def message(study: HeadStudy, layer: int, head: int, names: Sequence[str], tags: Sequence[str] = ()) -> bytes:
    """What the browser gets: a header, the maps of the layer (float32), and the shares on each marker and the
    start token."""
    off = study.off[layer]
    header: dict[str, Any] = {
        "layer": layer,
        "head": head,
        "heads": len(off),
        "off": off.tolist(),
        "names": list(names),
        "known": study.known,
        "tags": list(tags),
    }
    arrays = (study.maps[layer], study.markers[layer], study.start[layer])
    return packed(header, *(finite(array).astype(np.float32) for array in arrays))


def show(
    study: HeadStudy,
    layer: int,
    head: int,
    *,
    names: Sequence[str] = PLACES,
    tags: Sequence[str] = (),
    key: str,
    on_choice: Callable[[int], None],
) -> None:
    """Draw the offset maps of a layer's heads.

    Args:
        head: the one that is drawn large.
        names: of the four grids.
        tags: what the layer's heads are called besides their numbers, one a head.
        on_choice: is given the head that a visitor chooses.
    """
    _view(
        key=key,
        data=message(study, layer, head, names, tags),
        on_head_change=partial(_report, key, study.cfg.n_heads, on_choice),
    )


def _report(key: str, n_heads: int, on_choice: Callable[[int], None]) -> None:
    head = read_head(said(key, "head"), n_heads)
    if head is not None:
        on_choice(head)


def read_head(value: object, n_heads: int) -> int | None:
    """The head that a browser sent, or ``None`` if there is none such: whatever it sends is only a claim."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return None
    return int(value) if 0 <= value < n_heads else None
