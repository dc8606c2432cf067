"""What many visitors met with, and how a server was, in few numbers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.load import server
from benchmarks.load.numbers import summary
from benchmarks.load.server import Watcher
from benchmarks.load.visit.eyes import Done, Tally


def told(done: Sequence[Done], wall: float) -> dict[str, Any]:
    """What visitors met with."""
    links, clicks = ([one for one in done if one.kind == kind] for kind in ("link", "click"))
    answered = [one for one in done if one.seconds is not None]
    waited = [one for one in done if one.places]
    return {
        "links": len(links),
        "clicks": len(clicks),
        "unanswered": len(done) - len(answered),
        "answers_per_s": round(len(answered) / wall, 3),
        "click_to_answer_s": summary(one.seconds for one in clicks),
        "click_to_end_s": summary(one.finished for one in clicks),
        "link_to_answer_s": summary(one.seconds for one in links),
        "click_kB": summary(one.size / 1000 for one in clicks if one.seconds is not None),
        "click_kB_on_the_wire": summary(one.wire / 1000 for one in clicks if one.seconds is not None),
        "click_messages": summary(one.messages for one in clicks if one.seconds is not None),
        "link_kB": summary(one.size / 1000 for one in links if one.seconds is not None),
        "told_their_place": len(waited),
        "longest_without_a_word_s": round(
            max((one.seconds for one in answered if one.seconds is not None and not one.places), default=0.0),
            1,
        ),
        "words_of_waiting": Counter(one.places[0] for one in waited).most_common(3),
    }


def seen(tally: Tally) -> dict[str, Any]:
    """What pages showed besides answers."""
    total = sum(tally.sizes.values())
    return {
        "errors": dict(tally.errors),
        "said_as_errors": dict(tally.said.most_common(10)),
        "looks": tally.looks,
        "repeated_wishes": tally.repeats,
        "MB": round(total / 1e6, 1),
        "most_bytes": [
            {"kind": kind, "MB": round(size / 1e6, 2), "kB_each": round(size / 1000 / tally.counts[kind], 1)}
            for kind, size in tally.sizes.most_common(8)
        ],
    }


def watched(watcher: Watcher, wall: float) -> dict[str, Any]:
    """How the server was."""
    samples = watcher.samples
    if not samples:
        return {"health_s": summary(watcher.health), "health_failed": watcher.failed}
    return {
        "health_s": summary(watcher.health, 4),
        "health_failed": watcher.failed,
        "server_cores": round((samples[-1].cpu - samples[0].cpu) / wall, 2),
        "server_cpu_s": round(samples[-1].cpu - samples[0].cpu, 1),
        "rss_MB": course([one.rss for one in samples]),
        "threads": course([one.threads for one in samples]),
        "handles": course([one.handles for one in samples]),
        "series": server.as_json(samples),
    }


def course(values: Sequence[float]) -> dict[str, int]:
    """Where a number began, its largest, and where it ended."""
    return {"first": round(values[0]), "max": round(max(values)), "last": round(values[-1])}
