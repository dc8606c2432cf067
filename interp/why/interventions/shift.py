"""The pointer shift: the queries, or the keys, of one head read another position, and where the peak goes.

A head that looks ``back`` positions back because its query *is* at p looks at p + s - back when its query is
made to read p + s. With sinusoids the position p + s is a rotation of p, so that a fixed linear map can do so
(Vaswani et al., 2017, section 3.5). A head that looks there for what stands there does not move.

Positions are taken from the model's own table, and none beyond its 405: nothing is put in place that the
model has not seen, so that positions that were learned would be moved no otherwise.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.ablation import Component
from interp.errors import PuzzlescopeError, brief
from interp.model import PuzzleGPT
from interp.resumable import Steps, resumable
from interp.tokens import N_CTX
from interp.why.interventions.one_head import OneHead, check_back, log_odds, mean_where
from interp.why.interventions.results import MEAN, POSITION, Shift, Side
from interp.why.interventions.rows import Rows

SHIFTS = range(-20, 21)
AROUND = 25
"""The profile is told so many positions to either side of the key looked at."""


@resumable
def pointer_shift(
    model: PuzzleGPT,
    rows: Rows,
    head: Component,
    back: int,
    *,
    side: Side = "queries",
    moved: str = POSITION,
    shifts: Iterable[int] = SHIFTS,
    tables: Sequence[Float[Tensor, "pos d_model"]] | None = None,
) -> Steps[None, Shift]:
    """Move what one side of a head reads of its position, and find the peak of its attention.

    Only the head's own input changes: what lower layers have made of the position, which the stream holds
    too, stays, unless ``moved`` is :data:`MEAN`.

    Args:
        head: at which.
        back: how far back it is said to look.
        side: whose position is moved.
        moved: the position embedding, W_pos[p + s] in the place of W_pos[p]; the mean stream of p + s in the
            place of that of p, over the rows' references; or the same of what one writer writes, by its name.
        shifts: s; 0 is added.
        tables: what is moved, of each of the rows' orders, if that is known already; left out, it is taken
            over the rows' references.

    Raises:
        PuzzlescopeError: if the model has no such head, nothing of that name is moved, or a query has no key
            so far back.
    """
    check_back(back, rows.queries)
    distances = sorted({0, *shifts})
    if max(map(abs, distances)) >= N_CTX:
        raise PuzzlescopeError(f"A shift is less than {N_CTX} positions, got {max(map(abs, distances))}.")
    one = OneHead.of(model, head, rows.queries)
    if tables is None:
        tables = []
        for reference in rows.references:
            tables.append((yield from _table(one, reference, moved)))
    run = _Shifted(one, back, side, torch.tensor(distances, device=model.device))
    found = []
    for row, order in enumerate(rows.orders):
        stream = one.stream(rows.tokens[row][None])[0]
        found.append([part.cpu().double().numpy() for part in run.measured(stream, tables[order])])
        yield None
    displacement, followed, odds, stayed, profile = (np.stack(part) for part in zip(*found, strict=True))
    return Shift(
        *(head, back, side, moved, np.array(distances), run.counts.sum(-1).cpu().numpy()),
        *(displacement, followed, odds, stayed),
        *(np.arange(-AROUND, AROUND + 1), profile.mean(0)),
    )


def _table(one: OneHead, reference: Int[np.ndarray, "row 405"], moved: str) -> Steps[None, Tensor]:
    """What is known of each position: its embedding, the mean stream, or what a writer writes on average."""
    if moved == POSITION:
        return one.weights.model.pos_embed.W_pos
    if moved != MEAN and moved not in one.before:
        raise PuzzlescopeError(
            f"Nothing called '{brief(moved)}' can be moved before {one.head.text}: expected {POSITION},"
            f" {MEAN}, or one of {', '.join(one.before)}."
        )
    total = torch.zeros((), device=one.weights.model.device)
    for tokens in reference:
        if moved == MEAN:
            total = total + one.stream(tokens[None])[0]
        else:
            total = total + one.writes(tokens)[one.before.index(moved)]
        yield None
    return total / len(reference)


class _Shifted:
    """All shifts of one side at once.

    Attributes:
        counts: which queries count at each shift.
        expected: the key where a pointer's peak would be, kept among the 405 where that does not count.
    """

    def __init__(self, one: OneHead, back: int, side: Side, shifts: Int[Tensor, " shift"]):
        self.one, self.side, self.shifts = one, side, shifts
        queries, device = one.queries, one.queries.device
        everywhere = torch.arange(N_CTX, device=device)
        read = (queries if side == "queries" else everywhere) + shifts[:, None]
        self.inside: Bool[Tensor, "shift place"] = (read >= 0) & (read < N_CTX)
        self.read = read.clamp(0, N_CTX - 1)
        target = queries - back + (shifts if side == "queries" else -shifts)[:, None]
        self.counts: Bool[Tensor, "shift query"] = (target >= 0) & (target <= queries)
        if side == "queries":
            self.counts &= self.inside
        else:  # the key looked at before must be in sight, to be told whether the peak stays there
            self.counts &= self.inside.gather(1, (queries - back).expand_as(target))
        self.expected = target.clamp(0, N_CTX - 1)
        self.home = (queries - back).expand_as(target)
        around = torch.arange(-AROUND, AROUND + 1, device=device)
        self.seen = self.home[..., None] + around
        self.seen_counts = (self.seen >= 0) & (self.seen <= queries[:, None]) & self.counts[..., None]

    def measured(self, stream: Float[Tensor, "pos d_model"], table: Float[Tensor, "pos d_model"]) -> list:
        """Of one row: displacement, share that followed, log-odds there and at the key looked at, profile."""
        scores = self.scores(stream, table)
        peak = scores.argmax(-1)
        away = torch.where(self.counts, (peak - self.home).float(), torch.nan)
        odds, stayed = log_odds(scores, self.expected), log_odds(scores, self.home)
        pattern = scores.softmax(-1).gather(-1, self.seen.clamp(0, N_CTX - 1))
        profile = torch.where(self.seen_counts, pattern, 0).sum(1) / self.seen_counts.sum(1).clamp(min=1)
        return [
            away.nanmedian(-1).values,
            mean_where((peak == self.expected).float(), self.counts),
            mean_where(odds, self.counts),
            mean_where(stayed, self.counts),
            profile,
        ]

    def scores(
        self, stream: Float[Tensor, "pos d_model"], table: Float[Tensor, "pos d_model"]
    ) -> Float[Tensor, "shift query key"]:
        """With the side's position moved."""
        one, queries = self.one, self.one.queries
        change = table[self.read]
        if self.side == "queries":
            at = queries
            return one.scores(one.q(stream[at] + change - table[at]), one.k(stream))
        k = one.k(stream + change - table)
        scores = one.scores(one.q(stream[queries]).expand(len(k), -1, -1), k)
        return scores.masked_fill(~self.inside[:, None], -torch.inf)
