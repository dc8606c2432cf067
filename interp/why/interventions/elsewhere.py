"""Where a head looks on sequences that training has not shown, in which distance and content disagree.

With tokens inserted before the answer, what stood ``back`` positions before lies further away; with random
colours that repeat, what an induction head looks for lies the period less one before (Olsson et al., 2022,
"In-context learning and induction heads"). A head that points by position keeps its distance in both.
"""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Int

from interp.ablation import Component
from interp.errors import PuzzlescopeError
from interp.grids import N_COLORS
from interp.model import PuzzleGPT
from interp.resumable import Steps, resumable
from interp.tokens import ANSWER_START, GRID_TOKENS, N_CTX, START
from interp.why.interventions.one_head import OneHead, check_back, log_odds
from interp.why.interventions.results import Elsewhere
from interp.why.interventions.rows import QUERIES, Rows, TokenRows

INSERTED = (1, 2, 3, 10)
PERIODS = (40, 60, 80, 100, 101, 120, 140, 160)
SEQUENCES = 8
"""So many are drawn for a period."""
FILLER = START
"""The commonest cell, which is blank."""


def filled(tokens: TokenRows, amount: int) -> TokenRows:
    """Puzzles with blank tokens before the answer's marker, and as many of the last cells of the first grid
    dropped: the answer stays where it is, and the two grids before it come so much earlier.

    Raises:
        PuzzlescopeError: if the first grid has not so many cells.
    """
    if not 0 <= amount < GRID_TOKENS:
        raise PuzzlescopeError(f"Expected 0 to {GRID_TOKENS - 1} tokens to insert, got {amount}.")
    filler = np.full((len(tokens), amount), FILLER, dtype=tokens.dtype)
    end = 1 + GRID_TOKENS
    parts = [tokens[:, : end - amount], tokens[:, end:ANSWER_START], filler, tokens[:, ANSWER_START:]]
    found: TokenRows = np.concatenate(parts, axis=1)
    return found


def periodic(period: int, n: int = SEQUENCES, seed: int = 0) -> TokenRows:
    """Random colours that repeat, behind a start token; no markers.

    Raises:
        PuzzlescopeError: of a period that does not stand twice in a row.
    """
    if not 2 <= period <= (N_CTX - 1) // 2:
        raise PuzzlescopeError(f"Expected a period of 2 to {(N_CTX - 1) // 2}, got {period}.")
    block = np.random.default_rng((seed, period)).integers(0, N_COLORS, (n, period))
    found = np.full((n, N_CTX), START, dtype=np.int64)
    found[:, 1:] = block[:, np.arange(N_CTX - 1) % period]
    return found


@resumable
def with_filler(
    model: PuzzleGPT, rows: Rows, head: Component, back: int, amount: int
) -> Steps[None, Elsewhere]:
    """Where the head looks from the answer of puzzles with tokens inserted before it.

    Raises:
        PuzzlescopeError: if the model has no such head, or so many cannot be inserted.
    """
    check_back(back + amount, rows.queries)
    tokens = filled(rows.tokens, amount)
    offsets = {"back": back, "content": back + amount}
    return (yield from _looked(model, tokens, head, back, "filler", amount, offsets, rows.queries))


@resumable
def with_period(
    model: PuzzleGPT, head: Component, back: int, period: int, *, n: int = SEQUENCES, seed: int = 0
) -> Steps[None, Elsewhere]:
    """Where the head looks on random colours that repeat, from where the answer's cells are predicted
    otherwise.

    Raises:
        PuzzlescopeError: if the model has no such head, or the period does not stand twice in a row.
    """
    check_back(back, QUERIES)
    offsets = {"back": back, "next": period - 1, "same": period}
    tokens = periodic(period, n, seed)
    return (yield from _looked(model, tokens, head, back, "period", period, offsets, QUERIES))


def _looked(
    model: PuzzleGPT,
    tokens: TokenRows,
    head: Component,
    back: int,
    kind: Literal["filler", "period"],
    amount: int,
    offsets: dict[str, int],
    queries: Int[np.ndarray, " query"],
) -> Steps[None, Elsewhere]:
    one = OneHead.of(model, head, queries)
    found: dict[str, list[list[float]]] = {name: [] for name in offsets}
    for row in tokens:
        stream = one.stream(row[None])[0]
        scores = one.scores(one.q(stream[one.queries]), one.k(stream))
        peak = scores.argmax(-1)
        for name, offset in offsets.items():
            keys = one.queries - offset
            odds = log_odds(scores, keys)
            measured = torch.stack([odds.sigmoid().mean(), odds.mean(), (peak == keys).float().mean()])
            found[name].append(measured.tolist())
        yield None
    each = [{name: np.array(own)[:, k] for name, own in found.items()} for k in range(3)]
    return Elsewhere(head, back, kind, amount, offsets, *each)
