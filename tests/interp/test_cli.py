"""The command line: real numbers out, one sentence and exit code 2 for whatever is wrong."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from interp.ablation import parse_ablation
from interp.analyses.attention import attention_pattern
from interp.analyses.lookback import lookback_scores
from interp.checkpoints import load_model, save_model
from interp.cli import app, drawing, looking, main, printing, solving, sweeping, training
from interp.engine.predict import losses, predict
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles, save_puzzles
from interp.puzzles.kinds import KINDS, draw
from tests.support.models import SMALL, saved_model, small_model
from tests.support.places import ROOT

TINY = ["--layers", "1", "--heads", "2", "--d-model", "16", "--d-head", "8", "--d-mlp", "16", "--batch", "8"]


def replace_loading(patch: pytest.MonkeyPatch, stand_in: Callable[..., object]) -> None:
    """Let every command load models by this."""
    for module in (looking, solving, sweeping, training):
        patch.setattr(module, "load_model", stand_in)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def puzzles() -> PuzzleSet:
    """Two frames and one grow, so that means over tasks and over puzzles differ."""
    drawn = [("frame", row) for row in draw("evaluation", 1, KINDS[16], 2)]
    drawn.append(("grow", draw("evaluation", 1, KINDS[8], 1)[0]))
    return PuzzleSet("test", tuple(Puzzle.of(task, tokens) for task, tokens in drawn))


@pytest.fixture(scope="module")
def file(puzzles: PuzzleSet, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("puzzles") / "three.npz"
    save_puzzles(puzzles, path)
    return str(path)


def test_solve(model: str, file: str, puzzles: PuzzleSet, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "--puzzles", file, "--model", model, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    loss, solved = losses(load_model(model), puzzles.tokens)
    assert set(found) == {"n", "solved", "loss", "by_task"} and set(found["by_task"]) == {"frame", "grow"}
    assert all(set(row) == {"n", "solved", "loss"} for row in found["by_task"].values())
    assert (found["n"], found["solved"]) == (3, int(solved.sum()))
    assert found["loss"] == pytest.approx(loss.mean(), rel=1e-5), "over puzzles, not over tasks"
    assert found["by_task"]["frame"]["loss"] == pytest.approx(loss[:2].mean(), rel=1e-5)


def test_solve_under_ablation_and_as_a_table(model: str, file: str, puzzles, capsys) -> None:
    assert main(["solve", "--puzzles", file, "--model", model, "--ablate", "L1.attn,L0.H2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["loss"]
    expected = losses(load_model(model), puzzles.tokens, parse_ablation("L1.attn,L0.H2", SMALL))[0].mean()
    assert found == pytest.approx(expected, rel=1e-5)
    assert main(["solve", "--puzzles", file, "--model", model, "--task", "grow"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["task", "puzzles", "solved", "loss"] and lines[-1].split()[:2] == ["all", "1"]


def test_sweep(model: str, file: str, puzzles, tmp_path: Path, capsys) -> None:
    out = tmp_path / "sweep.json"
    command = [
        "sweep",
        "--puzzles",
        file,
        "--model",
        model,
        "--components",
        "attn,mlp",
        "--metric",
        "changed",
    ]
    assert main([*command, "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(out.read_text())
    assert [row["component"] for row in found["rows"]] == [
        f"L{k}.{part}" for k in range(3) for part in ("attn", "mlp")
    ]
    assert found["clean"] == pytest.approx(
        losses(load_model(model), puzzles.tokens)[0].mean("changed"), rel=1e-5
    )
    assert all(row["delta"] == pytest.approx(row["loss"] - found["clean"]) for row in found["rows"])
    assert main(command) == 0
    header, nothing, *_ = capsys.readouterr().out.splitlines()
    assert header.split()[-3:] == ["solved", "broken", "fixed"] and nothing.startswith("nothing")
    assert main([*command, "--json", "--answer-only"]) == 0
    at_answer = json.loads(capsys.readouterr().out)
    assert at_answer["clean"] == pytest.approx(found["clean"], rel=1e-5)
    assert at_answer["rows"][0]["loss"] != pytest.approx(found["rows"][0]["loss"], rel=1e-3)


def test_sweep_names_the_puzzles_that_break(model: str, tmp_path: Path, capsys) -> None:
    """Puzzles whose answers are the model's own are solved in the clean run, and wrong with an attention
    layer off."""
    net, path = load_model(model), tmp_path / "own.npz"
    drawn = np.concatenate([draw("evaluation", 1, kind, 1) for kind in KINDS[:4]])
    own = drawn.copy()
    own[:, 304:] = predict(net, drawn).greedy
    own = own[(own[:, 304:] <= 10).all(1)]
    puzzles = PuzzleSet("own", tuple(Puzzle.of("replace_color", row) for row in own))
    assert len(puzzles) > 0
    save_puzzles(puzzles, path)
    assert main(["sweep", "--puzzles", str(path), "--model", model, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["solved"] == len(puzzles)
    for row in found["rows"]:
        assert row["mended"] == [] and len(row["broken"]) == len(puzzles) - row["solved"]
        assert set(row["broken"]) <= {puzzle.id for puzzle in puzzles}
    assert any(row["broken"] for row in found["rows"])


def test_heads(model: str, file: str, puzzles, capsys) -> None:
    assert (
        main(
            [
                "heads",
                "--puzzles",
                file,
                "--model",
                model,
                "--lookback",
                "1,100",
                "--threshold",
                "0",
                "--json",
            ]
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 2 * SMALL.n_layers * SMALL.n_heads
    scores = {k: lookback_scores(load_model(model), puzzles.tokens, k) for k in (1, 100)}
    for head in found:
        assert head["score"] == pytest.approx(scores[head["lookback"]][head["layer"], head["head"]], abs=1e-6)
    assert main(["heads", "--puzzles", file, "--model", model]) == 0
    assert capsys.readouterr().out.split()[:3] == ["offset", "head", "score"]


def test_heads_that_only_rest_on_the_start_token_are_listed_apart(
    model: str, file: str, puzzles, capsys
) -> None:
    """The clamped score is the notebook's; beside it stand that without clamping and the attention on the
    start token."""
    net, tokens = load_model(model), puzzles.tokens
    clamped, real = (lookback_scores(net, tokens, 100, clamp=clamp) for clamp in (True, False))
    place = np.unravel_index((clamped - real).argmax(), real.shape)  # of the head that is named most wrongly
    threshold = (clamped[place] + real[place]) / 2
    command = [
        "heads",
        "--puzzles",
        file,
        "--model",
        model,
        "--lookback",
        "100",
        "--threshold",
        str(threshold),
    ]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for head in found:
        layer, number = head["layer"], head["head"]
        assert head["unclamped"] == pytest.approx(real[layer, number], abs=1e-6)
        start = np.mean([attention_pattern(net, one, layer)[number, :, 0].mean() for one in tokens])
        assert head["start"] == pytest.approx(start, abs=1e-5)
        assert head["looks"] == (head["unclamped"] > threshold)
    looks = [head["looks"] for head in found]
    assert looks == sorted(looks, reverse=True) and False in looks, "those that look come first"
    assert (found[-1]["layer"], found[-1]["head"]) == place or looks.count(False) > 1
    assert main(command) == 0
    assert "no, rests on the start token" in capsys.readouterr().out
    assert main([*command, "--no-clamp", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert len(shown) == (real > threshold).sum() and all(head["looks"] for head in shown)


def test_evaluate(model: str, capsys) -> None:
    assert main(["evaluate", "--model", model, "--per", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 32 and set(found.values()) <= {0.0, 1.0}


def test_convert(tmp_path: Path, capsys) -> None:
    assert main(["convert", str(ROOT / "tests" / "data" / "mygpt_tiny.pth"), str(tmp_path / "tiny")]) == 0
    assert load_model(tmp_path / "tiny").cfg.n_layers == 2 and "tiny" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["README.md", "config.json", "model.safetensors"])
def test_converting_writes_over_nothing_unless_forced(tmp_path: Path, name: str, capsys) -> None:
    (tmp_path / name).write_text("three months of notes")
    command = ["convert", str(ROOT / "tests" / "data" / "mygpt_tiny.pth"), str(tmp_path)]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert name in said and "--force" in said and len(said.splitlines()) == 1
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "three months of notes"
    assert main([*command, "--force"]) == 0 and load_model(tmp_path).cfg.n_layers == 2


def test_puzzles(tmp_path: Path, capsys) -> None:
    command = ["puzzles", "--task", "detect", "--seed", "3"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert main(command) == 0 and capsys.readouterr().out == shown
    assert shown.splitlines()[0].split() == ["X", "f(X)", "Y", "f(Y)"] and len(shown.splitlines()) == 11
    path = tmp_path / "drawn.json"
    assert main([*command, "-n", "3", "--structure", "f(Y) Y f(X) X", "--out", str(path)]) == 0
    drawn = load_puzzles(path)
    assert len(drawn) == 3 and {p.structure.name for p in drawn} == {"f(Y) Y f(X) X"}


def test_train_then_use_what_it_made(tmp_path: Path, file: str, capsys) -> None:
    out = str(tmp_path / "run")
    assert main(["train", out, "--puzzles", "16", *TINY, "--per-kind", "1"]) == 0
    assert "Use it with --model" in capsys.readouterr().out
    assert main(["solve", "--puzzles", file, "--model", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 3
    card = (tmp_path / "run" / "README.md").read_text()
    assert "16 puzzles" in card and "| half_fill |" in card
    assert sum(json.loads((tmp_path / "run" / "training.json").read_text())["data"]["taken"].values()) == 16


def test_train_from_what_was_trained(tmp_path: Path, capsys) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert main(["train", first, "--puzzles", "8", "--seed", "4", *TINY, "--per-kind", "1"]) == 0
    goes_on = ["train", second, "--from", first, "--puzzles", "16", "--batch", "4", "--per-kind", "1"]
    assert main(goes_on) == 0
    record = json.loads((tmp_path / "second" / "training.json").read_text())
    assert (record["puzzles"], record["steps"], record["data"]["seed"]) == (24, 1 + 4, 4)
    assert sum(record["data"]["taken"].values()) == 24
    assert [entry["puzzles"] for entry in record["history"]] == [0, 8]
    card = (tmp_path / "second" / "README.md").read_text()
    assert (
        "--layers 1 --heads 2" in card
        and f"From 8 puzzles on:\n\n    python -m interp train OUT --from {first}" in card
    )
    capsys.readouterr()
    for more in (["--d-model", "32"], ["--seed", "5"]):
        assert main([*goes_on[:1], str(tmp_path / "third"), *goes_on[2:], *more]) == 2
        assert "has its sizes and its seed 4" in capsys.readouterr().err
    assert main(["train", first + "/.", "--from", first, "--puzzles", "8", "--batch", "4"]) == 2


def test_training_over_what_is_there_must_be_forced(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("interp.training.finishing.PHENOMENA_PUZZLES", 1)
    monkeypatch.setattr("interp.training.trainer.matrix_rate", lambda *_: 1e9)
    monkeypatch.setattr("interp.training.finishing.evaluate", lambda *_: ((kind, 0.0) for kind in KINDS))
    command = ["train", str(tmp_path), "--puzzles", "8", *TINY, "--per-kind", "1"]
    for name in ("README.md", "loss.svg", "training_log.csv"):
        (tmp_path / name).write_text("three months of notes")
        assert main(command) == 2 and name in capsys.readouterr().err
        assert (tmp_path / name).read_text() == "three months of notes"
        assert [one.name for one in tmp_path.iterdir()] == [name], "said before the work"
        (tmp_path / name).unlink()
    (tmp_path / "notes.txt").write_text("kept")
    assert main(command) == 0
    assert main([*command[:2], "--puzzles", "16", *command[4:]]) == 0, "a run of our own is gone on with"
    (tmp_path / "training_state.pt").unlink()
    before = load_model(tmp_path).checkpoint_id
    capsys.readouterr()
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "a finished model" in said and "--force" in said and load_model(tmp_path).checkpoint_id == before
    assert main([*command, "--force"]) == 0 and load_model(tmp_path).checkpoint_id != before
    log = (tmp_path / "training_log.csv").read_text()
    assert log.count("event") == 1 and "16," not in log, "the old run's log is gone"
    assert (tmp_path / "notes.txt").read_text() == "kept"
    card = tmp_path / "README.md"
    card.write_text(card.read_text() + "\nAnd what I found with it.\n")
    capsys.readouterr()
    assert main(command) == 2 and "README.md" in capsys.readouterr().err
    assert "what I found" in card.read_text()


def test_a_disk_that_fills_while_training_is_a_sentence(tmp_path: Path, monkeypatch, capsys) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    assert main(["train", str(tmp_path), "--puzzles", "8", *TINY]) == 2
    assert "cannot go on: No space left on device" in capsys.readouterr().err


def test_phenomena(model: str, file: str, puzzles: PuzzleSet, capsys) -> None:
    command = ["phenomena", "--puzzles", file, "--model", model]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 3 and len(found["layers"]) == SMALL.n_layers
    assert found["clean"] == pytest.approx(losses(load_model(model), puzzles.tokens)[0].mean())
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert f"{found['clean']:.3e}" in shown and found["circuits"][0]["ablation"] in shown


REPORTS = {
    "solve": ["--puzzles", "FILE"],
    "sweep": ["--puzzles", "FILE"],
    "heads": ["--puzzles", "FILE", "--threshold", "0"],
    "phenomena": ["--puzzles", "FILE"],
    "evaluate": ["--per", "1"],
}


@pytest.mark.parametrize("command", REPORTS)
def test_results_go_to_a_file_and_are_not_lost_if_it_cannot_be_written_after_all(
    command: str, model: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    out = tmp_path / "found.json"
    words = [command, *(file if word == "FILE" else word for word in REPORTS[command]), "--model", model]
    assert main([*words, "--out", str(out)]) == 0 and capsys.readouterr().out == ""
    found = json.loads(out.read_text())
    assert found

    def full(*_: object) -> None:
        raise PuzzlescopeError("Could not write it: No space left on device.")

    monkeypatch.setattr(printing, "write_whole", full)
    for more in ([], ["--json"]):
        assert main([*words, "--out", str(out), *more]) == 2
        said = capsys.readouterr()
        assert json.loads(said.out) == found and said.out.count('"n"') <= 1 + 8 and "printed" in said.err
    replace_loading(monkeypatch, lambda name: pytest.fail("found out after the work"))
    for nowhere in (tmp_path / "no" / "x.json", tmp_path, "~nobody-of-this-name/x.json", "/dev/full"):
        assert main([*words, "--out", str(nowhere)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_puzzles_that_cannot_be_written_after_all_are_printed(tmp_path: Path, monkeypatch, capsys) -> None:
    command = ["puzzles", "--task", "frame", "-n", "2", "--out", str(tmp_path / "x.npz")]

    def full(*_: object) -> None:
        raise PuzzlescopeError("Could not write it: No space left on device.")

    monkeypatch.setattr(drawing, "save_puzzles", full)
    assert main(command) == 2
    said = capsys.readouterr()
    (tmp_path / "again.json").write_text(said.out)
    assert len(load_puzzles(tmp_path / "again.json")) == 2 and "printed as JSON" in said.err
    for ending in ("txt", ""):
        assert main([*command[:-1], str(tmp_path / f"x.{ending}")]) == 2
        assert ".npz" in capsys.readouterr().err


def never(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@pytest.fixture(scope="module")
def diverged(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of finite weights whose logits are not."""
    net, folder = small_model(), tmp_path_factory.mktemp("diverged")
    net.unembed.W_U.data *= 1e38
    save_model(net, folder, None, dtype=torch.float32)
    return str(folder)


@pytest.mark.parametrize("command", REPORTS)
def test_numbers_that_are_not_finite(command: str, diverged: str, file: str, capsys) -> None:
    """null in JSON, said in words in a table; and nothing counts as solved, or as a reason."""
    words = [command, *(file if word == "FILE" else word for word in REPORTS[command]), "--model", diverged]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=never)
    assert main(words) == 0
    said = capsys.readouterr()
    assert "nan" not in said.out.lower().replace("finance", "") and "inf" not in said.out
    if command == "heads":
        return  # where its heads look is before the logits, and finite
    assert "are not finite" in said.out and said.err == ""
    if command == "solve":
        assert found["loss"] is None and found["solved"] == 0
    if command == "sweep":
        assert {row["loss"] for row in found["rows"]} == {found["clean"]} == {None}
    if command == "phenomena":
        assert set(found["layers"]) == {None} and "no such ratio" in said.out
        assert found["circuits"][0]["copied"] is None
    if command == "evaluate":
        assert set(found.values()) == {0.0}


def test_phenomena_of_a_loss_of_exactly_zero(model: str, file: str, monkeypatch, capsys) -> None:
    measured = looking.measure_phenomena
    monkeypatch.setattr(looking, "measure_phenomena", lambda *given: replace(measured(*given), clean=0.0))
    assert main(["phenomena", "--puzzles", file, "--model", model]) == 0
    said = capsys.readouterr().out
    assert "no such ratio, for the clean loss is exactly 0" in said and "0.000e+00" in said


class Output(io.StringIO):
    """A standard output that fails when it is written to."""

    def __init__(self, error: OSError):
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


def test_a_full_disk_behind_standard_output(model: str, file: str, monkeypatch, capsys) -> None:
    command = ["solve", "--puzzles", file, "--model", model]
    full = Output(OSError(28, "No space left on device"))
    with monkeypatch.context() as patch, Path("/dev/full").open("w") as device:
        patch.setattr(sys, "stdout", full)
        assert main(command) == 2
        assert "The result could not be printed: No space left on device." in capsys.readouterr().err
        patch.setattr(full, "fileno", device.fileno, raising=False)
        replace_loading(patch, lambda name: pytest.fail("found out after the work"))
        assert main(command) == 2
        said = capsys.readouterr().err
        assert "Nothing can be printed: No space left on device." in said and len(said.splitlines()) == 1
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Output(OSError(28, "No space left on device")))
        assert main(["--help"]) == 2 and "No space left" in capsys.readouterr().err
        patch.setattr(sys, "stdout", Output(BrokenPipeError()))
        assert main(command) == 0 and capsys.readouterr().err == ""
        patch.setattr(sys, "stdout", None)
        assert main(command) == 2 and "standard output is closed" in capsys.readouterr().err
        patch.setattr(sys, "stderr", None)
        assert main(command) == 2
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_goes_away(model: str) -> None:
    """As `head` does. Not a word, not even from Python at its end."""
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "interp", "puzzles", "--task", "frame", "-n", "3"]
    done = subprocess.run(
        words, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=120, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_fault_of_ours_is_a_sentence_too(monkeypatch, capsys) -> None:
    def fails(error: Exception):
        def run(*_: object) -> None:
            raise error

        return run

    for error, code, word in (
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 2, "more memory"),
        (RuntimeError("shape mismatch\nand more"), 1, "shape mismatch and more"),
        (OSError(5, "Input/output error"), 2, "Input/output error"),
    ):
        replace_loading(monkeypatch, fails(error))
        assert main(["solve", "--limit", "1"]) == code
        said = capsys.readouterr().err
        assert word in said and len(said.splitlines()) == 1


def test_solve_with_forced_cells(model: str, file: str, capsys) -> None:
    command = ["solve", "--puzzles", file, "--model", model, "--json"]
    assert main([*command, "--forced", "r1c1=3, r10c10=0"]) == 0
    found = json.loads(capsys.readouterr().out)
    net, puzzles = load_model(model), load_puzzles(file)
    drawn = predict(net, puzzles.tokens, forced=((0, 3), (99, 0))).greedy
    assert found["wrong"] == int((drawn != puzzles.tokens[:, -100:])[:, 1:99].sum())
    assert found["forced"] == "r1c1=3,r10c10=0" and found["solved"] == 0
    assert main([*command[:-1], "--forced", "r1c1=3"]) == 0 and "cells wrong" in capsys.readouterr().out
    assert main([*command, "--forced", "34"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_every_command_has_its_test() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert {group.name for group in app.registered_groups} == {"collections"}, "see test_cli_collections.py"
    assert commands == {
        *("solve", "sweep", "heads", "phenomena", "evaluate", "convert", "puzzles", "train", "pairs"),
        *("optimal", "rank"),  # tests/interp/test_cli_methods.py
        "failures",  # tests/interp/analyses/failures
        *("edges", "circuit", "certify", "cell", "plant"),  # tests/interp/circuits
        *("why", "why-training", "plant-head"),  # tests/interp/why
        *("study", "studies", "study-sql"),  # tests/interp/studies
    }


BAD = {
    "no command": [],
    "unknown command": ["solv"],
    "unknown option": ["solve", "--fast"],
    "no such task": ["solve", "--task", "frames"],
    "no such structure": ["solve", "--structure", "X Y"],
    "no such metric": ["sweep", "--metric", "accuracy", "--puzzles", "FILE", "--model", "MODEL"],
    "no such component": ["sweep", "--components", "heads", "--puzzles", "FILE", "--model", "MODEL"],
    "a bad ablation": ["solve", "--ablate", "L9.attn", "--puzzles", "FILE", "--model", "MODEL"],
    "no such file": ["solve", "--puzzles", "nowhere.npz", "--model", "MODEL"],
    "an unknown ending": ["solve", "--puzzles", "README.md", "--model", "MODEL"],
    "no such model": ["solve", "--model", "nowhere", "--puzzles", "FILE"],
    "a foreign model file": ["solve", "--model", "README.md", "--puzzles", "FILE"],
    "a limit of nothing": ["solve", "--limit", "0"],
    "a limit in words": ["solve", "--limit", "many"],
    "nothing to evaluate": ["evaluate", "--per", "0", "--model", "MODEL"],
    "a seed below nothing to evaluate": ["evaluate", "--seed", "-1", "--model", "MODEL"],
    "a lookback in words": ["heads", "--lookback", "one", "--puzzles", "FILE", "--model", "MODEL"],
    "a threshold that is no number": ["heads", "--threshold", "nan", "--puzzles", "FILE", "--model", "MODEL"],
    "a run without end": ["train", "TMP/out", "--minutes", "inf", *TINY],
    "a lookback too far": ["heads", "--lookback", "405", "--puzzles", "FILE", "--model", "MODEL"],
    "no file to convert": ["convert", "nowhere.pth", "out"],
    "nothing to draw": ["puzzles", "--task", "frame", "-n", "0"],
    "an unknown file to draw to": ["puzzles", "--task", "frame", "--out", "drawn.txt"],
    "more puzzles than any memory holds": ["puzzles", "--task", "frame", "-n", "1000000000000000"],
    "a model larger than any memory": ["train", "TMP/out", "--puzzles", "8", "--d-mlp", "999999999999"],
    "no time to train": ["train", "out"],
    "two lengths of training": ["train", "out", "--minutes", "1", "--puzzles", "1"],
    "a model of no layers": ["train", "out", "--puzzles", "8", "--layers", "0"],
    "no such device": ["train", "TMP/out", "--puzzles", "8", *TINY, "--device", "abacus"],
    "a file in place of a folder": ["train", "FILE", "--puzzles", "8", *TINY],
    "a folder in a file": ["train", "FILE/out", "--puzzles", "8", *TINY],
    "nothing to evaluate after training": ["train", "TMP/out", "--puzzles", "8", *TINY, "--per-kind", "0"],
    "fewer threads than none": ["train", "TMP/out", "--puzzles", "8", *TINY, "--threads", "-1"],
    "a seed that is no 64-bit number": ["train", "TMP/out", "--puzzles", "8", *TINY, "--seed", "9" * 30],
    "a file in a file": ["puzzles", "--task", "frame", "--out", "FILE/x.npz"],
    "a file of somebody unknown": ["solve", "--puzzles", "~nobody-here/x.npz", "--model", "MODEL"],
    "a name that is too long": ["solve", "--puzzles", "x" * 300 + ".npz", "--model", "MODEL"],
    "a damaged file": ["solve", "--puzzles", "TMP/damaged.npz", "--model", "MODEL"],
    "no phenomena of nothing": ["phenomena", "--limit", "0", "--model", "MODEL"],
    "no model to train on": ["train", "TMP/out", "--from", "nowhere", "--puzzles", "8"],
    "a model without a record of its training": ["train", "TMP/out", "--from", "MODEL", "--puzzles", "8"],
    "no folder for the output": ["sweep", "--puzzles", "FILE", "--model", "MODEL", "--out", "TMP/no/x.json"],
    "weights of no moments": ["why-training", "MODEL"],
    "moments without number": ["train", "TMP/out", "--puzzles", "8", *TINY, "--moments", "-1"],
    "a seed below nothing": ["train", "TMP/out", "--puzzles", "8", *TINY, "--seed", "-1"],
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(
    case: str, model: str, file: str, tmp_path: Path, capsys
) -> None:
    (tmp_path / "damaged.npz").write_bytes(Path(file).read_bytes()[:200])
    words = [
        word.replace("TMP", str(tmp_path)).replace("FILE", file).replace("MODEL", model) for word in BAD[case]
    ]
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) == 1 and len(said.err) > 20


def test_as_a_program() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "interp", "solve", "--model", "nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 2 and found.stdout == "" and len(found.stderr.splitlines()) == 1


def test_numbers_do_not_depend_on_the_batch(model: str, puzzles: PuzzleSet) -> None:
    net = load_model(model)
    np.testing.assert_allclose(
        losses(net, puzzles.tokens, batch=1)[0].cells,
        losses(net, puzzles.tokens, batch=3)[0].cells,
        atol=1e-5,
    )
