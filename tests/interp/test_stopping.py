"""Ctrl-C and SIGTERM at any time: one word, the exit code that shells expect, and nothing half done left
behind."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interp.cli import main, solving, sweeping
from interp.stopping import Stopped, raise_stopped, stop_with
from interp.training.trainer import Trainer
from tests.support.programs import ROOT


@pytest.fixture(autouse=True, scope="module")
def heard() -> Iterator[None]:
    """Programs hear Ctrl-C: one that is started in the background of a shell inherits that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


BOTH = [signal.SIGINT, signal.SIGTERM]

# Of the real program all but interp.cli, whose import takes seconds: what stands for it here is told to stop
# at a certain moment.
PROGRAM = """
import os, signal, sys, types
import interp.__main__ as program

def stop():
    os.kill(os.getpid(), signal.{signal})

class WhileImporting:
    def find_spec(self, name, path=None, target=None):
        if name == "interp.cli":
            stop()

class Forgotten:
    def __del__(self):
        stop()

def in_a_finalizer():
    Forgotten()
    print("nobody noticed")

def twice():
    try:
        stop()
    finally:
        stop()
        print("still there")

def before_the_end():
    return 0

cli = types.ModuleType("interp.cli")
cli.main = {moment} if "{moment}" != "while_importing" else None
if cli.main:
    sys.modules["interp.cli"] = cli
else:
    sys.meta_path.insert(0, WhileImporting())
code = program.run()
stop()
print("still there")
"""


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize("moment", ["while_importing", "in_a_finalizer", "twice", "before_the_end"])
def test_whenever_it_comes_the_program_ends_with_a_word(moment: str, number: signal.Signals) -> None:
    program = PROGRAM.format(signal=number.name, moment=moment)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "Stopped.\n")


def test_a_sweep_that_is_stopped() -> None:
    """The whole program, as a shell sees it."""
    words = [sys.executable, "-m", "interp", "sweep", "--limit", "64", "--json"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        time.sleep(1.0)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out, err) == (130, "", "Stopped.\n")


@pytest.fixture
def handled() -> Iterator[None]:
    """Signals handled as the program has them."""
    before = {number: signal.getsignal(number) for number in BOTH}
    stop_with(raise_stopped)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", BOTH)
def test_while_computing(
    number: signal.Signals, handled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(sweeping, "load_model", lambda name: signal.raise_signal(number))
    assert main(["sweep", "--limit", "1", "--out", str(tmp_path / "x.json")]) == 128 + number
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Stopped.\n") and not list(tmp_path.iterdir())


def test_while_a_file_is_written(
    handled: None, model_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """The old one stays, and nothing lies beside it."""
    path = tmp_path / "x.json"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *_: signal.raise_signal(signal.SIGINT))
    command = ["solve", "--limit", "1", "--model", model_folder, "--out", str(path)]
    assert main(command) == 130 and capsys.readouterr().err == "Stopped.\n"
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"] and path.read_text() == "old"


def test_in_a_notebook_ctrl_c_is_pythons_own(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """There Python raises KeyboardInterrupt, of which Typer makes a return value."""
    monkeypatch.setattr(solving, "load_model", lambda name: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["solve", "--limit", "1"]) == 130 and capsys.readouterr().err == "Stopped.\n"
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", BOTH)
def test_a_run_that_is_stopped_has_saved(
    number: signal.Signals, handled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    step = Trainer.step

    def stopped(trainer: Trainer) -> dict[str, float]:
        signal.raise_signal(number)
        return step(trainer)

    monkeypatch.setattr(Trainer, "step", stopped)
    sizes = [
        "--layers",
        "1",
        "--heads",
        "2",
        "--d-model",
        "16",
        "--d-head",
        "8",
        "--d-mlp",
        "16",
        "--batch",
        "8",
    ]
    assert main(["train", str(tmp_path), "--puzzles", "64", *sizes]) == 128 + number
    assert capsys.readouterr().err.endswith("Stopped.\n") and (tmp_path / "training_state.pt").exists()


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As SIGINT is for what a shell script starts in its background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        stop_with(raise_stopped)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_no_except_exception_swallows_it() -> None:
    assert not issubclass(Stopped, Exception) and Stopped(signal.SIGTERM).exit_code == 143
