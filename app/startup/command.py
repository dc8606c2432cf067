"""The command ``puzzlescope``: all that ``python -m interp`` does, and ``puzzlescope run``, the dashboard,
and what those need who run it for others.

``make run``, the image and the units of systemd start it here, too: ``python -m app.startup.command run``.
"""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from app.startup import entry, server_status
from app.startup import port as ports
from app.startup.password import password
from interp.__main__ import run as run_library

MAIN = Path(__file__).parent.parent / "main.py"
HERE_ONLY = ("localhost", "127.0.0.1", "::1")
"""The names that a browser on this machine comes by."""
ALLOWED_VARIABLE = "STREAMLIT_SERVER_ALLOWED_HOSTS"
PUBLIC_VARIABLE = "PUZZLESCOPE_URL"
MOST_HANDLES = 65_536
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


def run(
    context: typer.Context,
    port: Annotated[str, typer.Option(help="Where it listens.")] = "8501",
    address: Annotated[str, typer.Option(help="0.0.0.0: reachable from other machines.")] = "127.0.0.1",
    hosts: Annotated[str, typer.Option(help="Names people come by, joined by commas; * is any.")] = "",
) -> None:
    """Start the dashboard. Other options go to Streamlit, as --server.baseUrlPath /puzzles."""
    sentence = entry.problem(address) or ports.problem(address, port)
    if sentence is not None:
        print(sentence, file=sys.stderr)
        raise SystemExit(2)
    raise_handles()
    print(ports.announcement(address, port), flush=True)
    words = [sys.executable, "-m", "streamlit", "run", str(MAIN), *options(port, address, hosts)]
    os.execve(sys.executable, [*words, *context.args], environment())


def raise_handles() -> None:
    """Let the server have as many file handles as the system allows, within reason: each connection takes
    one, and programs that do not ask often get 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_HANDLES if hard == resource.RLIM_INFINITY else min(hard, MOST_HANDLES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def options(port: str, address: str, hosts: str) -> Iterator[str]:
    """What Streamlit is told beyond its configuration."""
    yield from ("--server.address", address, "--server.port", port)
    for name in allowed(address, hosts):
        yield from ("--server.allowedHosts", name)


def allowed(address: str, hosts: str) -> list[str]:
    """The names by which a browser may come: those that are given, else that of the public address, else,
    where other machines reach it, any. Empty: as the configuration has it, or the variable."""
    names = hosts.replace(",", " ").split()
    if not names and os.environ.get(ALLOWED_VARIABLE):
        return []
    if not names and (public := urlsplit(os.environ.get(PUBLIC_VARIABLE, "")).hostname):
        names = [public]
    if not names and address not in HERE_ONLY:
        names = ["*"]
    return [*HERE_ONLY, *names] if names else []


def environment() -> dict[str, str]:
    """Streamlit ends at once where nobody can say whose home is where: a user without a name and without
    HOME."""
    try:
        Path.home()
    except RuntimeError:
        return {**os.environ, "HOME": "/"}
    return dict(os.environ)


def status(
    url: Annotated[str, typer.Option(help="The server's address. Left out: that on this machine.")] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show how a server is: visitors, queue, caches, memory. It must be one on this machine, or one that lets
    this machine ask (PUZZLESCOPE_METRICS_FROM), or be asked with its token (PUZZLESCOPE_METRICS_TOKEN)."""
    well, said = server_status.ask(
        url or server_status.here(os.environ), server_status.token(os.environ), json
    )
    print(said, file=sys.stdout if well else sys.stderr)
    if not well:
        raise SystemExit(1)


OWN: dict[str, Callable[..., None]] = {"run": run, "status": status, "password": password}
"""Commands that need no PyTorch."""


def _with_run() -> None:
    from interp.cli import app as library  # with PyTorch

    library.command(context_settings=CONTEXT)(run)
    library.command()(status)
    library.command()(password)


def main() -> int:
    """The whole command; returns its exit code."""
    own = OWN.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if own is None:
        return run_library(_with_run)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(context_settings=CONTEXT if own is run else None)(own)
    alone(sys.argv[2:], prog_name=f"puzzlescope {sys.argv[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
