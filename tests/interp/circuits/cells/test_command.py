"""``python -m interp cell``."""

import json
from pathlib import Path

import numpy as np
import pytest

from interp.checkpoints import load_model
from interp.circuits.cells import CellTarget, cell_effects, cell_graph
from interp.cli import main
from interp.pairs import pair_for, shipped_pairs
from interp.puzzles import puzzle_name
from tests.support.models import saved_model

FIRST = shipped_pairs("rule", "detect")[0].base
OTHER = pair_for(FIRST).counterfactual
(_ALIKE, *_) = np.argwhere(FIRST.grids[3] == OTHER.grids[3]).tolist()
SAME = f"{_ALIKE[0] + 1},{_ALIKE[1] + 1}"
COMMON = ("cell", "--puzzle", puzzle_name(FIRST))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_model(tmp_path_factory.mktemp("model"))


def test_it_prints_the_graph_and_the_effects_as_json(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "cell.svg"
    options = ["--cell", "4,8", "--target", "3-0", "--neurons", "5", "--edges", "7"]
    assert main([*COMMON, *options, "--model", folder, "--picture", str(picture), "--json"]) == 0
    found, net = json.loads(capsys.readouterr().out), load_model(folder)
    graph = cell_graph(net, FIRST, 37, CellTarget(3, 0), neurons=5)
    effects = cell_effects(net, FIRST, 37, CellTarget(3, 0))
    assert (found["puzzle"], found["row"], found["column"]) == (FIRST.id, 4, 8)
    assert (found["toward"], found["over"], found["target"]) == ("3", "0", graph.target)
    assert found["sum"] == pytest.approx(graph.target, abs=1e-4)
    assert [(one["node"], one["value"]) for one in found["nodes"]] == [
        (node.text, value) for node, value in zip(graph.nodes, graph.values.tolist(), strict=True)
    ]
    flows = graph.between(tuple(range(len(graph.nodes))))[:7]
    assert [(one["from"], one["to"], one["flow"]) for one in found["edges"]] == [
        (flow.writer.text, flow.reader.text, flow.value) for flow in flows
    ]
    assert [one["true"] for one in found["effects"]["components"]] == effects.true.tolist()
    assert found["effects"]["correlation"] == effects.correlation
    assert "target" in picture.read_text()


def test_it_tells_the_largest_flows_and_the_colour_of_the_pair(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (cell, *_) = np.flatnonzero(FIRST.grids[3] != OTHER.grids[3]).tolist()
    place = f"r{cell // 10 + 1}c{cell % 10 + 1}"
    assert main([*COMMON, "--cell", place, "--target", "pair", "--model", folder]) == 0
    said = capsys.readouterr().out
    net, colors = load_model(folder), [int(end.grids[3].flat[cell]) for end in (FIRST, OTHER)]
    target = CellTarget(*colors)
    graph = cell_graph(net, FIRST, cell, target)
    first = graph.between(graph.strongest())[0]
    ends = f"{first.writer.text} {first.reader.text} {first.value:+.3f}"
    assert said.splitlines()[1].split() == ends.split()
    assert graph.summary() in said and cell_effects(net, FIRST, cell, target).summary() in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cell", "11,1"], "both 1 to 10"),
        (["--cell", "0,1"], "both 1 to 10"),
        (["--cell", "seven"], "ROW,COLUMN"),
        ([], "--cell"),
        (["--cell", "7,2", "--puzzle", "nope"], "no puzzle 'nope'"),
        (["--cell", "7,2", "--puzzle", "own.abc"], "puzzle"),
        (["--cell", "7,2", "--puzzle", "some", "--puzzles", "none.npz"], "none.npz"),
        (["--cell", "7,2", "--puzzles", "some.npz"], "'some.npz' is not looked at"),
        (["--cell", "7,2", "--target", "green"], "runner-up, centred"),
        (["--cell", "7,2", "--target", "3-3"], "no lead over itself"),
        (["--cell", "7,2", "--target", "3-11"], "colours by their numbers, 0 to 10, got 11"),
        (["--cell", "7,2", "--neurons", "9999"], "0 to 256 neurons"),
        (["--cell", "7,2", "--method", "foo"], "expected the method zero"),
        (["--cell", SAME, "--target", "pair"], "choose a cell"),
        (["--cell", "7,2", "--picture", "graph.pdf"], "graph.pdf"),
        (["--cell", "7,2", "--edges", "0"], "at least 1"),
        (["--cell", "7,2", "--model", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    folder: str, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main([*COMMON, "--model", folder, *options]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
    assert "Traceback" not in error
