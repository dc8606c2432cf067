"""``certify``: whether a circuit is what it claims to be."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from interp.checkpoints import load_model
from interp.circuits.certificate import Certificate, certificate_json
from interp.circuits.certificate import certify as hold
from interp.circuits.files import Record, read_record, record_json
from interp.circuits.finder import FAITHFUL, Judge, Target
from interp.circuits.runs import CircuitRuns
from interp.circuits.text import INTO
from interp.circuits.writes import Fill
from interp.cli.circuits.choices import (
    EachOption,
    FillOption,
    FullOption,
    PairsOption,
    PairsTaskOption,
    SeedOption,
    checked_fill,
    split_pairs,
)
from interp.cli.circuits.finding import check_seed, circuit_of_text, score_pairs
from interp.cli.circuits.telling import print_certificate
from interp.cli.inputs import progress
from interp.cli.options import JsonOption, ModelOption, OutOption
from interp.cli.printing import checked, report, say_result
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import load_puzzles
from interp.resumable import finish


def certify(
    what: Annotated[
        str,
        typer.Argument(metavar="CIRCUIT", help="FILE of `circuit --out`, or 'embed>L1.H5.qkv,L1.H5>logits'."),
    ],
    full: FullOption = False,
    task: PairsTaskOption = None,
    pairs: PairsOption = "rule",
    n: EachOption = 8,
    fill: FillOption = "pair",
    seed: SeedOption = 0,
    model: ModelOption = "default",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a circuit against pairs that it was not found by: those of its file, or, of a circuit given as
    text, those that --task, --pairs and --n choose. Sizes are told by the scores of its file, or, where there
    are none, by EAP-IG. A circuit given as text is to keep 0.9 of the gap."""
    path = checked(out)
    if n < 1:
        raise PuzzlescopeError(f"--n expects at least 1, got {n}.")
    check_seed(seed)
    cut, net = checked_fill(fill), load_model(model)
    if INTO in what:
        record = _of_text(what, net, model, pairs, task, n, cut, seed)
    else:
        record = read_record(what, net)
        if not record.found_by or not record.held_out:
            raise PuzzlescopeError(f"{Path(what).name} names no pairs to hold the circuit against.")
    scores = record.order or score_pairs(net, list(record.found_by), record.fill, as_json)
    steps = hold.steps(
        net,
        record.circuit,
        record.held_out,
        depth="full" if full else "quick",
        scores=scores,
        target=record.target,
        found_by=record.found_by,
        fill=record.fill,
        bank=load_puzzles("bank"),
        seed=record.seed,
        signed=record.signed,
    )
    news = (one for one in steps if one is not None)
    certificate: Certificate = list(progress(news, "certifying", quiet=as_json))[-1]
    if certificate.stable is None:  # it is told by each pair's scores, which are not in the file
        certificate = replace(certificate, stable=record.stable)
    record = replace(record, order=scores)
    result = record_json(record, certificate_json(certificate, record.circuit))

    def table() -> None:
        found = record.circuit
        by = "edges are scored" if INTO in what else "it was found"
        say_result(
            f"{len(found)} edges of {found.graph.n_edges:,}; on the pairs by which {by} they keep"
            f" {found.faithfulness:.3f} of the gap."
        )
        print_certificate(certificate)

    report(result, table, as_json, path)
    if path is not None and not as_json:
        say_result(f"Wrote the circuit of {len(record.circuit)} edges, with its certificate, to {path}.")


def _of_text(
    text: str, net: PuzzleGPT, model: str, pairs: str, task: str | None, n: int, fill: Fill, seed: int
) -> Record:
    """A circuit that somebody wrote down. What it keeps is computed; it is held to what circuits are looked
    for by default."""
    found = circuit_of_text(text, net)
    train, held_out = split_pairs(pairs, task, n)
    runs = finish(CircuitRuns.begun(weights_of(net), train, fill, load_puzzles("bank")))
    found = replace(found, faithfulness=Judge(runs).of(found.kept))
    return Record(
        found,
        np.zeros(found.graph.possible.shape),
        model,
        net.checkpoint_id,
        tuple(train),
        tuple(held_out),
        fill,
        seed,
        Target("faithfulness", FAITHFUL),
    )
