"""What one can choose on the page of the puzzles, and how it stands in its link."""

from app.state.link import Context, Parameter, one_of
from app.state.sights import Sight, Sights, see
from interp.errors import PuzzlescopeError, brief
from interp.puzzles.puzzle import LONGEST_TASK
from interp.tokens import STRUCTURES

PAGE = "puzzles"

PARTS = {"browse": "Browse", "easel": "Easel"}
BANK, FILE, HUB, COLLECTION = "bank", "file", "hub", "collection:"
"""Sources; the last one begins the name of a collection."""
SETS = ("tommyp111/culture-puzzles-1M", "tommyp111/culture-puzzles-1M-partitioned")
"""Data sets of the hub that are offered by name; the second one has a split a task, and "culture"."""
RESULTS = {"all": "all", "solved": "solved", "failed": "failed", "flips": "flips"}
MOST_PAGES = 1_000_000
LONGEST = 200
"""Letters of a name."""


def _source(text: str, _: Context) -> str:
    if text in (BANK, FILE, HUB) or (text.startswith(COLLECTION) and len(text) <= LONGEST):
        return text
    raise PuzzlescopeError(
        f"Expected {BANK}, {FILE}, {HUB} or {COLLECTION}NAME, got '{brief(text)}'; here is the bank."
    )


def _name(text: str, _: Context) -> str:
    """A data set's name, a split or a task, which is looked up where it is asked for."""
    if len(text) > LONGEST_TASK or not text.isprintable():
        raise PuzzlescopeError(f"Expected a name on one line, got '{brief(text)}'.")
    return text


def _page(text: str, _: Context) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_PAGES:
        return int(text[:9])
    raise PuzzlescopeError(f"Expected the number of a page, got '{brief(text)}'; here is the first.")


SIGHTS: Sights = {
    "gallery": Sight("the puzzles", ".st-key-gallery"),
    "easel": Sight("the easel", ".st-key-easel"),
}
CHOICES = {
    **see(SIGHTS),
    "part": one_of(tuple(PARTS), "browse", "part of the page"),
    "from": Parameter(BANK, _source, words="source of puzzles"),
    "set": Parameter(SETS[0], _name, words="data set"),
    "split": Parameter("", _name, words="split of the data set"),
    "task": Parameter("", _name, words="task"),
    "grids": one_of(("", *(structure.name for structure in STRUCTURES)), "", "order of the grids"),
    "result": one_of(tuple(RESULTS), "all", "choice of puzzles"),
    "page": Parameter(1, _page, words="page of puzzles"),
}
