"""How many threads, and which device: from variables, and from what Linux says of a container."""

import os
from pathlib import Path

import pytest
import torch

from interp import machine
from interp.errors import PuzzlescopeError
from interp.machine import Machine, processors, quota, read


def planted(folder: Path, files: dict[str, str], own: str) -> tuple[Path, Path]:
    """Control groups of a process."""
    for name, text in files.items():
        (folder / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "groups" / name).write_text(text)
    (folder / "own").write_text(own)
    return folder / "groups", folder / "own"


@pytest.mark.parametrize(
    ("files", "own", "expected"),
    [
        ({"cpu.max": "200000 100000\n"}, "0::/\n", 2.0),  # as a container sees its own group
        ({"cpu.max": "50000 100000\n"}, "0::/\n", 0.5),
        ({"cpu.max": "max 100000\n"}, "0::/\n", None),
        ({"a/cpu.max": "max 100000", "a/b/cpu.max": "300000 100000"}, "0::/a/b\n", 3.0),
        ({"a/cpu.max": "150000 100000", "a/b/cpu.max": "300000 100000"}, "0::/a/b\n", 1.5),  # around it
        ({"cpu.max": "400000 100000"}, "0::/docker/0123\n", 4.0),  # a path that is only there outside
        ({"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/\n", 2.5),
        (
            {
                "cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/a/cpu.cfs_quota_us": "100000",
                "cpu,cpuacct/a/cpu.cfs_period_us": "50000",
            },
            "9:memory:/b\n4:cpu,cpuacct:/a\n",
            2.0,
        ),
        ({"cpuset/a/cpu.max": "100000 100000"}, "3:cpuset:/a\n", None),
        ({"cpu.max": "some words here"}, "", None),
        ({"cpu.max": "0 0"}, "0::/../..\n", None),
        ({"cpu.max": "100000 100000"}, "0::/../other\n", 1.0),
        ({}, "", None),
    ],
)
def test_the_quota_of_the_control_groups(
    files: dict[str, str], own: str, expected: float | None, tmp_path: Path
) -> None:
    assert quota(*planted(tmp_path, files, own)) == expected


@pytest.mark.parametrize(
    ("granted", "expected"), [("20000 100000", 1), ("199000 100000", 1), ("350000 100000", 3), ("max 1", 8)]
)
def test_whole_processors_and_at_least_one(
    granted: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    assert processors(*planted(tmp_path, {"cpu.max": granted}, "0::/\n")) == expected


def test_no_more_than_the_process_may_run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3})
    assert processors(*planted(tmp_path, {"cpu.max": "800000 100000"}, "0::/\n")) == 1


def test_nothing_is_said_outside_of_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors(tmp_path / "nothing", tmp_path / "no") == 1


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Machine("auto", 0)),
        ({"PUZZLESCOPE_DEVICE": " CPU ", "PUZZLESCOPE_THREADS": "3"}, Machine("cpu", 3)),
        ({"PUZZLESCOPE_DEVICE": "cuda"}, Machine("cuda", 0)),
    ],
)
def test_what_the_environment_asks_for(said: dict[str, str], expected: Machine) -> None:
    assert read(lambda name: said.get(name, "")) == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DEVICE", "tpu"),
        ("DEVICE", "cuda:1"),
        *(("THREADS", text) for text in ("0", "-1", "two", "1.5", "²", "9" * 20)),
    ],
)
def test_what_cannot_be_is_one_sentence(name: str, said: str) -> None:
    with pytest.raises(PuzzlescopeError, match=rf"PUZZLESCOPE_{name} must be .*, got '{said[:5]}"):
        read(lambda asked: said if asked.endswith(name) else "")


def test_a_card_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_card", lambda: False)
    assert Machine("auto").place() == Machine("cpu").place() == "cpu"
    with pytest.raises(PuzzlescopeError, match=r"finds no card .*PUZZLESCOPE_DEVICE=cpu"):
        Machine("cuda").place()
    monkeypatch.setattr(machine, "has_card", lambda: True)
    assert [Machine(device).place() for device in machine.DEVICES] == ["cuda", "cpu", "cuda"]


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        assert Machine(threads=2).use_threads() == 2
        monkeypatch.setattr(machine, "processors", lambda: 5)
        assert Machine().use_threads() == 2, "never more than PyTorch has chosen"
        monkeypatch.setattr(machine, "processors", lambda: 1)
        assert Machine().use_threads() == 1
    finally:
        torch.set_num_threads(before)
