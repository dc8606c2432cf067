"""The overview in words: rows of texts, for the administrators' page and for the command alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.server.watching.overview import Overview, Visitor, Work

NUMBER = "\N{NO-BREAK SPACE}"
"""At the end of a column's name: it holds numbers."""


@dataclass(frozen=True)
class Table:
    """Texts in rows.

    Attributes:
        name: its heading.
        head: the columns' names.
        rows: their texts.
        empty: what is said where there are none.
    """

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = ""


def facts(of: Overview) -> dict[str, str]:
    """The server in a few named facts."""
    waiting = sum(one.doing == "waiting" for one in of.visitors)
    return {
        "State": of.phase,
        "Up for": duration(of.seconds),
        "Visitors": f"{len(of.visitors)}, {waiting} waiting",
        "Computations": f"{len(of.queue)} wanted",
        "Pages": f"{of.turns.taken} compute, {of.turns.in_line} in line",
        "Memory": f"{size(of.memory)}{f' of {size(of.memory_limit)}' if of.memory_limit else ''}",
        "Threads": str(of.threads),
        "Talks": str(of.talks),
        "Models": ", ".join(f"{name} ({id})" for name, id in of.models.items()) or "none loaded",
        "Version": f"{of.versions['version']}, Streamlit {of.versions['streamlit']}",
    }


def visitors(of: Overview) -> Table:
    """Who is here, and what it has cost: seconds of CPU for their pages, and of the worker's time."""
    named = any(one.person for one in of.visitors)
    head = ("Visitor", "Here for", "Page", "Doing", f"Pages{NUMBER}", f"Worker{NUMBER}", f"Wants{NUMBER}")
    rows = tuple(_visitor(one, named) for one in of.visitors)
    return Table("Visitors", (*head, "Person") if named else head, rows, "Nobody is here.")


def queue(of: Overview) -> Table:
    """What is computed and waits."""
    head = (
        "Kind",
        f"Place{NUMBER}",
        "For",
        f"Since{NUMBER}",
        f"Worker{NUMBER}",
        f"Done{NUMBER}",
        "Visitors",
    )
    return Table("Queue", head, tuple(map(_work, of.queue)), "Nothing is being computed.")


def caches(of: Overview) -> Table:
    """What is kept."""
    head = (
        "Cache",
        f"Things{NUMBER}",
        f"Size{NUMBER}",
        f"Bound{NUMBER}",
        f"Hits{NUMBER}",
        f"Evicted{NUMBER}",
    )
    rows = tuple(
        (name, str(one.entries), size(one.nbytes), size(one.limit), part(one.hits), str(one.evictions))
        for name, one in of.caches.items()
    )
    return Table("Caches", head, rows, "Nothing is loaded yet.")


def computed(of: Overview) -> Table:
    """What has been computed since the start."""
    head = ("Kind", f"Finished{NUMBER}", f"Failed{NUMBER}", f"Abandoned{NUMBER}", f"Seconds{NUMBER}")
    rows = tuple(
        (
            kind,
            f"{one['done']:.0f}",
            f"{one['failed']:.0f}",
            f"{one['abandoned']:.0f}",
            f"{one['seconds']:.1f}",
        )
        for kind, one in sorted(of.computed.items())
    )
    return Table("Computed since the start", head, rows, "Nothing yet.")


def text(of: Overview) -> str:
    """All of it, for a terminal."""
    tables = [visitors(of), queue(of), caches(of), computed(of)]
    return "\n\n".join([_aligned(facts(of)), *map(_lines, tables)])


def duration(seconds: float) -> str:
    """A stretch of time.

    >>> duration(4.2), duration(200), duration(3 * 3600 + 120), duration(200_000)
    ('4 s', '3 min', '3 h 2 min', '2 d 7 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def size(nbytes: float) -> str:
    """Bytes.

    >>> size(0), size(5_496_421), size(4 * 2**30)
    ('0 MB', '5 MB', '4.0 GB')
    """
    mega = nbytes / 2**20
    return f"{mega:.0f} MB" if mega < 1024 else f"{mega / 1024:.1f} GB"


def part(of_all: float | None) -> str:
    """A part of a whole.

    >>> part(0.742), part(None)
    ('74 %', '–')
    """
    return "–" if of_all is None else f"{100 * of_all:.0f} %"


def _visitor(one: Visitor, named: bool) -> tuple[str, ...]:
    row = (
        one.id,
        duration(one.seconds),
        one.page,
        one.doing,
        f"{one.cpu:.2f} s",
        f"{one.worked:.1f} s",
        str(one.wanted),
    )
    return (*row, one.person or "") if named else row


def _work(one: Work) -> tuple[str, ...]:
    shown = [*one.visitors[:2], *([f"{len(one.visitors) - 2} more"] if len(one.visitors) > 2 else [])]
    return (
        one.kind,
        str(one.place),
        one.rank,
        f"{one.age:.1f} s",
        f"{one.seconds:.1f} s",
        part(one.progress),
        ", ".join(shown),
    )


def _aligned(named: Mapping[str, str]) -> str:
    width = max(map(len, named))
    return "\n".join(f"{name.ljust(width)}  {said}" for name, said in named.items())


def _lines(table: Table) -> str:
    rows = [tuple(one.strip() for one in table.head), *table.rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(table.head))]
    body = "\n".join(_line(table.head, row, widths) for row in rows) if table.rows else table.empty
    return f"{table.name}\n{body}"


def _line(head: Sequence[str], row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.rjust(width) if name.endswith(NUMBER) else cell.ljust(width)
        for name, cell, width in zip(head, row, widths, strict=True)
    )
    return "  ".join(cells).rstrip()
