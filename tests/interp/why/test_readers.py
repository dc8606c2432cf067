"""The three views of who reads a layer are of the same readers, and each number is its analysis's own."""

import pytest

from interp.ablation import Component
from interp.analyses.composition import composition
from interp.analyses.path_ablation import path_ablation
from interp.circuits.attribution import attribute_edges
from interp.circuits.graph import Edge
from interp.puzzles import load_puzzles
from interp.why.readers import joined_readers
from tests.interp.circuits.by_hooks import far_apart, pairs_with_a_gap


def test_every_number_is_its_analysis_s_own() -> None:
    model, source = far_apart(), Component(0, "attn")
    weights = composition(model)
    paths = path_ablation(model, load_puzzles("bank")[:1].tokens, source)
    edges = attribute_edges(model, pairs_with_a_gap()[:1], steps=0)
    found = joined_readers(weights, paths, edges)
    assert [abs(one.cost) for one in found] == sorted((abs(one.cost) for one in found), reverse=True)
    assert {one.reader for one in found} == set(paths.readers)
    for one in found:
        assert one.excess == pytest.approx(weights.reading(source, one.reader).excess)
        heads = (edges.graph.place(Edge(f"L0.H{head}", one.reader.text)) for head in range(4))
        assert one.edges == pytest.approx(sum(edges.total[place] for place in heads), abs=1e-6)
