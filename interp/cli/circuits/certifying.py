"""``certify``: whether a circuit is what it claims to be."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from interp.checkpoints import load_model
from interp.circuits.certificate import Certificate, certificate_json, check_apart
from interp.circuits.files import Record, read_record, record_json
from interp.circuits.finder import FAITHFUL, Circuit, Judge, Target
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
    check_counts,
    checked_fill,
    split_pairs,
)
from interp.cli.circuits.finding import check_seed, circuit_of_text, score_pairs
from interp.cli.circuits.holding import held
from interp.cli.circuits.telling import print_certificate
from interp.cli.options import JsonOption, ModelOption, OutOption
from interp.cli.printing import checked, report, say_result
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError, brief
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import load_puzzles
from interp.resumable import finish

AS_CLAIMED = 0.01
"""Of the gap: so near is what a file says that a circuit keeps to what is measured, on whatever machine."""


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
    text, those that --task, --pairs and --n choose. Sizes are told by the scores of its file; where there
    are none, edges are scored by EAP-IG, which is said. A circuit given as text is to keep 0.9 of the gap."""
    path = checked(out)
    check_counts(n=n)
    check_seed(seed)
    cut, net = checked_fill(fill), load_model(model)
    given = INTO in what
    record = _of_text(what, net, model, pairs, task, n, cut, seed) if given else _of_file(what, net)
    record, certificate = _held(net, record, full, as_json)
    result = record_json(record, certificate_json(certificate, record.circuit))

    def table() -> None:
        say_result(_claim(record, given))
        print_certificate(certificate)

    report(result, table, as_json, path, _anew(record, what))
    if path is not None and not as_json:
        say_result(f"Wrote the circuit of {len(record.circuit)} edges, with its certificate, to {path}.")


def _held(net: PuzzleGPT, record: Record, full: bool, quiet: bool) -> tuple[Record, Certificate]:
    """A circuit with the scores by which sizes are told, and its certificate."""
    if record.order is None:
        scores = score_pairs(net, list(record.found_by), record.fill, quiet)
        record = replace(record, order=scores, anew=True)
    certificate = held(net, record, full=full, quiet=quiet)
    if certificate.stable is None:  # it is told by each pair's scores, which are not in the file
        certificate = replace(certificate, stable=record.stable)
    return record, certificate


def _claim(record: Record, given: bool) -> str:
    """What the circuit keeps.

    Args:
        given: it was given as text, not as a file.
    """
    found = record.circuit
    pairs = "by which edges are scored" if given else "by which it was found"
    n, every = len(found), found.graph.n_edges
    return f"{n} edges of {every:,}; on the pairs {pairs} they keep {found.faithfulness:.3f} of the gap."


def _anew(record: Record, what: str) -> str:
    """By which scores sizes are told, if not by those that the circuit was found by."""
    if not record.anew or record.order is None:
        return ""
    which = "A circuit given as text has" if INTO in what else f"{brief(Path(what).name)} holds"
    return (
        f"{which} no scores of all edges by which it was found: sizes and stability are told by EAP-IG over"
        f" {record.order.pairs} pairs, scored for a certificate."
    )


def _of_file(name: str, net: PuzzleGPT) -> Record:
    if not name.strip():
        raise PuzzlescopeError(
            "CIRCUIT expects a file of `circuit --out`, or edges such as 'embed>L1.H5.qkv,L1.H5>logits', got"
            " an empty text."
        )
    record = read_record(name, net)
    if not record.found_by or not record.held_out:
        raise PuzzlescopeError(f"{Path(name).name} names no pairs to hold the circuit against.")
    check_apart(record.found_by, [*record.held_out, *record.more])
    claimed = record.circuit.faithfulness
    found = _measured(record.circuit, record.found_by, record.fill, net)
    if not abs(found.faithfulness - claimed) <= AS_CLAIMED:
        raise PuzzlescopeError(
            f"By {brief(Path(name).name)} the circuit keeps {claimed:.3g} of the gap on the pairs by which it"
            f" was found, and measured it is {found.faithfulness:.3g}: its edges, its pairs or 'faithfulness'"
            " are not those that were written. Find the circuit anew, or give its edges as text."
        )
    return replace(record, circuit=found)


def _measured(circuit: Circuit, pairs: Sequence[Pair], fill: Fill, net: PuzzleGPT) -> Circuit:
    """A circuit with what it keeps on the pairs by which it was found."""
    runs = finish(CircuitRuns.begun(weights_of(net), pairs, fill, load_puzzles("bank")))
    return replace(circuit, faithfulness=Judge(runs).of(circuit.kept))


def _of_text(
    text: str, net: PuzzleGPT, model: str, pairs: str, task: str | None, n: int, fill: Fill, seed: int
) -> Record:
    """A circuit that somebody wrote down. What it keeps is computed; it is held to what circuits are looked
    for by default."""
    found = circuit_of_text(text, net)
    train, held_out, _ = split_pairs(pairs, task, n)
    found = _measured(found, train, fill, net)
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
