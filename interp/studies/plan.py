"""The plan of a study: all that its numbers depend on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from interp.errors import PuzzlescopeError, brief
from interp.outputs import strict_json
from interp.studies.schema import VERSION

CHUNK = 128
"""Puzzles of a chunk: a few minutes of two cores with all heads of the default model."""


@dataclass(frozen=True)
class Plan:
    """What a study computes.

    Attributes:
        puzzles: the source as it was named, such as ``hub``, a file, or ``generate:1000000``.
        n: how many puzzles there are.
        seed: of puzzles that are generated, and of what a method draws.
        source_hash: SHA-256 over all tokens, of a source that is read; empty of one that is generated.
        model: as it was named.
        checkpoint: the id of its weights.
        components: what is ablated, as ``L0.attn``, in the model's order.
        base: what is ablated in all runs, the one without included.
        method: how components are ablated.
        chunk: puzzles of a chunk.
        code: version of Puzzlescope that made the plan.
        schema: version of the tables.
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

    @property
    def chunks(self) -> int:
        """How many chunks there are; they are numbered from 0."""
        return -(-self.n // self.chunk)

    @property
    def runs(self) -> int:
        """Runs of the model over one puzzle: one a component, and the one without."""
        return len(self.components) + 1

    def numbers(self, chunk: int) -> range:
        """The numbers of the puzzles of a chunk."""
        return range(chunk * self.chunk, min(self.n, (chunk + 1) * self.chunk))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that tell this plan from any other. The version of the code and the words by
        which the source and the model were named do not count: only what they stand for does."""
        told = asdict(self)
        if self.source_hash:
            del told["puzzles"]
        for name in ("model", "code"):
            del told[name]
        return hashlib.sha256(strict_json(told).encode()).hexdigest()[:16]

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
                return cls(**{**content, "components": tuple(content["components"])})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise PuzzlescopeError(f"{where} is not the plan of a study: it cannot be read.") from error
        raise PuzzlescopeError(
            f"{where} is of version {brief(version)} of studies, expected {VERSION}: use the version of"
            " Puzzlescope that wrote it, or begin a study under another name."
        )
