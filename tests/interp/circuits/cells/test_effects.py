"""Predicted effects are the held model's, true ones the engine's."""

import numpy as np
import pytest
import torch

from interp import load_puzzles, means_by
from interp.ablation import Ablation, ReferenceMeans, Term, hooks_for, parse_method, reference_means
from interp.circuits.cells import CellTarget, cell_effects, cell_graph
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet
from interp.tokens import STRUCTURES, predicting_position, with_start
from tests.interp.circuits.by_hooks import sharp_model
from tests.interp.circuits.cells.by_autograd import frozen
from tests.support.models import small_model

CELL = 37
TARGET = CellTarget(3, 0)


@pytest.fixture(scope="module")
def puzzle() -> Puzzle:
    return load_puzzles("bank", task="frame").filter(structure=STRUCTURES[0])[0]


def means_of(model: PuzzleGPT, puzzle: Puzzle, text: str) -> ReferenceMeans:
    """What a method needs; the means over few puzzles, as any serve here."""
    if text == "mean":
        few = load_puzzles("bank").filter(structure=puzzle.structure)[:3]
        return reference_means(model, with_start(PuzzleSet("few", tuple(few)).tokens))
    return means_by(model, load_puzzles("bank"), [puzzle], parse_method(text))


@pytest.mark.parametrize("text", ["zero", "mean", "pair", "lookback=100"])
def test_true_effects_are_those_of_runs_with_hooks(model: PuzzleGPT, puzzle: Puzzle, text: str) -> None:
    method = parse_method(text)
    means = means_of(model, puzzle, text)
    found = cell_effects(model, puzzle, CELL, TARGET, method=method, means=means)
    assert len(found.components) == (12 if "=" in text else 15), "an MLP looks nowhere"
    prompt, place = model.prompt(puzzle.tokens[None]), predicting_position(*divmod(CELL, 10))

    def lead() -> float:
        logits = model(prompt)[0, place]
        return float(logits[3] - logits[0])

    assert found.target == pytest.approx(lead(), abs=1e-4)
    for component, true in list(zip(found.components, found.true, strict=True))[::4]:
        off = Ablation((Term(component, method),))
        with model.hooks(fwd_hooks=hooks_for(model, prompt, off, means)):
            assert true == pytest.approx(found.target - lead(), abs=1e-3), component.text
    assert np.abs(found.true).max() > 0.1


def test_what_zero_is_predicted_to_cost_is_what_the_nodes_add(model: PuzzleGPT, puzzle: Puzzle) -> None:
    found = cell_effects(model, puzzle, CELL, TARGET)
    graph = cell_graph(model, puzzle, CELL, TARGET, neurons=0)
    for component, predicted in zip(found.components, found.predicted, strict=True):
        own = [
            value
            for node, value in zip(graph.nodes, graph.values, strict=True)
            if node.part == component.text
        ]
        assert predicted == pytest.approx(sum(own), abs=1e-4)


def test_a_prediction_is_what_the_model_frozen_by_hand_does(model: PuzzleGPT, puzzle: Puzzle) -> None:
    """With the mean in place of what a head writes, run through the frozen model to the end."""
    method = parse_method("mean")
    means = means_of(model, puzzle, "mean")
    found = cell_effects(model, puzzle, CELL, TARGET, method=method, means=means)
    counts = torch.zeros(15)
    counts[3], counts[0] = 1, -1
    own, average = sharp_model(), means.of[puzzle.structure]
    end = 305 + CELL
    for name in ("L0.H2", "L1.H0", "L1.mlp"):
        layer = int(name[1])
        if name.endswith("mlp"):
            written = average.mlp_out[layer, :end]
        else:
            head = int(name[4:])
            written = average.z[layer, :end, head] @ model.blocks[layer].attn.W_O[head]
        put = written.double()
        target = frozen(
            own, puzzle, CELL, counts, lambda part, write, name=name, put=put: put if part == name else write
        ).target
        k = [component.text for component in found.components].index(name)
        assert found.predicted[k] == pytest.approx(found.target - float(target.detach()), abs=1e-3)


def test_in_the_last_layer_heads_and_mlp_are_told_apart(model: PuzzleGPT, puzzle: Puzzle) -> None:
    """The last MLP writes straight to the logits: nothing can move, and the prediction is the truth. The
    heads before it move its gates."""
    found = cell_effects(model, puzzle, CELL, TARGET)
    apart = dict(zip([one.text for one in found.components], abs(found.predicted - found.true), strict=True))
    assert apart["L2.mlp"] < 1e-4 < 1e-2 < max(apart[f"L2.H{head}"] for head in range(4))


def test_what_is_told_of_it(model: PuzzleGPT, puzzle: Puzzle) -> None:
    found = cell_effects(model, puzzle, CELL, TARGET)
    assert found.correlation == pytest.approx(np.corrcoef(found.predicted, found.true)[0, 1])
    worst = found.components[int(abs(found.predicted - found.true).argmax())]
    assert f"Furthest apart at {worst.text}" in found.summary()
    rows = found.rows()
    assert [row["component"] for row in rows] == [one.text for one in found.components]
    assert (rows[3]["predicted"], rows[3]["true"]) == (found.predicted[3], found.true[3])


def test_without_means_a_sentence(puzzle: Puzzle) -> None:
    with pytest.raises(PuzzlescopeError, match="give the reference means"):
        cell_effects(small_model(), puzzle, CELL, method=parse_method("mean"))
