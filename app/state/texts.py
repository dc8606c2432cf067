"""How the values of a scene read in a link: each reader takes the text and what it is read against, and
raises ``PuzzlescopeError`` for a text that it cannot use. Links come from strangers."""

from app.state import stories
from app.state.following import TALKS
from app.state.link import Context, read_one_of
from app.state.stories.story import MOST_SCENES
from app.widgets.token_attention.window import Window, read_window
from interp.ablation import Ablation, Component, Method, parse_ablation, parse_component, parse_method
from interp.checkpoints import list_models
from interp.engine.forcing import Forced, parse_forced
from interp.errors import PuzzlescopeError, brief
from interp.grids import CELLS, SIZE
from interp.puzzles import Puzzle
from interp.puzzles.spelling import PREFIX, read_spelled
from interp.tasks import TASKS
from interp.tokens import Structure, structure_named

LONGEST_NOTE = 300
"""Letters of a note."""

Flips = tuple[str, Component]
"""A task, and an attention layer without which some of its puzzles flip."""


def model(text: str, _: Context | None = None) -> str:
    """One of the models that are offered: a link must not make this server read a path or ask the hub."""
    name: str = read_one_of(text, list_models())
    return name


def puzzle(text: str, context: Context) -> Puzzle:
    """The puzzle of this id in the bank; or one that stands in the link itself."""
    if text.startswith(PREFIX):  # no id does: what is cut off is told as that
        return read_spelled(text)
    found = context.bank.find(text)
    if found is None:
        raise PuzzlescopeError(f"There is no puzzle '{brief(text)}' in the bank; here is another.")
    return found


def force(text: str, _: Context | None = None) -> Forced:
    """Forced cells of the answer, as in ``r4c5=2,r4c6=0``."""
    return parse_forced(text)


def order(text: str, _: Context) -> Structure:
    """The order of the grids, as in ``X-f(X)-Y-f(Y)``."""
    return structure_named(text.replace("-", " "))


def order_text(structure: Structure) -> str:
    return structure.name.replace(" ", "-")


def ablation(text: str, context: Context) -> Ablation:
    return parse_ablation(text, context.cfg)


def pin(text: str, context: Context) -> Ablation:
    """An ablation that is compared with: some component at least."""
    found = ablation(text, context)
    if not found:
        raise PuzzlescopeError("Expected an ablation such as L1.attn, got none.")
    return found


def beside(text: str, _: Context) -> str:
    """Another model to compare with, or none."""
    return model(text) if text else ""


def method(text: str, _: Context) -> Method:
    return parse_method(text)


def component(text: str, context: Context) -> Component:
    """A single component."""
    return parse_component(text, context.cfg)


def head(text: str, context: Context) -> Component:
    """A single head."""
    found = parse_component(text, context.cfg)
    if found.head is None:
        raise PuzzlescopeError(f"Expected one head such as L0.H3, got '{brief(text)}'.")
    return found


def flips(text: str, context: Context) -> Flips:
    """A task and an attention layer, as in ``frame-L1.attn``."""
    task, _, layer = text.partition("-")
    if task not in TASKS or not layer.endswith(".attn"):
        raise PuzzlescopeError(f"Expected a task and a layer such as frame-L1.attn, got '{brief(text)}'.")
    return task, parse_component(layer, context.cfg)


def flips_text(chosen: Flips) -> str:
    return f"{chosen[0]}-{chosen[1].text}"


def cell(text: str, _: Context | None = None) -> int:
    """One of the 400 cells, as in ``g4r3c7``."""
    for found in range(4 * CELLS):
        if text == cell_text(found):
            return found
    raise PuzzlescopeError(
        f"Expected a cell such as g4r3c7, grid 1 to 4, row and column 1 to {SIZE}, got '{brief(text)}'."
    )


def cell_text(cell: int) -> str:
    """One of the 400 cells as it stands in a link: grid, row and column, from 1."""
    place, index = divmod(cell, CELLS)
    return f"g{place + 1}r{index // SIZE + 1}c{index % SIZE + 1}"


def note(text: str, _: Context | None = None) -> str:
    """What somebody wrote for whoever opens the link, in one line."""
    line = plain_line(text)
    if len(line) > LONGEST_NOTE:
        raise PuzzlescopeError(f"A note has at most {LONGEST_NOTE} characters, got {len(line)}.")
    return line


def plain_line(text: str) -> str:
    """A text in one line, without signs that cannot be seen.

    >>> plain_line(" two\\n lines\\x00 ")
    'two lines'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def tokens(text: str, _: Context) -> Window:
    return read_window(text)


def story(text: str, _: Context) -> str:
    """A story: its name, or all of it. It stays as it stands in the link."""
    stories.opened(text)
    return text


def at(text: str, _: Context | None = None) -> int:
    """Which scene of a story, from 1."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_SCENES):
        raise PuzzlescopeError(f"Expected the number of a scene, 1 to {MOST_SCENES}, got '{brief(text)}'.")
    return int(text)


def follow(text: str, _: Context) -> str:
    """The code of a talk that is given on this server."""
    TALKS.find(text)
    return text.strip().lower()
