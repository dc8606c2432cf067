"""Read a Dockerfile: the few instructions that ours has, and no others."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

KNOWN = {"ARG", "CMD", "COPY", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL"}
KNOWN |= {"USER", "VOLUME", "WORKDIR"}


class DockerfileError(ValueError):
    """An instruction that is not understood here. The message says which."""


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        name: in capitals.
        text: what follows it, in one line.
    """

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """As a list of words: of a JSON list, which may follow options, else as a shell splits it."""
        bracket = re.search(r"\[.*\]$", self.text)
        if bracket is not None and self.name in ("CMD", "HEALTHCHECK", "VOLUME"):
            return [str(word) for word in json.loads(bracket.group())]
        return shlex.split(self.text)

    @property
    def pairs(self) -> dict[str, str]:
        """The names and values of ENV, LABEL and ARG."""
        return dict(word.partition("=")[::2] for word in self.words)


def parse(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, in order.

    Raises:
        DockerfileError: if there is one that this does not know.
    """
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = []
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        name, _, rest = line.strip().partition(" ")
        if not name:
            continue
        if name not in KNOWN:
            raise DockerfileError(f"The instruction {name} of the Dockerfile is not known here.")
        found.append(Instruction(name, rest.strip()))
    return found


def context(root: Path) -> list[str]:
    """The files that an engine would be given to build from, as ``.dockerignore`` leaves them. Later patterns
    win; one that begins with ! takes files back."""
    patterns = [line.strip() for line in (root / ".dockerignore").read_text().splitlines()]
    rules = [(p.removeprefix("!"), p.startswith("!")) for p in patterns if p and not p.startswith("#")]
    tests = [(_expression(pattern), taken) for pattern, taken in rules]
    kept = []
    tops = {pattern.split("/")[0] for pattern, taken in rules if taken}
    for path in sorted(file for top in tops for file in _files(root / top)):
        name = path.relative_to(root).as_posix()
        last = [taken for expression, taken in tests if expression.match(name)][-1:]
        if last != [False]:
            kept.append(name)
    return kept


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]


def _expression(pattern: str) -> re.Pattern[str]:
    """Of a pattern as Docker reads it: it matches a path and all that is under it."""
    parts = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(parts.get(piece, re.escape(piece)) for piece in pieces) + "(/.*)?$")
