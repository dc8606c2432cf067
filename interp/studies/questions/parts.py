"""Which parts of a study count: those of whole chunks, each a file that can be read here."""

import os
from dataclasses import dataclass
from pathlib import Path

from interp.errors import PuzzlescopeError
from interp.outputs import reason
from interp.studies.folder import StudyFolder


@dataclass(frozen=True)
class Parts:
    """The parts of a study at one time.

    Attributes:
        files: paths on this machine, by table and chunk; each table has the same chunks. A file may hold
            several.
    """

    files: dict[str, dict[int, str]]

    @property
    def chunks(self) -> tuple[int, ...]:
        """Those that are done."""
        return tuple(next(iter(self.files.values())))

    def of(self, chunks: frozenset[int] | None = None) -> dict[str, list[str]]:
        """The files in which some chunks lie, or all."""
        return {
            table: list(
                dict.fromkeys(path for chunk, path in found.items() if chunks is None or chunk in chunks)
            )
            for table, found in self.files.items()
        }


def done(folder: StudyFolder) -> dict[str, dict[int, str]]:
    """The paths in the study's file system of the parts of whole chunks, by table and chunk."""
    plan = folder.plan
    found = {table: folder.parts(table) for table in plan.tables}
    whole = set.intersection(*(set(parts) for parts in found.values())) & set(range(plan.chunks))
    return {table: {chunk: parts[chunk] for chunk in sorted(whole)} for table, parts in found.items()}


def here(folder: StudyFolder, copies: Path | None) -> Parts:
    """The parts of whole chunks, as files of this machine.

    Args:
        copies: a folder for copies of what lies elsewhere; what is there is not fetched again.

    Raises:
        PuzzlescopeError: if they cannot be had.
    """
    found = done(folder)
    if folder.is_local:
        return Parts(found)
    if copies is None:
        raise PuzzlescopeError(f"The study {folder.name} lies elsewhere, and there is no folder for copies.")
    return Parts(
        {
            table: {
                chunk: _fetched(folder, path, copies / folder.plan.fingerprint / table)
                for chunk, path in parts.items()
            }
            for table, parts in found.items()
        }
    )


def _fetched(folder: StudyFolder, path: str, into: Path) -> str:
    target = into / path.rpartition("/")[2]
    if not target.exists():
        partial = into / f".{os.getpid()}.{target.name}.partial"
        try:
            into.mkdir(parents=True, exist_ok=True)
            folder.files.get_file(path, str(partial))
            partial.replace(target)
        except Exception as error:  # each of fsspec's file systems has errors of its own
            raise PuzzlescopeError(f"Could not read the study {folder.name}: {reason(error)}.") from error
        finally:
            partial.unlink(missing_ok=True)
    return str(target)
