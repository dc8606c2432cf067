"""What becomes of chunks whose actors die, told without a cluster; and what a node says of itself."""

import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from interp.errors import PuzzlescopeError
from interp.machine import own_version
from interp.model import Config, PuzzleGPT
from interp.studies.engines.node import Chunks, Told
from interp.studies.engines.ray import ACTORS, _Crew, _own_handlers, cluster
from interp.studies.folder import StudyFolder
from interp.studies.work import Done
from tests.interp.studies.test_ray import begun
from tests.support.models import small_model

N = 8


class Cluster:
    """As much of Ray as the engine asks for; actors answer at once, chunk by chunk.

    Args:
        says: what becomes of a chunk on a node.
        nodes: their resources, by name.
    """

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def __init__(self, says: Callable[[str, int], Any], **nodes: dict[str, float]):
        self.says, self.there = says, nodes
        self.asked: dict[str, int] = {}
        self.actors: list[dict[str, Any]] = []
        self._options: dict[str, Any] = {}

    def put(self, weights: object) -> object:
        return weights

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {
                "Alive": True,
                "NodeID": name.encode().hex() * 28,
                "NodeManagerAddress": name,
                "Resources": resources,
            }
            for name, resources in self.there.items()
        ]

    def remote(self, _: type) -> Any:
        return SimpleNamespace(options=self._with)

    def _with(self, **options: Any) -> Any:
        def make(told: Told, name: str, threads: int, card: bool) -> Any:
            self.actors.append({"name": name, "threads": threads, "card": card, **options})
            return SimpleNamespace(
                ready=SimpleNamespace(remote=lambda _: _Answer("")),
                do=SimpleNamespace(remote=lambda chunk, _: _Answer(lambda: self.says(name, chunk))),
            )

        return SimpleNamespace(remote=make)

    def wait(self, answers: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        return answers[:1], answers[1:]

    def get(self, answer: Any) -> Any:
        return answer.value() if callable(answer.value) else answer.value

    def kill(self, _: Any) -> None:
        raise ValueError("it is gone already")


class _Answer:
    def __init__(self, value: Any):
        self.value = value


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return small_model(cfg=Config(n_layers=1, n_heads=2, d_model=16, d_head=8, d_mlp=16))


@pytest.fixture
def study(model: PuzzleGPT, tmp_path: Path) -> StudyFolder:
    return begun(tmp_path, model, 8 * N)


def done(name: str, chunk: int) -> Done:
    return Done(chunk, 8, 1.0, name)


def test_chunks_of_a_lost_node_go_to_the_others(model: PuzzleGPT, study: StudyFolder) -> None:
    def says(name: str, chunk: int) -> Done:
        if name == "b" and chunk > 1:
            ray.there.pop("b", None)
            raise RuntimeError("the node died")
        return done(name, chunk)

    ray = Cluster(says, a={"CPU": 2.0}, b={"CPU": 1.0})
    found = list(_Crew(ray, model, study).work(deque(range(N))))
    assert sorted(one.chunk for one in found) == list(range(N))
    assert {actor["name"]: actor["threads"] for actor in ray.actors} == {"a": 2, "b": 1}
    assert len(ray.actors) == 2


def test_a_chunk_that_kills_its_actors_is_given_up(model: PuzzleGPT, study: StudyFolder) -> None:
    def says(name: str, chunk: int) -> Done:
        if chunk == 3:
            raise RuntimeError("Some stack\n  at 0x1\nOutOfMemoryError: the worker was killed")
        return done(name, chunk)

    ray = Cluster(says, a={"CPU": 1.0}, b={"CPU": 1.0})
    found = []
    with pytest.raises(PuzzlescopeError, match=r"Chunk 3 was given up.*\(OutOfMemoryError: the worker was k"):
        for one in _Crew(ray, model, study).work(deque(range(N))):
            found.append(one.chunk)
    assert len(ray.actors) == 2 + ACTORS - 1 and 3 not in found


def test_a_card_has_an_actor_of_its_own(
    model: PuzzleGPT, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = {"CPU": 9.0, "GPU": 2.0}
    ray = Cluster(done, a=resources)
    assert len(list(_Crew(ray, model, study).work(deque(range(N))))) == N
    assert [(one["name"], one["num_cpus"], one["num_gpus"], one["card"]) for one in ray.actors] == [
        ("a, card 0", 4, 1, True),
        ("a, card 1", 4, 1, True),
    ]
    monkeypatch.setenv("PUZZLESCOPE_DEVICE", "cpu")
    ray = Cluster(done, a=resources)
    list(_Crew(ray, model, study).work(deque(range(N))))
    assert [(one["name"], one["num_cpus"], one["num_gpus"]) for one in ray.actors] == [("a", 9, 0)]


def test_a_cluster_without_a_processor_is_one_sentence(model: PuzzleGPT, study: StudyFolder) -> None:
    with pytest.raises(PuzzlescopeError, match="No node of the Ray cluster has a processor"):
        next(_Crew(Cluster(done, a={"memory": 1.0}), model, study).work(deque([0])))


def test_a_node_says_why_it_cannot_compute(model: PuzzleGPT, study: StudyFolder, tmp_path: Path) -> None:
    plan = study.plan.fingerprint
    told = Told(str(study.root), plan, asdict(model.cfg), False, own_version())
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    assert Chunks(told, "a", 1).ready(weights) == ""
    said = Chunks(replace(told, version="0.0"), "a", 1).ready(weights)
    assert "of Puzzlescope, and the study is run by 0.0: install the same" in said
    assert "must be a shared folder" in Chunks(replace(told, plan="0" * 16), "a", 1).ready(weights)
    assert "There is no study" in Chunks(replace(told, study=str(tmp_path / "no")), "a", 1).ready(weights)
    other = {name: 2 * weight for name, weight in weights.items()}
    assert "must be a shared folder" in Chunks(told, "a", 1).ready(other)
    (Path(study.root) / "effects").rmdir()
    (Path(study.root) / "effects").touch()
    assert str(Chunks(told, "a", 1).do(0, weights)).startswith(f"Could not write the study {study.root}")


def test_what_answers_and_is_no_ray_is_told_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interp.studies.engines.ray.REACH", 0.3)
    # On all addresses: for Ray this machine is called by that of its network.
    with socket.create_server(("", 0)) as silent:
        port = silent.getsockname()[1]
        begun_at = time.monotonic()
        with (
            pytest.raises(PuzzlescopeError, match=r"no head of Ray's.*start one with"),
            cluster(f"127.0.0.1:{port}"),
        ):
            pass
        assert time.monotonic() - begun_at < 60


def test_signals_are_handled_as_before_once_ray_has_joined() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with _own_handlers():
        signal.signal(signal.SIGTERM, lambda *_: None)
    assert signal.getsignal(signal.SIGTERM) is before
