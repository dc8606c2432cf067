"""Environment variables. Each part of the server has a `read(words)` that makes its own settings of them;
:mod:`app.server.settings` puts those together."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from interp.errors import PuzzlescopeError, brief

YES, NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Words:
    """What the environment says, by the variables' names. Each may also be given as ``NAME_FILE``, the path
    of a file that holds it: how secrets come to a container.

    Attributes:
        environ: the variables.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, name: str, default: str = "") -> str:
        """What is said there, without white space around it; the default where nothing is.

        Raises:
            PuzzlescopeError: if the variable and its file are both given, or the file cannot be read.
        """
        said, path = self.environ.get(name, "").strip(), self.environ.get(f"{name}_FILE", "").strip()
        if not path:
            return said or default
        if said:
            raise PuzzlescopeError(f"{name} and {name}_FILE are both set: keep one of them.")
        try:
            return Path(path).read_text(encoding="utf-8").strip() or default
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise PuzzlescopeError(f"{name}_FILE: cannot read {brief(path, 200)}: {why}.") from error

    def flag(self, name: str) -> bool:
        """Whether it is switched on.

        Raises:
            PuzzlescopeError: if it says neither yes nor no.
        """
        said = self.text(name).lower()
        if said not in (*YES, *NO):
            raise PuzzlescopeError(f"{name} must be 1 or 0, got '{brief(said)}'.")
        return said in YES

    def names(self, name: str) -> tuple[str, ...]:
        """What is listed there, separated by commas or white space."""
        return tuple(self.text(name).replace(",", " ").split())

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """The number that is said there.

        Raises:
            PuzzlescopeError: if there is none within these bounds.
        """
        said = self.text(name)
        if not said:
            return default
        try:
            value = float(said)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise PuzzlescopeError(
                f"{name} must be a number from {least:g} to {most:g}, got '{brief(said)}'."
            )
        return value
