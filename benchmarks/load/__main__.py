"""``python -m benchmarks.load ramp``, or another part; ``--help`` tells all."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.load import faults, isolation, ramp, report, soak

EVERYTHING = "all"
PARTS: dict[str, Any] = {"ramp": ramp, "isolation": isolation, "faults": faults, "soak": soak}


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--url", help="a server that runs already; left out, one is started for each part")
    common.add_argument("--pid", type=int, help="its process, to be watched")
    common.add_argument("--port", type=int, help="of the server that is started; left out, a free one")
    common.add_argument("--model", default="default", help="that the visitors look at")
    common.add_argument("--seed", type=int, default=1)
    common.add_argument("--out", type=Path, help="a JSON file for the results")
    found = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parts = found.add_subparsers(dest="part", required=True)
    for name, module in PARTS.items():
        module.add_arguments(parts.add_parser(name, parents=[common], help=module.__doc__))
    every = parts.add_parser(
        EVERYTHING, parents=[common], help="all parts, one after the other", conflict_handler="resolve"
    )
    for module in PARTS.values():
        module.add_arguments(every)
    return found


def main() -> None:
    arguments = parser().parse_args()
    found: dict[str, Any] = {"machine": report.machine()}
    for name in PARTS if arguments.part == EVERYTHING else [arguments.part]:
        print(f"\n== {name}", flush=True)
        found[name] = PARTS[name].run(arguments)
        report.write(arguments.out, found)


if __name__ == "__main__":
    main()
