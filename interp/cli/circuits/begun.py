"""Exact effects take half a minute a pair: what is computed of them is kept beside the file that they are
for, until that is written, so that a command that was stopped goes on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from interp.backend.codec import UnstorableError, decode, encode
from interp.backend.store import code_id, stored_under
from interp.circuits.scores import EdgeScores
from interp.cli.printing import say
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.outputs import write_whole
from interp.pairs import Pair
from interp.pairs.files import pairs_bytes
from interp.stopping import Stopped

ENDING = ".begun"


class Begun:
    """The scores of the first pairs of some, as far as they are known.

    Args:
        out: the file that all of them are for; nothing is kept without one, nor for a pipe.
        options: all else that the scores depend on. What was kept of other ones is not used.

    Attributes:
        scores: of every pair so far.
    """

    def __init__(self, out: Path | None, model: PuzzleGPT, pairs: Sequence[Pair], **options: Any):
        kept = out is not None and (out.is_file() or not out.exists())
        self._file = out.with_name(out.name + ENDING) if out is not None and kept else None
        depends = (code_id(), stored_under(model.checkpoint_id, model), json.dumps(options))
        self._about = "\n".join(depends)
        self._pairs = [hashlib.sha256(pairs_bytes([pair])).hexdigest() for pair in pairs]
        self.scores: list[EdgeScores] = self._read()
        self._kept = len(self.scores)
        if self.scores:
            say(f"Known from {self._file}: {self._told}.")

    def _read(self) -> list[EdgeScores]:
        if self._file is None or not self._file.is_file():
            return []
        with suppress(UnstorableError, OSError):
            found, about = decode(self._file.read_bytes())
            n = min(len(found["pairs"]), len(self._pairs))
            if about == self._about and found["pairs"][:n] == self._pairs[:n]:
                return list(found["scores"][:n])
        raise PuzzlescopeError(
            f"{self._file} is of another model, other pairs or options, or another version of Puzzlescope, or"
            " damaged: remove it, or name another file by --out."
        )

    @property
    def _told(self) -> str:
        return f"{self._kept} of {len(self._pairs)} pairs"

    def keep(self) -> None:
        """Write down what has been added. A folder that is full is no reason to stop: it may have room for
        the result."""
        if self._file is not None and len(self.scores) > self._kept:
            with suppress(PuzzlescopeError):
                write_whole(
                    self._file,
                    encode({"pairs": self._pairs[: len(self.scores)], "scores": self.scores}, self._about),
                )
                self._kept = len(self.scores)

    @contextmanager
    def said(self) -> Iterator[None]:
        """If it is stopped meanwhile, say what is kept."""
        try:
            yield
        except (Stopped, KeyboardInterrupt):
            if self._kept:
                say(f"Kept in {self._file}: {self._told}. The same command goes on with the next.")
            raise

    def remove(self) -> None:
        """All of it is where it was to go."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
