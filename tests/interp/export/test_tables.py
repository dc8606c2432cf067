"""Exports read back to the same numbers, and are valid CSV and JSON whatever is in them."""

import io
import json
import tomllib

import numpy as np
import pandas as pd
import pytest

from interp.ablation import MEAN, Component, components_of, parse_ablation
from interp.analyses.ablation_sweep import SweepRow, SweepState, sweep, sweep_parts, sweep_rows
from interp.analyses.attention import layer_attention
from interp.engine.predict import predict
from interp.errors import PuzzlescopeError
from interp.export.tables import VERSION, Header, Table
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.puzzles.kinds import KINDS
from interp.tokens import predicting_position
from tests.support.models import SMALL, six_puzzles
from tests.support.places import ROOT
from tests.support.rows import cells

HEADER = Header("default", "abc", ("1", "2"), "L1.attn:mean", "final")


@pytest.fixture(scope="module")
def puzzles() -> list[Puzzle]:
    return [Puzzle.of(kind.task, tokens) for kind, tokens in zip(KINDS[::6], six_puzzles(), strict=True)]


def read_csv(table: Table) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(table.csv()), comment="#")


def read_json(table: Table) -> tuple[dict, list[dict]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    found = json.loads(table.json(), parse_constant=refuse)
    return found["header"], found["rows"]


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_a_prediction_reads_back(model: PuzzleGPT, puzzles: list[Puzzle]) -> None:
    puzzle = puzzles[0]
    clean = predict(model, puzzle.tokens[None])
    ablated = predict(model, puzzle.tokens[None], parse_ablation("L1.attn", SMALL))
    table = Table(HEADER, clean.rows(puzzle, ablated))
    for frame in (read_csv(table), pd.DataFrame(read_json(table)[1])):
        assert len(frame) == 100 and frame.row.iloc[[0, 99]].tolist() == [1, 10]
        assert frame.truth.tolist() == puzzle.grids[3].ravel().tolist()
        for name, run in (("clean", clean), ("ablated", ablated)):
            assert frame[f"{name}_token"].tolist() == run.greedy[0].tolist()
            assert frame[f"{name}_right"].tolist() == (run.greedy[0] == puzzle.grids[3].ravel()).tolist()
            assert frame[f"{name}_probability"].tolist() == run.greedy_probabilities[0].max(1).tolist()
            assert frame[f"{name}_loss"].tolist() == run.loss.cells[0].tolist()
            assert frame[f"{name}_loss"][~frame.copied].mean() == pytest.approx(run.loss.mean("changed"))


def test_the_teacher_forced_answer_is_another(model: PuzzleGPT, puzzles: list[Puzzle]) -> None:
    clean = predict(model, puzzles[0].tokens[None])
    rows = clean.rows(puzzles[0], decoding="teacher-forced")
    assert [row["clean_token"] for row in rows] == clean.teacher_forced[0].tolist()
    assert [row["clean_probability"] for row in rows] == clean.probabilities[0].max(1).tolist()
    assert "ablated_token" not in rows[0]


def test_a_sweep_reads_back(model: PuzzleGPT, puzzles: list[Puzzle]) -> None:
    clean, *rows = sweep(model, six_puzzles(), components_of(SMALL, ["attn", "mlp"]))
    # The random model solves nothing: say that the clean run does, and that one row does otherwise.
    clean = SweepRow(None, clean.loss, cells([1, 1, 0, 0, 1, 0]))
    rows[2] = SweepRow(rows[2].component, rows[2].loss, cells([1, 0, 0, 1, 0, 0], wrong=30))
    table = Table(HEADER, sweep_rows(clean, rows, puzzles, MEAN))
    header, found = read_json(table)
    assert header["puzzles"] == ["1", "2"] and header["ablation"] == "L1.attn:mean"
    assert found[0]["component"] == "nothing" and found[0]["delta_final"] == 0
    assert found[3]["broken"] == [puzzles[1].id, puzzles[4].id] and found[3]["mended"] == [puzzles[3].id]
    frame = read_csv(table)
    assert frame.broken[3].split(" ") == found[3]["broken"] and set(frame.method[1:]) == {"mean"}
    for back in (frame, pd.DataFrame(found)):
        for cut in ("final", "cells", "copied", "changed"):
            losses = [row.loss.mean(cut) for row in (clean, *rows)]
            assert back[f"loss_{cut}"].tolist() == losses
            assert back[f"delta_{cut}"].tolist() == [loss - losses[0] for loss in losses]
        assert (back.cells_broken[3], back.cells_fixed[3]) == (80 / 6, 20 / 6)
        assert (back.cells_wrong - back.cells_wrong[0]).tolist() == pytest.approx(
            (back.cells_broken - back.cells_fixed).tolist()
        )
        assert back.n.tolist() == [6] * 7 and back.solved.tolist() == [3, 0, 0, 2, 0, 0, 0]


def test_rows_under_way_are_compared_over_what_they_know(model: PuzzleGPT, puzzles: list[Puzzle]) -> None:
    clean, first, second = sweep(model, six_puzzles(), components_of(SMALL, ["attn"])[:2])
    found = sweep_rows(clean, [first.first(2), second.first(0)], puzzles)
    assert [row["n"] for row in found] == [6, 2], "of the second nothing is known"
    assert found[1]["delta_final"] == first.first(2).loss.mean() - clean.first(2).loss.mean()
    state = SweepState([first.component, second.component], 6)
    for part in sweep_parts(model, six_puzzles(), state.components):
        if part is not None and part.row < 2:
            state.add(part)
    assert state.rows(puzzles) == sweep_rows(clean, [first], puzzles)


def test_attention_reads_back(model: PuzzleGPT, puzzles: list[Puzzle]) -> None:
    puzzle, query = puzzles[0], predicting_position(4, 7)
    found = layer_attention(model, puzzle.tokens, 1)
    attention = found.pattern[2, query]
    table = Table(HEADER, found.rows(puzzle, 2, query))
    frame = read_csv(table)
    assert frame.attention.tolist() == attention[: query + 1].tolist()
    assert [row["attention"] for row in read_json(table)[1]] == frame.attention.tolist()
    back = frame.iloc[query - 100]
    names = puzzle.structure.name.split(" ")
    assert (back.grid, back.row, back.column) == (names[2], 5, 8), "one hundred back is the cell to be copied"
    assert frame.grid.iloc[[0, 1, 102]].tolist() == ["start", names[0], names[1]]
    assert np.isnan(frame.row[1]) and frame.token[1] == names[0]
    assert frame.token[2] == str(puzzle.grids[0, 0, 0])
    with pytest.raises(PuzzlescopeError, match="no position 405"):
        found.rows(puzzle, 2, 405)


def test_what_is_not_a_number_is_null_or_empty() -> None:
    row = {
        "a": float("nan"),
        "b": float("inf"),
        "c": np.float32("-inf"),
        "d": np.float64(0.1),
        "e": np.int64(3),
        "f": -0.0,
    }
    table = Table(HEADER, (row,))
    assert read_json(table)[1] == [{"a": None, "b": None, "c": None, "d": 0.1, "e": 3, "f": 0.0}]
    assert "-0" not in table.json() + table.csv()
    frame = read_csv(table)
    assert frame.iloc[0, :3].isna().all() and frame.d[0] == 0.1 and frame.e[0] == 3


def test_a_hostile_name_stays_in_its_line() -> None:
    name = 'x\n# model: "y"\r\u2028=1+1,"z"'
    table = Table(Header(name, "c", ()), ({"component": 'L0,"attn"', "loss": 1.0},))
    assert json.loads(table.csv().split("\n")[0].removeprefix("# model: ")) == name
    assert read_csv(table).component[0] == 'L0,"attn"' and read_json(table)[0]["model"] == name
    assert Component(0, "attn").text not in table.csv()


def test_no_rows_are_valid_too() -> None:
    assert read_json(Table(HEADER, ()))[1] == []
    assert Table(HEADER, ()).csv().startswith("# model")
