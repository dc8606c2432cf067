"""What a visitor sees of a circuit's certificate: the quick one, and from there on the full one."""

from typing import Any

import pytest

from app.live import circuits
from app.live.watching import Seen, Watched
from interp.backend import Backend
from interp.circuits.graph import Edge
from interp.circuits.questions import CertificateOf, Certified, CircuitOf, EdgeEffects
from interp.circuits.questions.sample import Pairs


def test_the_full_certificate_begins_when_the_quick_one_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, full = Certified(full=False), Certified(full=True)
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
    assert question.full and question.signed and question.basis == question.quick

    def look(question: CertificateOf) -> Certified | None:
        asked.clear()
        found: Certified | None = circuits._certificate(Backend(), "default", question).state
        return found

    assert look(question) is quick and asked == [(circuits.CERTIFICATE, question.quick)]
    quick.complete = True
    assert look(question) is quick, "as long as nothing more is known"
    assert asked == [(circuits.CERTIFICATE, question.quick), (circuits.FULL, question)]
    states[circuits.FULL] = full
    assert look(question) is full
    assert look(question.quick) is quick and watched.known(circuits.FULL, question) is None
