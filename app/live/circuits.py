"""A circuit that a visitor looks at: the effects of the edges, the search, the certificate, each begun when
what it goes on from is there."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TypeVar

from app.live.watching import Filling, Seen, look_in_or_refuse, refusals, watched
from interp.analyses.question import Question
from interp.backend import Backend
from interp.circuits.finder import By
from interp.circuits.graph import Edge
from interp.circuits.questions import CertificateOf, Certified, CircuitOf, EdgeEffects, Effects, Search

S = TypeVar("S", bound=Filling)

FIRST, EFFECTS, SEARCH, CERTIFICATE, FULL, EXACT = (
    "edges-first-look",
    "edges",
    "circuit",
    "certificate",
    "certificate-full",
    "edges-exact",
)
"""Of what a visitor looks in on."""
GROUPS = (FIRST, EFFECTS, SEARCH, CERTIFICATE, FULL, EXACT)
LOOKED_AT = 2
"""Pairs of the first look."""
AGAINST = 4
"""Pairs at most over which an estimate is held against exact effects."""


@dataclass(frozen=True, eq=False)
class Shown:
    """How far all of it is.

    Attributes:
        first_look: a rough estimate by two pairs; ``None`` where the effects themselves are.
        effects: of all edges.
        search: for the circuit; ``None`` before it has begun, and where a circuit is given.
        certificate: of the circuit; ``None`` before it has begun. Of the full one what the quick one says,
            until it has begun.
        exact: what the estimate is held against; ``None`` unless it was asked for, or is kept.
        problems: why something cannot be answered, in sentences.
    """

    first_look: Seen[Effects] | None
    effects: Seen[Effects]
    search: Seen[Search] | None
    certificate: Seen[Certified] | None
    exact: Seen[Effects] | None
    problems: tuple[str, ...] = ()

    @property
    def under_way(self) -> bool:
        """Whether there will be more to see."""
        parts = (self.first_look, self.effects, self.search, self.certificate, self.exact)
        return any(one is not None and one.progress is not None for one in parts)

    @property
    def refused(self) -> bool:
        """Whether it ends here, because something cannot be answered."""
        return bool(self.problems) and not self.under_way

    @property
    def stopped(self) -> bool:
        """Whether the visitor has stopped it before the end."""
        parts = (self.effects, self.search, self.certificate)
        return any(one is not None and one.stopped for one in parts)

    @property
    def known(self) -> Effects | None:
        """The best that is known of the edges."""
        own = self.effects.state
        if own is not None and own.known:
            return own
        rough = None if self.first_look is None else self.first_look.state
        return rough if rough is not None and rough.known else None


def look(
    backend: Backend,
    model: str,
    asked: CircuitOf,
    given: tuple[Edge, ...] | None = None,
    *,
    full: bool = False,
) -> Shown:
    """Look in on a circuit, and begin what can begin. What cannot be answered is told, and ends there.

    Args:
        asked: which circuit.
        given: its edges, where it is not looked for; of no edges nothing is asked.
        full: the certificate is the long one.
    """
    effects = _seen(backend, model, EFFECTS, asked.effects)
    first = _first_look(backend, model, asked.effects, effects)
    search, certificate, there = None, None, _there(effects)
    if given is None and there:
        search = _seen(backend, model, SEARCH, asked)
    edges = given if given is not None else _found(search)
    if edges and there:
        question = certificate_of(asked, edges, full=full, given=given is not None)
        certificate = _certificate(backend, model, question)
    exact = _exact(backend, model, asked.effects) if there else None
    told = refusals(EFFECTS, SEARCH, CERTIFICATE, FULL, EXACT)
    return Shown(first, effects, search, certificate, exact, told)


def certificate_of(
    asked: CircuitOf, edges: tuple[Edge, ...], *, full: bool, given: bool = False
) -> CertificateOf:
    """The certificate of a circuit, on pairs held out.

    Args:
        given: its edges were not looked for.
    """
    by: By = "edges" if given else asked.by
    wanted = None if given or asked.target.kind == "size" else asked.target
    return CertificateOf(asked.effects, edges, asked.effects.pairs.others(), full, wanted, by, asked.signed)


def exact_of(asked: EdgeEffects) -> EdgeEffects:
    """What an estimate is held against: exact effects over the first of its pairs."""
    pairs = replace(asked.pairs, n=min(asked.pairs.n, AGAINST))
    return replace(asked, pairs=pairs, how="exact", attention=False, look=False)


def hold_against_exact() -> None:
    """The visitor wants to know how good the estimate is; for callbacks."""
    watched().forget(EXACT)
    watched().want(EXACT)


def stop() -> None:
    """No more of any of it; for callbacks."""
    watched().stop(*GROUPS)


def go_on() -> None:
    """Begin anew with what is not there; for callbacks."""
    watched().forget(*GROUPS)


def _seen(backend: Backend, model: str, group: str, question: Question[S]) -> Seen[S]:
    key: Hashable = (model, question)
    return look_in_or_refuse(group, key, lambda: backend.watch(model, question))


def _first_look(
    backend: Backend, model: str, asked: EdgeEffects, effects: Seen[Effects]
) -> Seen[Effects] | None:
    if effects.state is not None and effects.state.known:
        return None
    pairs = replace(asked.pairs, n=min(asked.pairs.n, LOOKED_AT))
    return _seen(backend, model, FIRST, EdgeEffects(pairs, "eap", asked.fill, look=True))


def _certificate(backend: Backend, model: str, question: CertificateOf) -> Seen[Certified]:
    """The quick certificate, and when that is there the full one, if it is asked for: one after another of
    those that it goes on from."""
    quick = _seen(backend, model, CERTIFICATE, question.quick)
    if not question.full:
        watched().forget(FULL)
        return quick
    if quick.state is None or not quick.state.complete:
        return quick
    known: Certified = quick.state
    for way in question.ways:
        if way == question or not backend.keeps(model, way):
            break
        known = backend.ask(model, way)
    seen = _seen(backend, model, FULL, way)
    if seen.state is None:
        return Seen(known, seen.progress, seen.stopped)
    if seen.state.complete and way != question:  # the next one begins with the next look
        return Seen(seen.state, seen.state.fraction, seen.stopped)
    return seen


def _exact(backend: Backend, model: str, asked: EdgeEffects) -> Seen[Effects] | None:
    question = exact_of(asked)
    if asked.how == "exact":
        return None
    wanted = watched().wanted(EXACT) or backend.keeps(model, question)
    if watched().known(EXACT, (model, question)) is None and not wanted:
        return None
    return _seen(backend, model, EXACT, question)


def _there(effects: Seen[Effects]) -> bool:
    return effects.state is not None and effects.state.complete


def _found(search: Seen[Search] | None) -> tuple[Edge, ...]:
    if search is None or search.state is None or not search.state.complete:
        return ()
    circuit = search.state.circuit
    return () if circuit is None else circuit.edges
