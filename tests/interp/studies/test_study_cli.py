"""The commands ``study`` and ``studies``."""

import json
import time
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from interp import open_study
from interp.checkpoints import load_model, save_model
from interp.cli import main, studying
from interp.pairs import shipped_pairs
from interp.pairs.files import write_pairs
from interp.studies.cost import RateOf, priced
from interp.studies.plan import BATCH, Plan
from interp.studies.progress import status_of
from interp.studies.questions.summary import Summary
from interp.studies.rows import edge_rows
from interp.studies.schema import EDGES, EFFECTS, HEADS, PAIRS, PUZZLES, TABLES
from interp.studies.work import Measuring
from tests.interp.studies.test_study import TINY
from tests.support.models import small_model
from tests.support.places import ROOT

NO_PUZZLE = "none.json"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    save_model(small_model(0, TINY), folder, "# For tests\n", replace=True)
    return str(folder)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PUZZLESCOPE_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "studies"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_its_cost_to_its_end(
    model: str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studying, "EVERY", -1.0)
    new = ["study", "mine", "--puzzles", "generate:16", "--components", "attn", "--model", model]
    new += ["--chunk", "8", "--measures", "loss,flips"]
    cost = said(capsys, *new, "--estimate")
    assert not home.exists() and cost["puzzles"] == 16 and cost["runs"] == 3 and cost["seconds"] > 0
    assert said(capsys, "studies") == []
    assert main(new) == 0
    shown = capsys.readouterr()
    assert "16 puzzles with 3 runs of the model each: " in shown.err
    assert "8 of 16 puzzles" in shown.err and "Complete: 16 of 16" in shown.out
    folder = open_study("mine")  # compacted, and summed up
    assert {Path(folder.to_read(table)[0]).name for table in (PUZZLES, EFFECTS)} == {"000000-000001.parquet"}
    assert Summary.kept(folder, {0, 1}).chunks == {0, 1} and status_of(folder).rate > 0
    rows = folder.read(EFFECTS, 0)
    Path(folder.to_read(EFFECTS)[0]).unlink()
    folder.write(EFFECTS, 0, rows)
    assert said(capsys, "study", "mine", "--status")["computed"] == 8
    assert main(["study", "mine", "--status"]) == 0
    told = capsys.readouterr().out
    assert "8 of 16 puzzles" in told and told.endswith("24 rows of effects.\n")
    assert said(capsys, "study", "mine")["complete"]  # its name alone: with its own model
    assert said(capsys, "study", "mine", "--compact")["merged"] == 0
    assert [row["computed"] for row in said(capsys, "studies")] == [16]
    assert main(["studies"]) == 0 and "16 of 16" in capsys.readouterr().out
    assert main(["study", "mine", "--estimate"]) == 0 and "Nothing is left" in capsys.readouterr().out
    for words, told in (
        (["--chunk", "16"], "--chunk is said when a study begins, together with --puzzles: leave it out"),
        (
            ["--puzzles", "generate:24", *new[4:]],
            "Another study is called mine: it has 16 puzzles, asked for",
        ),
    ):
        assert main(["study", "mine", *words]) == 2
        error = capsys.readouterr().err
        assert told in error and str(home) not in error


def test_more_than_the_disk_holds_is_said_before(
    model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ["study", "mine", "--puzzles", "generate:8", "--components", "attn", "--model", model, "--estimate"]
    assert main(new) == 0 and "free there" not in capsys.readouterr().out
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    assert main([*new, "--engine", "ray"]) == 0
    told = capsys.readouterr().out
    assert "for one process of this machine" in told and "more than the 1 kB that are free there." in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none"], "There is no study none yet: say of what with --puzzles"),
        (["a:b", "--puzzles", "bank"], "Expected a study's name"),
        (["no", "--puzzles", "generate:0"], "Expected generate:N"),
        (["no", "--puzzles", "generate:8", "--measures", "time"], "Expected measures of loss"),
        (["no", "--puzzles", "generate:8", "--chunk", "9"], "a multiple of 8"),
        (["no", "--puzzles", "generate:8", "--kind", "nodes"], "No kind of study 'nodes'"),
        (["no", "--puzzles", "generate:8", "--engine", "cloud"], "No engine 'cloud'"),
        (["no", "--puzzles", "generate:8", "--limit", "4"], "generate:N says itself how many"),
        (["no", "--puzzles", "generate:8", "--kind", "edges", "--edges", "all"], "Edges are scored by"),
        (["no", "--puzzles", "bank", "--limit", "0"], "A limit is at least 1 puzzle, got 0"),
        (["no", "--puzzles", "generate:8", "--kind", "heads", "--measures", "loss"], "of studies of effects"),
        (["no", "--puzzles", "generate:8", "--edges", "eap"], "--edges is of studies of edges"),
        (["no", "--kind", "edges", "--pairs", "a.npz", "--puzzles", "bank"], "their bases: leave out 'bank'"),
        (["no", "--kind", "edges", "--pairs", "a.npz", "--limit", "2"], "studied whole: leave out"),
        (["no", "--puzzles", NO_PUZZLE], "holds no puzzle."),
        (["no", "--status", "--compact"], "One of --status, --estimate and --compact"),
        (["no", "--puzzles", "nowhere.parquet"], "There is no file"),
        (["nowhere://x/y", "--puzzles", "generate:8"], "A study cannot lie in"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: list[str],
    told: str,
    model: str,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / NO_PUZZLE).write_text("[]")
    monkeypatch.chdir(tmp_path)
    assert main(["study", *words, "--model", model]) == 2
    error = capsys.readouterr().err
    assert told in error and len(error.splitlines()) == 1 and not home.exists()


def test_who_stops_it_is_told_that_it_can_go_on(
    model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(studying, "go_on", stopped)
    assert main(["study", "mine", "--puzzles", "generate:8", "--model", model]) == 130
    assert "the same command goes on with it.\nStopped." in capsys.readouterr().err
    found = status_of(open_study("mine"))
    assert found.at_work and found.left == 8 / found.rate, "who looks meanwhile is told how long it will take"


def test_edges_of_pairs_and_heads(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = shipped_pairs("rule", "frame")[:3]
    file = str(write_pairs(pairs, tmp_path / "pairs.npz"))
    usual = ["--model", model, "--chunk", "8"]
    said(capsys, "study", "edges", "--kind", "edges", "--pairs", file, "--edges", "eap", *usual)
    folder, net = open_study("edges"), load_model(model)
    rows = folder.read(EDGES, 0)
    expected = edge_rows(Measuring(net, folder.plan).scores(pairs[2]), 2)
    assert rows.filter(rows["puzzle"].to_numpy() == 2).to_pylist() == expected.to_pylist()
    assert folder.read(PUZZLES, 0)["id"].to_pylist() == [pair.base.id for pair in pairs]
    usual += ["--puzzles", "bank", "--limit", "2"]
    said(capsys, "study", "made", "--kind", "edges", "--task", "frame", *usual)
    made = open_study("made")
    numbers = made.read(PAIRS, 0)["puzzle"].to_pylist()
    assert numbers and sorted(set(made.read(EDGES, 0)["puzzle"].to_pylist())) == numbers
    said(capsys, "study", "heads", "--kind", "heads", *usual)
    heads = open_study("heads").read(HEADS, 0).to_pandas()
    assert heads["component"].tolist() == ["L0.H0", "L0.H1", "L1.H0", "L1.H1"] * 2
    at = {1: "previous_token", 100: "next_one_grid_back"}
    for _, row in heads[heads["back"].isin(at)].iterrows():
        assert row["attention"] == row[at[row["back"]]]
    assert (heads["attention"] >= heads["previous_token"]).all()


@pytest.mark.parametrize("method", ["zero", "mean"])
def test_it_is_what_the_command_sweep_prints(
    method: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = [
        "--puzzles",
        "bank",
        "--limit",
        "16",
        "--components",
        "mlp",
        "--method",
        method,
        "--model",
        model,
    ]
    printed = said(capsys, "sweep", *usual, "--metric", "cells")
    said(capsys, "study", "mine", *usual, "--chunk", "8")
    folder = open_study("mine")
    ids = np.concatenate([folder.read(PUZZLES, chunk)["id"].to_pylist() for chunk in (0, 1)])
    rows = pa.concat_tables([folder.read(EFFECTS, chunk) for chunk in (0, 1)]).to_pandas()
    rows = rows.sort_values(["component", "puzzle"])
    clean = rows[rows["component"] == "nothing"]
    # Puzzle by puzzle they are equal (`test_study.py`); `sweep` adds all up in one sum, a bit apart.
    same = partial(pytest.approx, rel=4e-16, abs=0)
    assert clean["loss_cells"].mean() == same(printed["clean"])
    assert int(clean["solved"].sum()) == printed["solved"] and len(printed["rows"]) == 2
    for one in printed["rows"]:
        own = rows[rows["component"] == one["component"]]
        assert own["loss_cells"].mean() == same(one["loss"])
        assert own["solved"].sum() == one["solved"]
        assert ids[own["flip"].to_numpy() == -1].tolist() == one["broken"]
        assert ids[own["flip"].to_numpy() == 1].tolist() == one["mended"]


def test_progress_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = count(0.0, 20.0)
    chunks = (SimpleNamespace(puzzles=40) for _ in range(4))
    assert len(list(studying._told_now_and_then(chunks, 40, 200, lambda: next(seconds)))) == 4
    assert capsys.readouterr().err.splitlines() == [
        "120 of 200 puzzles, 2 a second, 40 seconds left.",
        "200 of 200 puzzles, 2 a second, less than a second left.",
    ]


def test_its_tables_are_documented() -> None:
    text = (ROOT / "docs" / "studies.md").read_text()
    for table, schema in TABLES.items():
        told = ((field.name, type_of(field), field.metadata[b"meaning"].decode()) for field in schema)
        lines = [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in told]
        assert f"### `{table}`\n\n| column | type | what it is |\n|---|---|---|\n" + "\n".join(lines) in text


def type_of(field: pa.Field) -> str:
    """As the table of the documentation has it."""
    kind = "text, numbered" if pa.types.is_dictionary(field.type) else str(field.type)
    return f"{kind}, or null" if field.nullable else kind


def test_a_rate_counts_only_its_own_steps_and_pauses_between_them(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    net = load_model(model)
    steps, pauses = RateOf(("attn", "mlp")).steps(net, None), 0
    begun = time.perf_counter()
    try:
        while True:
            next(steps)
            pauses += 1
            time.sleep(0.02)
    except StopIteration as end:
        rate = end.value
    assert rate.components == 2 * net.cfg.n_layers and pauses > 8
    assert 0 < rate.seconds * BATCH < time.perf_counter() - begun - 0.02 * pauses
    plan = Plan("generate:1000", 1000, 0, "", "default", net.checkpoint_id, (), measures=("solved",))
    cost = priced(plan, 1000, rate.components + 1, rate.seconds)
    assert cost.seconds == pytest.approx(1000 * rate.seconds)
    said = capsys.readouterr().out
    exec(compile(RateOf(("attn",)).program(model), "snippet", "exec"), {})  # noqa: S102 - our own
    assert not said and "Cost(puzzles=1000, runs=3," in capsys.readouterr().out
