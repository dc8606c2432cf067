"""A circuit and its certificate, told on a terminal."""

from interp.circuits.certificate import Certificate, Verdict
from interp.circuits.checks.answers import CONFIDENCE
from interp.circuits.files import Record
from interp.cli.printing import print_table, say_result
from interp.numbers import number


def print_found(record: Record, certificate: Certificate) -> None:
    found = record.circuit
    ordered = sorted(found.edges, key=lambda edge: -abs(record.scores[found.graph.place(edge)]))
    print_table(
        ("from", "to", "score"),
        [
            (edge.writer, edge.reader, number(float(record.scores[found.graph.place(edge)]), "+.4f"))
            for edge in ordered
        ],
    )
    made = f" between {found.size} heads and MLPs ({', '.join(found.parts)})" if found.by == "nodes" else ""
    say_result(
        f"{len(found)} edges of {found.graph.n_edges:,}{made} keep {found.faithfulness:.3f} of the gap"
        f" (wanted: {record.target.text})."
    )
    print_certificate(certificate)


def print_certificate(found: Certificate) -> None:
    """A certificate in sentences; what was not computed is left out."""
    say_result(
        f"On {found.pairs} held-out pairs it keeps {found.faithfulness:.3f} ({found.first:.3f} at the first"
        f" cell) and answers {found.solved} right, the whole model {found.whole_solved}; {found.alike} alike"
        f" ({found.alike_cells:.1%} of the cells). KL {found.kl:.3g} nats a cell."
    )
    if found.answers is not None:
        own = found.answers
        say_result(
            f"Of {own.whole} answers that the whole model gives right, on {own.pairs} pairs, {own.kept} stay"
            f" right: at least {own.at_least:.0%} of all such ({CONFIDENCE:.0%} confidence)."
        )
    if found.chance is not None:
        say_result(
            f"{found.chance.n} random circuits with as many edges of each class keep {found.chance.mean:.3f},"
            f" {found.chance.most:.3f} at most."
        )
    if found.sizes is not None:
        say_result(
            f"Over sizes: CPR {found.sizes.cpr:.3f}, CMD {found.sizes.cmd:.3f}"
            f" ({found.sizes.cmd_log:.3f} on a log axis)."
        )
    if found.stable is not None:
        other = "By its file, other pairs" if found.stable.by_file else "Other pairs"
        say_result(
            f"{other} would give top edges with a Jaccard index of {found.stable.mean:.2f}"
            f" ({found.stable.least:.2f} at least, {found.stable.draws} draws)."
        )
    if found.complete is not None:
        classes = ", ".join(f"{name} {own:.3f}" for name, own in found.complete.by_class.items())
        say_result(
            f"Completeness: with {found.complete.n} random parts of it cut, circuit and model are"
            f" {found.complete.mean:.3f} apart ({found.complete.most:.3f} at most); with all of a class cut:"
            f" {classes}."
        )
    if found.minimal is not None:
        say_result(
            f"Minimality: {found.minimal.needed:.0%} of its edges are needed; with the least of them"
            f" {found.minimal.least:+.4f} of the gap is lost."
        )
    if found.fills:
        rows = [
            (name, number(own.faithfulness, ".3f"), number(own.kl, ".3g"), f"{own.cells:.1%}", own.right)
            for name, own in found.fills.items()
        ]
        print_table(("cut edges read", "faithfulness", "KL", "cells", "right"), rows)
    if found.verdict is not None:
        say_result(_verdict(found.verdict))


def _verdict(own: Verdict) -> str:
    if own.accepted:
        return "Accepted."
    return f"{'Undecided' if own.undecided else 'Rejected'}. {' '.join(own.reasons)}"
