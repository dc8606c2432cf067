"""A study on a cluster whose nodes, actors and driver are killed, and what a cluster costs.

``python -m benchmarks.cluster [PUZZLES]``: two nodes on this machine (:mod:`benchmarks.nodes`) compute a
study of 20,000 generated puzzles, or of so many, by a small random model. Midway an actor is killed, then
all of one node's processes at once, then the driver; the driver is started again, and another node joins.
Then each chunk's parts must be there once, and be those of a study by the engine that computes in this
process, byte by byte.

``python -m benchmarks.cluster rates``: studies of the default model in turn, one process here, one node of
one processor, one node with two, two nodes: puzzle-components a second of wall time; a second of processor
time of those who compute; and how many seconds of processor time all else (Ray's own processes, the driver)
takes in a second. The machine's other load changes the first, hardly the second.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import torch

from benchmarks.nodes import Node, Nodes, cluster, within
from interp.ablation import components_of
from interp.checkpoints import load_model
from interp.model import Config, PuzzleGPT
from interp.studies.asked import Asked, planned
from interp.studies.engines.local import LocalEngine
from interp.studies.engines.ray import RayEngine
from interp.studies.folder import StudyFolder
from interp.studies.running import begin, go_on
from interp.studies.schema import EFFECTS, PUZZLES
from interp.studies.work import Done

N = 20_000
CHUNK = 128
SMALL = Config(n_layers=1, n_heads=2, d_model=64, d_head=8, d_mlp=256)
RATE_PUZZLES, RATE_CHUNK = 16, 8
KINDS = ["attn", "mlp"]
"""What is ablated when rates are measured: a run of the model costs much the same whatever is."""
DRIVE = "drive"
ACTOR = "ray::Chunks"


def random_model(cfg: Config) -> PuzzleGPT:
    """A model with weights so large that what is ablated matters, the same each time."""
    generator = torch.Generator().manual_seed(0)
    model = PuzzleGPT(cfg)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.3, generator=generator)
    return model.eval().requires_grad_(False)


def begun(folder: Path, model: PuzzleGPT, n: int, kinds: list[str], chunk: int = CHUNK) -> StudyFolder:
    """A study of so many generated puzzles."""
    study = StudyFolder(str(folder))
    parts = [part.text for part in components_of(model.cfg, kinds)]
    begin(study, planned(model, Asked(parts, f"generate:{n}", chunk=chunk)))
    return study


# ---- killed ------------------------------------------------------------------------------------------------


def drive(folder: str, address: str) -> None:
    """Go on with the study: what the driver's process does. Without an address it computes by itself."""
    torch.set_num_threads(1)
    engine = RayEngine(address) if address else LocalEngine()
    for done in go_on(StudyFolder(folder), random_model(SMALL), engine):
        print(done.by, flush=True)


def driver(ends: ExitStack, study: StudyFolder, nodes: Nodes | None = None) -> subprocess.Popen[str]:
    """Start a driver, on the cluster's head; or one that computes by itself.

    Args:
        ends: ends it, whatever ends this program.
    """
    address, space = (nodes.address, nodes.nodes[0].space) if nodes else ("", "")
    process = subprocess.Popen(
        within(space, [sys.executable, "-m", "benchmarks.cluster", DRIVE, study.url, address]),
        env=nodes.environment if nodes else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    ends.callback(process.kill)
    return process


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 300) -> None:
    """Wait until something is so, as long as the driver runs."""
    end = time.monotonic() + seconds
    while not what():
        if process.poll() is not None or time.monotonic() > end:
            told = process.communicate()[0] if process.poll() is not None else "it hangs"
            raise RuntimeError(f"The driver has ended or stands still: {told}")
        time.sleep(0.1)


def killed(n: int, where: Path) -> bool:
    """The study whose actors, node and driver are killed; returns whether it came out whole."""
    study, here = (begun(where / name, random_model(SMALL), n, ["head"]) for name in ("there", "here"))
    chunks = study.plan.chunks

    def done() -> int:
        return len(study.parts(EFFECTS))

    with ExitStack() as ends:
        alone = driver(ends, here)
        nodes = ends.enter_context(cluster(1, 1))
        kind = "network namespaces" if nodes.spaces else "ports and addresses of the loopback device"
        print(f"two nodes of 1 processor each, in {kind} of their own: {_names(nodes.nodes)}", flush=True)
        begun_at = time.monotonic()
        running = driver(ends, study, nodes)
        head, other = nodes.nodes

        wait_for(lambda: done() >= chunks // 5, running)
        for actor in head.processes(ACTOR):
            actor.kill()
        print(f"  {done():>4} of {chunks} chunks written: the head's actor killed -9", flush=True)

        wait_for(lambda: done() >= 2 * chunks // 5, running)
        print(f"  {done():>4}: all {other.kill()} processes of node {other.address} killed -9", flush=True)

        wait_for(lambda: done() >= 3 * chunks // 5, running)
        running.kill()
        told = running.communicate()[0]
        at = done()
        print(f"  {at:>4}: the driver killed -9; it had said {len(told.split())} chunks", flush=True)
        wait_for_none(head)
        print(f"  {done():>4}: no actor is left", flush=True)

        running = driver(ends, study, nodes)
        wait_for(lambda: done() >= 3.5 * chunks // 5, running)
        third = nodes.start(1)
        print(f"  {done():>4}: started again; meanwhile node {third.address} has joined", flush=True)
        again = running.communicate()[0].splitlines()
        print(
            f"  {done():>4}: ended with {running.returncode} after {time.monotonic() - begun_at:.0f} s in all"
        )
        by = {name: again.count(name) for name in sorted(set(again))}
        print(f"        chunks of the second driver, by node: {by}", flush=True)
        alone.communicate()
    return whole(study, here)


def whole(there: StudyFolder, here: StudyFolder) -> bool:
    """Whether a study is complete, nothing in it twice, and what is computed here."""
    missing, same, rows, numbers = there.missing(), 0, 0, set()
    for chunk in range(there.plan.chunks):
        for table in (PUZZLES, EFFECTS):
            same += Path(there.part(table, chunk)).read_bytes() == Path(here.part(table, chunk)).read_bytes()
        effects = there.read(EFFECTS, chunk)
        rows += len(effects)
        numbers |= set(zip(effects["puzzle"].to_pylist(), effects["component"].to_pylist(), strict=True))
    parts = 2 * there.plan.chunks
    wanted = there.plan.n * there.plan.runs
    print(f"chunks missing: {len(missing)}")
    print(f"rows of effects: {rows:,} of {wanted:,}, different ones: {len(numbers):,}")
    print(f"parts equal to the local engine's, byte by byte: {same} of {parts}")
    return not missing and rows == len(numbers) == wanted and same == parts


def wait_for_none(node: Node, seconds: float = 60) -> None:
    """Wait until a node has no actor of ours any more."""
    end = time.monotonic() + seconds
    while node.processes(ACTOR):
        if time.monotonic() > end:
            raise RuntimeError("Actors live on after their driver.")
        time.sleep(0.2)


def _names(nodes: list[Node]) -> str:
    return ", ".join(node.address for node in nodes)


# ---- rates -------------------------------------------------------------------------------------------------


def rates(where: Path) -> None:
    """Print what studies of the default model cost, by each engine."""
    torch.set_num_threads(1)
    model = load_model("default")
    work = RATE_PUZZLES * (len(components_of(model.cfg, KINDS)) + 1)
    print(f"default model, {RATE_PUZZLES} puzzles, {work:,} puzzle-components; after a first chunk each")
    print(f"{'':26}{'a second':>10}{'a processor-second':>20}{'all else, s/s':>15}{'between chunks':>16}")
    measure("one process, one thread", where / "1", model, LocalEngine(), [])
    for name, cpus in (("1 node of 1 processor", [1]), ("1 node of 2", [2]), ("2 nodes of 1", [1, 1])):
        with cluster(*cpus, spaces=False) as nodes:
            os.environ.update({k: v for k, v in nodes.environment.items() if k.startswith("RAY_")})
            measure(name, where / name.replace(" ", "-"), model, RayEngine(nodes.address), nodes.nodes)


def measure(
    name: str, folder: Path, model: PuzzleGPT, engine: LocalEngine | RayEngine, nodes: list[Node]
) -> None:
    """Print the rates of one engine."""
    n = RATE_PUZZLES + RATE_CHUNK * max(1, len(nodes))
    study = begun(folder, model, n, KINDS, RATE_CHUNK)
    running = go_on(study, model, engine)
    for _ in range(max(1, len(nodes))):
        next(running)
    wall, used, other = time.perf_counter(), *processor_seconds(nodes)
    done = list(still_open(running, len(study.missing())))
    wall, more, all_else = time.perf_counter() - wall, *processor_seconds(nodes)
    running.close()
    work = sum(one.puzzles for one in done) * study.plan.runs
    busy = sum(one.seconds for one in done) / max(1, len(nodes))
    rates = f"{work / wall:>10.1f}{work / (more - used):>20.1f}{(all_else - other) / wall:>15.3f}"
    print(f"{name:26}{rates}{1 - busy / wall:>16.1%}", flush=True)


def still_open(running: Iterator[Done], n: int) -> Iterator[Done]:
    """The next of a study, without its end, at which actors go away with what they have counted."""
    return (next(running) for _ in range(n))


def processor_seconds(nodes: list[Node]) -> tuple[float, float]:
    """What those who compute have used so far, and all else of the cluster; here both are this process."""
    if not nodes:
        return time.process_time(), 0.0
    actors, rest = 0.0, time.process_time()
    for process in (one for node in nodes for one in node.processes()):
        with suppress(psutil.NoSuchProcess, IndexError):
            used = sum(process.cpu_times()[:2])
            if process.cmdline()[0].startswith(ACTOR):
                actors += used
            else:
                rest += used
    return actors, rest


def end(number: int, _: object) -> None:
    """A signal handler: no node is left behind, however often one is told to end."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> None:
    asked = sys.argv[1:]
    signal.signal(signal.SIGTERM, end)
    if asked[:1] == [DRIVE]:
        drive(*asked[1:])
        return
    with tempfile.TemporaryDirectory(prefix="ps", dir="/tmp") as made:
        if asked == ["rates"]:
            rates(Path(made))
        elif not killed(int(asked[0]) if asked else N, Path(made)):
            sys.exit("It is not what it should be.")


if __name__ == "__main__":
    main()
