"""What takes minutes is kept beside the file that it is for, until that is written, so that a command that
was stopped goes on: exact effects, half a minute a pair, and a descent, a second a step."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from interp.backend.codec import UnstorableError, decode, encode
from interp.backend.store import code_id, stored_under
from interp.circuits.learned.learning import Halfway, Learning
from interp.circuits.scores import EdgeScores
from interp.cli.printing import say
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.outputs import write_whole
from interp.pairs import Pair
from interp.pairs.files import pairs_bytes
from interp.stopping import Stopped

ENDING = ".begun"
EVERY = 30
"""Seconds: a descent is kept no oftener, and when it is told to stop."""


class Beside:
    """A file beside another, in which what is done of that is kept.

    Args:
        out: the file that it is for; nothing is kept without one, nor for a pipe.
        options: all that what is done depends on, but for the model's weights and the program. What was kept
            of other ones is not used.
    """

    def __init__(self, out: Path | None, model: PuzzleGPT, **options: Any):
        kept = out is not None and (out.is_file() or not out.exists())
        self.file = out.with_name(out.name + ENDING) if out is not None and kept else None
        self._about = "\n".join((code_id(), stored_under(model.checkpoint_id, model), json.dumps(options)))

    def read(self) -> Any:
        """What was kept; ``None`` if nothing was.

        Raises:
            PuzzlescopeError: if it was of something else.
        """
        if self.file is None or not self.file.is_file():
            return None
        with suppress(UnstorableError, OSError):
            found, about = decode(self.file.read_bytes())
            if about == self._about:
                return found
        raise self.of_other

    @property
    def of_other(self) -> PuzzlescopeError:
        """What was kept is of something else."""
        return PuzzlescopeError(
            f"{self.file} is of another model, other pairs or options, or another version of Puzzlescope, or"
            " damaged: remove it, or name another file by --out."
        )

    def write(self, value: Any) -> bool:
        """Keep this, and say whether that could be done. A folder that is full is no reason to stop: it may
        have room for the result."""
        if self.file is not None:
            with suppress(PuzzlescopeError):
                write_whole(self.file, encode(value, self._about))
                return True
        return False

    def say_known(self, what: str) -> None:
        """Say what has been read."""
        say(f"Known from {self.file}: {what}.")

    @contextmanager
    def said(self, kept: Callable[[], str]) -> Iterator[None]:
        """If it is stopped meanwhile, say what is kept; nothing where nothing is told."""
        try:
            yield
        except (Stopped, KeyboardInterrupt):
            if what := kept():
                say(f"Kept in {self.file}: {what}. The same command goes on with the next.")
            raise

    def remove(self) -> None:
        """All of it is where it was to go."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)


class Begun:
    """The scores of the first pairs of some, as far as they are known.

    Args:
        out: the file that all of them are for.
        options: all else that the scores depend on.

    Attributes:
        scores: of every pair so far.
    """

    def __init__(self, out: Path | None, model: PuzzleGPT, pairs: Sequence[Pair], **options: Any):
        self._beside, self._pairs = Beside(out, model, **options), _named(pairs)
        self.scores: list[EdgeScores] = self._read()
        self._kept = len(self.scores)
        if self.scores:
            self._beside.say_known(self._told)

    def _read(self) -> list[EdgeScores]:
        found = self._beside.read()
        if found is None:
            return []
        n = min(len(found["pairs"]), len(self._pairs))
        if found["pairs"][:n] != self._pairs[:n]:
            raise self._beside.of_other
        return list(found["scores"][:n])

    @property
    def _told(self) -> str:
        return f"{self._kept} of {len(self._pairs)} pairs"

    def keep(self) -> None:
        """Write down what has been added."""
        n = len(self.scores)
        if n > self._kept and self._beside.write({"pairs": self._pairs[:n], "scores": self.scores}):
            self._kept = n

    def said(self) -> AbstractContextManager[None]:
        """If it is stopped meanwhile, say what is kept."""
        return self._beside.said(lambda: self._told if self._kept else "")

    def remove(self) -> None:
        """All of it is where it was to go."""
        self._beside.remove()


class BegunLearning:
    """A descent, as far as it is done.

    Args:
        out: the file that what is learned is for.
        pairs: it is learned over.
        steps: of the descent.
        options: all else that it depends on.

    Attributes:
        halfway: where it is; ``None`` before the first step.
    """

    def __init__(self, out: Path | None, model: PuzzleGPT, pairs: Sequence[Pair], steps: int, **options: Any):
        self._beside = Beside(out, model, pairs=_named(pairs), learning=steps, **options)
        self._steps, self._at = steps, monotonic()
        self.halfway: Halfway | None = self._beside.read()
        self._kept = self._done
        if self.halfway is not None:
            self._beside.say_known(self._told)

    @property
    def _done(self) -> int:
        return 0 if self.halfway is None else self.halfway.step

    @property
    def _told(self) -> str:
        return f"{self._kept} of {self._steps} steps"

    def note(self, news: Learning) -> None:
        """A step is done; it is written down if none has been for a while, or if it is the last."""
        self.halfway = news.halfway
        if news.step == self._steps or monotonic() - self._at >= EVERY:
            self._keep()

    def _keep(self) -> None:
        self._at = monotonic()
        if self._done > self._kept and self._beside.write(self.halfway):
            self._kept = self._done

    def said(self) -> AbstractContextManager[None]:
        """If it is stopped meanwhile, keep the last step that is done, and say so."""

        def kept() -> str:
            self._keep()
            return self._told if self._kept else ""

        return self._beside.said(kept)

    def remove(self) -> None:
        """What is learned is where it was to go."""
        self._beside.remove()


def _named(pairs: Sequence[Pair]) -> list[str]:
    """What tells each of some pairs from all others."""
    return [hashlib.sha256(pairs_bytes([pair])).hexdigest() for pair in pairs]
