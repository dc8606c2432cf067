"""The plan of a study: all that its numbers depend on."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from interp.errors import PuzzlescopeError, brief
from interp.outputs import strict_json
from interp.studies.schema import EFFECTS, MEASURES, PAIRS, PUZZLES, VERSION, tables_of

CHUNK = 128
"""Puzzles of a chunk: a few minutes of two cores with all heads of the default model."""
BATCH = 8
"""Puzzles that a sweep takes together. A chunk is a multiple of it, so that no number depends on where chunks
end: they are those of one sweep over all puzzles."""

MOST = 1 << 27
"""Puzzles of a study: what its numbers of 32 bits hold with room to spare."""

_WORDS = ("model", "code", "request")
"""By which the model was named, and the like: what they stand for counts, not they."""
_NUMBERS = ("n", "seed", "chunk", "limit")
_LISTED = 6
"""Components that are named, of which others are counted."""
_SOURCE = ("puzzles", "task", "structure", "limit")
"""Of a source that is read: the hash of what was read counts."""


@dataclass(frozen=True)
class Plan:
    """What a study computes.

    Attributes:
        puzzles: the source as it was named, such as ``hub``, a file, or ``generate:1000000``.
        n: how many puzzles there are.
        seed: of puzzles that are generated, and of pairs that are made.
        source_hash: SHA-256 over all tokens, of a source that is read; empty of one that is generated.
        model: as it was named.
        checkpoint: the id of its weights.
        components: what is ablated, as ``L0.attn``, in the model's order.
        base: what is ablated in all runs, the one without included.
        method: how components are ablated.
        chunk: puzzles of a chunk.
        code: version of Puzzlescope that made the plan.
        schema: version of the tables.
        kind: of study: which table is filled.
        measures: whose columns are filled.
        pairs: of a study of edges: the kind of pair that is made of each puzzle, or a file of pairs.
        edges: how edges are scored.
        task, structure, limit: which puzzles of the source were asked for; empty and 0: all.
        request: a hash of what was asked of the source, which the parts of its puzzles carry.
    """

    puzzles: str
    n: int
    seed: int
    source_hash: str
    model: str
    checkpoint: str
    components: tuple[str, ...]
    base: str = ""
    method: str = "zero"
    chunk: int = CHUNK
    code: str = ""
    schema: int = VERSION
    kind: str = "effects"
    measures: tuple[str, ...] = tuple(MEASURES)
    pairs: str = ""
    edges: str = ""
    task: str = ""
    structure: str = ""
    limit: int = 0
    request: str = ""

    @property
    def chunks(self) -> int:
        """How many chunks there are; they are numbered from 0."""
        return -(-self.n // self.chunk)

    @property
    def runs(self) -> int:
        """Runs of the model over one puzzle: one a component, and the one without."""
        return len(self.components) + 1

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it fills, in the order in which a chunk's parts are written."""
        return tables_of(self.kind)

    def numbers(self, chunk: int) -> range:
        """The numbers of the puzzles of a chunk."""
        return range(chunk * self.chunk, min(self.n, (chunk + 1) * self.chunk))

    def count(self, chunks: Iterable[int]) -> int:
        """How many puzzles some chunks have together."""
        return sum(len(self.numbers(chunk)) for chunk in chunks)

    def rows(self, table: str, first: int, last: int) -> int | None:
        """How many rows a table has of some chunks; ``None`` where only the rows say it."""
        n = self.numbers(last).stop - self.numbers(first).start
        if table == PUZZLES:
            return n
        # A puzzle that has no pair is left out where a pair's run is put in place.
        return n * self.runs if table == EFFECTS and "pair" not in self.method + self.base else None

    def laid_down(self, table: str) -> bool:
        """Whether the parts of a table are laid down before anything is computed."""
        if not self.source_hash:
            return False
        return table == PUZZLES or (table == PAIRS and self.pairs_from_file)

    @property
    def pairs_from_file(self) -> bool:
        """Whether pairs are read, not made."""
        return self.pairs.endswith(".npz")

    def key(self, table: str) -> str:
        """What the parts of a table carry to be known as this study's."""
        return self.request if self.laid_down(table) else self.fingerprint

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that tell this plan from any other. The version of the code and the words by
        which the source and the model were named do not count: only what they stand for does."""
        told = asdict(self)
        if self.source_hash:
            for name in (*_SOURCE, *(["pairs"] if self.pairs_from_file else [])):
                del told[name]
        for name in _WORDS:
            del told[name]
        return digest_of(told)

    @property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, text: str, where: str) -> "Plan":
        """The plan that a file holds.

        Raises:
            PuzzlescopeError: if it is not one of this version.
        """
        try:
            content: Mapping[str, Any] = json.loads(text)
            version = content["schema"]
            if version == VERSION:
                lists = {name: tuple(content[name]) for name in ("components", "measures")}
                plan = cls(**{**content, **lists})
                assert plan.tables and all(isinstance(getattr(plan, name), int) for name in _NUMBERS)
                assert plan.chunk > 0 and 0 < plan.n <= MOST
                return plan
        except (ValueError, TypeError, KeyError, RecursionError, AssertionError) as error:
            raise PuzzlescopeError(f"{where} is not the plan of a study: it cannot be read.") from error
        raise PuzzlescopeError(
            f"{where} is of version {brief(version)} of studies, expected {VERSION}: use the version of"
            " Puzzlescope that wrote it, or begin a study under another name."
        )


def digest_of(told: Mapping[str, Any]) -> str:
    """Sixteen hex digits of some values."""
    return hashlib.sha256(strict_json(told).encode()).hexdigest()[:16]


_TOLD = {
    "kind": "it is a study of {}",
    "checkpoint": "its model's weights are {}",
    "n": "it has {} puzzles",
    "source_hash": "its puzzles have the hash {}",
    "puzzles": "its puzzles are {}",
    "seed": "its seed is {}",
    "task": "its task is {}",
    "structure": "its order of grids is {}",
    "components": "it ablates {}",
    "method": "it ablates by {}",
    "base": "what is off in all runs is {}",
    "measures": "its measures are {}",
    "pairs": "its pairs are {}",
    "edges": "its edges are scored by {}",
    "chunk": "its chunks have {} puzzles",
}
"""What may differ, as it is told of a plan that lies there."""


def difference(one: Plan, other: Plan) -> str:
    """The first thing in which two plans differ, in words.

    >>> from dataclasses import replace
    >>> plan = Plan("bank", 40, 0, "", "default", "aa", ("L0.attn",))
    >>> difference(plan, replace(plan, n=41, chunk=8))
    'it has 40 puzzles, asked for: 41'
    >>> difference(plan, replace(plan, components=("L0.attn", "L0.mlp")))
    'it ablates L0.attn, asked for: L0.attn,L0.mlp'
    """
    for name, told in _TOLD.items():
        was, now = getattr(one, name), getattr(other, name)
        if was != now:
            return f"{told.format(_said(was))}, asked for: {_said(now)}"
    return "its tables are of another kind"


def _said(value: object) -> str:
    if isinstance(value, tuple):
        value = (
            ",".join(value) if len(value) <= _LISTED else f"{len(value)} parts from {value[0]} to {value[-1]}"
        )
    return f"{value:,}" if isinstance(value, int) else str(value) or "none"
