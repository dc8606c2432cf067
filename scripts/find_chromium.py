"""Find a Chromium for the browser tests:  python scripts/find_chromium.py [--install]

It prints the path. With ``--install`` it gets one where there is none; without one it ends with one sentence.
Each candidate is *run*: on Ubuntu ``chromium-browser`` may be a stub that only asks for snap, and a
downloaded Chromium may lack libraries of the system.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS_APPS = ("Google Chrome", "Chromium")
ASK_PLAYWRIGHT = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""

INSTALL_SECONDS = 600
HOW_TO_GET_ONE = (
    "The browser tests need Chromium or Chrome and none was found that runs: install one "
    "(Debian: `apt-get install chromium`; Ubuntu: `.venv/bin/python -m playwright install --with-deps"
    " chromium`; "
    "macOS: `brew install --cask google-chrome`) or name its program in CHROMIUM=..."
)


class NoChromiumError(RuntimeError):
    """There is no Chromium to use. The message says how to get one."""


def find_chromium() -> Path:
    """The Chromium to use: ``$CHROMIUM`` if set, else an installed one, else Playwright's own.

    Raises:
        NoChromiumError: none of them runs.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        if not runs(Path(named)):
            raise NoChromiumError(
                f"CHROMIUM={named} is not a Chromium that runs: correct it, or leave it out."
            )
        return Path(named)
    for candidate in candidates():
        if runs(candidate):
            return candidate
    raise NoChromiumError(HOW_TO_GET_ONE)


def candidates() -> Iterator[Path]:
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        yield from (folder / f"{app}.app" / "Contents" / "MacOS" / app for app in MACOS_APPS)
    # Asked in a process of its own, for Playwright refuses to be started twice in one.
    answer = output([sys.executable, "-c", ASK_PLAYWRIGHT])
    if answer:
        yield Path(answer)


def runs(program: Path) -> bool:
    return program.is_file() and output([program, "--version"]) is not None


def output(command: list[str | Path]) -> str | None:
    """What a command prints, or None if it fails or takes too long."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


# ---- getting one -------------------------------------------------------------------------------------------


def install_commands() -> Iterator[list[str]]:
    """What to try, in this order, to get a Chromium.

    Debian's package comes first where we may install it, since Playwright's download still needs Debian's
    libraries. On Ubuntu the package is only a pointer to a snap, so there Playwright's download and its
    libraries come first.
    """
    root = as_root()
    download = [sys.executable, "-m", "playwright", "install", "chromium"]
    if root is not None and shutil.which("apt-get"):
        if distribution() == "debian":
            yield from apt_commands(root, "chromium")
        else:
            yield [*root, sys.executable, "-m", "playwright", "install-deps", "chromium"]
    yield download


def apt_commands(root: list[str], package: str) -> Iterator[list[str]]:
    """How a package of the system is got, with what makes them run as root before them."""
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=60"]
    yield [*apt, "update", "-q"]
    yield [*apt, "install", "-q", "-y", "--no-install-recommends", package]


def as_root() -> list[str] | None:
    """What to put before a command to run it as root, or None if that would need a password."""
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if output(["sudo", "-n", "true"]) is not None else None


def distribution(os_release: Path = Path("/etc/os-release")) -> str:
    """The ID of the Linux distribution, such as "debian", or "" elsewhere."""
    lines = os_release.read_text().splitlines() if os_release.exists() else []
    return next((line.removeprefix("ID=").strip('"') for line in lines if line.startswith("ID=")), "")


def find_or_install() -> Path:
    """The Chromium to use, after getting one if need be."""
    try:
        return find_chromium()
    except NoChromiumError:
        if os.environ.get("CHROMIUM"):
            raise
    for command in install_commands():
        print(f"Getting a Chromium for the browser tests: {' '.join(command)}", file=sys.stderr, flush=True)
        try:
            failed = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=INSTALL_SECONDS
            ).returncode
        except (OSError, subprocess.TimeoutExpired):
            failed = True
        if not failed and any(map(runs, candidates())):
            break
    return find_chromium()


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the path of a Chromium for the browser tests.")
    parser.add_argument("--install", action="store_true", help="get one if there is none")
    arguments = parser.parse_args()
    try:
        print(find_or_install() if arguments.install else find_chromium())
    except NoChromiumError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
