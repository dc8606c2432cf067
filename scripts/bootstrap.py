"""Make the virtual environment ``.venv`` and keep it at the pinned versions; ``make`` calls this first.

    sh scripts/setup.sh           what `make run` needs
    sh scripts/setup.sh --dev     and what `make test` and `make lint` need

Only the standard library is used, for nothing is installed yet. When nothing has changed since the last time,
it ends at once: a stamp in ``.venv``, written last, holds a fingerprint of the requirement files.
"""

import argparse
import fcntl
import hashlib
import http.client
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5.0

DISTURBING = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "PYTHONPATH")
"""Variables that would make pip install somewhere else than into ``.venv``."""


class SetupError(Exception):
    """The set-up cannot go on. The message is one sentence that says what to do."""


# ---- what to install, and from where -----------------------------------------------------------------------


def requirement_files(root: Path, dev: bool) -> list[Path]:
    """The files that decide what is installed."""
    developers = ["requirements-dev.txt", "requirements-ray.txt"]  # the former asks for the latter
    names = ["requirements.txt", "constraints.txt", *(developers if dev else [])]
    return [root / name for name in names]


def fingerprint(files: list[Path], python_version: str) -> str:
    """Changes whenever a requirement file or the version of Python does."""
    digest = hashlib.sha256(python_version.encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def pinned(requirements: Path, package: str) -> str:
    """The exact version of a package in a requirements file."""
    found = re.search(rf"^{re.escape(package)}==([^\s#;]+)", requirements.read_text(), re.MULTILINE)
    if found is None:
        raise SetupError(f"Expected an exact pin of {package} in {requirements}, found none.")
    return found.group(1)


def has_nvidia() -> bool:
    """Whether this machine seems to have an NVIDIA card with its driver, or the one that this is for will."""
    meant = os.environ.get("PUZZLESCOPE_DEVICE") == "cuda"
    return meant or shutil.which("nvidia-smi") is not None or Path("/dev/nvidia0").exists()


def wants_cpu_torch(system: str, nvidia: bool) -> bool:
    """Whether to look for torch in PyTorch's CPU index: 0.2 GB there, against 3 GB with CUDA in the default
    one.

    On macOS the default index has the right build; with an NVIDIA card the CUDA build is the one to have.
    """
    return system == "Linux" and not nvidia


def reachable(url: str, seconds: float = PROBE_SECONDS) -> bool:
    """Whether a page answers within the given time, counting also the time that a name server lets us
    wait."""
    answers: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as page:
                answers.append(page.status == 200)
        except (OSError, ValueError, http.client.HTTPException):
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answers == [True]


def check_platform(system: str, machine: str) -> None:
    """Say what is wrong where torch has no build, before pip does so in its own words."""
    if system == "Darwin" and machine != "arm64":
        raise SetupError(
            f"PyTorch has no build for Intel Macs, and {sys.executable} is an Intel Python: on Apple silicon "
            "name an arm64 Python with PYTHON=..., elsewhere use the Docker image."
        )


# ---- the virtual environment -------------------------------------------------------------------------------


class Environment:
    """A virtual environment, and the marks that an installation leaves in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.unfinished = folder / ".unfinished"

    def stamp(self, dev: bool) -> Path:
        return self.folder / (".installed-dev" if dev else ".installed")

    def ask(self, code: str) -> str | None:
        """What its Python prints, or None if it does not run or fails."""
        try:
            done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    def version(self) -> str | None:
        return self.ask("import sys; print('%d.%d' % sys.version_info[:2])")

    def is_current(self, dev: bool, files: list[Path]) -> bool:
        """Whether the last installation ended well and was of these files."""
        version, stamp = self.version(), self.stamp(dev)
        if version is None or self.unfinished.exists() or not stamp.exists():
            return False
        return stamp.read_text() == fingerprint(files, version)

    def ensure(self, wanted: str) -> None:
        """Create it, or mend it: anew if its Python is not the wanted one or an installation was cut off in
        it."""
        found = self.version()
        if found == wanted and not self.unfinished.exists():
            if self.ask("import pip") is None:
                run([sys.executable, "-m", "venv", self.folder])
            return
        print(f"Making a virtual environment with Python {wanted} in {self.folder.name} ...", flush=True)
        run([sys.executable, "-m", "venv", "--clear", self.folder])

    def pip_install(self, *arguments: str | Path) -> bool:
        command = [
            self.python,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            *arguments,
        ]
        clean = {name: value for name, value in os.environ.items() if name not in DISTURBING}
        return subprocess.run(command, env=clean, stdin=subprocess.DEVNULL).returncode == 0

    def install(self, root: Path, dev: bool) -> None:
        """Install the pinned packages, and write the stamps when that is done.

        A failed download leaves the environment as it was, for pip fetches everything first. An installation
        that is cut off leaves the mark ``.unfinished``: the next one starts with an empty environment, and
        pip's cache makes it quick.
        """
        for stale in (False, True):
            self.stamp(stale).unlink(missing_ok=True)
        self.unfinished.touch()
        torch = pinned(root / "requirements.txt", "torch")
        if wants_cpu_torch(platform.system(), has_nvidia()) and not self.has_torch(torch):
            self.install_cpu_torch(torch)
        name = "requirements-dev.txt" if dev else "requirements.txt"
        succeeded = self.pip_install("-r", root / name, "-c", root / "constraints.txt")
        self.unfinished.unlink()
        if not succeeded:
            raise SetupError(
                "pip could not install the packages (it says why above): run the same command again to go on."
            )
        for done in {False, dev}:
            self.stamp(done).write_text(fingerprint(requirement_files(root, done), self.version() or ""))

    def make_bundle(self, root: Path) -> None:
        """Put CircuitsVis and Plotly where the dashboard serves them from, if they are not there. If that
        fails, the dashboard finds a way."""
        app = root / "app"  # the Docker image installs the packages before the code is there
        there = all((app / "static" / name).exists() for name in ("circuitsvis.js", "plotly.js"))
        if (app / "startup" / "bundles.py").exists() and not there:
            subprocess.run([self.python, "-m", "app.startup.bundles"], cwd=root, stdin=subprocess.DEVNULL)

    def has_torch(self, version: str) -> bool:
        found = self.ask("from importlib.metadata import version; print(version('torch'))")
        return found is not None and found.split("+")[0] == version

    def install_cpu_torch(self, version: str) -> None:
        """Only torch itself comes from PyTorch's index; the rest, and torch if this fails, from the usual
        one."""
        if not reachable(f"{CPU_INDEX}/torch/"):
            print(f"{CPU_INDEX} does not answer: taking torch from the default index.", flush=True)
        elif not self.pip_install(
            "--no-deps", "--retries", "1", "--index-url", CPU_INDEX, f"torch=={version}"
        ):
            print(f"No torch {version} from {CPU_INDEX}: taking it from the default index.", flush=True)


def run(command: list[str | Path]) -> None:
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
        raise SetupError(f"This command failed: {' '.join(map(str, command))}")


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let `make run` and `make test` in two terminals not install into the same environment at once."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running here: waiting for it ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(handle)


def bootstrap(root: Path, environment: Environment, dev: bool, explicit_python: bool) -> None:
    """Bring the environment up to date.

    Args:
        root: the folder of the requirement files
        environment: where to install
        dev: with the developers' tools
        explicit_python: the user named the Python that runs this, so an environment with another one is
            replaced
    """
    files = requirement_files(root, dev)
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"

    def up_to_date() -> bool:
        return environment.is_current(dev, files) and (not explicit_python or environment.version() == mine)

    if up_to_date():
        environment.make_bundle(root)
        return
    check_platform(platform.system(), platform.machine())
    with one_at_a_time(root):
        if not up_to_date():  # else the set-up that we waited for did it
            environment.ensure(mine)
            print("Installing the pinned packages (a few minutes the first time) ...", flush=True)
            environment.install(root, dev)
        environment.make_bundle(root)


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up .venv with the pinned packages.")
    parser.add_argument("--dev", action="store_true", help="with the tools for tests and linting")
    arguments = parser.parse_args()
    try:
        bootstrap(ROOT, Environment(VENV), arguments.dev, explicit_python=bool(os.environ.get("PYTHON")))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted: run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
