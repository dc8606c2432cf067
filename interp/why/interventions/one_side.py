"""One side of a head changed at a time: its queries or its keys read something of another run.

What decides between the ways in which a head can find a place: a pointer keeps its attention whatever puzzle
its keys, or its queries, are of; with K-composition it goes when what one lower head writes into the keys
is of another puzzle, and moves by one when that is of a run moved on by one token; with Q-composition the
same of the queries (Elhage et al., 2021, "A mathematical framework for transformer circuits"). All values
put in place are of real runs, none is zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation import NO_ABLATION, ZERO, Component, Method, ReferenceMeans, Term, parse_method
from interp.engine.predict import losses
from interp.model import PuzzleGPT
from interp.resumable import Steps, resumable
from interp.tokens import N_CTX
from interp.why.interventions.one_head import OneHead, check_back, log_odds
from interp.why.interventions.results import Intervention, Interventions, Values
from interp.why.interventions.rows import Rows

ALL = "all"
INSTEAD: dict[str, Method] = {"pattern": parse_method("pattern"), "zero": ZERO}
"""What is done to the head where losses are measured."""
MEASURES = ("log_odds", "at_back", "displacement", "next_odds")

Writes = Float[Tensor, "writer pos d_model"]


@dataclass(frozen=True, eq=False)
class _Change:
    """One intervention: what each side reads instead, ``None`` of a side that is as it was."""

    name: str
    side: str | None
    writer: str | None
    queries: Float[Tensor, "query d_model"] | None
    keys: Float[Tensor, "pos d_model"] | None


@resumable
def one_side(
    model: PuzzleGPT, rows: Rows, head: Component, back: int, means: ReferenceMeans | None = None
) -> Steps[None, Interventions]:
    """Every intervention on one side of a head, over some rows.

    Args:
        back: how far back it is said to look.
        means: the mean attention patterns of the rows' orders; with them the losses under these are measured,
            of rows that are puzzles.

    Raises:
        PuzzlescopeError: if the model has no such head, or a query has no key so far back.
    """
    check_back(back, rows.queries)
    one = OneHead.of(model, head, rows.queries)
    found: dict[tuple[str, str | None, str | None], list[Float[np.ndarray, " measure"]]] = {}
    for tokens, others in zip(rows.tokens, rows.others, strict=True):
        own, other = one.writes(tokens), one.writes(others)
        yield None
        late = one.writes(moved_on(tokens))
        q, k = one.q(own.sum(0)[one.queries]), one.k(own.sum(0))
        for change in _changes(one, own, other, late):
            scores = one.scores(
                q if change.queries is None else one.q(change.queries),
                k if change.keys is None else one.k(change.keys),
            )
            key = (change.name, change.side, change.writer)
            found.setdefault(key, []).append(_measured(one, scores, back))
        yield None
    each = [Intervention(*key, *np.stack(values).T) for key, values in found.items()]
    lost = {} if means is None else (yield from _losses(model, rows, head, means))
    return Interventions(head, back, each[0], _chance(rows), tuple(each[1:]), lost)


def moved_on(tokens: Int[np.ndarray, " pos"]) -> Int[np.ndarray, " pos"]:
    """The same tokens, each one position later: the second stands twice, the last is gone.

    >>> moved_on(np.array([0, 11, 5, 7])).tolist()
    [0, 11, 11, 5]
    """
    return np.concatenate([tokens[:2], tokens[1:-1]])


def _changes(one: OneHead, own: Writes, other: Writes, late: Writes) -> Iterator[_Change]:
    at, names = one.queries, one.before
    stream, strange = own.sum(0), other.sum(0)
    yield _Change("clean", None, None, None, None)
    yield _Change("swap", "queries", None, strange[at], None)
    yield _Change("swap", "keys", None, None, strange)
    yield _Change("swap", "both", None, strange[at], strange)
    for writer, name in enumerate(names):
        changed = stream - own[writer] + other[writer]
        yield _Change("writer", "queries", name, changed[at], None)
        yield _Change("writer", "keys", name, None, changed)
    heads = [writer for writer, name in enumerate(names) if ".H" in name]
    after = (at + 1).clamp(max=N_CTX - 1)
    for which, name in [*(([writer], names[writer]) for writer in heads), (heads, ALL)]:
        if which:
            ahead = stream[at] + (own[which][:, after] - own[which][:, at]).sum(0)
            yield _Change("shifted", "queries", name, ahead, None)
            yield _Change("shifted", "keys", name, None, stream + (late[which] - own[which]).sum(0))


def _measured(one: OneHead, scores: Float[Tensor, "query key"], back: int) -> Float[np.ndarray, " measure"]:
    """In the order of :data:`MEASURES`."""
    home = one.queries - back
    peak = scores.argmax(-1)
    seen = home + 1 <= one.queries
    following = log_odds(scores, torch.where(seen, home + 1, home))[seen]
    values = (
        log_odds(scores, home).mean(),
        (peak == home).float().mean(),
        (peak - home).float().median(),
        following.mean(),  # nan of a head that looks at its own position
    )
    return torch.stack(values).double().cpu().numpy()


def _chance(rows: Rows) -> float:
    """Log-odds of one key where all that are seen get the same."""
    return float(-np.log(rows.queries).mean())


def _losses(
    model: PuzzleGPT, rows: Rows, head: Component, means: ReferenceMeans
) -> Steps[None, dict[str, Values]]:
    """What the head's mean pattern costs, beside its absence."""
    found = {}
    offs = {name: NO_ABLATION.with_term(Term(head, method)) for name, method in INSTEAD.items()}
    for name, off in {"clean": NO_ABLATION, **offs}.items():
        found[name] = losses(model, rows.tokens, off, means)[0].by_puzzle()
        yield None
    return found
