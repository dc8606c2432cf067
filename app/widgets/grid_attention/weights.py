"""The weights of a layer as a browser fetches them: a byte each, compressed, under addresses made from them.

What is not chosen with the pointer (another cell, another head) leaves the addresses as they are, and so does
an ablation that this layer does not see: then nothing is fetched.
"""

from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from app.server.parcels import PARCELS, name_of, packed
from app.widgets.browser.sending import finite
from interp.analyses.attention import LayerAttention, quantise
from interp.tokens import predicting_position

FIRST_QUERY = predicting_position(0, 0)
"""The first position that predicts a cell of the answer."""
BEFORE = FIRST_QUERY * (FIRST_QUERY + 1) // 2
"""Entries of a head's lower triangle that stand before that position's row."""


@dataclass(frozen=True)
class Weights:
    """What is fetched of a layer.

    Attributes:
        answer, answer_name: the norms of its values (float32, head by head), then of each head the rows from
            :data:`FIRST_QUERY` on; and what they are called. They are all that is needed to tell where the
            model looks when it predicts the answer.
        others, others_name: of each head the rows before. Needed only to tell who looks at a cell.
        largest: attention times norm, where that is largest.
    """

    answer: bytes
    answer_name: str
    others: bytes
    others_name: str
    largest: float

    def addresses(self) -> tuple[str, str]:
        """Where a browser finds both, from now on for a while."""
        return PARCELS.put(self.answer_name, self.answer), PARCELS.put(self.others_name, self.others)


_made: WeakKeyDictionary[LayerAttention, Weights] = WeakKeyDictionary()
_lock = Lock()


def weights_of(attention: LayerAttention) -> Weights:
    """The weights of a layer: made once, for as long as its attention is kept."""
    with _lock:
        found = _made.get(attention)
    if found is None:
        found = _weights_of(attention)
        with _lock:
            _made[attention] = found
    return found


def _weights_of(attention: LayerAttention) -> Weights:
    pattern, norms = finite(attention.pattern), finite(attention.value_norms).astype("<f4")
    levels = quantise(pattern)
    # A head's largest weight on each key, times that key's norm: the same as of all products.
    largest = float((pattern.max(axis=1, initial=0) * norms.astype(np.float64)).max(initial=0))
    answer = norms.tobytes() + levels[:, BEFORE:].tobytes()
    others = levels[:, :BEFORE].tobytes()
    return Weights(packed(answer), name_of(answer, "bin"), packed(others), name_of(others, "bin"), largest)
