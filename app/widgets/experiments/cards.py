"""Cards of experiments: what is ablated, what to look for, and what came of it on this puzzle, with a small
picture of the answer. A click on one is its ablation; a click on the one that is in force takes it back.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer

from app.widgets.browser.hearing import said
from app.widgets.browser.news import News, sent, shown, since_sent
from app.widgets.browser.scripts import ELEMENT, NEWS, component, joined
from interp import outputs

HERE = Path(__file__).parent

_cards = component(
    "experiments", css=(HERE / "cards.css").read_text(), js=joined(ELEMENT, NEWS, HERE / "cards.js")
)


@dataclass(frozen=True, eq=False)
class Card:
    """One experiment.

    Attributes:
        text: of its ablation; says which it is.
        name: its title.
        look_for: a sentence.
        outcome: on this puzzle, in a few words; empty as long as it is not known.
        cells: 100 tokens of the answer, row by row; ``None`` as long as it is not known.
        wrong: of these, which are wrong.
    """

    text: str
    name: str
    look_for: str
    outcome: str = ""
    cells: Integer[np.ndarray, " 100"] | None = None
    wrong: Sequence[int] = ()

    def data(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "name": self.name,
            "lookFor": self.look_for,
            "outcome": self.outcome,
            "cells": None if self.cells is None else self.cells.tolist(),
            "wrong": list(self.wrong),
        }


def show(
    cards: Sequence[Card],
    more: Sequence[Card],
    active: str,
    *,
    key: str,
    colors: Sequence[str],
    on_choose: Callable[[str], None],
) -> None:
    """Draw the cards.

    Args:
        cards: of this model; empty as long as they are not known: their room is kept.
        more: the original notebook's, folded away.
        active: the text of the ablation in force.
        colors: of the eleven cell colours.
        on_choose: called with the text of the ablation that a click asks for; empty for none.
    """
    more_data = {"more": [card.data() for card in more], "active": active, "colors": list(colors)}
    _cards(
        key=key,
        data=sent(key, outputs.plain(_data(cards) | more_data)),
        on_chosen_change=partial(_report, key, on_choose),
    )


def news(cards: Sequence[Card], *, key: str) -> News | None:
    """What is new of the cards of this model since they were drawn."""
    return since_sent(key, outputs.plain(_data(cards)))


def _data(cards: Sequence[Card]) -> dict[str, Any]:
    """Each card under its place: of those that fill in, only what is new travels."""
    return {"cards": {str(place): card.data() for place, card in enumerate(cards)}}


def _report(key: str, on_choose: Callable[[str], None]) -> None:
    data = shown(key)  # also what has come since it was drawn
    offered = {card["text"] for card in (*data["cards"].values(), *data["more"])}
    text = read_choice(said(key, "chosen"), offered)
    if text is not None:
        on_choose(text)


def read_choice(value: object, offered: Collection[str]) -> str | None:
    """The ablation that a browser asks for: one that is offered, or none at all (empty). Anything else is
    passed over."""
    return value if isinstance(value, str) and (value == "" or value in offered) else None
