"""The programs of the Circuits page's lens, attribution and patching run as they are, and print what the
library gives."""

import ast

import numpy as np
import pytest

from interp import load_model, load_puzzles
from interp.ablation import bank_means, parse_ablation
from interp.analyses.activation_patching import KINDS, Edit, Patching, activation_patching, recoloured
from interp.analyses.direct_attribution import AttributionOf, direct_attribution
from interp.analyses.logit_lens import LensOf, logit_lens
from tests.interp.export.test_programs import HOSTILE, OFF, numbers
from tests.support.models import saved_model
from tests.support.programs import printed

pytestmark = pytest.mark.usefixtures("few_references")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_model(tmp_path_factory.mktemp("a model's folder"))


@pytest.mark.slow
@pytest.mark.parametrize("ablation", ["", "L0.H1:mean,L2.mlp"])
def test_the_lens(folder: str, ablation: str) -> None:
    bank = load_puzzles("bank")
    model = load_model(folder)
    off = parse_ablation(ablation, model.cfg)
    said = printed(LensOf(bank[5], off).program(folder))
    means = bank_means(model, bank) if ablation else None
    lens = logit_lens(model, bank[5].tokens, off, means)
    for stage, right in zip(lens.stages, lens.right, strict=True):
        assert f"{stage} {right.sum()} of 100 cells right" in said
    assert str(lens.settled.reshape(10, 10)) in said


@pytest.mark.slow
@pytest.mark.parametrize(("ablation", "tokens"), [("L1.attn:mean", {}), ("", {"toward": 3, "over": 0})])
def test_the_attribution(folder: str, ablation: str, tokens: dict[str, int]) -> None:
    bank = load_puzzles("bank")
    model = load_model(folder)
    off = parse_ablation(ablation, model.cfg)
    said = printed(AttributionOf(bank[6], off).program(folder, cell=47, **tokens))
    means = bank_means(model, bank) if ablation else None
    found = direct_attribution(model, bank[6].tokens, off, means)
    *lines, total = said.splitlines()
    told = {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines}
    pushes = found.push(**tokens)[:, 47]
    assert told == pytest.approx(dict(zip(found.parts, pushes.tolist(), strict=True)), rel=1e-3, abs=1e-5)
    assert numbers(total) == pytest.approx([pushes.sum(), found.difference(**tokens)[47]], rel=1e-3)
    sizes = [abs(push) for push in told.values()]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "kind", "options"),
    [
        (None, "resid_pre", {}),
        (Edit(1, 4, 4, 9), "z", {"ablation": "L0.attn:mean,L1.H2"}),
        (Edit(2, 4, 4, 9), "mlp_out", {"detail": "rows"}),
    ],
)
def test_the_patching(folder: str, source: Edit | None, kind: str, options: dict) -> None:
    bank = load_puzzles("bank")
    puzzle = bank[7]
    if source is None:
        other = bank.filter(task=puzzle.task, structure=puzzle.structure)[1]
    else:
        other = recoloured(puzzle, source.place, source.row, source.column, source.color)
    model = load_model(folder)
    off, detail = parse_ablation(options.get("ablation", ""), model.cfg), options.get("detail", "grids")
    said = printed(Patching(puzzle, other, kind, detail, off).program(folder, cell=47))
    assert Edit.between(puzzle, other) == source
    state = activation_patching(
        model,
        puzzle.tokens,
        other.tokens,
        kind,
        detail=detail,
        ablation=off,
        means=bank_means(model, bank) if off.needs_means else None,
    )
    first, *lines = said.splitlines()
    assert numbers(first) == pytest.approx([state.target[47], state.source[47]], rel=1e-3)
    assert [line.split(" ")[0] for line in lines] == list(state.sites)
    for line, expected in zip(lines, state.effects()[:, :, 47], strict=True):
        told = ast.literal_eval(line.split(" ", 1)[1].replace("nan", "None"))
        assert list(told) == [block.name for block in state.blocks]
        found = np.array([np.nan if value is None else value for value in told.values()])
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_names_are_data() -> None:
    puzzle = load_puzzles("bank")[0]
    other = recoloured(puzzle, 2, 3, 4, 5)
    for program in (
        LensOf(puzzle, OFF).program(HOSTILE),
        AttributionOf(puzzle, OFF).program(HOSTILE, cell=12, toward=3),
        Patching(puzzle, other, "z", ablation=OFF).program(HOSTILE, cell=12),
    ):
        tree = ast.parse(program)
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert all(name.split(".")[0] == "interp" for name in imported)
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
        assert HOSTILE in [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def test_programs_are_short_enough_to_read() -> None:
    puzzle = load_puzzles("bank")[0]
    other = recoloured(puzzle, 2, 3, 4, 5)
    for program in (
        LensOf(puzzle, OFF).program("default"),
        AttributionOf(puzzle, OFF).program("default", cell=12, toward=4, over=5),
        *(Patching(puzzle, other, kind, "rows", OFF).program("default", cell=12) for kind in KINDS),
    ):
        lines = program.splitlines()
        assert 10 <= len(lines) <= 20 and max(map(len, lines)) <= 120
