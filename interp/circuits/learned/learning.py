"""The few edges that keep a model's answers, learned: Edge Pruning (Bhaskar et al., 2024, "Finding
Transformer Circuits with Edge Pruning", section 3).

Every edge has a gate that is drawn at random, in every step anew; what is learned are the odds of its being
open. The loss is how far the predictions are from the whole model's (Kullback-Leibler divergence, mean over
the answer's cells), and a penalty, with multipliers that are learned against it, on having more edges open
than were asked for by then: the number falls from all to what was asked for, by the same share in every
step, and stays there for the rest. All edges are weighed at once, so that of two that do the same work one
can go, and what only several edges together are worth is seen: neither a gradient at the whole model tells
that, nor leaving out one edge at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.attribution import check_pairs
from interp.circuits.finder import Kept
from interp.circuits.graph import Graph, connected
from interp.circuits.learned.gates import drawn, open_chance
from interp.circuits.learned.runs import Gated, gated_logits
from interp.circuits.writes import Fill, Fills, Writes, prompts, recorded, tokens_for
from interp.engine.forward import Weights, weights_of
from interp.engine.side_by_side import side_by_side
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import check_not_planted, say_ignored
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable

STEPS, ROWS = 800, 2
"""Of the descent, and puzzles in each."""
FALLING = 0.7
"""Of the steps: while the number of open gates falls."""
BEGIN = 4.0
"""Log-odds of every gate at first."""
RATE, AGAINST = 0.3, 0.4
"""Adam's rate for the log-odds, and for the multipliers of the penalty."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What is learned.

    Attributes:
        graph: of the model.
        log_odds: of every edge's gate to be open; minus infinity where there is no edge.
    """

    graph: Graph
    log_odds: Float[np.ndarray, "reader writer"]

    def circuit(self, n: int) -> Kept:
        """The edges whose gates are likeliest to be open, pruned to paths from the embedding to the logits: a
        circuit of at most ``n``."""
        taken, too_many = 0, self.graph.n_edges + 1
        while too_many - taken > 1:
            some = (taken + too_many) // 2
            fits = self._top(some).sum() <= n
            taken, too_many = (some, too_many) if fits else (taken, some)
        return self._top(taken)

    def _top(self, n: int) -> Kept:
        order = np.argsort(-self.log_odds, axis=None, kind="stable")[:n]
        found = np.zeros_like(self.graph.possible)
        found.flat[order] = True
        return connected(self.graph, found)


@dataclass(frozen=True, eq=False)
class Halfway:
    """A descent between two of its steps: all that the rest of it depends on, so that it can go on from there
    as if it had not been stopped.

    Attributes:
        step: how many are done.
        log_odds: of every edge's gate to be open.
        against: the multipliers of the penalty.
        moments: what Adam keeps of the log-odds, and of the multipliers.
        rng: the state of the generator that gates are drawn with.
    """

    step: int
    log_odds: Float[Tensor, "reader writer"]
    against: Float[Tensor, "2"]
    moments: tuple[dict[str, Tensor], dict[str, Tensor]]
    rng: Tensor


@dataclass(frozen=True, eq=False)
class Learning:
    """How far it is.

    Attributes:
        step: how many are done.
        of: how many there are.
        kl: nats a cell, of the last step's puzzles, mean over its cells.
        edges: gates that are expected to be open.
        learned: so far.
        halfway: what the rest can be learned from at another time.
    """

    step: int
    of: int
    kl: float
    edges: float
    learned: Learned
    halfway: Halfway


@resumable
def learn_edges(
    model: PuzzleGPT,
    pairs: Sequence[Pair],
    n: int,
    *,
    steps: int = STEPS,
    fill: Fill = "mean",
    bank: PuzzleSet | None = None,
    seed: int = 0,
    begin: Halfway | None = None,
) -> Steps[Learning, Learned]:
    """Which edges keep the answers of some pairs' bases once about so many are left.

    Args:
        pairs: whose ends have the same grids at the same positions.
        n: edges that are to be left.
        steps: of the descent. Fewer are quicker, and leave a worse circuit.
        fill: what an edge whose gate is shut reads.
        bank: for the fills that take puzzles from it.
        seed: which puzzles and gates are drawn in every step.
        begin: how far it was at another time, with all other arguments the same. What is learned is the same
            to the last bit as if it had not been stopped, on the same machine with as many threads.

    Yields:
        How far it is, after every step that is done now.

    Raises:
        PuzzlescopeError: if there is no pair, or its positions do not align, or the model has not so many
            edges, or is a planted circuit.
    """
    check_not_planted(model, "learned circuits")
    say_ignored(model, "learned circuits")
    check_pairs(pairs)
    if not 0 < n <= Graph(model.cfg).n_edges or steps < 1:
        raise PuzzlescopeError(
            f"Expected 1 to {Graph(model.cfg).n_edges:,} edges and at least one step, got {n:,} and"
            f" {steps:,}."
        )
    examples = _Examples(weights_of(model), pairs, fill, bank)
    descent = _Descent(model, n, steps, seed, begin)
    rng, done = np.random.default_rng(seed), descent.done
    for step in range(steps):
        chosen = rng.choice(len(pairs), min(ROWS, len(pairs)), replace=False)
        if step < done:  # drawn all the same, so that the next draw is what it would have been
            continue
        batch = list[_Example]()
        for k in chosen.tolist():
            batch.append((yield from examples.of(k)))
        kl = descent.step(batch)
        yield Learning(step + 1, steps, kl, descent.expected, descent.learned, descent.halfway)
    return descent.learned


@dataclass(frozen=True, eq=False)
class _Example:
    """A prompt, what is read in its run where a gate is shut, and the logarithm of the probabilities that the
    whole model gives the answer's cells."""

    tokens: Int[Tensor, " pos"]
    others: Writes
    whole: Float[Tensor, "100 vocab"]

    def divergence(self, model: PuzzleGPT, gates: Gated) -> tuple[Tensor, Gated]:
        """Nats a cell, and the gradient at the gates."""
        with torch.inference_mode(False), torch.enable_grad():
            # What was made in inference mode is in no gradient.
            tokens, others, whole = self.tokens.clone(), self.others.clone(), self.whole.clone()
            gates = gates.clone().requires_grad_()
            cut = gated_logits(model, tokens[None], others[None], gates)[0].log_softmax(-1)
            kl = (whole.exp() * (whole - cut)).sum(-1).mean()
            return kl.detach(), torch.autograd.grad(kl, gates)[0]


class _Examples:
    """Those of some pairs' bases."""

    def __init__(self, weights: Weights, pairs: Sequence[Pair], fill: Fill, bank: PuzzleSet | None):
        self._weights, self._pairs = weights, pairs
        self._fills = Fills(weights, fill, bank)
        self._known: dict[int, Tensor] = {}

    def of(self, k: int) -> Steps[None, _Example]:
        tokens = tokens_for(self._weights, prompts(self._pairs[k])[0])
        others = yield from self._fills.of(self._pairs[k])
        if k not in self._known:
            self._known[k] = recorded(self._weights, tokens).logits.log_softmax(-1)
            yield None
        return _Example(tokens, others, self._known[k])


class _Descent:
    """The odds of the gates, and their descent.

    Attributes:
        done: how many steps of it.
    """

    def __init__(self, model: PuzzleGPT, n: int, steps: int, seed: int, begin: Halfway | None = None):
        self._model, self._graph, self._n, self._steps = model, Graph(model.cfg), n, steps
        self._rng, self.done = torch.Generator().manual_seed(seed), 0
        with torch.inference_mode(False):
            self._possible = torch.from_numpy(self._graph.possible).to(model.device)
            log_odds = torch.full(self._possible.shape, BEGIN, device=model.device)
            self._log_odds = log_odds.requires_grad_()
            self._against = torch.zeros(2, device=model.device, requires_grad=True)
            self._down = torch.optim.Adam([self._log_odds], lr=RATE, betas=(0.9, 0.99))
            self._up = torch.optim.Adam([self._against], lr=AGAINST, maximize=True)
            if begin is not None:
                self._go_on(begin)

    @property
    def halfway(self) -> Halfway:
        """All that its next step depends on."""
        with torch.inference_mode(False):
            down, up = (
                {name: value.detach().clone() for name, value in adam.state_dict()["state"][0].items()}
                for adam in (self._down, self._up)
            )
            log_odds, against = (own.detach().clone() for own in (self._log_odds, self._against))
            return Halfway(self.done, log_odds, against, (down, up), self._rng.get_state())

    def _go_on(self, begin: Halfway) -> None:
        """Be as it was then."""
        self.done = begin.step
        self._log_odds.data.copy_(begin.log_odds)
        self._against.data.copy_(begin.against)
        self._rng.set_state(begin.rng)
        for adam, moments in zip((self._down, self._up), begin.moments, strict=True):
            own = {name: value.clone() for name, value in moments.items()}
            adam.load_state_dict(adam.state_dict() | {"state": {0: own}})

    @property
    def expected(self) -> float:
        """Gates that are open."""
        return float((open_chance(self._log_odds.detach()) * self._possible).sum())

    @property
    def learned(self) -> Learned:
        found = self._log_odds.detach().masked_fill(~self._possible, -torch.inf)
        return Learned(self._graph, found.cpu().numpy())

    def step(self, examples: Sequence[_Example]) -> float:
        """The next step, on some prompts, side by side; returns the divergence, nats a cell."""
        with torch.inference_mode(False), torch.enable_grad():
            gates = drawn(self._log_odds, self._possible, self._rng)
            at = gates.detach()
            found = side_by_side(lambda one: one.divergence(self._model, at), examples, at.device)
            too_many = (open_chance(self._log_odds) * self._possible).sum() - self._wanted
            share = too_many.relu() / self._graph.n_edges
            penalty = self._against[0] * share + self._against[1] * share**2
            mean = torch.stack([gradient for _, gradient in found]).mean(0)
            learned = [self._log_odds, self._against]
            self._log_odds.grad, self._against.grad = torch.autograd.grad(
                [gates, penalty], learned, [mean, torch.ones_like(penalty)]
            )
            self._down.step()
            self._up.step()
            self._against.data.clamp_(min=0)
        self.done += 1
        return float(torch.stack([kl for kl, _ in found]).mean())

    @property
    def _wanted(self) -> float:
        """How many are to be open in the next step."""
        fallen = min(1.0, self.done / max(1.0, FALLING * self._steps))
        return self._graph.n_edges * (self._n / self._graph.n_edges) ** fallen
