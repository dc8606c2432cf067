"""A method of ablation that is added works everywhere: text, hooks, engine, sweep, backend, board."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from app.widgets.ablation_board import Board, Switch, ablation_after, board_data, read_wishes
from interp.ablation import (
    METHODS,
    Component,
    Method,
    RowGate,
    RowMeans,
    components_of,
    methods,
    parse_ablation,
)
from interp.ablation.hook_points import Hook, output_hook
from interp.analyses.ablation_sweep import Sweep, sweep
from interp.analyses.activation_patching import activation_patching
from interp.analyses.direct_attribution import direct_attribution
from interp.analyses.path_ablation import path_ablation
from interp.backend import Backend
from interp.engine.predict import losses, predict
from interp.model import PuzzleGPT
from interp.puzzles import load_puzzles
from tests.support.models import SMALL
from tests.support.programs import printed


@dataclass(frozen=True)
class Flip(Method):
    """The component writes the opposite of what it writes."""

    name = "flip"
    label = "flip"
    help = "It writes the opposite."
    badge = "-"
    done = "turned round"

    @property
    def gate(self) -> RowGate:
        return RowGate(keep=-1)

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        return output_hook(component, lambda out: -out)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the table, as it would be with a line more."""
    monkeypatch.setattr(methods, "METHODS", (*METHODS, Flip))
    for user in ("interp.ablation.text", "app.widgets.ablation_board.board"):
        monkeypatch.setattr(f"{user}.METHODS", (*METHODS, Flip))


@pytest.mark.parametrize("text", ["L1.attn:flip", "L0.H1-2:flip,L0-2.mlp:flip", "L0.H1,L1.attn:flip"])
def test_the_engine_and_the_hooks_agree(text: str, model: PuzzleGPT, tokens: np.ndarray) -> None:
    off = parse_ablation(text, model.cfg)
    assert parse_ablation(off.text, model.cfg) == off and ":flip" in off.text
    with_hooks = by_hooks(model, tokens, off)
    np.testing.assert_allclose(losses(model, tokens, off)[0].cells, with_hooks, atol=1e-5)
    assert not np.allclose(with_hooks, losses(model, tokens)[0].cells, atol=1e-3), "it does something"


def by_hooks(model: PuzzleGPT, tokens: np.ndarray, off: object) -> np.ndarray:
    """The losses by the forward pass that stops at every hook point: a user's own hook makes it be taken."""
    model.add_hook("hook_embed", lambda x, hook: x)
    try:
        return losses(model, tokens, off)[0].cells
    finally:
        model.reset_hooks()


def test_it_is_swept(model: PuzzleGPT, tokens: np.ndarray) -> None:
    parts = components_of(model.cfg, ["attn", "head", "mlp"])
    _, *rows = sweep(model, tokens[:2], parts, method=Flip())
    for part, row in list(zip(parts, rows, strict=True))[::5]:
        alone = predict(model, tokens[:2], parse_ablation(f"{part.text}:flip", model.cfg))
        np.testing.assert_allclose(row.loss.cells, alone.loss.cells, atol=1e-5)


def test_the_backend_answers_and_the_program_repeats_it(model_folder: str) -> None:
    puzzle = load_puzzles("bank")[0]
    parts = tuple(components_of(SMALL, ["attn"]))
    question = Sweep((puzzle,), parts, method=Flip())
    state = Backend().ask(model_folder, question)
    said: Sequence[str] = printed(question.program(model_folder)).splitlines()
    assert [line.split()[0] for line in said] == ["nothing", *(part.text for part in parts)]
    assert float(said[1].split()[1]) == pytest.approx(state.row(1).loss.mean("final"), rel=1e-4)


@pytest.mark.parametrize("text", ["L1.attn:flip,L0.mlp:flip", "L0.H1-2:flip", "L1.H0:flip,L1.attn:flip"])
def test_attribution_still_sums_to_the_logits(model: PuzzleGPT, tokens: np.ndarray, text: str) -> None:
    off = parse_ablation(text, model.cfg)
    found = direct_attribution(model, tokens[0], off)
    np.testing.assert_allclose(found.logits.sum(0), found.total, atol=1e-3)
    assert np.array_equal(found.total.argmax(-1), predict(model, tokens[:1], off).teacher_forced[0])


def test_a_patch_that_changes_nothing_leaves_it_in_force(
    model: PuzzleGPT, tokens: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interp.analyses.activation_patching.N_CTX", 0)  # computed, not known beforehand
    off = parse_ablation("L0.H1-2:flip,L1.attn:flip", model.cfg)
    state = activation_patching(model, tokens[0], tokens[0], "z", ablation=off)
    np.testing.assert_allclose(state.values, np.broadcast_to(state.target, state.values.shape), atol=1e-4)


def test_the_only_path_of_a_component_is_the_component(model: PuzzleGPT, tokens: np.ndarray) -> None:
    source = Component(model.cfg.n_layers - 1, "mlp")  # the logits alone receive it
    state = path_ablation(model, tokens[:2], source, method=Flip())
    alone, _ = losses(model, tokens[:2], parse_ablation(f"{source.text}:flip", model.cfg))
    np.testing.assert_allclose(state.row(1).loss.cells, alone.cells, atol=1e-4)


def test_the_board_offers_it() -> None:
    off = parse_ablation("L1.attn:flip", SMALL)
    data = board_data(Board(SMALL, off, {}, "final", 1, method=Flip()))
    assert data["method"] == "flip" and data["off"] == {"L1.attn": "flip"}
    assert [one["name"] for one in data["methods"]] == [one.name for one in (*METHODS, Flip)]
    wish = {"kind": "switch", "parts": ["L0.mlp"], "off": True, "method": "flip"}
    (read,) = read_wishes({"client": "a", "first": 1, "wishes": [wish]}, SMALL)
    assert read == Switch((Component(0, "mlp"),), True, Flip())
    assert ablation_after(off, read, SMALL).text == "L1.attn:flip,L0.mlp:flip"
