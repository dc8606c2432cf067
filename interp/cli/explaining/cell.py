"""``cell``: what leads to one cell of an answer, and how far that can be relied on."""

from pathlib import Path
from typing import Annotated, Any

import typer

from interp.ablation import NO_ABLATION, Method, ReferenceMeans, parse_method
from interp.checkpoints import load_model
from interp.circuits.cells import (
    NEURONS,
    CellEffects,
    CellGraph,
    CellTarget,
    cell_effects,
    cell_graph,
    check_neurons,
)
from interp.circuits.cells.graph import SHOWN
from interp.circuits.cells.target import RUNNER, over_pair, parse_cell
from interp.cli.inputs import means_if_used
from interp.cli.options import JsonOption, ModelOption, OutOption, PuzzlesOption
from interp.cli.printing import checked, print_table, report, say_result
from interp.errors import PuzzlescopeError, brief
from interp.figures.answer_cell import cell_flows
from interp.figures.paper import PAGE, plate
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.outputs import output_path
from interp.pairs import pair_for
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.puzzles.spelling import is_spelled
from interp.tokens import TOKEN_NAMES

PICTURES = (".svg", ".png")
PAIR = "pair"
BANK = "bank"
FLOWS = 400
PRINTED = 24


def cell(
    cell: Annotated[str, typer.Option("--cell", help="ROW,COLUMN of the answer, both 1 to 10.")],
    puzzle: Annotated[
        str | None, typer.Option("--puzzle", help="The id of one of --puzzles; left out, the first.")
    ] = None,
    puzzles: PuzzlesOption = BANK,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            help="The predicted colour over runner-up (the likeliest other) or centred (the mean colour);"
            " pair: the right one over that under another rule; or two colours by number, as 3-0.",
        ),
    ] = RUNNER.text,
    neurons: Annotated[
        int, typer.Option("--neurons", help="Neurons with boxes of their own, the strongest.")
    ] = NEURONS,
    method: Annotated[
        str, typer.Option("--method", help="How components are ablated for the true effects.")
    ] = "zero",
    model: ModelOption = "default",
    edges: Annotated[int, typer.Option("--edges", help="Flows of the JSON, at most, the largest.")] = FLOWS,
    picture: Annotated[
        str | None, typer.Option("--picture", help="Draw the graph: FILE.svg or .png; one there is replaced.")
    ] = None,
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """What leads to one cell of an answer: the exact linear attribution graph over heads, MLPs and the
    strongest neurons, with attention patterns, LayerNorm scales and ReLU gates held; and for every head and
    MLP the effect of ablating it that the graph predicts, beside the true one."""
    path, drawn = checked(out), None if picture is None else output_path(picture, PICTURES)
    place = parse_cell(cell)
    check_neurons(neurons)
    if edges < 1:
        raise PuzzlescopeError(f"--edges expects at least 1, got {edges}.")
    by, chosen = parse_method(method), _puzzle(puzzles, puzzle)
    aim = over_pair(pair_for(chosen), place) if target == PAIR else CellTarget.parse(target)
    net = load_model(model)
    graph = cell_graph(net, chosen, place, aim, neurons=neurons)
    effects = cell_effects(net, chosen, place, aim, method=by, means=_means(net, chosen, by))
    if drawn is not None:
        about = f"{graph.summary()} {effects.summary()}"
        plate(cell_flows(graph), net, [chosen], about=about, rows=graph.rows(), name=model).save(drawn, PAGE)
    result = _as_json(chosen, graph, effects, edges)
    report(result, lambda: _print(graph, effects, drawn), as_json, path)


def _puzzle(source: str, name: str | None) -> Puzzle:
    """The one that is asked for."""
    if name is not None and is_spelled(name):
        if source != BANK:
            raise PuzzlescopeError(
                f"--puzzle own.… is a puzzle itself, so '{brief(source)}' is not looked at: leave --puzzles"
                " out, or give the id of one of its puzzles."
            )
        return load_puzzles(name)[0]
    found = load_puzzles(source)
    if not len(found):
        raise PuzzlescopeError(f"There is no puzzle in '{brief(source)}'.")
    chosen = found[0] if name is None else found.find(name)
    if chosen is None:
        raise PuzzlescopeError(
            f"There is no puzzle '{brief(name)}' in '{brief(source)}': give the id of one, such as"
            f" {found[0].id}."
        )
    return chosen


def _means(net: PuzzleGPT, puzzle: Puzzle, method: Method) -> ReferenceMeans | None:
    return means_if_used(net, PuzzleSet("one", (puzzle,)), NO_ABLATION, method)


def _as_json(puzzle: Puzzle, graph: CellGraph, effects: CellEffects, edges: int) -> dict[str, Any]:
    row, column = divmod(graph.cell, 10)
    nodes = zip(graph.nodes, graph.values.tolist(), graph.influence.tolist(), strict=True)
    components = zip(effects.components, effects.predicted.tolist(), effects.true.tolist(), strict=True)
    return {
        "puzzle": puzzle.id,
        "row": row + 1,
        "column": column + 1,
        "toward": TOKEN_NAMES[graph.toward],
        "over": "mean" if graph.over is None else TOKEN_NAMES[graph.over],
        "target": graph.target,
        "sum": float(graph.flows[-1].sum(dtype=float)),
        "nodes": [
            {"node": node.text, "part": node.part, "role": node.role, "value": value, "influence": influence}
            for node, value, influence in nodes
        ],
        "edges": [
            {"from": flow.writer.text, "to": flow.reader.text, "flow": flow.value}
            for flow in graph.between(tuple(range(len(graph.nodes))))[:edges]
        ],
        "effects": {
            "method": effects.method.text,
            "correlation": effects.correlation,
            "spearman": effects.spearman,
            "components": [
                {"component": one.text, "predicted": predicted, "true": true}
                for one, predicted, true in components
            ],
        },
    }


def _print(graph: CellGraph, effects: CellEffects, drawn: Path | None) -> None:
    kept = graph.strongest()
    flows = graph.between(kept)[:PRINTED]
    print_table(
        ("from", "to", "flow"),
        [(flow.writer.text, flow.reader.text, number(flow.value, "+.3f")) for flow in flows],
        left=2,
    )
    say_result(
        f"{graph.summary()} Of what flows into the {SHOWN} strongest boxes {graph.completeness(kept):.0%}"
        " comes from among them."
    )
    sizes = abs(effects.predicted) + abs(effects.true)
    order = (-sizes).argsort(kind="stable")[: PRINTED // 2].tolist()
    rows = [(effects.components[k].text, effects.predicted[k], effects.true[k]) for k in order]
    say_result("")
    print_table(
        ("ablated", "predicted fall", "true fall"),
        [(name, number(a, "+.3f"), number(b, "+.3f")) for name, a, b in rows],
    )
    say_result(effects.summary())
    if drawn is not None:
        say_result(f"Drew the graph in {drawn}.")
