"""What one can choose on the page of the studies, and how it stands in its link."""

from typing import get_args

from app.state.link import Context, Parameter, one_of
from app.state.sights import Sight, Sights, see
from interp.errors import PuzzlescopeError, brief
from interp.studies.questions.tables import Measure

PAGE = "studies"
VIEWS = {
    "tasks": "Parts by task",
    "spread": "Over puzzles",
    "flips": "Puzzles that flip",
    "compare": "Two studies",
    "sql": "SQL",
}
LONGEST_NAME, LONGEST_SQL = 100, 2_000
"""Letters of a study's name, and of a question, in a link."""


def _short(most: int, what: str, text: str) -> str:
    if len(text) > most:
        raise PuzzlescopeError(f"{what} has at most {most:,} letters, got {len(text):,}.")
    return text


def _name(text: str, _: Context) -> str:
    """Of a study: one folder's name, so that a link leads nowhere else."""
    if not text or "/" in text or "\\" in text or text.startswith("."):
        raise PuzzlescopeError(f"A study has a plain name, got '{brief(text)}'.")
    return _short(LONGEST_NAME, "The name of a study", text)


SIGHTS: Sights = {
    "figure": Sight("the chart of the study", '[class*="st-key-studies-figure"]'),
}
CHOICES = {
    **see(SIGHTS),
    "study": Parameter("", _name, words="study"),
    "show": one_of(tuple(VIEWS), "tasks", "view"),
    "by": one_of(get_args(Measure), "final", "measure"),
    "part": Parameter("", lambda text, _: _short(40, "A component", text), words="component"),
    "task": Parameter("", lambda text, _: _short(60, "A task", text), words="task"),
    "other": Parameter("", _name, words="other study"),
    "sql": Parameter("", lambda text, _: _short(LONGEST_SQL, "A question", text), words="question"),
}
