"""What of the machine a process uses: how many threads, and whether it computes on a graphics card.

A container may be given two of a machine's sixty cores. PyTorch counts the sixty, and its threads then wait
for each other while the kernel holds all of them back. So what a container may use is read where Linux says
it: the processors that the process may run on, and the quota of its control group, and of those around it.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from interp.errors import PuzzlescopeError, brief

DEVICE, THREADS = "PUZZLESCOPE_DEVICE", "PUZZLESCOPE_THREADS"
"""Environment variables: ``auto``, ``cpu`` or ``cuda``, and a number of threads."""
DEVICES = ("auto", "cpu", "cuda")
MOST_THREADS = 1024
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Machine:
    """What is asked of it.

    Attributes:
        device: "cpu", "cuda", or "auto": a card if there is one.
        threads: of a computation on the CPU; 0: as many as there are processors for it.
    """

    device: str = "auto"
    threads: int = 0

    def place(self) -> str:
        """Where models are put: "cpu" or "cuda".

        Raises:
            PuzzlescopeError: if it is to be a card, and PyTorch finds none.
        """
        card = self.device != "cpu" and has_card()
        if self.device == "cuda" and not card:
            raise PuzzlescopeError(
                f"{DEVICE} is cuda, and PyTorch finds no card that it can use here: pass the card on to the"
                f" container and install PyTorch for CUDA, or set {DEVICE}=cpu."
            )
        return "cuda" if card else "cpu"

    def use_threads(self) -> int:
        """Let PyTorch compute with so many threads, from now on. Returns how many: where none are asked for,
        at most as many as PyTorch has chosen itself."""
        import torch

        torch.set_num_threads(self.threads or max(1, min(torch.get_num_threads(), processors())))
        return torch.get_num_threads()


def read(said: Callable[[str], str] = lambda name: os.environ.get(name, ""), usual: str = "auto") -> Machine:
    """What the environment asks for.

    Args:
        said: the text of a variable; empty, where there is none.
        usual: the device where none is named.

    Raises:
        PuzzlescopeError: if it is no device or no number of threads.
    """
    device, threads = said(DEVICE).strip().lower() or usual, said(THREADS).strip()
    if device not in DEVICES:
        raise PuzzlescopeError(f"{DEVICE} must be auto, cpu or cuda, got '{brief(device)}'.")
    number = int(threads) if threads.isascii() and threads.isdecimal() and len(threads) < 10 else 0
    if threads and not 1 <= number <= MOST_THREADS:
        raise PuzzlescopeError(
            f"{THREADS} must be a whole number from 1 to {MOST_THREADS}, got '{brief(threads)}'."
        )
    return Machine(device, number)


def has_card() -> bool:
    """Whether PyTorch can compute on a card of NVIDIA's here."""
    import torch

    return torch.cuda.is_available()


def processors(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> int:
    """How many processors there are for this process: those that it may run on, or as many whole ones as its
    quota is of, if that is less; at least one."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    granted = quota(groups, own)
    return max(1, there if granted is None else min(there, int(granted)))


def quota(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> float | None:
    """The processors' worth of time that the control groups of this process allow it, the least of all that
    it is in; ``None`` without a bound.

    Args:
        groups: where the control groups are mounted.
        own: the file that says in which of them the process is.
    """
    found = [share for folder in _folders(groups, own) for share in (_share(folder),) if share is not None]
    return min(found, default=None)


def _folders(groups: Path, own: Path) -> Iterator[Path]:
    """The folders of the process's own groups and of all around them. Inside a container its own group may be
    named by a path that is only there outside: then what is mounted is its own."""
    yield groups  # of version 2, and what a container sees of its own group
    for line in _text(own).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        # Version 2 names no controller; version 1 has a folder for each, or for several together.
        for root in [groups / name for name in (controllers, "cpu") if name] if controllers else [groups]:
            yield root
            inner = root
            for name in Path(path.strip()).parts[1:]:
                if name == "..":
                    break
                inner /= name
                yield inner


def _share(folder: Path) -> float | None:
    """What one group is allowed: ``cpu.max`` in version 2, two files in version 1."""
    words = _text(folder / "cpu.max").split()
    if not words:
        words = [*_text(folder / "cpu.cfs_quota_us").split(), *_text(folder / "cpu.cfs_period_us").split()]
    try:
        granted, period = (int(word) for word in words)
    except ValueError:  # "max", or no such files
        return None
    return granted / period if granted > 0 and period > 0 else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def own_version() -> str:
    """The version of Puzzlescope that is installed; "source" if it runs from a folder."""
    try:
        return version("puzzlescope")
    except PackageNotFoundError:
        return "source"
