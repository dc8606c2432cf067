"""The search for the smallest edit that makes a model right about a puzzle which it gets wrong.

What is edited is the third grid: the example has no noise, and no solver reads one that has. An edit counts
only if the solver can still say what the right answer is (:mod:`interp.analyses.failures.ground`); it is the
same unless the edit makes a rectangle a line larger or smaller. First every cell in every other colour is
tried. Of two and three cells there are too many: those that join the best edits of one cell are tried, and
how many of how many cells is told with the result. That no edit of one cell helps is therefore known; that
none of two or three does is not.

All edits of a puzzle share its example, whose keys and values are computed once. Whether an edit makes the
model right is first read off a teacher-forced pass; one that does is then decoded greedily, as it stands.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, means_for
from interp.analyses.activation_patching import Edit
from interp.analyses.failures.attempts import MOST_CELLS, Attempts, several_cells, single_cells
from interp.analyses.failures.ground import Ground, ground_of
from interp.analyses.failures.rules import RuleFit, rules_of
from interp.analyses.question import PuzzleQuestion
from interp.engine.forward import embed, tail, unembed
from interp.engine.predict import predict_run
from interp.engine.runs import run_puzzle
from interp.engine.trunk import Trunk
from interp.errors import PuzzlescopeError
from interp.export.programs import given, puzzle_program
from interp.grids import CELLS, COLORS, SIZE
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.puzzles import Puzzle, puzzle_name
from interp.resumable import Steps, resumable
from interp.tokens import cell_position, encode

TRIES = 1600
"""Edits that are tried of a puzzle, at most."""
PER_SIZE = 300
"""Of these, edits of two cells, and of three."""
ROWS = 16
"""Edits of one pass."""
WORDS = ("one", "two", "three")


class FailureState:
    """What is known so far of why a model gets a puzzle wrong.

    Attributes:
        puzzle: its id; ``task``: its task; ``grid``: the name of its third grid.
        third: the cells of that grid, as they stand.
        truth: the right answer.
        drawn: the tokens that the model draws, greedily; -1 before they are known.
        clean: the same without noise, as far as that is known.
        unverified: why no edit can be verified, in a sentence; empty where one can.
        rules: that come nearer to what it drew than the truth does (:class:`RuleFit`).
        offered, tried: how many edits of one, two and three cells there are to try, and have been tried.
        edits: the cells of the smallest edit found that makes the model right; none as long as none is found.
        answer: the right answer with these edits.
        complete: whether the search has ended.
    """

    def __init__(self, puzzle: Puzzle):
        self.puzzle, self.task = puzzle.id, puzzle.task
        self.grid = puzzle.structure.name.split(" ")[2]
        self.third: UInt8[np.ndarray, " 100"] = puzzle.grids[2].ravel().copy()
        self.clean: UInt8[np.ndarray, " 100"] = self.third.copy()
        self.truth: UInt8[np.ndarray, " 100"] = puzzle.grids[3].ravel().copy()
        self.answer: UInt8[np.ndarray, " 100"] = self.truth.copy()
        self.drawn: Int[np.ndarray, " 100"] = np.full(CELLS, -1)
        self.unverified = ""
        self.rules: tuple[RuleFit, ...] = ()
        self.offered: Int[np.ndarray, " 3"] = np.zeros(MOST_CELLS, int)
        self.tried: Int[np.ndarray, " 3"] = np.zeros(MOST_CELLS, int)
        self.edits: tuple[Edit, ...] = ()
        self.complete = False
        self._planned = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        arrays = (self.third, self.clean, self.truth, self.answer, self.drawn, self.offered, self.tried)
        return sum(array.nbytes for array in arrays)

    @property
    def fraction(self) -> float:
        """How much of the search is done, 0 to 1."""
        return 1.0 if self.complete else min(0.99, int(self.tried.sum()) / max(1, self._planned))

    @property
    def known(self) -> bool:
        """Whether it is known what the model draws."""
        return bool(self.drawn[0] >= 0)

    @property
    def wrong(self) -> Bool[np.ndarray, " 100"]:
        """The cells that the model gets wrong."""
        return self.drawn != self.truth

    @property
    def noise(self) -> int:
        """How many cells of the third grid hold noise."""
        return int((self.clean != self.third).sum())

    @property
    def solved(self) -> bool:
        """Whether the model is right about the puzzle as it is: there is nothing to explain."""
        return self.known and not self.wrong.any()

    def plan(self, singles: int, most_cells: int, tries: int) -> None:
        """So many edits of one cell are about to be tried, and some of more cells."""
        self._planned = min(tries, singles + PER_SIZE * (most_cells - 1))

    def edited(self, puzzle: Puzzle) -> Puzzle:
        """The puzzle with these edits, and the answer that is then right."""
        grids = puzzle.grids.copy()
        for edit in self.edits:
            grids[edit.place, edit.row, edit.column] = edit.color
        grids[3] = self.answer.reshape(SIZE, SIZE)
        return Puzzle.of(puzzle.task, encode(grids, puzzle.structure))

    def summary(self) -> str:
        """All of it in a few sentences."""
        if not self.known:
            return "Nothing is known yet."
        if self.solved:
            return "The model draws this puzzle right: there is nothing to explain."
        return " ".join(part for part in (self.told_noise(), self.told_edit(), self.told_rules()) if part)

    def told_noise(self) -> str:
        """How many of the wrong cells hold the third grid's noise; nothing where none does."""
        noisy = int((self.wrong & (self.clean != self.third) & (self.drawn == self.third)).sum())
        wrong = int(self.wrong.sum())
        repeat = "repeats" if noisy == 1 else "repeat"
        return f"{noisy} of its {wrong} wrong cells {repeat} the noise of {self.grid}." if noisy else ""

    def told_edit(self) -> str:
        """Which edit makes the model right, or that none was found, within which bound."""
        if self.unverified:
            return self.unverified
        if self.edits:
            cells = "; ".join(map(self._named, self.edits))
            answer = "" if np.array_equal(self.answer, self.truth) else " The right answer is another then."
            return f"With {_cells(len(self.edits))} changed the model is right: {cells}.{answer}"
        tried = [f"{n:,} of {_cells(k + 1)}" for k, n in enumerate(self.tried.tolist()) if n]
        if not self.complete:
            return f"Tried so far, without success: {', '.join(tried)}." if tried else "The search begins."
        if not tried:
            return "No edit leaves an answer to be worked out, so none was tried."
        rest = (
            " There are more of several cells than were tried, so one of them may do it."
            if len(tried) > 1
            else ""
        )
        return f"No edit that was tried makes the model right: {', '.join(tried)}.{rest}"

    def told_rules(self) -> str:
        """Which other rule gives what the model drew, or comes near it."""
        wrong = int(self.wrong.sum())
        if not self.rules:
            return f"No rule comes nearer to what it drew than the right one, {wrong} of 100 cells off."
        exact = [fit.words for fit in self.rules if fit.off == 0]
        if exact:
            return f"What it drew is exactly {' and '.join(exact)}."
        first = self.rules[0]
        return (
            f"No rule gives what it drew; the nearest that was found is {first.words}, {first.off} of 100"
            f" cells off (the right one: {wrong})."
        )

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A single row, for :class:`interp.export.tables.Table`."""
        return (
            {
                "puzzle": self.puzzle,
                "task": self.task,
                "wrong": int(self.wrong.sum()) if self.known else None,
                "noise": self.noise,
                "edits": [self._named(edit) for edit in self.edits],
                **{f"tried_{word}": n for word, n in zip(WORDS, self.tried.tolist(), strict=True)},
                "rules": [f"{fit.words} ({fit.off} off)" for fit in self.rules],
                "unverified": self.unverified,
            },
        )

    def _named(self, edit: Edit) -> str:
        was, now = COLORS[self.third[SIZE * edit.row + edit.column]].name, COLORS[edit.color].name
        return f"row {edit.row + 1}, column {edit.column + 1} of {self.grid} from {was} to {now}"


def _cells(count: int) -> str:
    return f"{WORDS[count - 1]} cell{'s' if count > 1 else ''}"


@resumable
def study_failure(
    model: PuzzleGPT,
    puzzle: Puzzle,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    *,
    most_cells: int = MOST_CELLS,
    tries: int = TRIES,
    rows: int = ROWS,
) -> Steps[FailureState, FailureState]:
    """Find the smallest edit of a puzzle that makes the model right, and which rule gives what it drew.

    Args:
        ablation: holds in every run.
        most_cells: of an edit, 1 to 3.
        tries: edits that are tried, at most.
        rows: edits of one pass.

    Yields:
        The state once, at the start: it fills up. Then ``None``.

    Raises:
        PuzzlescopeError: if ``most_cells`` or ``tries`` is out of its range.
    """
    if not 1 <= most_cells <= MOST_CELLS:
        raise PuzzlescopeError(f"An edit has 1 to {MOST_CELLS} cells, got {most_cells}.")
    if tries < 1:
        raise PuzzlescopeError(f"At least 1 edit has to be tried, got {tries}.")
    say_ignored(model, "searches for an edit")
    state = FailureState(puzzle)
    yield state
    answer = yield from predict_run(model, run_puzzle(model, puzzle.tokens, ablation, means))
    state.drawn[:] = answer.greedy[0]
    if not state.solved:
        ground = _ground(puzzle, state)
        state.rules = rules_of(puzzle, answer.greedy[0].reshape(SIZE, SIZE).astype(np.uint8), ground)
        yield None
        if ground is not None:
            yield from _Search(model, puzzle, ground, ablation, means).run(state, most_cells, tries, rows)
    state.complete = True
    return state


def _ground(puzzle: Puzzle, state: FailureState) -> Ground | None:
    try:
        ground = ground_of(puzzle)
    except PuzzlescopeError as error:
        state.unverified = str(error)
        return None
    state.clean[:] = ground.here.third.ravel()
    return ground


class _Search:
    """Runs of one puzzle with its third grid edited; they branch off at that grid."""

    def __init__(
        self,
        model: PuzzleGPT,
        puzzle: Puzzle,
        ground: Ground,
        ablation: Ablation,
        means: ReferenceMeans | None,
    ):
        self.model, self.puzzle, self.ground = model, puzzle, ground
        self.ablation, self.means = ablation, means
        self.prompt = model.prompt(puzzle.tokens[None])
        self.first, self.answer = cell_position(2, 0, 0), cell_position(3, 0, 0)
        prompt = self.prompt[:, :-1]
        rows = means_for(model, prompt, means, ablation)
        where = slice(self.first, prompt.shape[1])
        self.trunk = Trunk(model, prompt, ablation, rows, where=where)

    def run(self, state: FailureState, most_cells: int, tries: int, rows: int) -> Steps[None, None]:
        """Try edits of one cell, then of more, until one makes the model right."""
        yield from self.trunk.grow()
        singles = single_cells(self.puzzle, self.ground)[:tries]
        state.plan(len(singles), most_cells, tries)
        attempts, losses = singles, np.zeros(0, np.float32)
        for cells in range(1, most_cells + 1):
            if cells > 1:
                room = min(PER_SIZE, tries - int(state.tried.sum()))
                attempts = several_cells(self.puzzle, self.ground, singles, losses, cells, room)
            state.offered[cells - 1] = len(attempts)
            found = []
            for start in range(0, len(attempts), rows):
                found.append((yield from self._try(state, attempts[start : start + rows], cells)))
                if state.edits:
                    return
            if cells == 1:
                losses = np.concatenate([np.zeros(0, np.float32), *found])

    def _try(
        self, state: FailureState, batch: Attempts, cells: int
    ) -> Steps[None, Float[np.ndarray, " edit"]]:
        """Run some edits; of those that make the model right, the one with the lowest loss is taken.

        Returns:
            The loss of each.
        """
        losses, right = yield from self._measure(batch)
        state.tried[cells - 1] += len(batch)
        for row in sorted(np.flatnonzero(right).tolist(), key=lambda row: float(losses[row])):
            if (yield from self._verified(batch.thirds[row], batch.answers[row])):
                state.edits = _edits(state.third, batch.thirds[row])
                state.answer[:] = batch.answers[row]
                break
        return losses

    def _measure(
        self, batch: Attempts
    ) -> Steps[None, tuple[Float[np.ndarray, " edit"], Bool[np.ndarray, " edit"]]]:
        """The loss of the right answer's cells (nats), and whether all are the likeliest, given those
        before."""
        tokens = self.prompt.repeat(len(batch), 1)
        thirds, answers = (
            torch.from_numpy(cells.astype(np.int64)).to(self.model.device)
            for cells in (batch.thirds, batch.answers)
        )
        tokens[:, self.first : self.first + CELLS], tokens[:, self.answer :] = thirds, answers
        resid = embed(self.model, tokens[:, self.first : -1], start=self.first)
        gates = self.trunk.gates(*[self.ablation] * len(batch))
        resid = yield from self.trunk.branch(0, resid, gates)
        logits = unembed(self.model, tail(resid, CELLS))
        right = (logits.argmax(-1) == answers) & logits.isfinite().all(-1)
        chances = logits.log_softmax(-1).gather(-1, answers[..., None])[..., 0]
        return -chances.mean(-1).float().cpu().numpy(), right.all(-1).cpu().numpy()

    def _verified(self, third: np.ndarray, answer: np.ndarray) -> Steps[None, bool]:
        """Whether the model, decoding greedily, is right about the puzzle with this third grid."""
        grids = self.puzzle.grids.copy()
        grids[2:] = third.reshape(SIZE, SIZE), answer.reshape(SIZE, SIZE)
        tokens = encode(grids, self.puzzle.structure)
        drawn = yield from predict_run(self.model, run_puzzle(self.model, tokens, self.ablation, self.means))
        return bool(drawn.solved[0])


def _edits(third: UInt8[np.ndarray, " 100"], edited: UInt8[np.ndarray, " 100"]) -> tuple[Edit, ...]:
    changed = np.flatnonzero(third != edited).tolist()
    return tuple(Edit(2, cell // SIZE, cell % SIZE, int(edited[cell])) for cell in changed)


# ---- asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failure(PuzzleQuestion[FailureState]):
    """Why the model gets a puzzle wrong (see :func:`study_failure`). The state fills up."""

    most_cells: int = MOST_CELLS
    tries: int = TRIES

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[FailureState, FailureState]:
        return study_failure.steps(
            model, self.puzzle, self.ablation, means, most_cells=self.most_cells, tries=self.tries
        )

    def program(self, model: str) -> str:
        """What makes the model right, and which rule gives what it drew.

        >>> from interp import load_puzzles
        >>> print(Failure(load_puzzles("bank").find("9a3726a23b")).program("default"))
        from interp import load_model, load_puzzles, study_failure
        <BLANKLINE>
        model = load_model('default')
        bank = load_puzzles('bank')
        puzzle = bank.find('9a3726a23b')
        <BLANKLINE>
        state = study_failure(model, puzzle)
        print(state.summary())
        for fit in state.rules:
            print(fit.task, fit.off, 'cells off')
        """
        bounds = f", most_cells={self.most_cells:d}" if self.most_cells != MOST_CELLS else ""
        bounds += f", tries={self.tries:d}" if self.tries != TRIES else ""
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            self.ablation,
            [
                f"state = study_failure(model, puzzle{given(self.ablation)}{bounds})",
                "print(state.summary())",
                "for fit in state.rules:",
                "    print(fit.task, fit.off, 'cells off')",
            ],
        )
