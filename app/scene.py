"""What is on screen, as one frozen value, and how it is written in the URL.

The URL always holds the whole scene: whoever opens it sees the same. (How the next puzzle or part is chosen, the picker's
filter and the board's method, is no part of it.) A scene is only ever replaced as a whole; widgets
show what it says and their callbacks replace it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import streamlit as st

from app.shared import plain
from interp.ablation import NO_ABLATION, Ablation, parse_ablation
from interp.backend import Backend
from interp.checkpoints import DEFAULT, list_models
from interp.errors import PuzzlescopeError
from interp.grids import SIZE
from interp.model import Config
from interp.predict import Metric
from interp.puzzles import Puzzle, PuzzleSet
from interp.tokens import Structure, structure_named

SAMPLES = (1, 16, 64)
"""Over how many puzzles the chart may be: this one, or so many of its task."""

FIRST_PUZZLE = "9a3726a23b"
"""What a first visitor sees: a puzzle of the bank without noise, whose rule can be read off at a glance."""

_KEY = "scene"
_NOTICE = "notice"


@dataclass(frozen=True)
class Scene:
    """Everything that decides what the workbench shows.

    Attributes:
        model: its name, as :func:`interp.load_model` takes it.
        puzzle: the puzzle on screen; its task is the task that is chosen.
        structure: only puzzles in this order are offered, or ``None`` for all.
        ablation: what is switched off.
        layer, head: whose attention is shown.
        row: first of the two grid rows on which attention is shown.
        metric: which cut of the loss the chart shows.
        sample: over how many puzzles the chart is.
    """

    model: str
    puzzle: Puzzle
    structure: Structure | None = None
    ablation: Ablation = NO_ABLATION
    layer: int = 0
    head: int = 0
    row: int = 4
    metric: Metric = "final"
    sample: int = 1

    def query(self) -> dict[str, str]:
        """The scene as URL parameters; what is at its default is left out."""
        values = {
            "model": "" if self.model == DEFAULT else self.model,
            "puzzle": self.puzzle.id,
            "order": self.structure.name.replace(" ", "-") if self.structure else "",
            "off": self.ablation.text,
            "attention": f"L{self.layer}.H{self.head}",
            "row": "" if self.row == Scene.row else str(self.row),
            "metric": "" if self.metric == Scene.metric else self.metric,
            "sample": "" if self.sample == Scene.sample else str(self.sample),
        }
        return {name: value for name, value in values.items() if value}


def scene_from_query(query: Mapping[str, str], backend: Backend) -> tuple[Scene, list[str]]:
    """The scene that a URL describes, or the nearest valid one, with a sentence for each thing that was not."""
    problems: list[str] = []

    def attempt(name: str, read: Any, default: Any) -> Any:
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
    return Scene(
        model=model,
        puzzle=puzzle,
        structure=structure if structure == puzzle.structure else None,
        ablation=attempt("off", lambda text: parse_ablation(text, cfg), NO_ABLATION),
        layer=layer,
        head=head,
        row=attempt("row", lambda text: _read_choice(text, range(SIZE - 1)), Scene.row),
        metric=attempt("metric", lambda text: _read_choice(text, get_args(Metric)), Scene.metric),
        sample=attempt("sample", lambda text: _read_choice(text, SAMPLES), Scene.sample),
    ), problems


def _read_model(text: str) -> str:
    # A link comes from a stranger: it must not make this server read a path or ask the hub.
    return _read_choice(text, list_models())


def _find(bank: PuzzleSet, identity: str) -> Puzzle:
    puzzle = bank.find(identity)
    if puzzle is None:
        raise PuzzlescopeError(f"There is no puzzle '{identity[:40]}' in the bank; here is another.")
    return puzzle


def _read_head(text: str, cfg: Config) -> tuple[int, int]:
    terms = parse_ablation(text, cfg).terms
    if len(terms) != 1 or terms[0].component.head is None:
        raise PuzzlescopeError(f"Expected one head such as L0.H3, got '{text[:40]}'.")
    return terms[0].component.layer, terms[0].component.head


def copy_head(backend: Backend, model: str, puzzle: Puzzle) -> tuple[int, int]:
    """(layer, head) of the head that looks one grid back most on this puzzle: what a first visitor should see."""
    scores = backend.lookbacks(model, puzzle)[100]
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    return layer, head


def _read_choice(text: str, choices: Any) -> Any:
    for choice in choices:
        if str(choice) == text:
            return choice
    raise PuzzlescopeError(f"Expected one of {', '.join(map(str, choices))}, got '{text[:40]}'.")


def current_scene(backend: Backend) -> Scene:
    """The scene of this visitor: the one in the URL on the first run, then the one the widgets made."""
    if _KEY not in st.session_state:
        scene, problems = scene_from_query(st.query_params.to_dict(), backend)
        st.session_state[_KEY] = scene
        st.session_state[_NOTICE] = problems
    scene = st.session_state[_KEY]
    if st.query_params.to_dict() != scene.query():
        st.query_params.from_dict(scene.query())
    return scene


def now() -> Scene:
    """The scene as it is; for use in widget callbacks."""
    return st.session_state[_KEY]


def change(**changes: Any) -> None:
    """Replace parts of the scene; for use in widget callbacks."""
    st.session_state[_KEY] = replace(now(), **changes)


def notify(sentence: str) -> None:
    """Say something at the top of the page on the next run."""
    st.session_state.setdefault(_NOTICE, []).append(sentence)


def show_notices() -> None:
    """Show what callbacks and the link had to say, once."""
    for sentence in st.session_state.pop(_NOTICE, []):
        st.warning(plain(sentence), icon=":material/info:")
