"""Where what a person keeps lies: ``PUZZLESCOPE_DATA``, or else a folder of that person's own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from interp.errors import PuzzlescopeError

VARIABLE = "PUZZLESCOPE_DATA"


def data_folder(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """The folder of what is kept; it need not be there yet.

    Args:
        environ: the environment's variables; those of this process by default.
        platform: as ``sys.platform`` has it.

    Returns:
        ``PUZZLESCOPE_DATA`` if that is said, else ``puzzlescope`` where the system's programs keep a person's
        data: ``$XDG_DATA_HOME`` or ``~/.local/share``, ``~/Library/Application Support``, ``%LOCALAPPDATA%``.

    Raises:
        PuzzlescopeError: if nothing is said, and this user has no home.
    """
    said = os.environ if environ is None else environ
    try:
        if said.get(VARIABLE, "").strip():
            return Path(said[VARIABLE].strip()).expanduser().absolute()
        home = Path(said["HOME"]) if said.get("HOME") else Path.home()
    except RuntimeError:
        raise PuzzlescopeError(
            f"Nothing says where to keep collections, for this user has no home: set {VARIABLE} to a folder."
        ) from None
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Puzzlescope"
    if platform == "win32":
        return Path(said.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Puzzlescope"
    base = Path(said.get("XDG_DATA_HOME", ""))
    # The specification: what is not absolute is to be passed over.
    return (base if base.is_absolute() else home / ".local" / "share") / "puzzlescope"
