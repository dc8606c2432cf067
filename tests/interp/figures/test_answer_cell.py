"""The charts of one answer cell: where boxes stand, which flows are drawn, what points say."""

from itertools import combinations

import numpy as np
import pytest

from interp import load_puzzles
from interp.ablation import ZERO, Component
from interp.circuits.cells import CellEffects, CellGraph, Node, cell_graph
from interp.figures import cell_flows, cell_predictions
from interp.figures.answer_cell.flows import EDGES
from interp.figures.answer_cell.places import places
from tests.support.models import small_model


@pytest.fixture(scope="module")
def graph() -> CellGraph:
    return cell_graph(small_model(), load_puzzles("bank")[0], 37, neurons=6)


@pytest.mark.parametrize("shown", [1, 12, 60, 10_000])
def test_no_two_boxes_overlap_and_layers_go_upward(graph: CellGraph, shown: int) -> None:
    nodes = [graph.nodes[k] for k in graph.strongest(shown)]
    layout = places(nodes)
    for (x0, y0), (x1, y1) in combinations(layout.at, 2):
        assert abs(x0 - x1) >= 0.99 or abs(y0 - y1) >= 0.99
    for (one, (_, y0)), (other, (_, y1)) in combinations(zip(nodes, layout.at, strict=True), 2):
        if one.rank < other.rank:
            assert y0 + 1 < y1, f"{one.text} below {other.text}"
    wide, high = layout.size
    assert all(0.49 <= x <= wide - 0.49 and 0.49 <= y <= high - 0.49 for x, y in layout.at)


def test_boxes_of_a_role_stand_in_its_column(graph: CellGraph) -> None:
    nodes = [graph.nodes[k] for k in graph.strongest(60)]
    layout = places(nodes)
    columns = dict(layout.columns)
    for node, (x, _) in zip(nodes, layout.at, strict=True):
        nearest = min(columns, key=lambda name: abs(columns[name] - x))
        assert nearest == (node.role or ("here" if node.part == "target" else ""))


def test_the_largest_flows_are_drawn_and_every_box_has_one(graph: CellGraph) -> None:
    figure = cell_flows(graph, 20)
    kept = graph.strongest(20)
    flows = graph.between(kept)
    assert EDGES <= len(figure.layout.shapes) <= EDGES + 20
    widest = max(figure.layout.shapes, key=lambda shape: shape.line.width)
    assert widest.line.dash == ("solid" if flows[0].value > 0 else "dot")
    boxes = figure.data[0]
    assert [one[0] for one in boxes.customdata] == [graph.nodes[k].text for k in kept]
    starts = {(shape.x0, round(shape.y0 - 0.4, 3)) for shape in figure.layout.shapes}
    middles = [base + 0.46 for base in boxes.base]
    for x, y in list(zip(middles, boxes.y, strict=True))[:-1]:
        assert any(abs(x - one) < 1e-6 and abs(y - other) < 1e-3 for one, other in starts)


def test_a_marked_box_shows_its_flows_alone(graph: CellGraph) -> None:
    kept = graph.strongest(20)
    (marked,) = [graph.nodes[k] for k in kept][5:6]
    own = [flow for flow in graph.between(kept) if marked in (flow.writer, flow.reader)]
    assert 0 < len(own) < EDGES
    assert len(cell_flows(graph, 20, marked.text).layout.shapes) == len(own)
    assert len(cell_flows(graph, 20, "L9.H9 @ here").layout.shapes) >= EDGES, "no such box"


def test_points_lie_where_both_effects_are() -> None:
    parts = (Component(0, "head", 1), Component(0, "mlp"), Component(1, "head", 0))
    predicted, true = np.array([1.0, -2.0, np.nan]), np.array([1.5, -2.5, np.nan])
    found = CellEffects(0, 3, 0, 5.0, ZERO, parts, predicted, true, np.array([True, True, False]))
    (points,) = cell_predictions(found).data
    assert list(points.x) == [1.0, -2.0] and list(points.y) == [1.5, -2.5], "what is not known is not drawn"
    assert list(points.marker.symbol) == ["circle", "square"]
    assert found.fraction == pytest.approx(2 / 3) and found.correlation == pytest.approx(1)
    assert "Furthest apart at L0" in found.summary() and len(found.rows()) == 2


def test_what_is_not_finite_is_said() -> None:
    nothing = np.full((2, 2), np.nan, np.float32)
    graph = CellGraph(5, 3, 0, np.nan, (Node("biases"), Node("target")), nothing[0].astype(float), nothing)
    assert "not finite" in cell_flows(graph).layout.annotations[0].text
    assert "not finite" in graph.summary()
