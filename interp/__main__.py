"""``python -m interp``: see :mod:`interp.cli`."""

import sys
import warnings
from collections.abc import Callable

from interp.stopping import Stopped, end_at_once, notice_lost_stops, raise_stopped, stop_with


def run(prepare: Callable[[], None] = lambda: None) -> int:
    """The whole program: told to stop, it ends quietly whenever that is, while it imports PyTorch or when it
    has done.

    Args:
        prepare: what is done once PyTorch is there, before the command runs.
    """
    stop_with(end_at_once)
    notice_lost_stops()
    if not sys.warnoptions:  # a result is followed by sentences of ours, or by none
        warnings.simplefilter("ignore")
    from interp.cli import main

    prepare()
    try:
        stop_with(raise_stopped)
        code = main()
        stop_with(end_at_once)
    except Stopped as stopped:  # between two lines of these
        end_at_once(stopped.number)
    return code


if __name__ == "__main__":
    sys.exit(run())
