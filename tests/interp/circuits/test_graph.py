"""The model as a graph, and which edges of a circuit make a difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.circuits.blocks import BLOCKS, blocks_of
from interp.circuits.graph import Edge, Graph, connected
from interp.errors import PuzzlescopeError
from interp.model import Config
from interp.pairs import shipped_pairs

TINY = Graph(Config(n_layers=2, n_heads=2))


@pytest.mark.parametrize(("layers", "edges"), [(6, 3628), (12, 15355)])
def test_a_model_has_as_many_edges_as_can_be_counted_by_hand(layers: int, edges: int) -> None:
    graph = Graph(Config(n_layers=layers, n_heads=8))
    assert graph.n_edges == graph.possible.sum() == len(list(graph.edges())) == edges
    assert len(set(graph.edges())) == edges


def test_a_reader_reads_what_comes_before_it_and_no_more() -> None:
    read = {edge.writer for edge in TINY.edges() if edge.reader == "L1.H1.k"}
    assert read == {"embed", "L0.H0", "L0.H1", "L0.mlp"}
    assert {edge.writer for edge in TINY.edges() if edge.reader == "L0.mlp"} == {"embed", "L0.H0", "L0.H1"}
    assert {edge.writer for edge in TINY.edges() if edge.reader == "logits"} == set(TINY.writers)


def test_edges_are_read_as_they_are_written() -> None:
    for edge in TINY.edges():
        assert TINY.parse(edge.text) == edge
        assert TINY.listed(TINY.mask([edge])) == (edge,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("L0.H0", "an edge as L1.H5->L3.H2.k"),
        ("L0.H0->L0.H1.k", "does not come after"),
        ("L1.mlp->L1.mlp", "does not come after"),
        ("L9.H0->logits", "of this model"),
        ("embed->L0.H0", "of this model"),
        ("\x00->logits", "of this model"),
    ],
)
def test_what_is_no_edge_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(PuzzlescopeError, match=said):
        TINY.parse(text)


@given(st.lists(st.sampled_from(list(TINY.edges())), unique=True))
def test_what_is_kept_is_on_a_path_from_the_embedding_to_the_logits(edges: list[Edge]) -> None:
    kept = set(TINY.listed(connected(TINY, TINY.mask(edges))))
    assert kept == {edge for edge in edges if _fed(edge.writer, edges) and _heard(edge.reader, edges)}


def _fed(writer: str, edges: list[Edge]) -> bool:
    """By walking down: whether something of the embedding reaches it."""
    return writer == "embed" or any(
        _fed(edge.writer, edges) for edge in edges if _component(edge.reader) == writer
    )


def _heard(reader: str, edges: list[Edge]) -> bool:
    """By walking up: whether it reaches the logits."""
    return reader == "logits" or any(
        _heard(edge.reader, edges) for edge in edges if edge.writer == _component(reader)
    )


def _component(reader: str) -> str:
    return reader if reader.endswith("mlp") else reader.rpartition(".")[0]


def test_every_position_is_in_a_block_by_what_stands_there() -> None:
    pair = shipped_pairs("rule", "frame")[0]
    blocks = blocks_of(pair.base)
    assert [BLOCKS[blocks[p]] for p in (0, 1, 2, 101, 102, 103, 203, 204, 303)] == [
        *("start", "markers", "first grid", "first grid", "markers", "second grid"),
        *("markers", "third grid", "third grid"),
    ]
    third, answer = (pair.base.grids[k].ravel() for k in (2, 3))
    expected = np.where(third == answer, "copied", "changed")
    assert [BLOCKS[block] for block in blocks[304:]] == expected.tolist()
