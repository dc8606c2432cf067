"""The verdict on a head, in a sentence, and the tests that it rests on."""

from collections.abc import Sequence
from typing import NamedTuple

from app.widgets import terms
from app.widgets.text import escape_markdown

PASSED = {True: ":green-badge[passed]", False: ":gray-badge[not passed]", None: ":gray-badge[open]"}


class Test(NamedTuple):
    """One test.

    Attributes:
        asked: what was asked, and what came out, in words.
        passed: whether it speaks for the verdict; ``None``: it could not be made.
    """

    asked: str
    passed: bool | None


def show(sentence: str, tests: Sequence[Test], rejected: str) -> None:
    """Draw the sentence large, the tests as a list below it, and what was rejected.

    Args:
        sentence: the verdict.
        rejected: what it is not, and why, in a sentence; may be empty.
    """
    terms.markdown(f"#### {escape_markdown(sentence)}")
    if tests:
        terms.markdown("\n".join(f"- {PASSED[one.passed]} {escape_markdown(one.asked)}" for one in tests))
    if rejected:
        terms.caption(escape_markdown(rejected))
