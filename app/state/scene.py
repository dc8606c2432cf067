"""What is on screen, as one frozen value, and how it is written in the URL.

The URL always holds the whole scene: whoever opens it sees the same. (The picker's filter, by which
the next puzzle is chosen, is no part of it.) A scene is only ever replaced as a whole
(:mod:`app.state.session`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from app.state.link import read_one_of
from app.widgets.grid_attention import View, Weighting
from app.widgets.palette import PALETTES
from app.widgets.token_attention.view import Window, read_window
from interp.ablation import NO_ABLATION, ZERO, Ablation, Component, Method, parse_ablation, parse_method
from interp.analyses.lookback import LookbackScores
from interp.backend import Backend
from interp.checkpoints import DEFAULT, list_models
from interp.engine.answers import Decoding
from interp.engine.measures import Measure
from interp.errors import PuzzlescopeError, brief
from interp.grids import CELLS, SIZE
from interp.model import Config
from interp.puzzles import Puzzle, PuzzleSet
from interp.tasks import TASKS
from interp.tokens import Structure, structure_named

SAMPLES = (1, 16, 64)
"""Over how many puzzles the board and the charts may be: this one, or so many of its task."""

LONGEST_OFF = 60
"""Letters of what is off, where it is part of a sentence: it may be every head of the model."""

FIRST_PUZZLE = "9a3726a23b"
"""What a first visitor sees: a puzzle of the bank without noise, whose rule can be read off at a glance."""

Base = Literal["clean", "off"]
Chart = Literal["attention", "mlps", "heads", "tasks"]


@dataclass(frozen=True)
class Scene:
    """Everything that decides what the workbench shows.

    Attributes:
        model: its name, as :func:`interp.load_model` takes it.
        puzzle: the puzzle on screen; its task is the task that is chosen.
        structure: only puzzles in this order are offered, or ``None`` for all.
        ablation: what is switched off.
        answer: the answer shown: decoded greedily, or each cell given the true ones before it.
        method: how the next part is switched off, and those that the board measures.
        measure: what the board and the charts measure.
        sample: over how many puzzles.
        base: what they compare with: the whole model, or the model with what is off already.
        chart: which chart is open.
        flips: a task and an attention layer whose puzzles that flip are listed.
        layer: whose attention is shown.
        head: that one is shown large on the grids (if ``large``) and by CircuitsVis (unless ``all_heads``).
        cell: what is looked at, one of the 400 cells: ``100 * place + 10 * row + column``.
        view: where the position that predicts the cell looks, or who looks at the cell.
        weighting: plain attention, or weighted by the length of what is moved.
        tokens: that CircuitsVis shows.
        palette, digits: how cells are painted.
    """

    model: str
    puzzle: Puzzle
    structure: Structure | None = None
    ablation: Ablation = NO_ABLATION
    answer: Decoding = "greedy"
    method: Method = ZERO
    measure: Measure = "final"
    sample: int = 1
    base: Base = "clean"
    chart: Chart = "attention"
    flips: tuple[str, Component] | None = None
    layer: int = 0
    head: int = 0
    large: bool = False
    all_heads: bool = False
    cell: int = 3 * CELLS
    view: View = "from"
    weighting: Weighting = "attention"
    tokens: Window = Window()  # noqa: RUF009  (frozen)
    palette: str = "soft"
    digits: bool = False

    def query(self) -> dict[str, str]:
        """The scene as URL parameters; what is at its default is left out."""
        values = {
            "model": "" if self.model == DEFAULT else self.model,
            "puzzle": self.puzzle.id,
            "order": self.structure.name.replace(" ", "-") if self.structure else "",
            "off": self.ablation.text,
            "method": "" if self.method == ZERO else self.method.text,
            "flips": f"{self.flips[0]}-{self.flips[1].text}" if self.flips else "",
            "attention": Component(self.layer, "head", self.head).text,
            "cell": cell_name(self.cell),
            "tokens": "" if self.tokens == Window() else self.tokens.text,
        }
        for name in CHOICES:
            value = getattr(self, name)
            values[name] = "" if value == getattr(Scene, name) else str(value)
        return {name: value for name, value in values.items() if value}

    def key(self, name: str) -> str:
        """The key of a widget that shows parts of the model: each model has its own, so that none takes up
        what another's was told."""
        return name if self.model == DEFAULT else f"{name}-{self.model}"

    def link_to(self, puzzle: Puzzle, ablation: Ablation) -> str:
        """The URL parameters of this scene with another puzzle and something else off."""
        other = replace(
            self, puzzle=puzzle, structure=None, ablation=ablation, cell=first_changed(puzzle), view="from"
        )
        return urlencode(other.query())

    @property
    def answer_cell(self) -> int | None:
        """The cell of the answer that is looked at, 0 to 99, if it is one."""
        return self.cell - 3 * CELLS if self.cell >= 3 * CELLS else None

    @property
    def run(self) -> str:
        """Which run of the model is shown, as it reads after "in"."""
        return (
            f"the run with {brief(self.ablation.text, LONGEST_OFF)} off"
            if self.ablation
            else "the run with nothing off"
        )


def cell_name(cell: int) -> str:
    """One of the 400 cells as it stands in a link: grid, row and column, from 1."""
    place, index = divmod(cell, CELLS)
    return f"g{place + 1}r{index // SIZE + 1}c{index % SIZE + 1}"


CHOICES: dict[str, Collection[Any]] = {
    "answer": get_args(Decoding),
    "measure": get_args(Measure),
    "sample": SAMPLES,
    "base": get_args(Base),
    "chart": get_args(Chart),
    "large": (False, True),
    "all_heads": (False, True),
    "view": get_args(View),
    "weighting": get_args(Weighting),
    "palette": tuple(PALETTES),
    "digits": (False, True),
}
"""Parts of a scene that are one of a few values; each has its own name in the URL."""


def scene_from_query(query: Mapping[str, str], backend: Backend) -> tuple[Scene, list[str]]:
    """The scene that a URL describes, or the nearest valid one, with a sentence for each thing that was
    not."""
    problems: list[str] = []

    def attempt(name: str, read: Callable[[str], Any], default: Any) -> Any:
        if name not in query:
            return default
        try:
            return read(query[name])
        except PuzzlescopeError as error:
            problems.append(f"The link's {name} could not be used. {error}")
            return default

    model = attempt("model", _read_model, DEFAULT)
    cfg = backend.model(model).cfg
    bank = backend.bank()
    puzzle = attempt("puzzle", lambda text: _find(bank, text), bank.find(FIRST_PUZZLE) or bank[0])
    structure = attempt("order", lambda text: structure_named(text.replace("-", " ")), None)
    layer, head = attempt("attention", lambda text: _read_head(text, cfg), None) or copy_head(
        backend, model, puzzle
    )
    choices = {
        name: attempt(name, lambda text, values=values: read_one_of(text, values), getattr(Scene, name))
        for name, values in CHOICES.items()
    }
    cell = attempt("cell", _read_cell, first_changed(puzzle))
    if cell < 3 * CELLS and choices["view"] == "from":
        problems.append(
            "The link's cell could not be used. Only cells of the answer are predicted; here is one."
        )
        cell = first_changed(puzzle)
    return Scene(
        model=model,
        puzzle=puzzle,
        structure=structure if structure == puzzle.structure else None,
        ablation=attempt("off", lambda text: parse_ablation(text, cfg), NO_ABLATION),
        layer=layer,
        head=head,
        cell=cell,
        method=attempt("method", _read_method, ZERO),
        flips=attempt("flips", lambda text: _read_flips(text, cfg), None),
        tokens=attempt("tokens", read_window, Window()),
        **choices,
    ), problems


def _read_model(text: str) -> str:
    # A link comes from a stranger: it must not make this server read a path or ask the hub.
    return read_one_of(text, list_models())


def _find(bank: PuzzleSet, identity: str) -> Puzzle:
    puzzle = bank.find(identity)
    if puzzle is None:
        raise PuzzlescopeError(f"There is no puzzle '{brief(identity)}' in the bank; here is another.")
    return puzzle


def _read_head(text: str, cfg: Config) -> tuple[int, int]:
    terms = parse_ablation(text, cfg).terms
    if len(terms) != 1 or terms[0].component.head is None:
        raise PuzzlescopeError(f"Expected one head such as L0.H3, got '{brief(text)}'.")
    return terms[0].component.layer, terms[0].component.head


def _read_cell(text: str) -> int:
    for cell in range(4 * CELLS):
        if text == cell_name(cell):
            return cell
    raise PuzzlescopeError(
        f"Expected a cell such as g4r3c7, grid 1 to 4, row and column 1 to {SIZE}, got '{brief(text)}'."
    )


def _read_method(text: str) -> Method:
    return parse_method(text[:40], "The method")


def _read_flips(text: str, cfg: Config) -> tuple[str, Component]:
    task, _, part = text.partition("-")
    terms = parse_ablation(part, cfg).terms
    if task not in TASKS or len(terms) != 1 or terms[0].component.kind != "attn":
        raise PuzzlescopeError(f"Expected a task and a layer such as frame-L1.attn, got '{brief(text)}'.")
    return task, terms[0].component


def copy_head(backend: Backend, model: str, puzzle: Puzzle) -> tuple[int, int]:
    """(layer, head) of the head that looks one grid back most on this puzzle: what a first visitor should
    see."""
    scores = backend.ask(model, LookbackScores(puzzle))[100]
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    return layer, head


def first_changed(puzzle: Puzzle) -> int:
    """The first cell of the answer that differs from the third grid: where the model has to do something."""
    return 3 * CELLS + int(puzzle.changed.ravel().argmax())
