"""What a study costs and how far it is, as people say it."""

from interp.numbers import SOON, rate_in_words, time_in_words
from interp.studies.cost import Cost
from interp.studies.progress import Status


def bytes_in_words(size: int | float) -> str:
    """A size on the disk.

    >>> [bytes_in_words(n) for n in (120, 45_000, 1_500_000, 2.4e12)]
    ['120 bytes', '45 kB', '1.5 MB', '2,400 GB']
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            text = f"{size / unit:.2g}" if size / unit < 10 else f"{size / unit:,.0f}"
            return f"{text} {name}"
    return f"{size:.0f} bytes"


ROWS = {"effects": "runs of the model", "edges": "edges", "heads": "heads"}
"""What a row of each kind of study stands for."""


def cost_in_words(cost: Cost, kind: str, shared: bool = False) -> str:
    """A sentence.

    Args:
        shared: whether the nodes of a cluster share the work, of which only this machine's rate is known.

    >>> cost_in_words(Cost(1_000_000, 61, 2.0, 2e9), "effects")
    '1,000,000 puzzles with 61 runs of the model each: about 5.8 days on this machine
    (2 puzzles a second), 2 GB.'
    >>> cost_in_words(Cost(1_000_000, 61, 2.0, 2e9), "effects", shared=True)
    '1,000,000 puzzles with 61 runs of the model each: about 5.8 days for one process of this machine
    (2 puzzles a second), 2 GB. The nodes of the cluster share it.'
    >>> cost_in_words(Cost(0, 61, 1.0, 0.0), "effects")
    'Nothing is left to compute.'
    """
    if not cost.puzzles:
        return "Nothing is left to compute."
    about = "" if cost.seconds < SOON else "about "
    here = "for one process of this machine" if shared else "on this machine"
    who = " The nodes of the cluster share it." if shared else ""
    return (
        f"{cost.puzzles:,} puzzles with {cost.runs:,} {ROWS[kind]} each: {about}{time_in_words(cost.seconds)}"
        f" {here} ({rate_in_words(cost.rate)} puzzles a second), {bytes_in_words(cost.bytes)}.{who}"
    )


def status_in_words(found: Status) -> str:
    """How far a study is, in a sentence or two.

    >>> status_in_words(Status(4, 32, 3, 24, 1000, 4.0, True))
    '24 of 32 puzzles (3 of 4 chunks), 1 kB. At work: 4 puzzles a second, 2 seconds left.'
    """
    told = (
        f"{found.computed:,} of {found.puzzles:,} puzzles ({found.done:,} of {found.chunks:,} chunks),"
        f" {bytes_in_words(found.bytes)}."
    )
    if found.complete:
        return f"Complete: {told}"
    if not found.at_work:
        return f"{told} Nothing was written lately: the study's name alone goes on with it."
    if found.left is None:
        return f"{told} At work."
    return f"{told} At work: {rate_in_words(found.rate)} puzzles a second, {time_in_words(found.left)} left."
