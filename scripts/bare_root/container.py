"""Run an image's command the way a strict container engine would, with the means of the kernel: a read-only
root, /tmp in memory, no capability, no way to gain one, a network of its own with nothing but loopback, and a
process tree of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.bare_root.build import Image, inside, run

DEVICES = ("null", "zero", "full", "random", "urandom")


class Container:
    """A running command of an image. Its root is mounted read-only from here on.

    Args:
        volume: the folder that stands at each of the image's volumes.
        environment: what is said beyond the image's own.
    """

    def __init__(self, image: Image, volume: Path, environment: Mapping[str, str], log: Path) -> None:
        self.image, self.environment = image, {**image.environment, **environment}
        self.log = log
        words = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "sh", "-ec"]
        script = [
            "ip link set lo up",
            f"mount -t proc proc '{inside('proc', image.root)}'",
            'exec "$@"',
        ]
        with log.open("w") as file:
            self.process = subprocess.Popen(
                [*words, "; ".join(script), "sh", *self.inside(image.command)],
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def inside(self, command: Sequence[str]) -> list[str]:
        """The words that run a command within, as the image's user."""
        user, _, group = self.image.user.partition(":")
        keys = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
        keys += ["--bounding-set=-all", "--inh-caps=-all"]
        pairs = [f"{name}={value}" for name, value in self.environment.items()]
        return [
            *("chroot", str(self.image.root), *keys),
            *("env", "-i", "-C", self.image.folder, *pairs, *command),
        ]

    @property
    def pid(self) -> int:
        """Of its first process, as this machine counts."""
        file = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while self.process.poll() is None:
            if children := file.read_text().split():
                return int(children[0])
            time.sleep(0.05)
        raise RuntimeError(f"The command has ended: {self.log.read_text()[-2000:]}")

    def beside(self, command: Sequence[str], seconds: float = 240) -> subprocess.CompletedProcess[str]:
        """Run a command of this machine in its network."""
        words = ["nsenter", f"--net=/proc/{self.pid}/ns/net", *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=seconds)

    def within(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as its user."""
        return self.beside(self.inside(command))

    def status(self) -> dict[str, str]:
        """What the kernel says of its first process."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}

    def stop(self, seconds: float) -> tuple[int | None, float]:
        """Ask it to end; kill it after so long. Returns its exit code, None if it was killed, and how long it
        took in seconds."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        try:
            code: int | None = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = None
        return code, time.monotonic() - began


def seal(image: Image, volume: Path) -> None:
    """Make the root read-only, with /tmp and the volumes writable."""
    root = image.root
    for special in ("proc", "dev"):
        run("umount", "--recursive", "--lazy", root / special)
    user = image.user.replace(":", " ").split()
    run("mount", "--bind", root, root)
    run("mount", "-o", "remount,bind,ro", root)
    run("mount", "-t", "tmpfs", "-o", "mode=1777,size=256m", "tmpfs", root / "tmp")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "dev")
    for name in DEVICES:
        device = root / "dev" / name
        device.touch()
        run("mount", "--bind", f"/dev/{name}", device)
    (root / "dev" / "shm").mkdir()
    run("mount", "-t", "tmpfs", "-o", "mode=1777,size=64m", "tmpfs", root / "dev" / "shm")
    volume.mkdir(parents=True, exist_ok=True)
    os.chown(volume, *map(int, user))
    for place in image.volumes:
        run("mount", "--bind", volume, inside(place, root))


def python(*words: str) -> list[str]:
    """A command of this machine's Python."""
    return [sys.executable, *words]
