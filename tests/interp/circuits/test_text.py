"""A circuit as text, read as it is written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.circuits.graph import Edge, Graph
from interp.circuits.text import LONGEST, edges_text, parse_edges
from interp.errors import PuzzlescopeError
from interp.model import Config

TINY = Graph(Config(n_layers=3, n_heads=3))
DEFAULT = Graph(Config(n_layers=6, n_heads=8))


@given(st.sets(st.sampled_from(list(TINY.edges()))))
def test_a_circuit_is_read_as_it_is_written(edges: set[Edge]) -> None:
    mask = TINY.mask(edges)
    text = edges_text(mask, TINY)
    assert np.array_equal(parse_edges(text, TINY), mask)
    assert edges_text(parse_edges(text.replace(",", " , ").replace("+", " + "), TINY), TINY) == text


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("", ""),
        ("embed>L0.H0.q", "embed->L0.H0.q"),
        ("embed>L0.H1-*.kq", "embed->L0.H1.q embed->L0.H1.k embed->L0.H2.q embed->L0.H2.k"),
        (
            "L0.mlp+L1.H0 > L1.mlp + logits, L0.mlp>L1.mlp".replace("L1.mlp +", "L2.mlp +"),
            "L0.mlp->L2.mlp L0.mlp->logits L1.H0->L2.mlp L1.H0->logits L0.mlp->L1.mlp",
        ),
        ("L*.mlp>logits", "L0.mlp->logits L1.mlp->logits L2.mlp->logits"),
    ],
)
def test_a_text_means_these_edges(text: str, edges: str) -> None:
    expected = TINY.mask(TINY.parse(one) for one in edges.split())
    assert np.array_equal(parse_edges(text, TINY), expected)


def test_texts_are_short_enough_for_a_link() -> None:
    assert edges_text(np.zeros_like(DEFAULT.possible), DEFAULT) == ""
    assert len(edges_text(DEFAULT.possible, DEFAULT)) < 600
    rng = np.random.default_rng(0)
    some = np.zeros_like(DEFAULT.possible)
    some.flat[rng.choice(np.flatnonzero(DEFAULT.possible), 400, replace=False)] = True
    assert len(edges_text(some, DEFAULT)) < 5_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("embed", r"term 1, 'embed': expected writers>readers"),
        ("embed>logits,L0.H1", r"term 2, 'L0.H1': expected writers>readers"),
        ("embed>logits,", r"term 2, '': it is empty"),
        ("L0.H1.q>logits", r"expected a writer such as .* got 'L0.H1.q'"),
        ("L0.attn>logits", r"got 'L0.attn'"),
        ("logits>logits", r"got 'logits'"),
        ("embed>", r"expected a reader such as .* got ''"),
        ("embed>L0.H1", r"got 'L0.H1'"),
        ("embed>L0.H1.z", r"got 'L0.H1.z'"),
        ("embed>embed", r"got 'embed'"),
        ("embed+>logits", r"expected a writer .* got ''"),
        ("L3.H0>logits", r"there is no layer 3, the model has layers 0 to 2"),
        ("embed>L0.H0-7.q", r"there is no head 7"),
        ("L2-1.mlp>logits", r"runs backwards"),
        ("L.mlp>logits", r"expected a layer number"),
        ("L1.mlp>L0-1.mlp", r"L0.mlp cannot read L1.mlp"),
        ("embed>logits,L0.H0>L0.H1.q", r"term 2, .*: L0.H1.q cannot read L0.H0"),
        ("embed>logits\n\x00>", r"got 'logits >'"),
        ("x" * (LONGEST + 1), r"at most 200,000 letters"),
    ],
)
def test_what_is_no_circuit_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(PuzzlescopeError, match=said):
        parse_edges(text, TINY)
