"""Scores taken apart: of heads over many puzzles, and of one query and key."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from interp.ablation import Component, ReferenceMeans, components_of
from interp.engine.forward import Weights, weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import check_not_planted, say_ignored
from interp.puzzles import Puzzle, load_puzzles
from interp.resumable import Steps, resumable
from interp.tokens import N_CTX, with_start
from interp.why.below import Below, run_up_to
from interp.why.interventions.one_head import check_back, check_head
from interp.why.interventions.rows import Rows
from interp.why.sides import Projection, writers_before
from interp.why.split import CellSplit, HeadSplit, by_class
from interp.why.usual import Usual, usual_of_means, usual_of_rows

LOOK = 16
"""Rows by which it is found where a head looks."""


@dataclass(frozen=True)
class Gaze:
    """Where a head looks: the offset with the highest mean attention of those that every query has.

    Attributes:
        back: so many positions before the query.
        attention: the mean attention there, over queries and rows, 0 to 1.
    """

    back: int
    attention: float

    @classmethod
    def of(cls, profile: Float[np.ndarray, " offset"]) -> "Gaze":
        """The highest of a head's mean attention to each offset."""
        at = int(profile.argmax())
        return cls(at, float(profile[at]))


@resumable
def split_heads(
    model: PuzzleGPT,
    puzzles: Sequence[Puzzle],
    means: ReferenceMeans | None = None,
    heads: Collection[Component] | None = None,
    back: int | None = None,
) -> Steps[None, dict[Component, HeadSplit]]:
    """The contrasts of heads taken apart, over puzzles; a pause after every layer of every puzzle.

    Args:
        puzzles: whose answers' cells are predicted at the queries. None of them should be one that the means
            are over (:func:`interp.why.usual.held_out`).
        means: the reference means of these puzzles' orders; left out, they are taken first (64 runs an
            order).
        heads: which; all of the model by default.
        back: how many positions before the query the key looked at lies; left out, where each head looks
            most.

    Raises:
        PuzzlescopeError: if there is no puzzle, no such head, no key so far back, or means of another model.
    """
    rows, usual = yield from rows_with_usual(model, puzzles, means, heads)
    return (yield from split_rows.steps(model, rows, usual, heads, back))


def rows_with_usual(
    model: PuzzleGPT,
    puzzles: Sequence[Puzzle],
    means: ReferenceMeans | None,
    heads: Collection[Component] | None,
) -> Steps[None, tuple[Rows, tuple[Usual, ...]]]:
    """Puzzles as rows, and the means of each of their orders; these are taken now if they are not given, as
    far up as these heads, or all, read them."""
    chosen, bank = _chosen(model, heads), load_puzzles("bank")
    rows = Rows.of_puzzles(puzzles, bank)
    orders = tuple(dict.fromkeys(puzzle.structure for puzzle in puzzles))
    return rows, (yield from usual_of_means(model, orders, means, bank, layers_below(chosen)))


@resumable
def split_rows(
    model: PuzzleGPT,
    rows: Rows,
    usual: Sequence[Usual] | None = None,
    heads: Collection[Component] | None = None,
    back: int | None = None,
) -> Steps[None, dict[Component, HeadSplit]]:
    """The same over rows of tokens that need not be puzzles.

    Args:
        usual: the means of each of the rows' orders; left out, they are taken over the rows' references.
    """
    chosen = _chosen(model, heads)
    if back is not None:
        check_back(back, rows.queries)
    if usual is None:
        usual = yield from usual_of_references(model, rows, layers_below(chosen))
    gazes = (yield from gazes_of.steps(model, rows, chosen)) if back is None else {}
    sums = {
        head: _Sums.of(weights_of(model), head, back if back is not None else gazes[head].back)
        for head in chosen
    }
    queries = torch.from_numpy(rows.queries).to(model.device)
    layers = [_Layer(weights_of(model), layer, sums, queries) for layer in _layers(chosen)]
    by_layer = {one.layer: one for one in layers}
    for tokens, order in zip(rows.tokens, rows.orders, strict=True):
        prompt = torch.from_numpy(tokens).to(model.device)
        for below in run_up_to(weights_of(model), prompt, max(by_layer)):
            if below.layer in by_layer:
                by_layer[below.layer].add(below, usual[order])
            yield None
    return {head: one.done() for head, one in sums.items()}


def usual_of_references(model: PuzzleGPT, rows: Rows, layers: int) -> Steps[None, tuple[Usual, ...]]:
    """The means of each of the rows' orders, over their references, of the first ``layers`` layers."""
    found = []
    for reference in rows.references:
        found.append((yield from usual_of_rows(model, reference, layers)))
    return tuple(found)


@resumable
def gazes_of(
    model: PuzzleGPT, rows: Rows, heads: Collection[Component] | None = None, most: int = LOOK
) -> Steps[None, Mapping[Component, Gaze]]:
    """Where heads look, over the first ``most`` of the rows."""
    profiles = yield from profiles_of.steps(model, rows, heads, most)
    return {head: Gaze.of(profile) for head, profile in profiles.items()}


@resumable
def profiles_of(
    model: PuzzleGPT, rows: Rows, heads: Collection[Component] | None = None, most: int = LOOK
) -> Steps[None, Mapping[Component, Float[np.ndarray, " offset"]]]:
    """The mean attention of heads to each offset 0, 1, ... positions back, over the first ``most`` of the
    rows.

    Only offsets that every query has before it are told, so that none is measured at a clamped position;
    attention that rests on the start token is at no offset.
    """
    chosen = _chosen(model, heads)
    weights, least = weights_of(model), int(rows.queries.min())
    queries = torch.from_numpy(rows.queries).to(model.device)
    keys = queries[:, None] - torch.arange(least, device=model.device)
    total = {head: torch.zeros(least, device=model.device) for head in chosen}
    prompts = torch.from_numpy(rows.tokens[:most]).to(model.device)
    for prompt in prompts:
        for below in run_up_to(weights, prompt, max(_layers(chosen))):
            own = [head for head in chosen if head.layer == below.layer]
            if own:
                numbers = tuple(head.head for head in own if head.head is not None)
                pattern = scores_of(weights, below, numbers, queries).softmax(-1)
                profiles = pattern.gather(2, keys.expand(len(own), -1, -1)).mean(1)
                for head, profile in zip(own, profiles, strict=True):
                    total[head] += profile
            yield None
    return {head: (profile / len(prompts)).cpu().numpy() for head, profile in total.items()}


@resumable
def cell_split(
    model: PuzzleGPT,
    puzzle: Puzzle,
    head: Component,
    query: int,
    key: int,
    means: ReferenceMeans | None = None,
) -> Steps[None, CellSplit]:
    """One score of a head in a puzzle taken apart; a pause after every layer.

    Args:
        query, key: positions, start token included; logits at position p predict token p + 1.
        means: the reference means of the puzzle's order; left out, they are taken first (64 runs).

    Raises:
        PuzzlescopeError: if the model has no such head, the key comes after the query, or there are no such
            positions.
    """
    _chosen(model, [head])
    if not 0 <= key <= query < N_CTX:
        raise PuzzlescopeError(
            f"Expected a key that the query can see: 0 <= key <= query < {N_CTX}, got key {key} and query"
            f" {query}."
        )
    usual = (yield from usual_of_means(model, (puzzle.structure,), means, load_puzzles("bank"), head.layer))[
        0
    ]
    weights, tokens = weights_of(model), torch.from_numpy(with_start(puzzle.tokens)).to(model.device)
    runs = []
    for one in run_up_to(weights, tokens, head.layer):
        runs.append(one)
        yield None
    below = runs[-1]
    assert head.head is not None
    query_at = torch.tensor([query], device=model.device)
    scores = scores_of(weights, below, (head.head,), query_at)[:, :, : query + 1].double()
    at = torch.tensor([[key]], device=model.device)
    sums = torch.cat([one_hot(at, query + 1), contrast_of(scores, at)[0]], 1)
    q, k = (Projection(weights, head.layer, (head.head,), side, torch.float64) for side in ("q", "k"))
    asking, against = q.of(below, usual, query_at)[0, :, :, 0], k.of(below, usual, slice(query + 1), sums)[0]
    terms, contrast = torch.einsum("aud,bvrd->raubv", asking, against)
    scores = scores[0, 0]
    pattern = scores.softmax(0)
    return CellSplit(
        *(head, query, key, writers_before(model.cfg, head.layer)),
        *(float(scores[key]), float(pattern[key]), pattern.cpu().numpy()),
        *(terms.cpu().numpy(), contrast.cpu().numpy()),
    )


# ---- sums --------------------------------------------------------------------------------------------------


def contrast_of(
    scores: Float[Tensor, "head query key"], at: Int[Tensor, "head query"]
) -> tuple[Float[Tensor, "head query key"], Float[Tensor, "head query"], Float[Tensor, "head query"]]:
    """By what each key counts in the contrast of one key with the others, and the log-odds and the attention
    of that key. nan where a query sees no other."""
    own = at[..., None]
    others = scores.scatter(-1, own, -torch.inf)
    log_odds = (scores.gather(-1, own) - others.logsumexp(-1, keepdim=True))[..., 0]
    return (-others.softmax(-1)).scatter(-1, own, 1.0), log_odds, log_odds.sigmoid()


def plain_contrast_of(
    scores: Float[Tensor, "head query key"], at: Int[Tensor, "head query"]
) -> Float[Tensor, "head query key"]:
    """The same where each other key that a query sees counts alike."""
    own = at[..., None]
    others = scores.isfinite().to(scores).scatter(-1, own, 0.0)
    return (-others / others.sum(-1, keepdim=True)).scatter(-1, own, 1.0)


def scores_of(
    weights: Weights, below: Below, heads: tuple[int, ...], queries: Int[Tensor, " query"]
) -> Float[Tensor, "head query key"]:
    """Of some heads of a layer, as the model computes them; minus infinity of keys after the query."""
    block = weights.layers[below.layer].block
    x, own = block.ln1.plain(below.stream), list(heads)
    q, k = x[queries] @ block.attn.W_Q[own], x @ block.attn.W_K[own]
    hidden = torch.arange(len(x), device=k.device) > queries[:, None]
    return (q @ k.mT * block.attn.scale).masked_fill(hidden, -torch.inf)


@dataclass(eq=False)
class _Sums:
    """What has been added up for one head."""

    head: Component
    back: int
    writers: tuple[str, ...]
    pairs: Tensor
    classes: list[np.ndarray] = field(default_factory=list)
    plain: list[np.ndarray] = field(default_factory=list)
    log_odds: list[float] = field(default_factory=list)
    attention: list[float] = field(default_factory=list)
    scales: list[Tensor] = field(default_factory=list)

    @classmethod
    def of(cls, weights: Weights, head: Component, back: int) -> "_Sums":
        writers = writers_before(weights.cfg, head.layer)
        shape = (len(writers), 2, len(writers), 2)
        return cls(head, back, writers, torch.zeros(shape, dtype=torch.float64, device=weights.model.device))

    def done(self) -> HeadSplit:
        scale = torch.stack(self.scales)
        return HeadSplit(
            head=self.head,
            back=self.back,
            attention=float(np.mean(self.attention)),
            writers=self.writers,
            classes=np.stack(self.classes),
            plain=np.stack(self.plain),
            pairs=(self.pairs / len(self.classes)).cpu().numpy(),
            log_odds=np.array(self.log_odds),
            scale_spread=float(scale.std() / scale.mean()),
        )


class _Layer:
    """The heads of one layer that are asked about.

    No array of writers by writers by positions is ever made: what every writer puts into the keys is first
    added up to one vector a query, by how much each key counts in the contrast, and multiplied by the query's
    after that.
    """

    def __init__(
        self, weights: Weights, layer: int, sums: Mapping[Component, _Sums], queries: Int[Tensor, " query"]
    ):
        self.weights, self.layer, self.queries = weights, layer, queries
        self.sums = [one for head, one in sums.items() if head.layer == layer]
        self.heads = tuple(one.head.head for one in self.sums if one.head.head is not None)
        self.q, self.k = (Projection(weights, layer, self.heads, side) for side in ("q", "k"))
        backs = torch.tensor([one.back for one in self.sums], device=queries.device)
        self.keys = queries - backs[:, None]
        self.places = slice(int(queries.max()) + 1)

    def add(self, below: Below, usual: Usual) -> None:
        scores = scores_of(self.weights, below, self.heads, self.queries)[:, :, self.places]
        counts, log_odds, attention = contrast_of(scores, self.keys)
        both = torch.cat([counts, plain_contrast_of(scores, self.keys)], 1)
        asking = self.q.of(below, usual, self.queries).flatten(3).flatten(1, 2)
        against = self.k.of(below, usual, self.places, both).unflatten(3, (2, -1)).flatten(4).flatten(1, 2)
        pairs = torch.einsum("had,hbrd->rhab", asking, against / len(self.queries)).double()
        for own, odds, share, found, plain in zip(self.sums, log_odds, attention, *pairs, strict=True):
            found = found.reshape(own.pairs.shape)
            own.pairs += found
            own.classes.append(by_class(found.cpu().numpy(), own.writers))
            own.plain.append(by_class(plain.reshape(found.shape).cpu().numpy(), own.writers))
            own.log_odds.append(float(odds.mean()))
            own.attention.append(float(share.mean()))
            own.scales.append(below.scale[self.places])


def layers_below(heads: Collection[Component]) -> int:
    """How many layers lie below the highest of these heads."""
    return max(head.layer for head in heads)


def _layers(heads: Collection[Component]) -> list[int]:
    return sorted({head.layer for head in heads})


def _chosen(model: PuzzleGPT, heads: Collection[Component] | None) -> tuple[Component, ...]:
    """The heads that are asked about, all by default; the model is fit to be asked."""
    check_not_planted(model, "scores taken apart")
    model.check_precision()
    say_ignored(model, "scores taken apart")
    if heads is None:
        return tuple(components_of(model.cfg, ("head",)))
    for head in heads:
        check_head(model, head)
    if not heads:
        raise PuzzlescopeError("Expected at least one head, got none.")
    return tuple(heads)
