"""What a study's rows add up to, small enough to be kept beside them: counts and sums by task, component and
size of the effect.

It is a sum over chunks. So that of a study in progress goes on with the chunks that are new, and it is read
again by whoever asks next. An effect is the change of ``loss_final``, in nats, against the run without.
"""

import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Float, Integer
from pyarrow import parquet

from interp.studies.folder import SUMMARY_FILE, StudyFolder
from interp.studies.schema import CLEAN
from interp.studies.sql.guarded import Bounds, database

VERSION = 1
"""Of the summary. One of another is made anew."""

LEAST = 1e-6
"""Nats: a smaller effect is none."""
BY_DECADE = 40
"""Bins from an effect to its tenfold: each is 6 % wide."""
UNKNOWN = -(1 << 14)
"""The bin of losses that are not finite, or not measured."""

SHARES = (0.1, 0.5, 0.9)
"""Of the puzzles: below which effects they lie is told."""
KEYS = ["task", "component", "bin"]
SUMS = ["n", "nats", "nats_squared", "cells", "cells_squared", "lost", "won"]
_KINDS = {"n": pa.int64(), "nats": pa.float64(), "nats_squared": pa.float64()}
SCHEMA = pa.schema(
    [("task", pa.string()), ("component", pa.string()), ("bin", pa.int16())]
    + [(name, _KINDS.get(name, pa.int64())) for name in SUMS]
)

_ADD_UP = f"""
WITH clean AS (SELECT puzzle, loss_final FROM effects WHERE component = '{CLEAN}'),
changed AS (
    SELECT p.task AS task, e.component AS component,
        CASE WHEN e.component = '{CLEAN}' THEN e.loss_final ELSE e.loss_final - c.loss_final END AS change,
        CASE WHEN e.component = '{CLEAN}' THEN e.wrong ELSE e.broken::INT - e.fixed::INT END AS cells,
        CASE WHEN e.component = '{CLEAN}' THEN NOT e.solved ELSE e.flip < 0 END AS lost,
        CASE WHEN e.component = '{CLEAN}' THEN e.solved ELSE e.flip > 0 END AS won
    FROM effects AS e JOIN clean AS c USING (puzzle) JOIN puzzles AS p USING (puzzle)
    WHERE (e.puzzle // $size) IN (SELECT unnest($chunks))
),
finite AS (SELECT *, CASE WHEN isfinite(change) THEN change ELSE 0 END AS nats FROM changed)
SELECT task, component,
    (CASE WHEN NOT coalesce(isfinite(change), false) THEN {UNKNOWN} WHEN abs(nats) < {LEAST} THEN 0
        ELSE sign(nats) * (1 + floor(least({BY_DECADE} * log10(abs(nats) / {LEAST}), 16000)))
        END)::SMALLINT AS bin,
    count(*)::BIGINT AS n, sum(nats) AS nats, sum(nats * nats) AS nats_squared,
    coalesce(sum(cells), 0)::BIGINT AS cells, coalesce(sum(cells * cells), 0)::BIGINT AS cells_squared,
    coalesce(sum(lost::INT), 0)::BIGINT AS lost, coalesce(sum(won::INT), 0)::BIGINT AS won
FROM finite GROUP BY ALL
"""


@dataclass(frozen=True)
class Summary:
    """What some chunks of a study add up to.

    Attributes:
        chunks: which.
        rows: of :data:`SCHEMA`; ``cells`` are those broken less those fixed. Of the run without, ``nats`` are
            its losses, ``cells`` those that are wrong, ``won`` and ``lost`` the puzzles solved and not.
    """

    chunks: frozenset[int]
    rows: pa.Table

    @classmethod
    def none(cls) -> "Summary":
        return cls(frozenset(), SCHEMA.empty_table())

    @classmethod
    def of(cls, chunks: frozenset[int], size: int, files: dict[str, list[str]], bounds: Bounds) -> "Summary":
        """That of some chunks.

        Args:
            size: puzzles of a chunk.
            files: in which they lie, maybe others too.
        """
        with database(files, bounds) as connection:
            given = {"size": size, "chunks": sorted(chunks)}
            found = connection.sql(_ADD_UP, params=given).to_arrow_table()
        return cls(chunks, found.cast(SCHEMA))

    def __add__(self, other: "Summary") -> "Summary":
        assert not self.chunks & other.chunks, "counted twice"
        both = pa.concat_tables([self.rows, other.rows]).group_by(KEYS)
        summed = both.aggregate([(name, "sum") for name in SUMS])
        names = dict(zip([f"{name}_sum" for name in SUMS], SUMS, strict=True))
        rows = summed.rename_columns([names.get(name, name) for name in summed.column_names])
        return Summary(self.chunks | other.chunks, rows.select(SCHEMA.names).cast(SCHEMA))

    # ---- kept ----------------------------------------------------------------------------------------------

    def keep(self, folder: StudyFolder) -> None:
        """Write it beside the parts."""
        covered = ",".join(map(str, sorted(self.chunks)))
        header = {"version": str(VERSION), "plan": folder.plan.fingerprint, "chunks": covered}
        sink = io.BytesIO()
        parquet.write_table(self.rows.replace_schema_metadata(header), sink, compression="zstd")
        folder.keep(SUMMARY_FILE, sink.getvalue())

    @classmethod
    def kept(cls, folder: StudyFolder, done: set[int]) -> "Summary":
        """The one beside the parts, or none if there is none of these chunks: one that is damaged, or of
        another version, is made anew."""
        content = folder.kept(SUMMARY_FILE)
        try:
            if content is None:
                return cls.none()
            rows = parquet.read_table(io.BytesIO(content))
            header = {key.decode(): value.decode() for key, value in (rows.schema.metadata or {}).items()}
            chunks = frozenset(int(one) for one in header["chunks"].split(",") if one)
            said = header["version"], header["plan"]
            if said == (str(VERSION), folder.plan.fingerprint) and chunks <= done:
                return cls(chunks, rows.replace_schema_metadata(None).cast(SCHEMA))
        except (pa.ArrowException, KeyError, ValueError, OSError):
            pass
        return cls.none()

    # ---- read ----------------------------------------------------------------------------------------------

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows for pandas."""
        return self.rows.to_pandas()

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Sums by task and component, the task '' for all together; ``finite`` counts those whose loss is."""
        frame = self.frame.assign(finite=self.frame["n"].where(self.frame["bin"] != UNKNOWN, 0))
        by_task = frame.groupby(["task", "component"], as_index=False)[[*SUMS, "finite"]].sum()
        together = by_task.groupby("component", as_index=False)[[*SUMS, "finite"]].sum().assign(task="")
        return pd.concat([together, by_task], ignore_index=True)

    @cached_property
    def spread(self) -> dict[tuple[str, str], tuple[float, ...]]:
        """By task, '' for all together, and component: the effects below which :data:`SHARES` of the puzzles
        lie, those whose loss is not finite left out. What has no puzzle is not there."""
        known = self.frame.loc[self.frame["bin"] != UNKNOWN, [*KEYS, "n"]]
        together = known.groupby(["component", "bin"], as_index=False)["n"].sum().assign(task="")
        frame = pd.concat([together, known[["task", *together.columns[:-1]]]]).sort_values(KEYS[:2])
        bins, counts = frame["bin"].to_numpy(), frame["n"].to_numpy()
        tasks, components = frame["task"].to_numpy(), frame["component"].to_numpy()
        new = (tasks[1:] != tasks[:-1]) | (components[1:] != components[:-1])
        ends = [*(np.flatnonzero(new) + 1).tolist(), len(frame)]
        return {
            (str(tasks[start]), str(components[start])): tuple(
                quantiles(bins[start:end], counts[start:end], SHARES).tolist()
            )
            for start, end in zip([0, *ends], ends, strict=False)
            if end > start
        }


def edges(bins: Integer[np.ndarray, " bins"], at: float) -> Float[np.ndarray, " bins"]:
    """Where bins lie, in nats.

    Args:
        at: 0 for the end nearer to no effect, 1 for the other.
    """
    sizes = LEAST * 10.0 ** ((np.abs(bins) - 1 + at) / BY_DECADE)
    found: np.ndarray = np.sign(bins) * np.where(bins == 0, 0.0, sizes)
    return found


def quantiles(
    bins: Integer[np.ndarray, " bins"], counts: Integer[np.ndarray, " bins"], shares: tuple[float, ...]
) -> Float[np.ndarray, " shares"]:
    """Values below which these shares of the puzzles lie, from counts by bin: as ``numpy.quantile`` and SQL's
    ``quantile_cont`` have them, between the two puzzles beside the place where there is none at it. Each of
    the two is taken within its bin, so less than 6 % of it away.

    Returns:
        nan where there is no puzzle.
    """
    order = np.argsort(bins)
    own, many = bins[order].astype(np.int64), counts[order].astype(np.int64)
    known = np.cumsum(many)
    if not len(known):
        return np.full(len(shares), np.nan)
    places = np.asarray(shares) * (known[-1] - 1)
    before = np.floor(places).astype(np.int64)
    behind = np.minimum(before + 1, known[-1] - 1)
    first, second = (_within(own, many, known, ranks) for ranks in (before, behind))
    found: np.ndarray = first + (places - before) * (second - first)
    return found


def _within(
    bins: Integer[np.ndarray, " bins"],
    counts: Integer[np.ndarray, " bins"],
    known: Integer[np.ndarray, " bins"],
    ranks: Integer[np.ndarray, " ranks"],
) -> Float[np.ndarray, " ranks"]:
    """The effects of the puzzles of these ranks, from 0, as if those of a bin lay evenly in it.

    Args:
        bins: ascending.
        known: how many puzzles lie in each or a lower one.
    """
    places = np.searchsorted(known, ranks, side="right")
    share = 1 - (known[places] - ranks - 0.5) / counts[places]
    own = bins[places]
    at = np.where(own < 0, 1 - share, share)
    found: np.ndarray = np.sign(own) * np.where(
        own == 0, 0.0, LEAST * 10.0 ** ((np.abs(own) - 1 + at) / BY_DECADE)
    )
    return found
