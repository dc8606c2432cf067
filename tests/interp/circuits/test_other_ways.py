"""Edge effects held against what is known otherwise: TransformerLens's direct path patching, and a copy
circuit made by hand."""

from typing import Literal

import numpy as np
import pytest
import torch
from transformer_lens.patching import get_act_patch_direct_path

from interp.circuits.attribution import attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.finder import eliminate, top_circuit
from interp.circuits.runs import CircuitRuns
from interp.engine.forward import weights_of
from interp.model import Config, PuzzleGPT
from interp.pairs import Pair, shipped_pairs
from interp.puzzles import Puzzle
from interp.tokens import STRUCTURES, encode
from tests.interp.circuits.by_hooks import metric_of, tokens_of


def test_exact_effects_between_heads_are_those_of_transformer_lens(model: PuzzleGPT) -> None:
    """Its ``get_act_patch_direct_path`` runs on our model itself, which has the hook points and the switch
    that it asks for: no bridge is needed, and a TransformerBridge could not be made alike, for it wraps
    models of Hugging Face's, none of which has sinusoids of this base, a ReLU, no biases in attention and no
    LayerNorm before the unembedding. It patches from a head into a later head's queries, keys or values; the
    other classes of edges it has not (tests/interp/circuits/test_effects.py cuts them by hooks).

    Its run to be patched is the pair's base, and what is patched in comes from the other end."""
    pair = shipped_pairs("rule", "frame")[0]
    base, other = tokens_of(pair)
    metric, exact = metric_of(pair), exact_edges(model, [pair])
    caches = [model.run_with_cache(one[None])[1] for one in (other, base)]
    whole = float(metric(model(base[None])))
    components: tuple[tuple[Literal["q", "k", "v"], int], ...] = (("q", 1), ("k", 2), ("v", 3))
    for component, head in components:
        found = get_act_patch_direct_path(
            model,
            base[None],
            clean_cache=caches[0],
            corrupted_cache=caches[1],
            patching_metric=metric,
            src_layer=0,
            src_head=head,
            component=component,
            verbose=False,
        )
        for layer in range(1, model.cfg.n_layers):
            for reading in range(model.cfg.n_heads):
                edge = exact.graph.edge(f"L0.H{head}", f"L{layer}.H{reading}.{component}")
                expected = whole - float(found[layer, reading])
                assert exact.total[exact.graph.place(edge)] == pytest.approx(expected, abs=2e-5)


# ---- a copy circuit ----------------------------------------------------------------------------------------

TOKENS, COPIES = slice(64, 79), slice(80, 95)


def copying_from_100_back() -> PuzzleGPT:
    """One layer of two heads. Head 1 looks 100 back, by the sinusoids that its queries turn, and writes the
    token that it finds where only the logits read; head 0 and the MLP write where nobody does."""
    cfg = Config(n_layers=1, n_heads=2, d_model=128, d_head=64, d_mlp=8)
    model, eye = PuzzleGPT(cfg), torch.eye(15)
    table = model.pos_embed.W_pos[:, :64]
    angles = torch.atan2(table[100, 0::2], table[100, 1::2])
    with torch.no_grad():
        for block in model.blocks:
            block.attn.W_O[0, :, :96] = 0
            block.mlp.W_out[:, :96] = 0
            for weight in (block.attn.W_Q, block.attn.W_K, block.attn.W_V, block.attn.W_O):
                weight[1] = 0
            block.attn.W_K[1, :64] = torch.eye(64)
            for pair, angle in enumerate(angles):
                sine, cosine = angle.sin(), angle.cos()
                turn = torch.stack([torch.stack([cosine, sine]), torch.stack([-sine, cosine])])
                block.attn.W_Q[1, 2 * pair : 2 * pair + 2, 2 * pair : 2 * pair + 2] = 6000 * turn
            block.attn.W_V[1, TOKENS, :15] = eye
            block.attn.W_O[1, :15, COPIES] = 10 * eye
        model.embed.W_E.zero_()
        model.embed.W_E[:, TOKENS] = 5 * eye
        model.unembed.W_U.zero_()
        model.unembed.W_U[COPIES] = eye
    return model.eval().requires_grad_(False)


def copies() -> list[Pair]:
    """Pairs whose answer is the third grid, which differs between the ends."""
    found = []
    for pair in shipped_pairs("input", "frame")[:2]:
        ends = []
        for end in (pair.base, pair.counterfactual):
            grids = pair.base.grids.copy()
            grids[2:] = end.grids[2]
            ends.append(Puzzle.of("frame", encode(grids, STRUCTURES[0])))
        found.append(Pair(ends[0], ends[1], "input", "frame", "what is copied"))
    return found


def test_a_copy_circuit_made_by_hand_is_found_as_such() -> None:
    model, pairs = copying_from_100_back(), copies()
    carried = {"embed->L0.H1.v", "L0.H1->logits"}  # positions are alike at both ends
    looking = {"embed->L0.H1.q", "embed->L0.H1.k"}
    for fill, expected in (("pair", carried), ("zero", carried | looking)):
        exact = exact_edges(model, pairs, fill=fill)
        ranking = exact.ranking()
        assert {edge.text for edge, _ in ranking[: len(expected)]} == expected, fill
        assert all(abs(score) < 0.01 * (exact.clean - exact.empty) for _, score in ranking[len(expected) :])
    estimated = attribute_edges(model, pairs)
    assert {edge.text for edge, _ in estimated.ranking()[:2]} == carried
    runs = CircuitRuns(weights_of(model), pairs)
    found = eliminate(runs, top_circuit(runs, estimated, 0.95), 0.95)
    assert {edge.text for edge in found.edges} == carried
    assert found.faithfulness == pytest.approx(1, abs=1e-3)
    drawn = model(torch.stack([tokens_of(pair)[0] for pair in pairs]))[:, 304:, :11].argmax(-1)
    assert np.array_equal(drawn.numpy(), np.stack([pair.base.grids[3].ravel() for pair in pairs]))
