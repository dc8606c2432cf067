"""A circuit held against the pairs that it names."""

from interp.circuits.certificate import Certificate, certify
from interp.circuits.files import Record
from interp.cli.inputs import counted
from interp.model import PuzzleGPT
from interp.puzzles import load_puzzles


def held(
    net: PuzzleGPT, record: Record, *, full: bool, quiet: bool, n_random: int | None = None
) -> Certificate:
    """The certificate of a record's circuit, each part counted on a terminal when it is there.

    Args:
        n_random: random circuits to compare it with; left out, as many as is usual.
    """
    steps = certify.steps(
        net,
        record.circuit,
        record.held_out,
        depth="full" if full else "quick",
        scores=record.order,
        target=record.target,
        found_by=record.found_by,
        n_random=n_random,
        fill=record.fill,
        bank=load_puzzles("bank"),
        seed=record.seed,
        signed=record.signed,
        more=record.more,
    )
    found: Certificate = counted(steps, "certifying", quiet=quiet)
    return found
