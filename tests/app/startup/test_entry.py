"""What is asked before anything is started: who may enter."""

import os
import subprocess
import sys

import pytest

from app.startup import entry
from app.startup.password import asked, hashed
from interp.errors import PuzzlescopeError
from tests.support.places import ROOT


def ended(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """How a module ends that is run in an environment that says nothing of who may enter."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PUZZLESCOPE_")}
    command = [sys.executable, "-m", *words]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, input=said
    )


def start(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return ended("app.startup.command", *words, said=said)


def test_the_start_ends_with_a_sentence_where_anybody_could_come_in() -> None:
    over = start("run", "--address", "0.0.0.0")
    assert over.returncode == 2 and over.stdout == ""
    assert over.stderr.count("\n") == 1 and "nothing says who may enter" in over.stderr


def test_streamlit_alone_ends_so_too() -> None:
    words = ["run", "app/main.py", "--server.address", "0.0.0.0", "--server.port", "0"]
    over = ended("streamlit", *words)
    assert over.returncode == 2 and "nothing says who may enter" in over.stderr
    assert "Traceback" not in over.stderr


def test_a_word_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert entry.problem("127.0.0.1") is None
    monkeypatch.setenv("PUZZLESCOPE_OPEN", "1")
    assert entry.problem("0.0.0.0") is None


def test_a_password_becomes_a_hash_that_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    over = start("password", said="correct horse battery\n")
    assert over.returncode == 0 and over.stdout.startswith("$argon2id$")
    assert "correct" not in over.stdout + over.stderr
    monkeypatch.setenv("PUZZLESCOPE_PASSWORD_HASH", over.stdout.strip())
    assert entry.problem("0.0.0.0") is None


def test_a_short_password_is_refused() -> None:
    over = start("password", said="short\n")
    assert over.returncode == 2 and over.stdout == ""
    assert over.stderr.startswith("A password that a team shares must have 12 or more characters, got 5: ")
    assert over.stderr.count("\n") == 1


def test_a_password_is_typed_twice() -> None:
    typed = iter(["correct horse", "correct hoarse"])
    with pytest.raises(PuzzlescopeError, match="The two passwords differ"):
        asked(lambda prompt: next(typed))
    assert asked(lambda prompt: "correct horse") == "correct horse"
    with pytest.raises(PuzzlescopeError, match="got 1001"):
        hashed("x" * 1001)
