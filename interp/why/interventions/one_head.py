"""One head's scores from given streams: nothing else is computed, for nothing else changes.

What an intervention on one side of a head replaces is the stream that its queries, or its keys, read, before
the LayerNorm (TransformerLens's ``hook_q_input`` and ``hook_k_input``); the LayerNorm normalises it anew. All
that comes before the head is as it was, so that a run up to the head's layer tells everything.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.ablation import Component
from interp.circuits.graph import Graph
from interp.engine.forward import Gates, LayerGates, Weights, embed, run_layer, weights_of
from interp.engine.halves import run_halves
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.tokens import N_CTX

Stream = Float[Tensor, "*variant pos d_model"]
Scores = Float[Tensor, "*#variant query key"]


@dataclass(frozen=True, eq=False)
class OneHead:
    """A head, and the positions from which it looks.

    Attributes:
        weights: of its model.
        head: which.
        queries: positions.
    """

    weights: Weights
    head: Component
    queries: Int[Tensor, " query"]

    @classmethod
    def of(cls, model: PuzzleGPT, head: Component, queries: Int[np.ndarray, " query"]) -> "OneHead":
        """The head of a model.

        Raises:
            PuzzlescopeError: if it has no such head, or is a planted circuit, whose parts read no common
                stream.
        """
        check_head(model, head)
        say_ignored(model, "interventions on a head")
        return cls(weights_of(model), head, torch.from_numpy(queries).to(model.device))

    @property
    def before(self) -> tuple[str, ...]:
        """The writers that come before it: the embedding of tokens, then layer by layer heads and MLP."""
        return Graph(self.weights.cfg).writers[: self._n_before]

    @property
    def _n_before(self) -> int:
        return Graph(self.weights.cfg).head(self.head.layer, 0)

    def stream(self, tokens: Int[np.ndarray, "row pos"]) -> Float[Tensor, "row pos d_model"]:
        """What the head reads in the model's own run."""
        resid = embed(self.weights.model, self._tensor(tokens))
        for layer in range(self.head.layer):
            resid = run_layer(self.weights, layer, resid)
        return resid

    def writes(self, tokens: Int[np.ndarray, " pos"]) -> Float[Tensor, "writer pos d_model"]:
        """What every writer before it writes; together they are its stream. Tokens and positions, the
        embedding, are the first."""
        cfg = self.weights.cfg
        gates = Gates(tuple(LayerGates() for _ in range(cfg.n_layers)))
        resid = embed(self.weights.model, self._tensor(tokens[None]))
        found = [resid]
        for layer in range(self.head.layer):
            halves = run_halves(self.weights, layer, resid, gates)
            assert halves.z is not None
            W_O = self.weights.layers[layer].block.attn.W_O
            found += [torch.einsum("phd,hdm->hpm", halves.z[0], W_O), halves.mlp_out]
            resid = halves.post
        return torch.cat(found)

    def q(self, stream: Stream) -> Float[Tensor, "*variant pos d_qk"]:
        """Queries that read this."""
        block = self.weights.layers[self.head.layer].block
        return block.ln1.plain(stream) @ block.attn.W_Q[self.head.head] * block.attn.scale

    def k(self, stream: Stream) -> Float[Tensor, "*variant pos d_qk"]:
        """Keys that read this."""
        block = self.weights.layers[self.head.layer].block
        return block.ln1.plain(stream) @ block.attn.W_K[self.head.head]

    def scores(
        self, q: Float[Tensor, "*#variant query d_qk"], k: Float[Tensor, "*#variant key d_qk"]
    ) -> Scores:
        """How well each key fits each query; minus infinity of those after it."""
        keys = torch.arange(k.shape[-2], device=k.device)
        return (q @ k.mT).masked_fill(keys > self.queries[:, None], -torch.inf)

    def _tensor(self, tokens: Int[np.ndarray, "row pos"]) -> Int[Tensor, "row pos"]:
        return torch.from_numpy(tokens.astype(np.int64)).to(self.weights.model.device)


def check_head(model: PuzzleGPT, head: Component) -> None:
    """Raise :class:`PuzzlescopeError` of what is no head of this model."""
    cfg = model.cfg
    if head.kind != "head":
        raise PuzzlescopeError(f"Expected a head, as L1.H5, got {head.text}.")
    if head.layer >= cfg.n_layers or (head.head or 0) >= cfg.n_heads:
        raise PuzzlescopeError(
            f"The model has no {head.text}: it has {cfg.n_layers} layers of {cfg.n_heads} heads."
        )


def check_back(back: int, queries: Int[np.ndarray, " query"]) -> None:
    """Raise :class:`PuzzlescopeError` where some query has no key so far back."""
    least = int(queries.min())
    if not 0 <= back <= least:
        raise PuzzlescopeError(
            f"Expected how far back the head looks, 0 to {least} (the first position that looks is {least}"
            f" of {N_CTX}), got {back}."
        )


def log_odds(scores: Scores, keys: Int[Tensor, "*variant query"]) -> Float[Tensor, "*variant query"]:
    """Of the attention to one key of each query against all others together, nats: from the scores, so that
    it does not saturate. Minus infinity of a key that is not seen."""
    at = keys[..., None]
    own = scores.gather(-1, at)
    others = scores.scatter(-1, at, -torch.inf).logsumexp(-1)
    return own[..., 0] - others


def mean_where(
    values: Float[Tensor, "*variant query"], known: Bool[Tensor, "*variant query"]
) -> Float[Tensor, "*variant"]:
    """The mean over the queries that count; nan where none does."""
    return torch.where(known, values, 0).sum(-1) / known.sum(-1)
