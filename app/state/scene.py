"""What is on screen, as one frozen value, and how it is written in the URL.

The URL always holds the whole scene: whoever opens it sees the same. A scene is only ever replaced as a
whole (:mod:`app.state.session`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from app.state import texts
from app.state.link import Context, Parameter, in_link, one_of, parameters_of, query_of, read_query, unusable
from app.state.stories import opened
from app.widgets.grid_attention.choice import View, Weighting
from app.widgets.palette import PALETTES
from app.widgets.puzzle_picker.wishes import Which
from app.widgets.token_attention.window import Window
from interp.ablation import NO_ABLATION, ZERO, Ablation, Component, Method
from interp.analyses.narration import beginning
from interp.backend import Backend
from interp.checkpoints import DEFAULT
from interp.engine.answers import Decoding
from interp.engine.forcing import Forced, forced_text
from interp.engine.measures import Measure
from interp.errors import brief
from interp.grids import CELLS
from interp.model import Config
from interp.puzzles import Puzzle, PuzzleSet, puzzle_name
from interp.tasks import TASKS
from interp.tokens import Structure

SAMPLES = (1, 16, 64)
"""Over how many puzzles the board and the charts may be: this one, or so many of its task."""

LONGEST_OFF = 60
"""Letters of what is off, where it is part of a sentence: it may be every head of the model."""
LONGEST_TOLD = 75
"""Letters of the same in words."""

FIRST_PUZZLE = "9a3726a23b"
"""What a first visitor sees: a puzzle of the bank without noise, whose rule can be read off at a glance."""

Base = Literal["clean", "off"]
Chart = Literal["attention", "mlps", "heads", "pairs", "methods", "tasks"]
Panel = Literal["grids", "tokens", "roles"]
BoardView = Literal["tiles", "picture"]
Only = Literal["", "strip", "board", "attention"]


@dataclass(frozen=True)
class Scene:
    """Everything that decides what the workbench shows.

    Attributes:
        model: its name, as :func:`interp.load_model` takes it.
        puzzle: the puzzle on screen; its task is the task that is chosen.
        structure: "order" in a link; only puzzles in this order are offered, or ``None`` for all.
        which: whether all puzzles are offered, or those that the clean model solves, or fails.
        ablation: "off" in a link; what is switched off.
        pin: the ablation that the present one is compared with, or ``None``: then it is the clean run.
        beside: another model whose answer is shown too; empty for none.
        force: cells of the answer that are given a colour, from which the model draws on
            (:mod:`interp.engine.forcing`).
        answer: the answer shown: decoded greedily, or each cell given the true ones before it.
        method: how the next component is switched off, and those that the board measures.
        measure: what the board and the charts measure.
        sample: over how many puzzles.
        base: what they measure: effects from the whole model, or given what is off.
        board: whether the board is drawn as tiles, or as a picture of the model.
        chart: which chart is open.
        flips: a task and an attention layer whose puzzles that flip are listed.
        attention: the head whose attention is shown, with its layer's: large on the grids (if ``large``) and
            by CircuitsVis (unless ``all_heads``). ``None`` until it is looked for in a run of the model
            (:func:`app.state.heads.copy_head`).
        panel: what is shown of attention: a layer on the grids, a head token by token, or the heads' roles.
        cell: what is looked at, one of the 400 cells: ``100 * place + 10 * row + column``.
        view: where the position that predicts the cell looks, or who looks at the cell.
        weighting: plain attention, or weighted by the length of what is moved.
        tokens: that CircuitsVis shows.
        palette, digits: how cells are painted.
        tour: its step that is under way, from 1; 0 for none (:mod:`app.state.tour`).
        story: that is told: its name, or all of it (:func:`app.state.stories.opened`); empty for none.
        at: its scene, from 1, whose caption is shown.
        follow: the code of the talk whose presenter's scene is shown; empty for none.
        present: 1 if the page is shown to an audience: larger, and without what only its presenter needs.
        note: what is said to the reader of the link.
        only: the one figure of the workbench that is shown, for a slide or a wiki; empty for all of them.
    """

    model: str = in_link(Parameter(DEFAULT, texts.model, words="model"), required=True)
    puzzle: Puzzle = in_link(Parameter(None, texts.puzzle, puzzle_name, "puzzle"), required=True)
    structure: Structure | None = in_link(
        Parameter(None, texts.order, texts.order_text, "order of the grids"), "order"
    )
    which: Which = in_link(one_of(get_args(Which), "all", "choice of puzzles"))
    ablation: Ablation = in_link(
        Parameter(NO_ABLATION, texts.ablation, lambda off: off.text, "ablation"), "off"
    )
    pin: Ablation | None = in_link(Parameter(None, texts.pin, lambda pin: pin.text, "pinned ablation"))
    beside: str = in_link(Parameter("", texts.beside, words="other model"))
    method: Method = in_link(Parameter(ZERO, texts.method, lambda method: method.text, "way of ablating"))
    flips: texts.Flips | None = in_link(
        Parameter(None, texts.flips, texts.flips_text, "list of puzzles that flip")
    )
    attention: Component | None = in_link(Parameter(None, texts.head, lambda head: head.text, "head"))
    cell: int = in_link(Parameter(None, texts.cell, texts.cell_text, "cell"), default=3 * CELLS)
    tokens: Window = in_link(Parameter(Window(), texts.tokens, lambda window: window.text, "range of tokens"))
    force: Forced = in_link(Parameter((), texts.force, forced_text, "forced cells"))
    answer: Decoding = in_link(one_of(get_args(Decoding), "greedy", "kind of answer"))
    measure: Measure = in_link(one_of(get_args(Measure), "wrong", "measure"))
    sample: int = in_link(one_of(SAMPLES, 1, "number of puzzles"))
    base: Base = in_link(one_of(get_args(Base), "clean", "base of the comparison"))
    board: BoardView = in_link(one_of(get_args(BoardView), "tiles", "look of the board"))
    chart: Chart = in_link(one_of(get_args(Chart), "attention", "chart"))
    panel: Panel = in_link(one_of(get_args(Panel), "grids", "view of attention"))
    large: bool = in_link(one_of((False, True), False, "choice of one large head"))
    all_heads: bool = in_link(one_of((False, True), False, "choice of all heads"))
    view: View = in_link(one_of(get_args(View), "from", "direction of attention"))
    weighting: Weighting = in_link(one_of(get_args(Weighting), "attention", "weighting of attention"))
    palette: str = in_link(one_of(tuple(PALETTES), "soft", "palette"))
    digits: bool = in_link(one_of((False, True), False, "choice of digits"))
    tour: int = in_link(one_of(range(7), 0, "step of the tour"))
    story: str = in_link(Parameter("", texts.story, words="story"))
    at: int = in_link(Parameter(1, texts.at, words="scene of the story"))
    present: int = in_link(one_of((0, 1), 0, "choice of an audience"))
    follow: str = in_link(Parameter("", texts.follow, words="talk"))
    note: str = in_link(Parameter("", texts.note, words="note"))
    only: Only = in_link(one_of(get_args(Only), "", "choice of one figure"))

    def query(self) -> dict[str, str]:
        """The scene as URL parameters; what is at its default is left out."""
        return query_of({name: getattr(self, own) for own, name in NAMES.items()}, PARAMETERS)

    @property
    def layer(self) -> int:
        """Whose attention is shown."""
        return self.shown_head.layer

    @property
    def head(self) -> int:
        """The number of the head that is shown, in its layer."""
        head = self.shown_head.head
        assert head is not None
        return head

    @property
    def shown_head(self) -> Component:
        """The head whose attention is shown; to be asked for when it has been looked for."""
        assert self.attention is not None
        return self.attention

    def key(self, name: str) -> str:
        """The key of a widget that shows parts of the model: each model has its own, so that none takes up
        what another's was told."""
        return name if self.model == DEFAULT else f"{name}-{self.model}"

    def link_to(self, puzzle: Puzzle, ablation: Ablation) -> str:
        """The URL parameters of this scene with another puzzle and something else off."""
        other = replace(
            self,
            puzzle=puzzle,
            structure=None,
            ablation=ablation,
            force=(),
            cell=first_changed(puzzle),
            view="from",
        )
        return urlencode(other.query())

    @property
    def answer_cell(self) -> int | None:
        """The cell of the answer that is looked at, 0 to 99, if it is one."""
        return self.cell - 3 * CELLS if self.cell >= 3 * CELLS else None

    @property
    def title(self) -> tuple[str, str]:
        """What it is of, in the title of a browser's tab: the puzzle, and what is ablated."""
        return f"{self.puzzle.task} {self.puzzle.id[:6]}", self._off("")

    @property
    def run(self) -> str:
        """Which run of the model is shown, as it reads after "in"."""
        return f"the run {self._off('with ')}" if self.ablation else "the clean run"

    def _off(self, joined: str) -> str:
        """What is ablated, behind a word that joins it to a sentence; attention that is fixed at an offset
        still writes and has words of its own, which need none."""
        if all(term.method.silences for term in self.ablation.terms):
            return f"{joined}{brief(self.ablation.text, LONGEST_OFF)} ablated" if self.ablation else ""
        told = beginning(self.ablation)
        return brief(told[:1].lower() + told[1:], LONGEST_TOLD)


_FIELDS = parameters_of(fields(Scene))
NAMES = {own: name for own, (name, _) in _FIELDS.items()}
"""What each field of a scene is called in a link."""
PARAMETERS = dict(_FIELDS.values())
"""What stands under each of these names."""
OTHER_NAMES = {own: name for own, name in NAMES.items() if own != name} | {
    "ablate": "off",
    "ablated": "off",
    "head": "attention",
}
"""What else one might call them, and their names in a link."""


def scene_from_query(query: Mapping[str, str], backend: Backend) -> tuple[Scene, list[str]]:
    """The scene that a URL describes, or the nearest valid one, with a sentence for each thing that was
    not. The model is loaded, for its sizes, but not run: where the link names no head, there is none yet."""
    bank = backend.bank()
    # The model first: its sizes are what the rest is read against.
    model, problems = read_query(query, {"model": PARAMETERS["model"]}, Context(Config(), bank))
    rest = {name: parameter for name, parameter in PARAMETERS.items() if name not in model}
    values, more = read_query(query, rest, Context(backend.model(model["model"]).cfg, bank))
    scene, misfits = _fitted({**model, **values}, bank)
    return scene, [*problems, *more, *misfits]


def _fitted(values: Mapping[str, Any], bank: PuzzleSet) -> tuple[Scene, list[str]]:
    """The scene of these values by their names in the link, with what depends on others put right."""
    found = {own: values[name] for own, name in NAMES.items()}
    puzzle: Puzzle = found["puzzle"] or bank.find(FIRST_PUZZLE) or bank[0]
    problems = []
    if found["cell"] is not None and found["cell"] < 3 * CELLS and found["view"] == "from":
        problems.append(
            unusable(PARAMETERS["cell"].words, "Only cells of the answer are predicted; here is one.")
        )
        found["cell"] = None
    found["puzzle"] = puzzle
    if found["beside"] == found["model"]:
        found["beside"] = ""  # it is on screen already
    if found["cell"] is None:
        found["cell"] = first_changed(puzzle)
    if found["sample"] not in (offered := samples_for(puzzle)):
        problems.append(unusable(PARAMETERS["sample"].words, OF_NO_TASK))
        found["sample"] = offered[0]
    if found["structure"] != puzzle.structure:
        found["structure"] = None
    if found["at"] > (last := len(opened(found["story"]).scenes) if found["story"] else 1):
        problems.append(unusable(PARAMETERS["at"].words, f"The story has {last} scenes; here is the last."))
        found["at"] = last
    return Scene(**found), problems


OF_NO_TASK = "The bank has no other puzzles of the task of this one; here it stands alone."


def samples_for(puzzle: Puzzle) -> tuple[int, ...]:
    """Over how many puzzles numbers about this one may be: alone, where the bank has none of its task."""
    return SAMPLES if puzzle.task in TASKS else SAMPLES[:1]


def first_changed(puzzle: Puzzle) -> int:
    """The first cell of the answer that differs from the third grid: where the model has to do something."""
    return 3 * CELLS + int(puzzle.changed.ravel().argmax())
