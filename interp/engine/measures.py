"""Measures of an answer: wrong cells, the loss on some of its tokens, or the share of answers drawn right."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

Metric = Literal["final", "cells", "copied", "changed"]
"""The tokens of the answer over which the loss is a mean."""
METRICS: tuple[Metric, ...] = get_args(Metric)

Measure = Literal["wrong", "final", "cells", "copied", "changed", "answers"]
"""How many of the answer's 100 cells are wrong, each given the true ones before it; a :data:`Metric`; or the
share of answers drawn right."""


@dataclass(frozen=True)
class MeasureWords:
    """A measure in words.

    Attributes:
        key: in links, on the command line and in tables.
        name: on a button.
        label: above its value.
        place: where in the answer the loss is: "loss on ..."; else what is counted.
        help: a sentence on what it is.
    """

    key: Measure
    name: str
    label: str
    place: str
    help: str


MEASURES = MappingProxyType(
    {
        words.key: words
        for words in (
            MeasureWords(
                "wrong",
                "cells broken",
                "Wrong cells",
                "wrong cells",
                "How many of the answer's 100 cells go wrong that were right (less those that become right):"
                " the likeliest colour of each cell, given the true cells before it. Mean over the puzzles.",
            ),
            MeasureWords(
                "final",
                "loss: all",
                "Final-grid loss",
                "the final grid",
                "Mean cross-entropy, in nats, over the answer's marker and its 100 cells, each given the true"
                " ones before it.",
            ),
            MeasureWords(
                "cells",
                "loss: cells",
                "Answer cells",
                "the answer's cells",
                "Mean cross-entropy, in nats, over the answer's 100 cells.",
            ),
            MeasureWords(
                "copied",
                "loss: copied",
                "Copied cells",
                "copied cells",
                "The loss on the cells that equal the third grid: there the model need only copy.",
            ),
            MeasureWords(
                "changed",
                "loss: changed",
                "Changed cells",
                "changed cells",
                "The loss on the cells that differ from the third grid: there the model does something.",
            ),
            MeasureWords(
                "answers",
                "answers lost",
                "Puzzles solved",
                "puzzles solved",
                "Puzzles of which greedy decoding draws all 100 cells right.",
            ),
        )
    }
)
"""Every measure by its key."""


def metric_of(measure: Measure) -> Metric:
    """The loss that is shown beside a measure: its own, or beside what is counted that on the final grid."""
    return "final" if measure == "wrong" or measure == "answers" else measure
