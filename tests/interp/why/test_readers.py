"""The three views of who reads a layer are of the same readers, and each number is its analysis's own."""

from math import nan

import numpy as np
import pytest

from interp.ablation import Component, parse_component
from interp.analyses.composition import composition
from interp.analyses.path_ablation import path_ablation
from interp.analyses.readers import Reader
from interp.circuits.attribution import attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.graph import Edge
from interp.puzzles import load_puzzles
from interp.why.readers import JoinedReader, edges_from, joined_readers, who_reads_most
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


@pytest.mark.parametrize("source", ["L0.attn", "L1.mlp"])
def test_edges_of_one_source_are_those_of_all_edges(source: str) -> None:
    model, pairs = far_apart(), pairs_with_a_gap()[:1]
    some, every = edges_from(model, pairs, parse_component(source, model.cfg)), exact_edges(model, pairs)
    graph = every.graph
    own = [k for k, name in enumerate(graph.writers) if name.replace(".H", ".attn").startswith(source)]
    assert len(own) == (4 if source == "L0.attn" else 1)
    assert np.array_equal(some.total[:, own], every.total[:, own]) and np.any(some.total[:, own])
    assert not np.delete(some.total[:-1], own, 1).any()  # nobody asked


def test_the_first_reader_by_each_account_is_told() -> None:
    readers = [Reader("mlp", 1), Reader("logits"), Reader("q", 1, 0)]
    rows = [(0.1, -0.5, nan), (-0.3, 0.2, nan), (nan, nan, nan)]
    found = [JoinedReader(reader, *row) for reader, row in zip(readers, rows, strict=True)]
    told = who_reads_most(found, Component(0, "attn"))
    assert told == (
        "L0.attn is read most: by its weights L1.mlp (+0.1 beyond chance), by what its absence there changes"
        " L1.mlp (-0.5 nats)."
    )
    assert who_reads_most([], Component(0, "attn")) == "Nothing is measured yet."
