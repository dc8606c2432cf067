"""On a Ray cluster of two nodes a study comes out as it does here, whoever is killed."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from benchmarks.nodes import Node, Nodes, cluster
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.studies.asked import Asked, planned
from interp.studies.engines import Engine
from interp.studies.engines.local import LocalEngine
from interp.studies.engines.ray import RayEngine
from interp.studies.folder import StudyFolder
from interp.studies.running import begin, go_on
from tests.support.models import small_model

TINY = Config(n_layers=1, n_heads=2, d_model=64, d_head=8, d_mlp=256)
"""Of more than 100 kB: less does not go by the object store."""

ACTOR = "ray::Chunks"


@pytest.fixture(scope="module")
def tiny_model() -> PuzzleGPT:
    return small_model(cfg=TINY)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch, cluster(1, 1, spaces=False) as started:
        for name, value in started.environment.items():
            if name.startswith("RAY_"):
                patch.setenv(name, value)
        yield started


def begun(folder: Path, model: PuzzleGPT, n: int) -> StudyFolder:
    study = StudyFolder(str(folder))
    begin(study, planned(model, Asked(["L0.attn", "L0.H1"], f"generate:{n}", chunk=8)))
    return study


def actor_of(node: Node) -> psutil.Process:
    """The node's actor, which may start after another's first chunk is done. While nobody asks for more
    chunks, none are handed out."""
    end = time.monotonic() + 60
    while not (actors := node.processes(ACTOR)) and time.monotonic() < end:
        time.sleep(0.1)
    return actors[0]


def contents(folder: Path) -> dict[str, bytes]:
    """What has its own name; what a killed process had begun to write has none."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.*")
        if path.suffix != ".partial"
    }


def test_a_killed_actor_and_a_killed_node_change_nothing(
    nodes: Nodes, tiny_model: PuzzleGPT, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here, there = (begun(tmp_path / name, tiny_model, 160) for name in ("here", "there"))
    assert len(list(go_on(here, tiny_model, LocalEngine()))) == 20
    engine = RayEngine(nodes.address)
    assert isinstance(engine, Engine)
    with closing(go_on(there, tiny_model, engine)) as running:
        done = [next(running)]
        actor_of(nodes.nodes[0]).kill()
        done.append(next(running))
        assert nodes.nodes[1].kill() > 2  # by now the other has no more than two chunks in hand
        done += running
    assert sorted(one.chunk for one in done) == list(range(20))
    assert sum(one.puzzles for one in done) == 160
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert list(go_on(there, tiny_model, engine)) == []
    assert capfd.readouterr() == ("", "")
    _, left = psutil.wait_procs(nodes.nodes[0].processes(ACTOR), timeout=30)
    assert left == []


def test_what_cannot_be_computed_ends_with_its_sentence(
    nodes: Nodes, tiny_model: PuzzleGPT, tmp_path: Path
) -> None:
    study = begun(tmp_path, tiny_model, 16)
    running = go_on(study, tiny_model, RayEngine(nodes.address))
    for table in ("effects", "puzzles"):
        (tmp_path / table).rmdir()
        (tmp_path / table).touch()
    with pytest.raises(PuzzlescopeError, match="Could not write the study"):
        next(running)


def test_no_cluster_is_one_sentence(
    tiny_model: PuzzleGPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = begun(tmp_path, tiny_model, 8)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    with pytest.raises(PuzzlescopeError, match=r"no Ray cluster at 127.0.0.1:9 .*ray start --head"):
        next(go_on(study, tiny_model, RayEngine()))
    with pytest.raises(PuzzlescopeError, match="expected HOST:PORT"):
        next(go_on(study, tiny_model, RayEngine("ray://127.0.0.1:10001")))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PuzzlescopeError, match=r"pip install 'puzzlescope\[ray\]'"):
        next(go_on(study, tiny_model, RayEngine()))
    assert not [p for p in psutil.Process(os.getpid()).children() if "raylet" in p.name()]
