"""The program as a whole: exit codes, and what is said of what goes wrong."""

import signal
import sys
from pathlib import Path

import torch
import typer

from interp import machine
from interp.checkpoints.weights import short
from interp.cli.options import (
    UsageError,
    app,
)
from interp.cli.printing import ReaderGoneError, check_stdout, drop_stdout, say
from interp.errors import PuzzlescopeError
from interp.outputs import reason
from interp.stopping import WORD, Stopped


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 2 not possible as asked, 130 stopped by Ctrl-C, 143 by
    SIGTERM; 1 is a fault of ours. A reader of standard output that goes away, such as ``head``, is no
    error."""
    try:
        return _run(arguments)
    except ReaderGoneError:
        drop_stdout()
        return 0
    except Stopped as stopped:
        drop_stdout()
        say(WORD)
        return stopped.exit_code
    except (KeyboardInterrupt, typer.Abort):
        say(WORD)
        return 128 + signal.SIGINT
    except (PuzzlescopeError, UsageError) as error:
        text = str(error)
        if isinstance(error, UsageError):
            said = error.format_message().rstrip(".")  # type: ignore[attr-defined]
            text = f"{said}. `{_program()} --help` lists what there is."
        code = 2
    except OSError as error:  # of the help, or of what no command has a sentence of its own for
        text, code = f"That did not work: {reason(error)}.", 2
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            text, code = _fault(error), 1
        else:
            text, code = "That needs more memory than this machine has: ask for smaller numbers.", 2
    except Exception as error:
        text, code = _fault(error), 1
    drop_stdout()
    say(" ".join(text.split()))
    return code


def _program() -> str:
    """How this program was called."""
    return "puzzlescope" if Path(sys.argv[0]).stem == "puzzlescope" else "python -m interp"


def _run(arguments: list[str] | None) -> int:
    check_stdout()
    machine.read().use_threads()
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()  # of the help
    except SystemExit:  # what Typer makes of a pipe that broke under the help
        raise ReaderGoneError from None
    except BrokenPipeError:
        raise ReaderGoneError from None
    if code == 128 + signal.SIGINT:  # what Typer makes of Ctrl-C
        raise KeyboardInterrupt
    return 0


def _out_of_memory(error: Exception) -> bool:
    """Whether this is one of PyTorch's several ways to say so, or Python's."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "memory" in str(error)


def _fault(error: Exception) -> str:
    return (
        f"This should not happen, and is a fault of Puzzlescope: {type(error).__name__}: {short(error)};"
        " please report it, with the command."
    )
