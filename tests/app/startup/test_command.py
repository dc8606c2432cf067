"""The command ``puzzlescope``."""

import os
import resource
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from app.startup import command, port
from interp import cli


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What would have been started in place of this process."""
    found: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, words, environment: found.append((words, environment)))
    monkeypatch.setattr(port, "problem", lambda *_, **__: None)
    for name in (command.ALLOWED_VARIABLE, command.PUBLIC_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return found


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    """The exit code of the command. It adds one to the library's, which other tests look at."""
    monkeypatch.setattr(cli.app, "registered_commands", list(cli.app.registered_commands))
    monkeypatch.setattr(sys, "argv", ["puzzlescope", *words])
    try:
        return command.main()
    except SystemExit as end:
        return end.code


def test_run_starts_the_dashboard(
    started: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    assert call(monkeypatch, "run", "--port", "8600", "--server.baseUrlPath", "/p") == 0
    ((words, environment),) = started
    assert words[1:4] == ["-m", "streamlit", "run"] and Path(words[4]).name == "main.py"
    assert words[5:] == [
        "--server.address",
        "127.0.0.1",
        "--server.port",
        "8600",
        "--server.baseUrlPath",
        "/p",
    ]
    assert environment["HOME"] and "http://localhost:8600" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("had", "raised"),
    [
        ((1024, 20_000), [(20_000, 20_000)]),
        ((1024, 1_048_576), [(65_536, 1_048_576)]),
        ((256, resource.RLIM_INFINITY), [(65_536, resource.RLIM_INFINITY)]),
        ((100_000, 1_048_576), []),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), []),
    ],
)
def test_the_server_has_the_handles_that_it_may_have(
    had: tuple[int, int],
    raised: list[tuple[int, int]],
    started: list[tuple[list[str], dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: had)
    monkeypatch.setattr(resource, "setrlimit", lambda _, now: said.append(now))
    assert call(monkeypatch, "run") == 0
    assert said == raised and started


HERE = ["localhost", "127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("said", "variables", "names"),
    [
        ([], {}, []),
        (["--address", "::1"], {}, []),
        (["--address", "0.0.0.0"], {}, [*HERE, "*"]),
        (["--address", "0.0.0.0"], {command.ALLOWED_VARIABLE: "gpu-box"}, []),
        (
            ["--address", "0.0.0.0"],
            {command.PUBLIC_VARIABLE: "https://a.example.org:444/p"},
            [*HERE, "a.example.org"],
        ),
        ([], {command.PUBLIC_VARIABLE: "https://a.example.org"}, [*HERE, "a.example.org"]),
        (["--hosts", "gpu-box, a.example.org"], {}, [*HERE, "gpu-box", "a.example.org"]),
        (["--hosts", "gpu-box"], {command.ALLOWED_VARIABLE: "other"}, [*HERE, "gpu-box"]),
    ],
)
def test_who_is_let_in(
    said: list[str],
    variables: dict[str, str],
    names: list[str],
    started: list[tuple[list[str], dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PUZZLESCOPE_OPEN", "1")
    call(monkeypatch, "run", *said)
    ((words, _),) = started
    assert [after for word, after in pairwise(words) if word.endswith("Hosts")] == names


def test_a_user_without_a_home_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert command.environment()["HOME"] == "/"


def test_a_port_that_is_none_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    assert call(monkeypatch, "run", "--port", "seven") == 2
    assert "from 1 to 65535, got 'seven'" in capsys.readouterr().err


def test_everything_else_is_the_librarys(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    assert call(monkeypatch, "solve", "--nonsense") == 2
    assert "`puzzlescope --help`" in capsys.readouterr().err
    assert call(monkeypatch, "--help") == 0
    said = capsys.readouterr().out
    assert "Start the dashboard." in said and "evaluate" in said
