"""What one can choose on the page of the studies, and how it stands in its link."""

from typing import get_args

from app.state.link import Context, Parameter, one_of, read_one_of
from app.state.sights import Sight, Sights, see
from interp.checkpoints import list_models
from interp.errors import PuzzlescopeError, brief
from interp.studies.plan import MOST
from interp.studies.questions.tables import Measure
from interp.studies.schema import MEASURES, measures_of

PAGE = "studies"
VIEWS = {
    "tasks": "By task",
    "spread": "Spread over puzzles",
    "flips": "Puzzles that flip",
    "compare": "Two studies",
    "sql": "SQL",
}
SOURCES = {"generate": "drawn anew", "hub": "the public data set", "bank": "the bank"}
"""Of a study that is to be begun: where its puzzles come from."""
KINDS = {"attn": "attention layers", "mlp": "MLPs", "head": "heads"}
USUAL_MANY = 100_000
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


def _kinds(text: str, _: Context) -> tuple[str, ...]:
    """Of components, in the order in which they are offered."""
    named = {read_one_of(word.strip(), tuple(KINDS)) for word in text.split(",")}
    return tuple(kind for kind in KINDS if kind in named)


def _many(text: str, _: Context) -> int:
    """How many puzzles."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST):
        raise PuzzlescopeError(f"Expected a number from 1 to {MOST:,}, got '{brief(text)}'.")
    return int(text)


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
    "source": one_of(tuple(SOURCES), "generate", "puzzles of a new study"),
    "n": Parameter(USUAL_MANY, _many, words="number of puzzles"),
    "kinds": Parameter(tuple(KINDS), _kinds, ",".join, "components"),
    "columns": Parameter(tuple(MEASURES), lambda text, _: measures_of(text), ",".join, "measures"),
    "of": Parameter("", lambda text, _: read_one_of(text, list_models()), words="model of a new study"),
    "sql": Parameter("", lambda text, _: _short(LONGEST_SQL, "A question", text), words="question"),
}
