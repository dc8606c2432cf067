"""The programs that the dashboard offers run as they are, and print what the library gives."""

import ast
import re

import numpy as np
import pytest

from interp import load_model, load_puzzles
from interp.ablation import MEAN, REFERENCE_PUZZLES, ZERO, Lookback, bank_means, components_of, parse_ablation
from interp.analyses.ablation_sweep import Sweep, sweep, value
from interp.analyses.attention import AttentionOf, attention_pattern
from interp.analyses.head_study import DETECTORS, HeadStudyOf, study_heads
from interp.analyses.lookback import LookbackScores, heads_above, lookback_table
from interp.analyses.notebook.published import BlanksMasked, blanks_masked
from interp.analyses.prediction import PredictionOf
from interp.engine.predict import losses, predict
from interp.export.programs import Sample
from interp.model import Config
from interp.puzzles import Puzzle
from interp.tokens import STRUCTURES, encode, predicting_position
from tests.support.models import saved_model
from tests.support.programs import printed, printed_apart

pytestmark = pytest.mark.usefixtures("few_references")

NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_model(tmp_path_factory.mktemp("a model's folder"))


def numbers(text: str) -> list[float]:
    return [float(one) for one in NUMBER.findall(text)]


@pytest.mark.slow
@pytest.mark.parametrize("ablation", ["", "L1.attn", "L0.H1:mean,L2.mlp"])
def test_a_prediction(folder: str, ablation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "mean" in ablation:
        # All programs take the means by the same line. Of few puzzles it would not show which bank they are
        # of.
        monkeypatch.setattr("interp.ablation.means.REFERENCE_PUZZLES", REFERENCE_PUZZLES)
    puzzle = load_puzzles("bank")[5]
    model = load_model(folder)
    off = parse_ablation(ablation, model.cfg)
    said = printed(PredictionOf(puzzle, off).program(folder))
    runs = [predict(model, puzzle.tokens[None])]
    if ablation:
        runs.append(predict(model, puzzle.tokens[None], off, bank_means(model, load_puzzles("bank"))))
    expected = [run.loss.mean(cut) for run in runs for cut in ("final", "cells", "copied", "changed")]
    assert numbers(said) == pytest.approx(expected, rel=1e-4)
    for run in runs:
        wrong = int((run.greedy[0] != puzzle.grids[3].ravel()).sum())
        assert f"{wrong} of 100 cells wrong" in said and str(run.greedy[0].reshape(10, 10)) in said


@pytest.mark.slow
def test_a_prediction_of_the_default_model() -> None:
    puzzle = load_puzzles("bank", task="frame")[0]
    model = load_model("default")
    off = parse_ablation("L1.attn", model.cfg)
    said = printed_apart(PredictionOf(puzzle, off).program("default"))
    ablated = predict(model, puzzle.tokens[None], off)
    assert numbers(said)[4] == pytest.approx(ablated.loss.mean(), rel=1e-4)


@pytest.mark.parametrize("ablation", ["", "L1.attn:lookback=100,L0.H1:mean"])
def test_heads_that_look_back(folder: str, ablation: str) -> None:
    puzzle = load_puzzles("bank")[5]
    model = load_model(folder)
    off, means = parse_ablation(ablation, model.cfg), bank_means(model, load_puzzles("bank"))
    question = LookbackScores(puzzle, off, (1, 100), clamp=True)
    said = printed(question.program(folder, threshold=0.1)).splitlines()
    found = lookback_table(model, puzzle.tokens[None], [1, 100], off, means)
    expected = [head for back in (1, 100) for head in heads_above(found[back], back, 0.1)]
    assert [line.split()[:2] for line in said] == [[str(head.lookback), head.name] for head in expected]
    assert [float(line.split()[2]) for line in said] == pytest.approx(
        [head.score for head in expected], rel=1e-4
    )
    if ablation:
        assert len(said) >= 4, "all heads of the layer that looks 100 back"


@pytest.mark.parametrize("ablation", ["", "L2.mlp:mean"])
def test_blank_cells_masked(folder: str, ablation: str) -> None:
    puzzle = load_puzzles("bank")[5]
    model = load_model(folder)
    off = parse_ablation(ablation, model.cfg)
    said = printed(BlanksMasked(puzzle, off).program(folder))
    given = puzzle.tokens[None], off, bank_means(model, load_puzzles("bank"))
    expected = [losses(model, *given)[0].mean("final"), blanks_masked(model, *given)[0].mean("final")]
    assert numbers(said) == pytest.approx(expected, rel=1e-4)
    assert expected[0] != pytest.approx(expected[1], rel=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "options"),
    [
        (Sample(task="grow", structure=STRUCTURES[1].name, limit=3), {}),
        (Sample(limit=4), {"ablation": "L0.attn", "method": MEAN}),
        (None, {"ablation": "L0.H1:mean", "scope": "answer", "kinds": ["attn", "head", "mlp"]}),
        (None, {"method": Lookback(100), "measure": "answers"}),
    ],
)
def test_a_sweep(folder: str, sample: Sample | None, options: dict) -> None:
    bank = load_puzzles("bank")
    chosen = bank[7:9]
    if sample is not None:
        structure = STRUCTURES[1] if sample.structure else None
        chosen = load_puzzles("bank", task=sample.task, structure=structure, limit=sample.limit)
    model, measure = load_model(folder), options.get("measure", "final")
    question = Sweep(
        tuple(chosen),
        tuple(components_of(model.cfg, options.get("kinds", ["attn"]))),
        parse_ablation(options.get("ablation", ""), model.cfg),
        options.get("method", ZERO),
        options.get("scope", "everywhere"),
    )
    said = printed(question.program(folder, sample=sample, measure=measure))
    clean, *rows = sweep(
        model,
        chosen.tokens,
        question.components,
        base=question.base,
        means=bank_means(model, bank),
        method=question.method,
        scope=question.scope,
    )
    told = [line.split(" ") for line in said.splitlines()]
    values = [value(row, measure) for row in (clean, *rows)]
    assert [float(line[1]) for line in told] == pytest.approx(values, rel=1e-4)
    assert [line[0] for line in told] == ["nothing", *(row.component.text for row in rows)]
    assert f"{int(clean.solved.sum())} of {len(chosen)} solved" in said


@pytest.mark.slow
@pytest.mark.parametrize("ablation", ["", "L1.attn:lookback=100", "L0.attn:mean"])
def test_attention(folder: str, ablation: str) -> None:
    bank = load_puzzles("bank")
    puzzle = bank[11]
    model = load_model(folder)
    off = parse_ablation(ablation, model.cfg)
    said = printed(AttentionOf(puzzle, off, 1).program(folder, head=2, cell=47))
    looks = attention_pattern(model, puzzle.tokens, 1, off, bank_means(model, bank))[
        2, predicting_position(4, 7)
    ]
    assert numbers(said) == pytest.approx(np.sort(looks)[::-1][:10].tolist(), rel=1e-3, abs=1e-12)
    assert int(said.split(" ")[0]) == looks.argmax()


@pytest.mark.slow
@pytest.mark.parametrize(("ablation", "over"), [("", "all"), ("L1.attn:lookback=100,L0.H1:mean", "answer")])
def test_heads(folder: str, ablation: str, over: str) -> None:
    bank = load_puzzles("bank")
    model, chosen = load_model(folder), bank.filter(task="grow").limit(2)
    off = parse_ablation(ablation, model.cfg)
    sample = Sample(task="grow", limit=2)
    said = printed(HeadStudyOf(tuple(chosen), off).program(folder, sample=sample, over=over))
    study = study_heads(model, chosen.tokens, off, bank_means(model, bank))
    rows = [ast.literal_eval(line) for line in said.splitlines()]
    assert [(row["layer"], row["head"]) for row in rows] == list(np.ndindex(study.off.shape))
    for name, scores in study.detectors(over).items():
        np.testing.assert_allclose([row[name] for row in rows], scores.ravel(), atol=1e-5)
    assert set(DETECTORS) < set(rows[0]) and rows[0]["over"] == over


HOSTILE = "x'); import os; os.system('true')\n\"\"\"#{0}\\"
ODD = Sample(task=HOSTILE, structure=HOSTILE, limit=3)
OFF = parse_ablation("L0.attn:mean", Config())


@pytest.fixture(scope="module")
def puzzle() -> Puzzle:
    return load_puzzles("bank")[0]


def test_names_are_data(puzzle: Puzzle) -> None:
    for program in (
        PredictionOf(puzzle, OFF).program(HOSTILE),
        Sweep((puzzle,), (), OFF, MEAN).program(HOSTILE, sample=ODD),
        Sweep((puzzle,)).program(HOSTILE, sample=Sample((HOSTILE,)), measure="answers"),
        AttentionOf(puzzle, OFF, 1).program(HOSTILE, head=2, cell=34),
        HeadStudyOf((puzzle,), OFF).program(HOSTILE, sample=ODD),
    ):
        tree = ast.parse(program)
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert all(name.split(".")[0] == "interp" for name in imported)
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
        constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert HOSTILE in constants


def test_programs_are_short_enough_to_read(puzzle: Puzzle) -> None:
    sample = Sample(task="frame", structure=STRUCTURES[0].name, limit=16)
    for program in (
        PredictionOf(puzzle, OFF).program("default"),
        Sweep((puzzle,), tuple(components_of(Config())), OFF).program("default", sample=sample),
        AttentionOf(puzzle, OFF, 1).program("default", head=2, cell=34),
        HeadStudyOf((puzzle,), OFF).program("default", sample=sample, over="answer"),
    ):
        lines = program.splitlines()
        assert 10 <= len(lines) <= 20 and max(map(len, lines)) <= 110


def test_puzzles_that_are_not_in_the_bank_stand_in_the_program() -> None:
    bank = load_puzzles("bank")
    own = Puzzle.of("mine", encode(bank[0].grids[::-1].copy(), bank[0].structure))
    for puzzles in ([own], [bank[3]], [own, bank[3]]):
        program = ["from interp import load_puzzles", *Sample.of(puzzles).lines]
        program.append("print([int(one.sum(dtype=int)) for one in tokens])")
        expected = [int(puzzle.tokens.sum(dtype=int)) for puzzle in puzzles]
        assert ast.literal_eval(printed("\n".join(program))) == expected
