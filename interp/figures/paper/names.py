"""Names of the files that figures are saved in: they say the scene, and two scenes never share one.

>>> file_name("board", task="contact", puzzle="ec6638a2a9", ablation="L1.attn")
'contact-ec6638-L1.attn-board'
>>> file_name("board", task="contact", puzzle="ec6638a2a9", ablation="L0.H1:mean,L2.mlp", model="seed-2")
'seed-2-contact-ec6638-L0.H1_mean+L2.mlp-board'
"""

import re
from collections.abc import Sequence
from hashlib import blake2s

from interp.checkpoints import DEFAULT

ID_LETTERS = 6
"""Of a puzzle's id: no two puzzles of the bank begin with the same."""
LONGEST_PART = 36
"""Letters of one part of a name; a longer one is cut, and a few letters of its hash tell it from others."""

_SAFE = re.compile("[A-Za-z0-9._+=~-]*")


def file_name(
    figure: str,
    *,
    task: str,
    puzzle: str = "",
    ablation: str = "",
    model: str = DEFAULT,
    more: Sequence[str] = (),
) -> str:
    """The name, without ending.

    Args:
        figure: what is shown, such as ``board``.
        puzzle: its id in the bank, or what tells a set of puzzles from others, such as ``16-puzzles``.
        ablation: its text.
        model: its name; the default model's is left out.
        more: what else the figure depends on, such as the head or the measure.
    """
    parts = [model if model != DEFAULT else "", task, _brief(puzzle), *_in_words(ablation), *more, figure]
    return "-".join(_safe(part) for part in parts if part)


def _brief(puzzle: str) -> str:
    return puzzle[:ID_LETTERS] if re.fullmatch("[0-9a-f]{10}", puzzle) else puzzle


def _in_words(ablation: str) -> list[str]:
    """The text without what file names cannot hold; a part that is cut is cut before."""
    return [_short(ablation).replace(",", "+").replace(":", "_")] if ablation else []


def _safe(part: str) -> str:
    """The part if it can stand in a file's name on every system, else what can of it and a hash."""
    short = _short(part)
    return short if _SAFE.fullmatch(short) else f"{re.sub('[^A-Za-z0-9._+=~-]+', '_', short)}~{_hash(part)}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_PART else f"{text[: LONGEST_PART - 7]}~{_hash(text)}"


def _hash(text: str) -> str:
    return blake2s(text.encode(), digest_size=3).hexdigest()
