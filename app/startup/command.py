"""The command ``puzzlescope``: all that ``python -m interp`` does, and ``puzzlescope run``, the dashboard."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from app.startup import port as ports
from interp.__main__ import run as run_library

MAIN = Path(__file__).parent.parent / "main.py"
HERE_ONLY = ("localhost", "127.0.0.1", "::1")
"""The names that a browser on this machine comes by."""
ALLOWED_VARIABLE = "STREAMLIT_SERVER_ALLOWED_HOSTS"
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


def run(
    context: typer.Context,
    port: Annotated[str, typer.Option(help="Where it listens.")] = "8501",
    address: Annotated[str, typer.Option(help="0.0.0.0: reachable from other machines.")] = "127.0.0.1",
    hosts: Annotated[str, typer.Option(help="Names people come by, joined by commas; * is any.")] = "",
) -> None:
    """Start the dashboard. Other options go to Streamlit, as --server.baseUrlPath /puzzles."""
    sentence = ports.problem(address, port, again="puzzlescope run --port ")
    if sentence is not None:
        print(sentence, file=sys.stderr)
        raise SystemExit(2)
    print(ports.announcement(address, port), flush=True)
    words = [sys.executable, "-m", "streamlit", "run", str(MAIN), *options(port, address, hosts)]
    os.execve(sys.executable, [*words, *context.args], environment())


def options(port: str, address: str, hosts: str) -> Iterator[str]:
    """What Streamlit is told beyond its configuration."""
    yield from ("--server.address", address, "--server.port", port)
    shared = address not in HERE_ONLY and not os.environ.get(ALLOWED_VARIABLE)
    for name in [*HERE_ONLY, *hosts.split(",")] if hosts else [*HERE_ONLY, "*"] if shared else []:
        yield from ("--server.allowedHosts", name.strip())


def environment() -> dict[str, str]:
    """Streamlit ends at once where nobody can say whose home is where: a user without a name and without
    HOME."""
    try:
        Path.home()
    except RuntimeError:
        return {**os.environ, "HOME": "/"}
    return dict(os.environ)


def _with_run() -> None:
    from interp.cli import app as library  # with PyTorch

    library.command(context_settings=CONTEXT)(run)


def main() -> int:
    """The whole command; returns its exit code."""
    if sys.argv[1:2] != ["run"]:
        return run_library(_with_run)
    own = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    own.command(context_settings=CONTEXT)(run)
    own(sys.argv[2:], prog_name="puzzlescope run")
    return 0
