"""Where libraries may write what they only want to find again, such as matplotlib's list of fonts: a process
without a home of its own, on a file system that cannot be written, would be warned at every start."""

import atexit
import os
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

WANTED = {"MPLCONFIGDIR": "matplotlib", "XDG_CACHE_HOME": "xdg", "HF_HOME": "huggingface"}
"""Variables that say where, and the folder's name."""


def find_scratch(data: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Say where, unless there is a home for it or somebody has said so.

    Args:
        data: the folder that survives the process; where there is none, a temporary one is made.
    """
    home = environ.get("HOME", "")
    if home and all(_may_write(Path(home) / one) for one in (".config", ".cache")):
        return
    root = _folder(data)
    for name, folder in WANTED.items():
        environ.setdefault(name, str(root / folder))


def _may_write(folder: Path) -> bool:
    """Whether files can be put there, or it can be made."""
    return os.access(folder if folder.exists() else folder.parent, os.W_OK | os.X_OK)


def _folder(data: str) -> Path:
    if data:
        folder = Path(data) / "cache"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            pass  # full, or not to be written
        else:
            if _may_write(folder):
                return folder
    made = Path(tempfile.mkdtemp(prefix="puzzlescope-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
