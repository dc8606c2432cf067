"""``circuit``: the few connections that a task needs, found and certified."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import typer

from interp.checkpoints import load_model
from interp.circuits.attribution import STEPS, attribute_edges, check_pairs
from interp.circuits.certificate import RANDOM, Certificate, Curve, certify, curve
from interp.circuits.finder import FAITHFUL, Circuit, eliminate, top_circuit
from interp.circuits.graph import Graph
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.cli.circuits import PairsTaskOption, chosen_pairs
from interp.cli.inputs import progress
from interp.cli.options import JsonOption, ModelOption
from interp.cli.printing import checked, print_table, report, say_result
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.pairs import KINDS, Pair


def circuit(
    task: PairsTaskOption = None,
    pairs: Annotated[
        str,
        typer.Option(
            "--pairs",
            help=f"{' | '.join(KINDS)} of those that come along, or FILE.npz (half of it held out).",
        ),
    ] = "rule",
    faithfulness: Annotated[
        float, typer.Option("--faithfulness", help="Of the gap between a pair's ends, the share to keep.")
    ] = FAITHFUL,
    n: Annotated[
        int, typer.Option("--n", "-n", help="Pairs to find it by, and as many to hold it against.")
    ] = 8,
    start: Annotated[
        str | None, typer.Option("--from", help="Scores of `edges --out FILE.parquet`; left out, EAP-IG.")
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Take edges by score, not by absolute score.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--eliminate/--no-eliminate", help="Drop what can go, edge by edge, exactly.")
    ] = True,
    random: Annotated[int, typer.Option("--random", help="Random circuits to compare with.")] = RANDOM,
    model: ModelOption = "default",
    out: Annotated[
        str | None, typer.Option("--out", help="Write the JSON to this file; one that is there is replaced.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find a small circuit that keeps most of the difference of logits between the two ends of pairs, every
    other edge reading the pair's other run, and hold it against pairs that it was not found by."""
    path = checked(out)
    if n < 1 or random < 1:
        raise PuzzlescopeError(f"--n and --random expect at least 1, got {n} and {random}.")
    if not 0 < faithfulness <= 1:
        raise PuzzlescopeError(f"--faithfulness expects a share above 0 and up to 1, got {faithfulness:g}.")
    train, held_out = _split(pairs, task, n)
    net = load_model(model)
    scores = _scores(net, train, start, as_json)
    runs = CircuitRuns(weights_of(net), train)
    found = _last(top_circuit.steps(runs, scores, faithfulness, signed=signed), "growing", as_json)
    if prune:
        found = _last(eliminate.steps(runs, found, faithfulness), "eliminating", as_json)
    sized = curve(runs, scores)
    certificate = certify(net, found, held_out, n_random=random)
    result = _as_json(found, scores, sized, certificate)
    report(result, lambda: _print(found, scores, sized, certificate), as_json, path)


def _split(pairs: str, task: str | None, n: int) -> tuple[list[Pair], list[Pair]]:
    """Pairs to find a circuit by, and others to hold it against."""
    train, held_out = chosen_pairs(pairs, task), chosen_pairs(pairs, task, held_out=True)
    if pairs not in KINDS:
        half = len(train) // 2
        train, held_out = train[:half], train[half:]
        if not train:
            raise PuzzlescopeError(f"{Path(pairs).name} has one pair: expected two or more, half held out.")
    check_pairs(train)
    check_pairs(held_out)
    step = max(1, len(train) // n) if task is None else 1  # of all tasks, not the first one's alone
    return train[::step][:n], held_out[::step][:n]


def _scores(net: PuzzleGPT, pairs: list[Pair], start: str | None, quiet: bool) -> EdgeScores:
    if start is not None:
        return read_scores(Graph(net.cfg), Path(start))
    found = (one for one in attribute_edges.steps(net, pairs, steps=STEPS) if one is not None)
    scores: EdgeScores = list(progress(found, "scoring edges", total=len(pairs), quiet=quiet))[-1]
    return scores


def read_scores(graph: Graph, path: Path) -> EdgeScores:
    """The scores of a table as ``edges --out`` writes it.

    Raises:
        PuzzlescopeError: if there is none in the file, or it is of another model.
    """
    expected = "--from expects a table as `python -m interp edges --out FILE.parquet` writes it"
    try:
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        rows = list(zip(table["from"], table["to"], table["score"].astype(float), strict=True))
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise PuzzlescopeError(f"{expected}; {path.name} could not be read as one.") from error
    total = np.zeros(graph.possible.shape)
    for writer, reader, score in rows:
        total[graph.place(graph.edge(str(writer), str(reader)))] = score
    if len(rows) != graph.n_edges or not np.isfinite(total).all():
        raise PuzzlescopeError(
            f"{expected}, for this model: {graph.n_edges:,} edges with finite scores; {path.name} has"
            f" {len(rows):,}."
        )
    return EdgeScores(graph, total, None, "eap-ig", "pair", 0, 0.0, 0.0)


def _last(steps: Any, what: str, quiet: bool) -> Circuit:
    found: Circuit = list(progress((one for one in steps if one is not None), what, quiet=quiet))[-1]
    return found


def _as_json(found: Circuit, scores: EdgeScores, sized: Curve, held_out: Certificate) -> dict[str, Any]:
    edges = [
        {"from": edge.writer, "to": edge.reader, "score": float(scores.total[scores.graph.place(edge)])}
        for edge in found.edges
    ]
    told = asdict(held_out)
    return {
        "edges": edges,
        "n_edges": len(edges),
        "faithfulness": found.faithfulness,
        "cpr": sized.cpr,
        "cmd": sized.cmd,
        "cmd_log": sized.cmd_log,
        "kl": held_out.kl,
        "solved": held_out.solved,
        "random": told.pop("chance"),
        "held_out": told,
    }


def _print(found: Circuit, scores: EdgeScores, sized: Curve, held_out: Certificate) -> None:
    ordered = sorted(found.edges, key=lambda edge: -abs(scores.total[scores.graph.place(edge)]))
    print_table(
        ("from", "to", "score"),
        [
            (edge.writer, edge.reader, number(float(scores.total[scores.graph.place(edge)]), "+.4f"))
            for edge in ordered
        ],
    )
    chance = held_out.chance
    say_result(
        f"{len(found)} edges of {scores.graph.n_edges:,} keep {found.faithfulness:.3f} of the gap;"
        f" on {held_out.pairs} held-out pairs {held_out.faithfulness:.3f} ({held_out.first:.3f} at the first"
        f" cell), {held_out.solved} answered right, KL {held_out.kl:.3g} nats a cell."
    )
    say_result(
        f"{chance.n} random circuits with as many edges of each class keep {chance.mean:.3f},"
        f" {chance.most:.3f} at most. Over sizes: CPR {sized.cpr:.3f}, CMD {sized.cmd:.3f}"
        f" ({sized.cmd_log:.3f} on a log axis)."
    )
