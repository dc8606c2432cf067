"""A Ray cluster of several nodes on this machine, for tests and measurements.

Each node is what it is on a machine of its own: a raylet with its own processors, object store and workers.
In network namespaces of their own, joined by a bridge, nodes have addresses of their own and no other way to
each other; that takes root on Linux. Without it they differ by their ports, on Linux by addresses of the
loopback device too.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from interp.studies.engines.ray import SILENT

ROOT = Path(__file__).resolve().parent.parent
STORE = 100 << 20
"""Bytes of a node's object store."""
UP = "Ray runtime started"
SECONDS, TRIES = 90.0, 3
"""For a node to start in, and how often."""


class Node:
    """One node.

    Args:
        address: its own IP address.
        space: its network namespace; empty: this process's.
        process: ``ray start``, which all of the node's processes descend from.
    """

    def __init__(self, address: str, space: str, process: subprocess.Popen[bytes]):
        self.address, self.space, self.process = address, space, process

    def processes(self, name: str = "") -> list[psutil.Process]:
        """Its processes, or those whose title begins so (``ray::Chunks``: an actor of a study)."""
        found = []
        with suppress(psutil.NoSuchProcess):
            for one in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess, IndexError):
                    if not name or one.cmdline()[0].startswith(name):
                        found.append(one)
        return found

    def kill(self) -> int:
        """What a power cut does: SIGKILL to all of them at once. Returns how many there were."""
        all_of_them = self.processes()
        self.process.kill()
        for one in all_of_them:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()
        psutil.wait_procs(all_of_them, timeout=10)
        return 1 + len(all_of_them)


class Nodes:
    """A cluster. The first node is its head.

    Args:
        folder: for logs and sockets; its path must be short.
        spaces: whether nodes get network namespaces.
    """

    def __init__(self, folder: Path, spaces: bool):
        self.folder, self.spaces = folder, spaces
        self.nodes: list[Node] = []
        self.port = 6379 if spaces else _free_port()
        self._made: list[str] = []

    @property
    def address(self) -> str:
        """What RAY_ADDRESS says to those who use it."""
        return f"{self.nodes[0].address}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """For the nodes, and for who uses them."""
        own = {
            "RAY_TMPDIR": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "RAY_worker_niceness": "0",  # its workers would stand back behind all else, at 15
            "RAY_AUTH_MODE": "disabled",  # else a head asks for the token that this machine may have
        }
        return {**{k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}, **SILENT, **own}

    def start(self, cpus: int) -> Node:
        """Start a node with so many processors, and wait until it is there. Ray gives a node 30 s to start
        in, which on a machine with other work may be too few: then once more."""
        number = len(self.nodes) + 1
        space, address = self._place(number)
        log = self.folder / f"node-{number}.log"
        for _ in range(TRIES):
            with log.open("wb") as out:
                process = subprocess.Popen(
                    within(space, self._command(address, cpus)),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    env=self.environment,
                )
            node = Node(address, space, process)
            self.nodes.append(node)
            if self._is_up(node, log):
                return node
            node.kill()
            self.nodes.pop()
        raise RuntimeError(f"Node {number} did not start:\n{log.read_text(errors='replace')}")

    def _command(self, address: str, cpus: int) -> list[str]:
        head = ["--head", f"--port={self.port}", "--include-dashboard=false", "--disable-usage-stats"]
        which = [f"--address={self.address}"] if self.nodes else [*head, f"--temp-dir={self.folder}"]
        return [
            *(self._python(), "-m", "ray.scripts.scripts", "start", "--block", *which),
            f"--node-ip-address={address}",
            f"--num-cpus={cpus}",
            "--num-gpus=0",
            f"--object-store-memory={STORE}",
        ]

    def _python(self) -> str:
        """This Python by a path without a space: Ray has a shell read the path of one of its programs as it
        stands."""
        if " " not in sys.prefix:
            return sys.executable
        link = self.folder / "python"
        if not link.is_symlink():
            link.symlink_to(sys.prefix, target_is_directory=True)
        return str(link / Path(sys.executable).relative_to(sys.prefix))

    def _is_up(self, node: Node, log: Path) -> bool:
        end = time.monotonic() + SECONDS
        while node.process.poll() is None and time.monotonic() < end:
            if UP in log.read_text(errors="replace"):
                return True
            time.sleep(0.2)
        return False

    def end(self) -> None:
        """Kill all nodes, and take their namespaces away."""
        for node in reversed(self.nodes):
            node.kill()
        for space in self._made:
            ip("netns", "delete", space)

    def _place(self, number: int) -> tuple[str, str]:
        """The namespace and address of a node. The bridge is in the head's namespace, so that nothing is
        changed outside."""
        if not self.spaces:
            return "", f"127.0.0.{number + 1}" if sys.platform == "linux" else "127.0.0.1"
        head, space = (f"puzzlescope-{os.getpid()}-{n}" for n in (1, number))
        address = f"10.213.7.{number}"
        ip("netns", "add", space)
        self._made.append(space)
        ip("-n", space, "link", "set", "lo", "up")
        if number == 1:
            ip("-n", space, "link", "add", "bridge", "type", "bridge")
            device = "bridge"
        else:
            device, port = "wire", f"port{number}"
            ip("-n", head, "link", "add", port, "type", "veth", "peer", "name", device, "netns", space)
            ip("-n", head, "link", "set", port, "master", "bridge", "up")
        ip("-n", space, "address", "add", f"{address}/24", "dev", device)
        ip("-n", space, "link", "set", device, "up")
        return space, address


@contextmanager
def cluster(*cpus: int, spaces: bool | None = None) -> Iterator[Nodes]:
    """Nodes with so many processors each, for a while.

    Args:
        cpus: of each node.
        spaces: whether they get network namespaces; if they can be made, unless it is said.
    """
    folder = Path(tempfile.mkdtemp(prefix="ps", dir="/tmp"))
    nodes = Nodes(folder, can_make_spaces() if spaces is None else spaces)
    try:
        for n in cpus:
            nodes.start(n)
        yield nodes
    finally:
        nodes.end()
        shutil.rmtree(folder, ignore_errors=True)


def within(space: str, command: Sequence[str]) -> list[str]:
    """A command that runs another in a network namespace."""
    return ["ip", "netns", "exec", space, *command] if space else list(command)


def ip(*words: str) -> None:
    """Run ``ip``."""
    subprocess.run(["ip", *words], check=True, capture_output=True, env=_with_sbin(os.environ))


def can_make_spaces() -> bool:
    """Whether this process may make network namespaces."""
    if sys.platform != "linux" or shutil.which("ip", path=_with_sbin(os.environ)["PATH"]) is None:
        return False
    space = f"puzzlescope-{os.getpid()}-try"
    try:
        ip("netns", "add", space)
        try:
            ip("-n", space, "link", "add", "bridge", "type", "bridge")
        finally:
            ip("netns", "delete", space)
    except subprocess.CalledProcessError:
        return False
    return True


def _with_sbin(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "PATH": f"{environment.get('PATH', '')}:/usr/sbin:/sbin"}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
