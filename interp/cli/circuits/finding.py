"""``circuit``: the few connections that a task needs, found and certified."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Float

from interp.checkpoints import load_model
from interp.circuits.attribution import STEPS, attribute_edges
from interp.circuits.certificate import Certificate, certificate_json
from interp.circuits.files import MOST_SEED, Record, record_json
from interp.circuits.finder import FAITHFUL, Circuit, Judge, Target, check_size, eliminate, find_circuit
from interp.circuits.graph import Graph
from interp.circuits.learned.learning import Learned, learn_edges
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import HOWS, MOST_LOGITS, MOST_SCORED, EdgeScores, How
from interp.circuits.text import parse_circuit
from interp.circuits.writes import FILLS, Fill
from interp.cli.circuits.begun import BegunLearning
from interp.cli.circuits.choices import (
    EachOption,
    EdgesTextOption,
    EliminateOption,
    FaithfulnessOption,
    FillOption,
    FullOption,
    LearnOption,
    NodesOption,
    OnePairOption,
    PairsOption,
    PairsTaskOption,
    RandomOption,
    ScoresOption,
    SeedOption,
    SignedOption,
    SizeOption,
    SolvedOption,
    check_counts,
    checked_fill,
    split_pairs,
)
from interp.cli.circuits.holding import held
from interp.cli.circuits.telling import print_found
from interp.cli.inputs import counted
from interp.cli.options import JsonOption, ModelOption, OutOption
from interp.cli.printing import checked, report, say_result
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError, brief
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import load_puzzles
from interp.resumable import finish


def circuit(
    task: PairsTaskOption = None,
    pairs: PairsOption = "rule",
    puzzle: OnePairOption = None,
    faithfulness: FaithfulnessOption = None,
    size: SizeOption = None,
    solved: SolvedOption = False,
    nodes: NodesOption = False,
    n: EachOption = 8,
    fill: FillOption = "pair",
    start: ScoresOption = None,
    text: EdgesTextOption = None,
    signed: SignedOption = False,
    prune: EliminateOption = True,
    learn: LearnOption = None,
    random: RandomOption = None,
    full: FullOption = False,
    seed: SeedOption = 0,
    model: ModelOption = "default",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a small circuit for a share of the difference of logits between the two ends of pairs, for a
    number of edges, or for answers that stay right; and hold it against pairs that it was not found by."""
    path = checked(out)
    check_counts(n=n, random=random)
    check_seed(seed)
    target, cut = _target(faithfulness, size, solved), checked_fill(fill)
    split, net = split_pairs(pairs, task, n, puzzle), load_model(model)
    given = None if text is None else _given(text, net, nodes)
    if given is not None and not prune:
        check_size(given, target)
    begun: BegunLearning | None = None
    if learn is not None:
        _check_learned(learn, size, nodes, text, start, signed)
        begun = BegunLearning(path, net, split.found_by, learn, edges=size, fill=cut, seed=seed)
        given, prune = _learned(net, split.found_by, target, learn, cut, seed, begun, as_json), False
    read = None if start is None else read_scores(Graph(net.cfg), Path(start), net.checkpoint_id)
    scores = read or score_pairs(net, split.found_by, cut, as_json)
    runs = finish(CircuitRuns.begun(weights_of(net), split.found_by, cut, load_puzzles("bank")))
    if given is not None:
        found = _kept_of(runs, given, target, prune, as_json)
    else:
        steps = find_circuit.steps(
            runs, scores, target, signed=signed, by="nodes" if nodes else "edges", exact=prune
        )
        found = counted(steps, "growing and eliminating", quiet=as_json)
    record = Record(
        found,
        scores.total,
        model,
        net.checkpoint_id,
        tuple(split.found_by),
        tuple(split.held_out),
        cut,
        seed,
        target,
        scores,
        signed,
        more=tuple(split.more) if solved else (),
        anew=learn is not None,
    )
    _tell(record, held(net, record, full=full, quiet=as_json, n_random=random), as_json, path)
    if begun is not None:
        begun.remove()


def _check_learned(
    steps: int, size: int | None, nodes: bool, text: str | None, start: str | None, signed: bool
) -> None:
    """Raise :class:`PuzzlescopeError` for what does not go with --learn."""
    if steps < 1:
        raise PuzzlescopeError(f"--learn expects at least 1 step, got {steps}.")
    if size is None:
        raise PuzzlescopeError("--learn expects the number of edges that are to stay, by --edges.")
    others = {"--nodes": nodes, "--edges-text": text is not None, "--from": start is not None}
    for name, there in (others | {"--signed": signed}).items():
        if there:
            raise PuzzlescopeError(
                f"--learn weighs single edges, all of them, so {name} does not go with it."
            )


def _learned(
    net: PuzzleGPT,
    pairs: list[Pair],
    target: Target,
    steps: int,
    fill: Fill,
    seed: int,
    begun: BegunLearning,
    quiet: bool,
) -> Circuit:
    """The learned circuit of at most so many edges. How faithful it is is not known: nan."""
    size, graph = int(target.amount), Graph(net.cfg)
    learning = learn_edges.steps(
        net,
        pairs,
        min(size, graph.n_edges),
        steps=steps,
        fill=fill,
        bank=load_puzzles("bank"),
        seed=seed,
        begin=begun.halfway,
    )
    with begun.said():
        learned: Learned = counted(learning, "learning", total=steps, quiet=quiet, after=begun.note)
    return Circuit(graph, learned.circuit(size), float("nan"))


def _kept_of(runs: CircuitRuns, given: Circuit, target: Target, prune: bool, quiet: bool) -> Circuit:
    """A given circuit, with what it keeps, or what is left of it when what can go is dropped."""
    found = replace(given, faithfulness=Judge(runs).of(given.kept))
    if prune:
        found = counted(eliminate.steps(runs, found, target), "eliminating", quiet=quiet)
    return found


def _tell(record: Record, certificate: Certificate, as_json: bool, path: Path | None) -> None:
    result = record_json(record, certificate_json(certificate, record.circuit))
    report(result, lambda: print_found(record, certificate), as_json, path)
    if path is not None and not as_json:
        say_result(f"Wrote a circuit of {len(record.circuit)} edges, with its certificate, to {path}.")


def check_seed(seed: int) -> None:
    """Raise :class:`PuzzlescopeError` for a seed that cannot be."""
    if not 0 <= seed < MOST_SEED:
        raise PuzzlescopeError(f"--seed expects a whole number from 0 to {MOST_SEED - 1}, got {seed}.")


def _target(faithfulness: float | None, size: int | None, solved: bool) -> Target:
    """What was asked for, once."""
    asked = [
        name
        for name, there in (
            ("--faithfulness", faithfulness is not None),
            ("--edges", size is not None),
            ("--solved", solved),
        )
        if there
    ]
    if len(asked) > 1:
        raise PuzzlescopeError(f"Give one target, got {' and '.join(asked)}.")
    if size is not None:
        if size < 1:
            raise PuzzlescopeError(f"--edges expects at least 1, got {size}.")
        return Target("size", size)
    if solved:
        return Target("solved")
    share = FAITHFUL if faithfulness is None else faithfulness
    if not 0 < share <= 1:
        raise PuzzlescopeError(f"--faithfulness expects a share above 0 and up to 1, got {share:g}.")
    return Target("faithfulness", share)


def _given(text: str, net: PuzzleGPT, nodes: bool) -> Circuit:
    if nodes:
        raise PuzzlescopeError("--edges-text gives edges, so it does not go with --nodes.")
    return circuit_of_text(text, net)


def circuit_of_text(text: str, net: PuzzleGPT) -> Circuit:
    """The circuit of a text, pruned to paths. How faithful it is is not known: nan.

    Raises:
        PuzzlescopeError: if it names none, or none of it is on a path.
    """
    graph = Graph(net.cfg)
    return Circuit(graph, parse_circuit(text, graph), float("nan"))


def score_pairs(net: PuzzleGPT, pairs: list[Pair], fill: Fill, quiet: bool) -> EdgeScores:
    """EAP-IG scores over pairs, each pair's own kept."""
    steps = attribute_edges.steps(net, pairs, steps=STEPS, fill=fill, bank=load_puzzles("bank"))
    scores: EdgeScores = counted(steps, "scoring edges", total=len(pairs), quiet=quiet)
    return scores


def read_scores(graph: Graph, path: Path, checkpoint: str) -> EdgeScores:
    """The scores of a table as ``edges --out`` writes it.

    Args:
        checkpoint: the id of the model's weights; a table that says other ones is refused.

    Raises:
        PuzzlescopeError: if there is none in the file, or it is of another model.
    """
    expected = "--from expects a table as `python -m interp edges --out FILE.parquet` writes it"
    name = brief(path.name)
    try:
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        rows = list(zip(table["from"], table["to"], table["score"].astype(float), strict=True))
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        why = "could not be read as one" if path.exists() else "is not there"
        raise PuzzlescopeError(f"{expected}; {name or 'an empty name'} {why}.") from error
    other = table.attrs.get("checkpoint", checkpoint)
    if other != checkpoint:
        raise PuzzlescopeError(
            f"{name} has scores of a model with the weights {brief(other, 12)}, and this one's are"
            f" {brief(checkpoint, 12)}: score this model's edges."
        )
    total = np.where(graph.possible, np.nan, 0.0)
    try:
        for writer, reader, score in rows:
            total[graph.place(graph.edge(str(writer), str(reader)))] = score
    except PuzzlescopeError as error:
        raise PuzzlescopeError(f"{name} is no table of this model's edges: {error}") from error
    usual = np.abs(total[graph.possible]) <= MOST_LOGITS
    if len(rows) != graph.n_edges or not usual.all():
        raise PuzzlescopeError(
            f"{expected}, for this model: {graph.n_edges:,} edges, each once with a score in logits, at most"
            f" {MOST_LOGITS:,} of either sign; {name} has {len(rows):,} rows, and such scores of"
            f" {usual.sum():,}."
        )
    return _as_made(graph, total, table.attrs, name)


def _as_made(
    graph: Graph, total: Float[np.ndarray, "reader writer"], attrs: Mapping[Any, Any], name: str
) -> EdgeScores:
    """Scores as their file says that they were made, which is only a claim; one that does not say it, as CSV
    does not, is named instead."""
    how, fill, pairs = attrs.get("how"), attrs.get("fill"), attrs.get("pairs")
    known = isinstance(how, str) and how in HOWS and type(pairs) is int and 0 < pairs <= MOST_SCORED
    read: Fill = fill if isinstance(fill, str) and fill in FILLS else "pair"
    if not known:
        return EdgeScores(graph, total, None, None, read, 0, 0.0, 0.0, file=name)
    return EdgeScores(graph, total, None, cast(How, how), read, cast(int, pairs), 0.0, 0.0)
