"""The work of one chunk: its puzzles run, and its parts written."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from interp.ablation import Need, ReferenceMeans, joined, parse_ablation, parse_component, parse_method
from interp.ablation.hooks import methods_in
from interp.analyses.ablation_sweep import sweep
from interp.analyses.head_study import study_heads
from interp.circuits.attribution import STEPS, attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.scores import EdgeScores
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair, pair_for
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.resumable import finish
from interp.studies.folder import StudyFolder
from interp.studies.plan import Plan
from interp.studies.rows import (
    edge_rows,
    effect_rows,
    head_rows,
    pair_rows,
    pairs_of,
    puzzle_rows,
    puzzles_of,
)
from interp.studies.schema import EDGES, EFFECTS, HEADS, PAIRS, PUZZLES, TABLES
from interp.studies.sources import generated, is_generated


@dataclass(frozen=True)
class Done:
    """A chunk that is written.

    Attributes:
        chunk: its number.
        puzzles: how many it has.
        seconds: that it took, on the machine that computed it.
        by: which machine or process that was.
        again: whether another had written it meanwhile: both wrote the same.
    """

    chunk: int
    puzzles: int
    seconds: float
    by: str
    again: bool = False


class Measuring:
    """What a plan measures of puzzles, wherever these come from.

    What methods put in place is computed once for each order of the grids, and kept.

    Args:
        model: whose ``checkpoint_id`` is the plan's.
        plan: of the study.
        known: what another has computed already.

    Attributes:
        known: what is kept of it.
    """

    def __init__(self, model: PuzzleGPT, plan: Plan, known: dict[Need, ReferenceMeans] | None = None):
        self.model, self.plan = model, plan
        self.known = {} if known is None else known
        self.components = [parse_component(text, model.cfg) for text in plan.components]
        self.base = parse_ablation(plan.base, model.cfg)
        self.method = parse_method(plan.method, "method")

    def effects(self, puzzles: PuzzleSet, first: int) -> pa.Table:
        """Rows of the table ``effects``, none of puzzles that a method has nothing to put in place for: they
        have no pair."""
        kept = [number for number, puzzle in enumerate(puzzles) if self._can_do(puzzle)]
        if len(kept) == len(puzzles):
            return self._effects(puzzles, first)
        if not kept:
            return TABLES[EFFECTS].empty_table()
        rows = self._effects(PuzzleSet(puzzles.name, tuple(puzzles[number] for number in kept)), 0)
        numbers = np.asarray(kept, np.int32)[rows["puzzle"].to_numpy()] + np.int32(first)
        return rows.set_column(0, rows.schema.field(0), pa.array(numbers))

    def _can_do(self, puzzle: Puzzle) -> bool:
        try:
            for method in methods_in((self.base, self.method)):
                for need in method.needs([puzzle]):
                    if not need.kept:  # of this puzzle alone, such as its pair: found without a run
                        finish(need.steps(self.model, load_puzzles("bank")))
        except PuzzlescopeError:
            return False
        return True

    def _effects(self, puzzles: PuzzleSet, first: int) -> pa.Table:
        rows = sweep(
            self.model,
            puzzles.tokens,
            self.components,
            base=self.base,
            means=self._means(puzzles),
            method=self.method,
        )
        return effect_rows(list(rows), first, self.plan.measures)

    def heads(self, puzzles: PuzzleSet, first: int) -> pa.Table:
        """Rows of the table ``heads``: a pass a puzzle, so that none depends on its neighbours."""
        means = self._means(puzzles)
        studies = [study_heads(self.model, row[None], self.base, means) for row in puzzles.tokens]
        return head_rows(studies, first)

    def edges(self, pairs: list[tuple[int, Pair]]) -> pa.Table:
        """Rows of the table ``edges``."""
        found = [edge_rows(self.scores(pair), number) for number, pair in pairs]
        return pa.concat_tables(found).unify_dictionaries() if found else TABLES[EDGES].empty_table()

    def scores(self, pair: Pair) -> EdgeScores:
        """Those of a pair's edges."""
        if self.plan.edges == "exact":
            return exact_edges(self.model, [pair])
        return attribute_edges(self.model, [pair], steps=STEPS if self.plan.edges == "eap-ig" else 0)

    def pairs(self, puzzles: PuzzleSet, first: int) -> Iterator[tuple[int, Pair]]:
        """A pair of each puzzle that has one of the plan's kind and whose ends can be told apart by the
        logits."""
        for number, puzzle in enumerate(puzzles, start=first):
            try:
                pair = pair_for(puzzle, self.plan.pairs, self.plan.seed)  # type: ignore[arg-type]
            except PuzzlescopeError:
                continue
            if pair.aligned and pair.contrast.any():
                yield number, pair

    def _means(self, puzzles: PuzzleSet) -> ReferenceMeans | None:
        if not (self.base.needs_means or self.method.needs_means):
            return None
        parts = [ReferenceMeans(self.model.checkpoint_id)]
        for method in methods_in((self.base, self.method)):
            for need in method.needs(list(puzzles)):
                parts.append(self.known[need] if need in self.known else self._take(need))
        return joined(parts)

    def _take(self, need: Need) -> ReferenceMeans:
        found = finish(need.steps(self.model, load_puzzles("bank")))
        if need.kept:
            self.known[need] = found
        return found


class Worker:
    """Computes chunks of a study, one after the other.

    Args:
        model: whose ``checkpoint_id`` is the plan's.
        folder: of the study.
        name: which process this is, for those who look at the progress.
    """

    def __init__(self, model: PuzzleGPT, folder: StudyFolder, name: str = "this process"):
        self.folder, self.name = folder, name
        self.measuring = Measuring(model, folder.plan)

    def do(self, chunk: int) -> Done:
        """Compute a chunk and write its parts.

        Raises:
            PuzzlescopeError: if its puzzles cannot be had, or its parts not written.
        """
        begun, plan = time.perf_counter(), self.folder.plan
        puzzles, first = self._puzzles(chunk), plan.numbers(chunk).start
        if plan.kind == "edges":
            table, rows = EDGES, self.measuring.edges(self._pairs(chunk, puzzles, first))
        elif plan.kind == "heads":
            table, rows = HEADS, self.measuring.heads(puzzles, first)
        else:
            table, rows = EFFECTS, self.measuring.effects(puzzles, first)
        again = self.folder.there(chunk)
        self.folder.write(table, chunk, rows)
        return Done(chunk, len(puzzles), time.perf_counter() - begun, self.name, again)

    def _puzzles(self, chunk: int) -> PuzzleSet:
        """Those of the chunk. What is generated is written by who needs it first."""
        plan = self.folder.plan
        if not is_generated(plan.puzzles):
            return puzzles_of(self.folder.read(PUZZLES, chunk))
        puzzles = generated(plan, chunk)
        self.folder.write(PUZZLES, chunk, puzzle_rows(puzzles, plan.numbers(chunk).start))
        return puzzles

    def _pairs(self, chunk: int, puzzles: PuzzleSet, first: int) -> list[tuple[int, Pair]]:
        if self.folder.plan.pairs_from_file:
            return pairs_of(self.folder.read(PAIRS, chunk), puzzles, first)
        pairs = list(self.measuring.pairs(puzzles, first))
        self.folder.write(PAIRS, chunk, pair_rows(pairs))
        return pairs
