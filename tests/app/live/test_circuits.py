"""What a visitor sees of a circuit's certificate: the quick one, and from there on the full one."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.live import circuits
from app.live.watching import Seen, Watched
from interp.circuits.graph import Edge
from interp.circuits.questions import CertificateOf, Certified, CircuitOf, EdgeEffects
from interp.circuits.questions.sample import Pairs


def test_the_full_certificate_begins_when_the_quick_one_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, first, full = Certified(full=False), Certified(full=True, last=0), Certified(full=True)
    kept: dict[CertificateOf, Certified] = {}
    backend: Any = SimpleNamespace(keeps=lambda _, one: one in kept, ask=lambda _, one: kept[one])
    states: dict[str, Certified | None] = {circuits.CERTIFICATE: quick, circuits.FULL: None}
    asked: list[tuple[str, CertificateOf]] = []
    watched = Watched()

    def seen(_backend: Any, _model: str, group: str, question: CertificateOf) -> Seen[Any]:
        asked.append((group, question))
        watched.keep(group, question, [])
        return Seen(states[group], 0.25, False)

    monkeypatch.setattr(circuits, "_seen", seen)
    monkeypatch.setattr(circuits, "watched", lambda: watched)
    of = CircuitOf(EdgeEffects(Pairs("rule", "frame")), signed=True)
    question = circuits.certificate_of(of, (Edge("embed", "logits"),), full=True)
    *_, last = ways = question.ways
    assert last == question and question.signed and ways[0].basis == question.quick
    assert [way.basis for way in ways[1:]] == list(ways[:-1])

    def look(question: CertificateOf) -> Certified | None:
        asked.clear()
        found: Certified | None = circuits._certificate(backend, "default", question).state
        return found

    assert look(question) is quick and asked == [(circuits.CERTIFICATE, question.quick)]
    quick.complete = True
    assert look(question) is quick, "as long as nothing more is known"
    assert asked == [(circuits.CERTIFICATE, question.quick), (circuits.FULL, ways[0])]
    states[circuits.FULL], first.complete = first, True
    assert look(question) is first
    held = circuits._certificate(backend, "default", question)
    assert held.progress == first.fraction < 1, "there is more to come, so the page goes on looking"
    kept[ways[0]], states[circuits.FULL] = first, None
    assert look(question) is first and asked[-1] == (circuits.FULL, ways[1])
    kept.update(dict.fromkeys(ways, full))
    states[circuits.FULL] = full
    assert look(question) is full and asked[-1] == (circuits.FULL, question)
    assert look(question.quick) is quick and watched.known(circuits.FULL, question) is None
