"""The folder of a run: what training writes there, and what it must not write over."""

import os
from pathlib import Path

from interp.checkpoints import check_free
from interp.checkpoints.folders import CARD_FILE, CONFIG_FILE, INDEX_FILE, WEIGHTS_FILE
from interp.errors import PuzzlescopeError
from interp.training.dynamics import DYNAMICS_FILE, load_dynamics
from interp.training.log import LOG_COLUMNS, LOG_FILE
from interp.training.pictures import DYNAMICS_PICTURE, LOSS_PICTURE
from interp.training.record import TRAINING_FILE, wrote_card

STATE_FILE = "training_state.pt"


def check_run_folder(folder: Path, *, replace: bool = False) -> None:
    """Say, before any work is done, what a run in this folder would write over that no run to be gone on with
    has written.

    Args:
        folder: it need not exist.
        replace: whether it may be written over.

    Raises:
        PuzzlescopeError: naming the files, or that the folder cannot be written.
    """
    check_free(folder, replace=True)
    found = [] if replace else _in_the_way(folder)
    if found:
        what = (
            "a finished model"
            if WEIGHTS_FILE in found and CONFIG_FILE in found
            else "files that training would write"
        )
        raise PuzzlescopeError(
            f"{folder} already holds {what} ({', '.join(found)}), and nothing was written: train in another"
            " folder, or allow them to be overwritten with --force (in Python, replace=True)."
        )


def _in_the_way(folder: Path) -> list[str]:
    card = [] if wrote_card(folder) or not os.path.lexists(folder / CARD_FILE) else [CARD_FILE]
    if (folder / STATE_FILE).exists():
        return card  # of that run is the rest
    ours = [WEIGHTS_FILE, INDEX_FILE, CONFIG_FILE, CARD_FILE, TRAINING_FILE, LOSS_PICTURE, DYNAMICS_PICTURE]
    found = [name for name in ours if os.path.lexists(folder / name)]
    return found + [name for name in (LOG_FILE, DYNAMICS_FILE) if not _may_be_lost(folder / name)]


def _may_be_lost(path: Path) -> bool:
    """Whether there is no such file, or one of a run that was killed before it was saved for the first
    time."""
    if not os.path.lexists(path):
        return True
    try:
        if path.name == LOG_FILE:
            return path.read_text().splitlines()[0] == ",".join(LOG_COLUMNS)
        load_dynamics(path.parent)
    except (OSError, ValueError, IndexError, PuzzlescopeError):
        return False
    return True
