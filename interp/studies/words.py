"""What a study costs and how far it is, as people say it."""

from interp.studies.cost import Cost
from interp.studies.progress import Status

SOON = 0.95
"""Seconds that are told as less than one."""
_STEPS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def time_in_words(seconds: int | float) -> str:
    """A stretch of time in one unit, two digits.

    >>> [time_in_words(s) for s in (0.2, 1, 59, 90, 5400, 86400 * 3.2, 86400 * 400)]
    ['less than a second', '1 second', '59 seconds', '1.5 minutes', '1.5 hours', '3.2 days', '400 days']
    """
    if seconds < SOON:
        return "less than a second"
    size, unit = next(((size, unit) for size, unit in _STEPS if seconds >= size), _STEPS[-1])
    text = f"{seconds / size:.2g}" if seconds / size < 10 else f"{seconds / size:,.0f}"
    return f"{text} {unit}{'' if text == '1' else 's'}"


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


def cost_in_words(cost: Cost, kind: str) -> str:
    """A sentence.

    >>> cost_in_words(Cost(1_000_000, 61, 2.0, 2e9), "effects")
    '1,000,000 puzzles with 61 runs of the model each: about 5.8 days on this machine
    (2 puzzles a second), 2 GB.'
    """
    about = "" if cost.seconds < SOON else "about "
    return (
        f"{cost.puzzles:,} puzzles with {cost.runs:,} {ROWS[kind]} each: {about}{time_in_words(cost.seconds)}"
        f" on this machine ({cost.rate:.2g} puzzles a second), {bytes_in_words(cost.bytes)}."
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
    return f"{told} At work: {found.rate:.3g} puzzles a second, {time_in_words(found.left)} left."
