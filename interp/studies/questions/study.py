"""A study that is asked."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from interp.errors import PuzzlescopeError, brief
from interp.puzzles import Puzzle
from interp.studies.folder import StudyFolder
from interp.studies.plan import Plan
from interp.studies.questions import tables
from interp.studies.questions.parts import Parts, here
from interp.studies.questions.summary import Summary
from interp.studies.questions.tables import Difference, Distribution, Effect, Flip, Mean, Measure
from interp.studies.schema import CLEAN, EFFECTS
from interp.studies.sql.apart import answer_apart
from interp.studies.sql.guarded import USUAL, Bounds, answer, database, still_there

ROWS_AT_A_TIME = 2_000_000
"""Of the effects that are summed at a time."""
CHANGES = f"""
SELECT e.puzzle, p.id, p.task, p.structure, e.component,
    e.loss_final - c.loss_final AS nats, e.broken::INT - e.fixed::INT AS cells, e.solved, e.flip
FROM effects AS e
JOIN (SELECT puzzle, loss_final FROM effects WHERE component = '{CLEAN}') AS c USING (puzzle)
JOIN puzzles AS p USING (puzzle)
WHERE e.component <> '{CLEAN}'
"""
"""The view ``changes``: what each component does to each puzzle, against the run without."""
_VALUES: dict[Measure, str] = {
    "final": "loss_final",
    "wrong": "wrong::DOUBLE",
    "answers": "(NOT solved)::DOUBLE",
}
"""What two studies are compared by, as SQL: the more, the worse."""


class Study:
    """A study that is asked, whole or in progress: only chunks that are done count, those that are done when
    it is asked.

    Args:
        folder: where it lies, or that as a path or a URL of fsspec's.
        copies: a folder for copies of the parts of a study that does not lie on this machine.
        bounds: what an answer may cost.
    """

    def __init__(self, folder: StudyFolder | str | Path, copies: Path | None = None, bounds: Bounds = USUAL):
        self.folder = folder if isinstance(folder, StudyFolder) else StudyFolder(str(folder))
        self.copies, self.bounds = copies, bounds
        self._summary: Summary | None = None
        self._effects: dict[Measure, tuple[Summary, list[Effect]]] = {}
        self._lock = threading.Lock()

    @property
    def plan(self) -> Plan:
        """What it computes."""
        return self.folder.plan

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.root.rstrip("/").rpartition("/")[2]

    def parts(self) -> Parts:
        """Those that count now.

        Raises:
            PuzzlescopeError: if no chunk is done.
        """
        found = here(self.folder, self.copies)
        if not found.chunks:
            raise PuzzlescopeError(f"Nothing of the study {self.name} is computed yet.")
        return found

    # ---- in SQL --------------------------------------------------------------------------------------------

    def sql(
        self,
        question: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        *,
        rows: int | None = None,
        bounds: Bounds | None = None,
    ) -> pa.Table:
        """The answer to one SELECT, in DuckDB's SQL, over the tables of the study
        (:mod:`interp.studies.schema`) and, of effects, ``changes`` (:data:`CHANGES`); nothing else can be
        read, and nothing written.

        Args:
            parameters: by place for ``?``, or by name for ``$name``.
            rows: at most so many, the first.
            bounds: what the answer may cost; left out, those of the study.

        Raises:
            PuzzlescopeError: if it cannot be answered, or costs more.
        """
        own = bounds or self.bounds
        views = {"changes": CHANGES} if self.plan.kind == EFFECTS else {}

        def ask() -> pa.Table:
            if own.apart:
                return answer_apart(self.parts().of(), question, parameters, rows, own, views)
            with database(self.parts().of(), own, views) as connection:
                return answer(connection, question, parameters, rows)

        return still_there(ask)

    # ---- ready tables --------------------------------------------------------------------------------------

    def fill(self, seconds: float | None = None) -> float:
        """Sum up chunks that are new, and keep the sums beside the parts if one may write there.

        Args:
            seconds: after which no more are begun; left out, all are.

        Returns:
            The share of the chunks that are done which the ready tables know of, 0 to 1.
        """
        self._require_effects()
        with self._lock:
            return still_there(lambda: self._fill(seconds))

    def _fill(self, seconds: float | None) -> float:
        parts = self.parts()
        known = self._known(parts)
        begun, new = time.monotonic(), [chunk for chunk in parts.chunks if chunk not in known.chunks]
        at_a_time = max(1, ROWS_AT_A_TIME // (self.plan.chunk * self.plan.runs))
        taken = 0
        while taken < len(new) and (seconds is None or not taken or time.monotonic() - begun < seconds):
            some = frozenset(new[taken : taken + at_a_time])
            known += Summary.of(some, self.plan.chunk, parts.of(some), self.bounds)
            taken += len(some)
        if taken:
            with suppress(PuzzlescopeError):  # who may only read sums up for itself
                known.keep(self.folder)
        self._summary = known
        return len(known.chunks) / len(parts.chunks)

    def _known(self, parts: Parts) -> Summary:
        done = set(parts.chunks)
        if self._summary is None or not self._summary.chunks <= done:
            return Summary.kept(self.folder, done)
        return self._summary

    @property
    def summary(self) -> Summary:
        """What the ready tables are made of: that of the chunks of :meth:`fill`, of all if it has not been
        called."""
        if self._summary is None:
            self.fill()
        assert self._summary is not None
        return self._summary

    def effects(self, measure: Measure = "final") -> list[Effect]:
        """What each component does by task: of all tasks together first, then task by task."""
        summary = self.summary
        known = self._effects.get(measure)
        if known is None or known[0] is not summary:
            known = summary, tables.effects(summary, self.plan.components, measure)
            self._effects[measure] = known
        return known[1]

    def distribution(self, component: str, task: str = "") -> Distribution:
        """How a component's effect is spread over the puzzles of a task, or of all.

        Raises:
            PuzzlescopeError: if the study has no such component.
        """
        self._require(component)
        return tables.distribution(self.summary, component, task)

    def flips(self, component: str, task: str = "", limit: int = 200) -> list[Flip]:
        """Puzzles that flip under a component, the first in the order of the study.

        Args:
            task: only of this, or of all.

        Raises:
            PuzzlescopeError: if the study has no such component.
        """
        self._require(component)
        return still_there(lambda: self._flips(component, task, limit))

    def _flips(self, component: str, task: str, limit: int) -> list[Flip]:
        parts = self.parts()
        found: list[Flip] = []
        chunks, size = parts.chunks, 8
        while chunks and len(found) < limit:  # most often the first few have enough of them
            some, chunks, size = chunks[:size], chunks[size:], 8 * size
            with database(parts.of(frozenset(some)), self.bounds) as connection:
                rows = connection.execute(
                    f"""
                    WITH flipped AS (SELECT puzzle, flip, loss_final FROM effects
                        WHERE component = $component AND flip <> 0),
                    taken AS (SELECT f.puzzle, p.task, p.tokens, f.flip, f.loss_final FROM flipped AS f
                        JOIN puzzles AS p USING (puzzle) WHERE $task IN ('', p.task)
                        ORDER BY f.puzzle LIMIT {limit - len(found)})
                    SELECT t.puzzle, t.task, t.tokens, t.flip, t.loss_final - c.loss_final
                    FROM taken AS t JOIN effects AS c USING (puzzle)
                    WHERE c.component = '{CLEAN}' ORDER BY t.puzzle
                    """,
                    {"component": component, "task": task},
                ).fetchall()
            found += [
                Flip(number, Puzzle.of(named, np.frombuffer(tokens, np.uint8)), flip < 0, change)
                for number, named, tokens, flip, change in rows
            ]
        return found

    def compared(
        self, other: "Study", component: str = CLEAN, measure: Measure = "final"
    ) -> list[Difference]:
        """Another study on the same puzzles, paired by their ids: the effects of a component, or, of nothing
        ablated, how well the models do by themselves.

        Returns:
            All tasks together first.

        Raises:
            PuzzlescopeError: if they have no puzzle in common, or one has no such component.
        """
        for study in (self, other):
            study._require(component, clean=True)
        return still_there(lambda: self._compared(other, component, measure))

    def _compared(self, other: "Study", component: str, measure: Measure) -> list[Difference]:
        files = {
            f"{table}_{k}": paths
            for k, one in enumerate((self, other))
            for table, paths in one.parts().of().items()
        }
        with database(files, self.bounds) as connection:
            rows = connection.execute(
                _paired(component == CLEAN, measure), {"component": component}
            ).fetchall()
        if not rows or not rows[0][1]:
            raise PuzzlescopeError(f"The studies {self.name} and {other.name} have no puzzle in common.")
        return [_difference(*row) for row in rows]

    def _require_effects(self) -> None:
        if self.plan.kind != EFFECTS:
            raise PuzzlescopeError(
                f"The study {self.name} is one of {self.plan.kind}: ask it in SQL, ready tables are"
                " of effects."
            )

    def _require(self, component: str, *, clean: bool = False) -> None:
        self._require_effects()
        if component not in self.plan.components and not (clean and component == CLEAN):
            raise PuzzlescopeError(
                f"The study {self.name} has no component '{brief(component)}': it has"
                f" {brief(', '.join(self.plan.components))}."
            )


def _paired(clean: bool, measure: Measure) -> str:
    """The SELECT that pairs two studies: sums by task, all together first."""
    sides = ", ".join(_side(k, clean, _VALUES[measure]) for k in (0, 1))
    return (
        f"WITH {sides}, pairs AS (SELECT one.task, one.v AS a, two.v AS b, one.f AS fa, two.f AS fb"
        " FROM side_0 AS one JOIN side_1 AS two USING (id) WHERE isfinite(one.v) AND isfinite(two.v))"
        " SELECT coalesce(task, ''), count(*), sum(a), sum(a * a), sum(b), sum(b * b), sum(b - a),"
        " sum((b - a) * (b - a)), count(*) FILTER (fa AND NOT fb), count(*) FILTER (fb AND NOT fa)"
        " FROM pairs GROUP BY GROUPING SETS ((), (task)) ORDER BY grouping(task) DESC, task"
    )


def _side(k: int, clean: bool, value: str) -> str:
    """One of the two: a value and whether it flips, of each puzzle once."""
    if clean:
        rows = f"SELECT puzzle, {value} AS v, solved AS f FROM effects_{k} WHERE component = $component"
    else:
        rows = (
            "SELECT puzzle, on_.v - off_.v AS v, f FROM"
            f" (SELECT puzzle, {value} AS v, flip <> 0 AS f FROM effects_{k} WHERE component = $component)"
            f" AS on_ JOIN (SELECT puzzle, {value} AS v FROM effects_{k} WHERE component = '{CLEAN}') AS off_"
            " USING (puzzle)"
        )
    return (
        f"side_{k} AS (SELECT p.id, arg_min(p.task, puzzle) AS task, arg_min(r.v, puzzle) AS v,"
        f" arg_min(r.f, puzzle) AS f FROM ({rows}) AS r JOIN puzzles_{k} AS p USING (puzzle) GROUP BY p.id)"
    )


def _difference(task: str, n: int, *sums: float | int) -> Difference:
    a, aa, b, bb, d, dd, only_one, only_other = sums
    return Difference(
        task, Mean.of(n, a, aa), Mean.of(n, b, bb), Mean.of(n, d, dd), int(only_one), int(only_other)
    )
