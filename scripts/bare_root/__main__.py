"""The Dockerfile's steps, without a container engine: in a bare Debian that debootstrap makes.

    python -m scripts.bare_root [--folder /tmp/bare-root] [--bind PATH ...] [--again] [--machine]

As root, on Linux, with debootstrap, unshare and nsenter. Ten minutes: packages are installed as in the image.
FROM is the one step that is not done as written: a Debian whose own python3 stands for the image's Python.
Then the image's command is started with a read-only root, no capabilities, no network and an ordinary user,
and the checks below are made; with ``--machine`` also those of a plain machine (``machine.py``). The context
of the build and its steps are read from .dockerignore and the Dockerfile.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.bare_root.build import Image, build, debian
from scripts.bare_root.container import Container, python, seal
from scripts.bare_root.dockerfile import parse
from scripts.bare_root.machine import try_machine

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
STOP_SECONDS = 10
HERE = "http://127.0.0.1:8501"
INSIDE = "PUZZLESCOPE_BARE_ROOT"
"""Set in the process that has its mounts for itself."""

Check = tuple[str, bool, str]


def checks(container: Container) -> Iterator[Check]:
    """What must hold of a running image: a name, whether it does, and what was seen."""
    began = time.monotonic()
    asked = container.within(*container.image.check)
    while asked.returncode and container.process.poll() is None and time.monotonic() < began + START_SECONDS:
        time.sleep(1)
        asked = container.within(*container.image.check)
    took = f"{time.monotonic() - began:.0f} s after the start"
    yield "HEALTHCHECK", asked.returncode == 0, f"{(asked.stdout + asked.stderr).strip()} {took}"
    status = container.status()
    yield "not root", status["Uid"].split() == ["10001"] * 4, f"Uid {status['Uid']}"
    yield "no capabilities", not any(int(status[f"Cap{kind}"], 16) for kind in ("Prm", "Eff", "Bnd")), "none"
    yield "no new privileges", status["NoNewPrivs"] == "1", status["NoNewPrivs"]
    for place, writable in (
        ("/srv/puzzlescope/app/x", False),
        ("/etc/x", False),
        ("/data/x", True),
        ("/tmp/x", True),
    ):
        found = container.within("touch", place)
        yield f"write to {place}", (found.returncode == 0) is writable, found.stderr.strip() or "written"
    for path, words in (("/live", "alive"), ("/ready", "Ready"), ("/", "<!doctype html>")):
        code = f"import urllib.request as u; print(u.urlopen('{HERE}{path}').read().decode())"
        answer = container.beside(python("-c", code)).stdout
        yield f"GET {path}", words.lower() in answer.lower(), answer[:60].strip()
    visited = container.beside(python("-m", "scripts.visit", HERE))
    yield "a page", visited.returncode == 0, (visited.stdout + visited.stderr[-300:]).strip()


def check_stop(container: Container) -> Iterator[Check]:
    """With a page open, for those are what a server waits for."""
    words = [
        "nsenter",
        f"--net=/proc/{container.pid}/ns/net",
        *python("-m", "scripts.visit", HERE, "--stay", "60"),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as visitor:
        assert visitor.stdout is not None
        visitor.stdout.readline()
        code, seconds = container.stop(STOP_SECONDS)
        yield "SIGTERM", code is not None, f"exit code {code} after {seconds:.1f} s"
        visitor.kill()


def check_alone(image: Image, volume: Path, log: Path) -> Iterator[Check]:
    """Without a word on who may enter it must not start, and say so in one sentence."""
    container = Container(image, volume, {}, log)
    try:
        code: int | None = container.process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        container.stop(STOP_SECONDS)
        code = None
    said = log.read_text().strip().splitlines()[-1:]
    yield (
        "no sign-in, no start",
        code == 2 and "PUZZLESCOPE_OPEN" in "".join(said),
        f"exit code {code}: {said}",
    )


def report(found: Iterator[Check]) -> bool:
    """Print each; returns whether all hold."""
    well = True
    for name, holds, seen in found:
        print(f"{'ok  ' if holds else 'FAIL'} {name}: {seen}", flush=True)
        well &= holds
    return well


def try_it(image: Image, folder: Path) -> bool:
    volume, log = folder / "data", folder / "server.log"
    shutil.rmtree(volume, ignore_errors=True)
    seal(image, volume)
    well = report(check_alone(image, volume, log))
    container = Container(image, volume, {"PUZZLESCOPE_OPEN": "1"}, log)
    parts: list[Callable[[Container], Iterator[Check]]] = [checks, check_stop]
    try:
        for part in parts:
            well &= report(part(container))
    finally:
        container.process.kill()
    print(f"The server's log is {log}.")
    return well


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Do the Dockerfile's steps in a bare Debian, and try the result."
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bare-root")
    parser.add_argument("--suite", default="bookworm", help="of Debian, for FROM")
    parser.add_argument(
        "--bind", type=Path, action="append", default=[], help="what pip needs of this machine"
    )
    parser.add_argument("--source", type=Path, default=ROOT, help="the checkout")
    parser.add_argument("--again", action="store_true", help="with the packages of the build before")
    parser.add_argument("--machine", action="store_true", help="the page's plain machine too, with systemd")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        print("This needs root and debootstrap (`apt-get install debootstrap`).", file=sys.stderr)
        return 2
    if not os.environ.get(INSIDE):
        words = ["unshare", "--mount", *python("-m", "scripts.bare_root", *sys.argv[1:])]
        return subprocess.run(words, env={**os.environ, INSIDE: "1"}).returncode
    began = time.monotonic()
    base = debian(arguments.folder, arguments.suite)
    steps = parse((arguments.source / "Dockerfile").read_text())
    root, packages = arguments.folder / "root", arguments.folder / "packages"
    found = root / "srv" / "puzzlescope" / ".venv"
    if arguments.again and found.exists():
        shutil.rmtree(packages, ignore_errors=True)
        found.rename(packages)
    kept = packages if arguments.again and packages.exists() else None
    image = build(steps, arguments.source, base, root, arguments.bind, kept)
    print(f"Built in {time.monotonic() - began:.0f} s.", flush=True)
    well = try_it(image, arguments.folder)
    for line in try_machine(root, arguments.folder, arguments.source) if arguments.machine else ():
        print(line, flush=True)
        well &= line.startswith("ok ")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
