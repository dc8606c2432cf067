"""What several questions need: reference means, computed once, and cached runs that others branch off.

Only the worker runs what is here, a step at a time; nothing needs a lock.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from interp.ablation import NO_ABLATION, Ablation, Need, ReferenceMeans, joined
from interp.backend.cache import Cache, Results
from interp.backend.store import NOWHERE, Keeper, stored_under
from interp.engine.runs import Run, run_puzzle
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet
from interp.resumable import Steps


class Supplies:
    """Means and runs for questions.

    Args:
        run_bytes: bound on the runs kept.
        results: where means are kept, among all other results.
        checkpoint_id: the id of a model's weights, under which what is made with them is kept.
        bank: the puzzle bank, over which means are taken.
        store: where means are kept beyond this process.
    """

    def __init__(
        self,
        run_bytes: int,
        results: Results,
        checkpoint_id: Callable[[PuzzleGPT], str],
        bank: Callable[[], PuzzleSet],
        store: Keeper = NOWHERE,
    ):
        self.runs: Cache[tuple[str, Puzzle, Ablation], Run] = Cache(run_bytes)
        self._results, self._id, self._bank, self._store = results, checkpoint_id, bank, store
        self._under_way: dict[Hashable, Steps[None, ReferenceMeans]] = {}

    def run(
        self, model: PuzzleGPT, puzzle: Puzzle, ablation: Ablation, needs: Sequence[Need]
    ) -> Steps[Any, Run]:
        """The run of a puzzle, which goes on from one that is kept as far as both are the same.

        Args:
            needs: of the ablation. (The puzzle may have cells of its answer forced, which tell nothing of its
                rule: these are those of the puzzle as it was.)
        """
        checkpoint = self._id(model)
        key, clean = (checkpoint, puzzle, ablation), (checkpoint, puzzle, NO_ABLATION)
        known = self.runs.get(key)
        if known is not None:
            self.runs.hits += 1
            return known
        self.runs.misses += 1
        means = yield from self.means(model, needs)
        kept = [run for (of, *_), run in self.runs.items() if of == checkpoint]
        run = run_puzzle(model, puzzle.tokens, ablation, means, kept)
        if run.nbytes <= self.runs.maxsize:
            self.runs.get(clean)  # every other run can go on from it: it is in use
            self.runs[key] = run
            yield None  # meanwhile runs of others may push it out: it is held here
        return run

    def means(self, model: PuzzleGPT, needs: Sequence[Need]) -> Steps[Any, ReferenceMeans | None]:
        """What methods need to know; ``None`` if they need nothing."""
        parts = []
        for need in needs:
            if need.kept:
                parts.append((yield from self._kept(model, need)))
            else:
                parts.append((yield from need.steps(model, self._bank())))
        return joined(parts) if parts else None

    def _kept(self, model: PuzzleGPT, need: Need) -> Steps[Any, ReferenceMeans]:
        """One of them that is kept. However many need it at the same time, it is computed once: all share the
        computation, each takes it a step further when it has its turn, and none is needed for it to go on."""
        key = (self._id(model), "means", need)
        where, asked = stored_under(self._id(model), model), ("means", need)
        found: ReferenceMeans | None
        while (kept := self._results.get(key, counted=False)) is None:
            if key not in self._under_way:
                found = self._store.find(where, asked)
                if found is not None:
                    return self._results.keep(key, found)
                self._under_way[key] = need.steps(model, self._bank())
            try:
                next(self._under_way[key])
            except StopIteration as stop:
                del self._under_way[key]
                found = stop.value
                self._store.keep(where, asked, found)
                return self._results.keep(key, found)
            except BaseException:
                del self._under_way[key]
                raise
            yield None
        return kept
