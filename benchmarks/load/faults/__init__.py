"""What goes wrong in a deployment, one thing after the other: a server killed, an error while computing, a
full disk, slow readers, and messages that no browser sends."""

import argparse
from collections.abc import Callable
from typing import Any

from benchmarks.load.faults import disk, kill, malformed, slow, worker

Fault = Callable[[argparse.Namespace], dict[str, Any]]
FAULTS: dict[str, Fault] = {
    "kill": kill.run,
    "worker": worker.run,
    "disk": disk.run,
    "slow": slow.run,
    "malformed": malformed.run,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this part."""
    parser.add_argument(
        "--only", nargs="+", choices=FAULTS, default=list(FAULTS), metavar="FAULT", help=", ".join(FAULTS)
    )
    parser.add_argument("--requests", type=int, default=10_000, help="malformed ones")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Cause them, and print a line for each."""
    found: dict[str, Any] = {}
    for name in arguments.only:
        found[name] = FAULTS[name](arguments)
        said = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in found[name].items())
        print(f"{name}: {said}\n", flush=True)
    return found
