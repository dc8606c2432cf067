"""The attribution graph of a cell: exact, conserved, and what PyTorch's gradients say of a model frozen by
hand."""

import numpy as np
import pytest
import torch

from interp import load_puzzles
from interp.circuits.cells import ROLES, CellGraph, CellTarget, Node, cell_graph, roles_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.tokens import STRUCTURES, cell_position, predicting_position
from tests.interp.circuits.by_hooks import sharp_model
from tests.interp.circuits.cells.by_autograd import Frozen, frozen
from tests.support.models import SMALL, looking_back

CELL = 37
SOURCES = ("token", "position", "biases")


@pytest.fixture(scope="module")
def puzzle() -> Puzzle:
    return load_puzzles("bank", task="frame").filter(structure=STRUCTURES[0])[0]


@pytest.fixture(scope="module")
def biased() -> PuzzleGPT:
    """All its biases count (those of the small model are drawn like its weights)."""
    model = sharp_model()
    assert all(float(norm.b.abs().max()) > 0.1 for block in model.blocks for norm in (block.ln1, block.ln2))
    return model


@pytest.fixture(scope="module")
def graph(biased: PuzzleGPT, puzzle: Puzzle) -> CellGraph:
    return cell_graph(biased, puzzle, CELL, neurons=10)


@pytest.fixture(scope="module")
def by_hand(graph: CellGraph, puzzle: Puzzle) -> Frozen:
    counts = torch.zeros(15)
    counts[graph.toward], counts[graph.over] = 1, -1
    found = frozen(sharp_model(), puzzle, CELL, counts)
    found.target.backward()
    return found


def share(graph: CellGraph, written: torch.Tensor, gradient: torch.Tensor, puzzle: Puzzle) -> np.ndarray:
    """What is written times a gradient, summed within each role."""
    at_each = (written * gradient).sum(-1).detach().numpy()
    roles = roles_of(puzzle, graph.cell)
    return np.array([at_each[roles == role].sum() for role in range(len(ROLES))])


def of_part(graph: CellGraph, part: str, values: np.ndarray) -> np.ndarray:
    """Numbers of a part's nodes, by role; 0 where it has no node."""
    known = {node.role: value for node, value in zip(graph.nodes, values, strict=True) if node.part == part}
    return np.array([known.get(role, 0.0) for role in ROLES])


def test_the_target_is_the_lead_of_the_answer_over_the_runner_up(
    graph: CellGraph, biased: PuzzleGPT, puzzle: Puzzle
) -> None:
    row = biased(biased.prompt(puzzle.tokens[None]))[0, predicting_position(*divmod(CELL, 10))]
    best, second = row.topk(2)
    assert (graph.toward, graph.over) == tuple(second.tolist())
    assert graph.target == pytest.approx(float(best[0] - best[1]), abs=1e-4)


def test_what_flows_into_the_target_sums_to_it(graph: CellGraph) -> None:
    assert graph.flows[-1].sum(dtype=float) == pytest.approx(graph.target, abs=1e-4)
    sources = [node.part in SOURCES for node in graph.nodes]
    assert graph.values[sources].sum() == pytest.approx(graph.target, abs=1e-4)


def test_what_flows_into_a_node_flows_out_of_it(graph: CellGraph) -> None:
    inner = np.array([node.part not in SOURCES for node in graph.nodes])
    np.testing.assert_allclose(graph.flows.sum(1, dtype=float)[inner], graph.values[inner], atol=1e-4)
    np.testing.assert_allclose(graph.flows.sum(0, dtype=float)[:-1], graph.values[:-1], atol=1e-4)
    assert np.abs(graph.values[inner]).max() > 0.1


def test_flows_run_upward_only(graph: CellGraph) -> None:
    ranks = np.array([node.rank for node in graph.nodes])
    readers, writers = np.nonzero(graph.flows)
    assert (ranks[writers] < ranks[readers]).all()
    assert (np.diff(ranks[:-2]) >= 0).all()


def test_values_are_gradients_of_a_model_frozen_by_hand(
    graph: CellGraph, by_hand: Frozen, puzzle: Puzzle
) -> None:
    assert float(by_hand.target.detach()) == pytest.approx(graph.target, abs=1e-4)
    neurons = {node.part for node in graph.nodes if ".N" in node.part}
    assert len(neurons) == 10
    for name, written in by_hand.writes.items():
        if name.endswith("hidden"):
            continue
        assert written.grad is not None
        expected = share(graph, written, written.grad, puzzle)
        found = of_part(graph, name, graph.values)
        for own in (own for own in neurons if name == f"{own.split('.')[0]}.mlp"):
            found = found + of_part(graph, own, graph.values)  # together they are the whole MLP
        np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=name)
    for name in neurons:
        layer, neuron = name.split(".N")
        hidden = by_hand.writes[f"{layer}.hidden"]
        assert hidden.grad is not None
        one = slice(int(neuron), int(neuron) + 1)
        expected = share(graph, hidden[:, one], hidden.grad[:, one], puzzle)
        np.testing.assert_allclose(of_part(graph, name, graph.values), expected, atol=1e-4, err_msg=name)


def test_flows_are_gradients_of_what_one_reader_reads(
    graph: CellGraph, by_hand: Frozen, puzzle: Puzzle
) -> None:
    """Over all roles of the reader: each reader's copy of the stream has a gradient of its own."""
    for reader in ("L0.H1", "L1.H2", "L2.H3", "L0.mlp", "L2.mlp"):
        gradient = by_hand.read[reader].grad
        assert gradient is not None
        layer = reader.split(".")[0]
        parts = [reader] if ".H" in reader else [reader, *_neurons(graph, layer)]
        flows = sum(graph.flows[[node.part == part for node in graph.nodes]].sum(0) for part in parts)
        for writer in ("token", "position", "L0.H0", "L0.mlp", "L1.H3", "L2.H1"):
            own, before = by_hand.writes[writer], _reads(reader, writer)
            expected = share(graph, own, gradient, puzzle) if before else np.zeros(len(ROLES))
            found = of_part(graph, writer, flows)
            for neuron in _neurons(graph, writer.split(".")[0]) if "mlp" in writer else []:
                found = found + of_part(graph, neuron, flows)
            np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=f"{writer} -> {reader}")


def _neurons(graph: CellGraph, layer: str) -> list[str]:
    return sorted({node.part for node in graph.nodes if node.part.startswith(f"{layer}.N")})


def _reads(reader: str, writer: str) -> bool:
    if "." not in writer:
        return True
    (late, into), (early, out) = reader.split("."), writer.split(".")
    return early < late or (early == late and into == "mlp" and out != "mlp")


def test_a_flow_between_roles_is_that_of_a_model_without_it(graph: CellGraph, puzzle: Puzzle) -> None:
    """One head's flow into another, from one role to another, against the frozen model in which the reader's
    output at its role lacks what it makes of the writer's at its own."""
    roles = roles_of(puzzle, CELL)
    heads = [k for k, node in enumerate(graph.nodes) if ".H" in node.part]
    flat = np.abs(graph.flows[np.ix_(heads, heads)])
    reader, writer = (heads[k] for k in np.unravel_index(flat.argmax(), flat.shape))
    model, late, early = sharp_model().double(), graph.nodes[reader], graph.nodes[writer]
    counts = torch.zeros(15)
    counts[graph.toward], counts[graph.over] = 1, -1
    whole = frozen(model, puzzle, CELL, counts)
    layer, head = int(late.part[1]), int(late.part[4:])
    _, cache = model.run_with_cache(
        torch.from_numpy(np.r_[0, puzzle.tokens].astype(np.int64))[None, : 305 + CELL]
    )
    block, own = model.blocks[layer], whole.writes[early.part].detach()
    written = own * torch.from_numpy(roles == ROLES.index(early.role))[:, None]
    scale = cache[f"blocks.{layer}.ln1.hook_scale"][0]
    x = (written - written.mean(-1, keepdim=True)) / scale * block.ln1.w
    moved = cache["pattern", layer][0, head] @ (x @ block.attn.W_V[head]) @ block.attn.W_O[head]
    moved = moved * torch.from_numpy(roles == ROLES.index(late.role))[:, None]
    without = frozen(
        model, puzzle, CELL, counts, lambda name, write: write - moved if name == late.part else write
    )
    expected = float((whole.target - without.target).detach())
    assert abs(expected) > 1e-2
    assert graph.flows[reader, writer] == pytest.approx(expected, abs=1e-4)


def test_without_neurons_of_their_own_nothing_else_differs(
    graph: CellGraph, biased: PuzzleGPT, puzzle: Puzzle
) -> None:
    plain = cell_graph(biased, puzzle, CELL, neurons=0)
    assert not any(".N" in node.part for node in plain.nodes)
    for layer in range(SMALL.n_layers):
        together = of_part(graph, f"L{layer}.mlp", graph.values)
        together = sum((of_part(graph, own, graph.values) for own in _neurons(graph, f"L{layer}")), together)
        np.testing.assert_allclose(of_part(plain, f"L{layer}.mlp", plain.values), together, atol=1e-4)
        for head in range(SMALL.n_heads):
            name = f"L{layer}.H{head}"
            np.testing.assert_allclose(
                of_part(plain, name, plain.values), of_part(graph, name, graph.values), atol=1e-5
            )


def copying_from_100_back() -> PuzzleGPT:
    """One head, which looks exactly 100 positions back and hands on the token there; made by hand: its
    queries and keys read the quick sinusoids only, its values the place of the tokens."""
    model, tokens = looking_back([100]), torch.eye(15)
    attn = model.blocks[0].attn
    for weight in (attn.W_Q, attn.W_K):
        weight[:, 34:] = 0
    model.embed.W_E[:, 34:49] = 3 * tokens
    attn.W_V[0, 34:49, :15] = tokens
    attn.W_O[0, :15, 49:64] = tokens
    model.unembed.W_U[49:64] = 10 * tokens
    return model


def test_a_copy_made_by_hand_comes_from_the_same_cell_of_the_third_grid(puzzle: Puzzle) -> None:
    (cell, *_) = np.flatnonzero(puzzle.grids[2])
    color = int(puzzle.grids[2].flat[cell])
    other = next(one for one in range(1, 11) if one not in puzzle.grids)
    graph = cell_graph(copying_from_100_back(), puzzle, int(cell), CellTarget(color, other), neurons=4)
    head = graph.nodes.index(Node("L0.H0", "here"))
    assert [node for node in graph.nodes if node.layer is not None] == [graph.nodes[head]]
    tokens = of_part(graph, "token", graph.flows[head])
    same = ROLES.index("third grid, same cell")
    assert tokens[same] > 10
    np.testing.assert_allclose(np.delete(tokens, same), 0, atol=1e-3)
    assert graph.flows[-1, head] == pytest.approx(graph.values[head], abs=1e-4)


def test_influence_is_that_of_all_paths(graph: CellGraph) -> None:
    """(I - B)^-1 of the shares, the row of the target."""
    sizes = np.abs(graph.flows.astype(float))
    sums = sizes.sum(1, keepdims=True)
    shares = np.divide(sizes, sums, out=np.zeros_like(sizes), where=sums > 0)
    expected = np.linalg.inv(np.eye(len(shares)) - shares)[-1]
    np.testing.assert_allclose(graph.influence, expected, atol=1e-9)
    assert graph.completeness(tuple(range(len(graph.nodes)))) == pytest.approx(1)
    few, more = (graph.completeness(graph.strongest(n)) for n in (8, 40))
    assert few < more < 1


def test_the_strongest_come_with_the_target(graph: CellGraph) -> None:
    kept = graph.strongest(5)
    assert len(kept) == 6 and kept[-1] == len(graph.nodes) - 1 and list(kept) == sorted(kept)
    least = min(graph.influence[list(kept)])
    assert (graph.influence > least).sum() == 5
    flows = graph.between(kept)
    assert flows == tuple(sorted(flows, key=lambda flow: -abs(flow.value)))
    assert {flow.reader.text for flow in flows} <= {graph.nodes[k].text for k in kept}


def test_a_target_is_centred_or_any_two_tokens(biased: PuzzleGPT, puzzle: Puzzle) -> None:
    row = biased(biased.prompt(puzzle.tokens[None]))[0, predicting_position(*divmod(CELL, 10))]
    for text, expected in (
        ("centred", row.max() - row[:11].mean()),
        ("3-0", row[3] - row[0]),
        ("3-", row[3] - max(row[k] for k in range(15) if k != 3)),
        ("3-centred", row[3] - row[:11].mean()),
    ):
        target = CellTarget.parse(text)
        assert target.text == text
        graph = cell_graph(biased, puzzle, CELL, target, neurons=0)
        assert graph.target == pytest.approx(float(expected), abs=1e-4)
        assert graph.flows[-1].sum(dtype=float) == pytest.approx(graph.target, abs=1e-4)


def test_roles_of_positions() -> None:
    puzzle = load_puzzles("bank", task="frame").filter(structure=STRUCTURES[0])[0]
    roles = roles_of(puzzle, 37)

    def at(position: int) -> str:
        return ROLES[roles[position]]

    assert len(roles) == predicting_position(3, 7) + 1
    assert at(0) == "start" and {at(1), at(102), at(203), at(304)} == {"markers"}
    assert at(len(roles) - 1) == "here" and at(len(roles) - 101) == "third grid, same cell"
    assert at(cell_position(2, 3, 7)) == "third grid, same cell"
    assert [at(cell_position(2, row, 6)) for row in (1, 2, 3, 4, 5)] == [
        "third grid",
        *["third grid, around"] * 3,
        "third grid",
    ]
    assert [at(cell_position(3, row, 6)) for row in (1, 2)] == ["answer so far", "answer, around"]
    assert at(cell_position(3, 3, 5)) == "answer so far"
    changed = puzzle.grids[0] != puzzle.grids[1]
    assert changed.any()
    for row, column in np.ndindex(10, 10):
        told = ", changed" if changed[row, column] else ""
        assert at(cell_position(0, row, column)) == f"first grid{told}"
        assert at(cell_position(1, row, column)) == f"second grid{told}"
    assert ROLES[roles_of(puzzle, 0)[304]] == "here"


@pytest.mark.parametrize("cell", [-1, 100])
def test_a_cell_that_is_not_there(biased: PuzzleGPT, puzzle: Puzzle, cell: int) -> None:
    with pytest.raises(PuzzlescopeError, match=r"from 0 to 99, got"):
        cell_graph(biased, puzzle, cell)


@pytest.mark.parametrize("neurons", [-1, 10_000])
def test_a_number_of_neurons_that_cannot_be(biased: PuzzleGPT, puzzle: Puzzle, neurons: int) -> None:
    with pytest.raises(PuzzlescopeError, match="neurons, got"):
        cell_graph(biased, puzzle, CELL, neurons=neurons)


@pytest.mark.parametrize("text", ["", "3", "-", "a-b", "3-3", "15-0", "3-99", "centered", "3-0-1", "٣-0"])
def test_a_target_that_cannot_be(text: str) -> None:
    with pytest.raises(PuzzlescopeError):
        CellTarget.parse(text)
