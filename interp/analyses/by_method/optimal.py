"""Constants for the method ``optimal``, trained: what in the place of each component costs least.

The loss with a component replaced by ``scale * mean + shift`` (:mod:`interp.ablation.constants`) is minimised
over fresh puzzles of all tasks and orders, for all components at the same time: each has rows of its own, so
none sees another's constant. Training starts from zero or from the mean, whichever costs less, and gives the
average of its second half.

A trained constant can be worse than either on other puzzles, by chance. So for every component the choice
among zero, mean and trained is made on validation puzzles that training has not seen: trained only where it
is better by more than :data:`SURE` standard errors, else the better of the two, which it then equals exactly.
Held-out puzzles, apart from both, tell what the choice is worth (:func:`held_out`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation import (
    COMPONENT_KINDS,
    MEAN,
    ZERO,
    Ablation,
    Component,
    Method,
    Optimal,
    ReferenceMeans,
    RowMeans,
    Term,
    bank_means,
    components_of,
)
from interp.ablation.constants import ROLES, Constants
from interp.ablation.means import StructureMeans
from interp.analyses.ablation_sweep import sweep
from interp.engine.forward import Gates, LayerGates, finish_layer, heads_out, tail, unembed
from interp.engine.trunk import Trunk
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import PuzzleSet
from interp.puzzles.kinds import KINDS, draw
from interp.resumable import finish
from interp.tokens import ANSWER_START, GRID_TOKENS, PUZZLE_TOKENS

TRAINING, VALIDATION, HELD_OUT = 1701, 1702, 1703
"""Seeds of the streams of puzzles; no evaluation of the project uses them."""
STEPS, BATCH, RATE = 24, 2, 0.1
"""Usual steps, puzzles of one, and Adam's first rate, in units of a component's typical output; it falls to
0."""
VALIDATED = 64
"""Puzzles on which the choice is made: two of every task in every order."""
SURE = 2.0
ROWS = 16
"""Rows of one backward pass: their activations take 45 MB a row at the default model's sizes."""

Losses = dict[Component, Float[np.ndarray, " puzzle"]]


@dataclass(frozen=True)
class Progress:
    """How far training is: ``done`` of ``total`` steps, and the mean loss over all components, in nats."""

    done: int
    total: int
    loss: float


def train_constants(
    model: PuzzleGPT,
    bank: PuzzleSet,
    *,
    steps: int = STEPS,
    batch: int = BATCH,
    validated: int = VALIDATED,
) -> Iterator[Progress | Constants]:
    """Train constants for every component of a model.

    Args:
        bank: the puzzle bank, over which the means are taken.
        steps: of training.
        batch: puzzles of a step.
        validated: puzzles on which the choice among zero, mean and trained is made.

    Yields:
        How far it is after every step, and at the end the constants.

    Raises:
        PuzzlescopeError: if there is nothing to train, or the model's loss is not finite.
    """
    if steps < 1 or batch < 1 or validated < 2:
        raise PuzzlescopeError(
            "Training expects at least 1 step of 1 puzzle and 2 puzzles to validate, got"
            f" {steps}, {batch} and {validated}."
        )
    means = bank_means(model, bank)
    fresh = _Fresh(batch)
    validation = drawn(VALIDATION, validated)
    costs: dict[Method, Losses] = {
        method: losses_of(model, validation, means, method) for method in (ZERO, MEAN)
    }
    start = _start(model, costs)
    training = _Training(model, means, start, steps)
    for step in range(steps):
        yield Progress(step + 1, steps, training.step(fresh.take()))
    trained = training.average()
    known = replace(means, constants=trained)
    costs[Optimal()] = losses_of(model, validation, known, Optimal())
    chosen = _chosen(model, trained, costs)
    about: dict[str, Any] = {
        "method": "Li & Janson 2024, constants scale * mean + shift by role of the position",
        "training_puzzles": steps * batch,
        "validation_puzzles": validated,
        "seeds": {"training": TRAINING, "validation": VALIDATION, "held_out": HELD_OUT},
        "steps": steps,
        "batch": batch,
        "rate": RATE,
        "sure": SURE,
        "validation_loss": {
            part.text: {method.name: float(own[part].mean()) for method, own in costs.items()}
            for part in costs[ZERO]
        },
    }
    about["chosen"] = {part.text: chosen.what(part) for part in costs[ZERO]}
    yield replace(chosen, about=about)


def losses_of(model: PuzzleGPT, tokens: np.ndarray, means: ReferenceMeans, method: Method) -> Losses:
    """The loss (nats a token of the answer) of every puzzle with each component ablated by a method."""
    parts = components_of(model.cfg, COMPONENT_KINDS)
    _, *rows = sweep(model, tokens, parts, means=means, method=method)
    return {row.component: row.loss.by_puzzle() for row in rows if row.component is not None}


def held_out(model: PuzzleGPT, means: ReferenceMeans, n: int) -> dict[Component, tuple[float, ...]]:
    """What each component costs by zero, mean and optimal on ``n`` puzzles that neither training nor the
    choice has seen, in nats a token of the answer.

    Args:
        means: with the constants.
    """
    tokens = drawn(HELD_OUT, n)
    costs = [losses_of(model, tokens, means, method) for method in (ZERO, MEAN, Optimal())]
    return {part: tuple(float(own[part].mean()) for own in costs) for part in costs[0]}


def drawn(seed: int, n: int) -> np.ndarray:
    """Tokens of ``n`` fresh puzzles, all tasks and orders in turn, without start token."""
    each = -(-n // len(KINDS))
    found = [draw("evaluation", seed, kind, each) for kind in KINDS]
    return np.stack(found, 1).reshape(-1, found[0].shape[-1])[:n]


class _Fresh:
    """Puzzles for one step after another, none of which comes twice."""

    def __init__(self, batch: int):
        self._batch = batch
        self._order = np.random.default_rng(TRAINING)
        self._held = np.zeros((0, PUZZLE_TOKENS), dtype=np.uint8)
        self._block = 0

    def take(self) -> np.ndarray:
        while len(self._held) < self._batch:
            own = [draw("evaluation", TRAINING, kind, 1, block=self._block) for kind in KINDS]
            new = np.concatenate(own)[self._order.permutation(len(KINDS))]
            self._held, self._block = np.concatenate([self._held, new]), self._block + 1
        taken, self._held = self._held[: self._batch], self._held[self._batch :]
        return taken


def _start(model: PuzzleGPT, costs: Mapping[Method, Losses]) -> Constants:
    """Zero or the mean for each component, whichever costs less."""
    cfg, roles = model.cfg, len(ROLES)
    layers, heads = (cfg.n_layers,), (cfg.n_layers, cfg.n_heads)
    scales = {"attn": torch.zeros(layers), "mlp": torch.zeros(layers), "head": torch.zeros(heads)}
    shifts = {kind: torch.zeros(cfg.n_layers, roles, cfg.d_model) for kind in ("attn", "mlp")}
    shifts["head"] = torch.zeros(*heads, roles, cfg.d_head)
    for part in costs[ZERO]:
        scales[part.kind][_place(part)] = float(costs[MEAN][part].mean() < costs[ZERO][part].mean())
    return Constants(model.checkpoint_id, scales, shifts, {})


def _place(part: Component) -> tuple[int, ...]:
    return (part.layer,) if part.head is None else (part.layer, part.head)


def _chosen(model: PuzzleGPT, trained: Constants, costs: Mapping[Method, Losses]) -> Constants:
    """The trained constants where they are surely better on the validation puzzles, else where they
    started."""
    kept = _start(model, costs)
    for part, own in costs[Optimal()].items():
        place, other = _place(part), min((costs[m][part] for m in (ZERO, MEAN)), key=np.mean)
        gain = other - own
        if gain.mean() > SURE * gain.std(ddof=1) / np.sqrt(len(gain)):
            kept.scales[part.kind][place] = trained.scales[part.kind][place]
            kept.shifts[part.kind][place] = trained.shifts[part.kind][place]
    return kept


class _Training:
    """Adam on the constants of all components at the same time."""

    def __init__(self, model: PuzzleGPT, means: ReferenceMeans, start: Constants, steps: int):
        self.model, self.steps = model, steps
        # Numbers made in inference mode could not be part of a sum whose gradient is asked for.
        self.means = {
            structure: StructureMeans(own.z.clone(), own.attn_out.clone(), own.mlp_out.clone(), own.n)
            for structure, own in means.of.items()
        }
        self.scales = {kind: one.to(model.device).requires_grad_() for kind, one in start.scales.items()}
        self.moves = {kind: one.to(model.device).requires_grad_() for kind, one in start.shifts.items()}
        self.sizes = self._sizes()
        self.adam = torch.optim.Adam([*self.scales.values(), *self.moves.values()], lr=RATE)
        self.sums = {name: torch.zeros_like(one) for name, one in self._now().items()}
        self.done = self.summed = 0

    def _sizes(self) -> dict[str, Tensor]:
        """A typical output of each component: the root mean square of its means."""
        own = list(self.means.values())
        z = torch.stack([one.z for one in own]).square().mean((0, 2, 4)).sqrt()
        attn, mlp = (
            torch.stack([getattr(one, name) for one in own]).square().mean((0, 2, 3)).sqrt()
            for name in ("attn_out", "mlp_out")
        )
        return {"head": z[..., None, None], "attn": attn[:, None, None], "mlp": mlp[:, None, None]}

    def constants(self) -> Constants:
        """As they are now."""
        shifts = {kind: move * self.sizes[kind] for kind, move in self.moves.items()}
        return Constants(self.model.checkpoint_id, self.scales, shifts, {})

    def _now(self) -> dict[str, Tensor]:
        own = self.constants()
        return {
            **{f"scale.{kind}": one.detach() for kind, one in own.scales.items()},
            **{f"shift.{kind}": one.detach() for kind, one in own.shifts.items()},
        }

    def average(self) -> Constants:
        """The average of the second half of training."""
        found = {name: (total / self.summed).cpu() for name, total in self.sums.items()}
        kinds = list(self.scales)
        return Constants(
            self.model.checkpoint_id,
            {kind: found[f"scale.{kind}"] for kind in kinds},
            {kind: found[f"shift.{kind}"] for kind in kinds},
            {},
        )

    def step(self, tokens: np.ndarray) -> float:
        """One step on these puzzles; returns the mean loss over all components before it."""
        for group in self.adam.param_groups:
            group["lr"] = RATE * (1 - self.done / self.steps)
        self.adam.zero_grad()
        loss = self._backward(self.model.prompt(tokens))
        if not np.isfinite(loss):
            raise PuzzlescopeError("The model's loss is not finite: no constants can be trained for it.")
        self.adam.step()
        self.done += 1
        if 2 * self.done >= self.steps:
            self.summed += 1
            for name, one in self._now().items():
                self.sums[name] += one
        return loss

    def _backward(self, prompt: Int[Tensor, "puzzle 405"]) -> float:
        """The gradients of the loss with each component replaced."""
        trunk = Trunk(self.model, prompt[:, :-1])
        with torch.no_grad():
            finish(trunk.grow())
        answer, total = prompt[:, ANSWER_START:], 0.0
        parts = components_of(self.model.cfg, COMPONENT_KINDS)
        at_once = max(1, ROWS // len(prompt))
        for layer in range(self.model.cfg.n_layers):
            own = [part for part in parts if part.layer == layer]
            with torch.no_grad():
                before = trunk.before[layer]
                z = heads_out(trunk.weights, layer, before, LayerGates(), last=trunk.asked(layer))
            for first in range(0, len(own), at_once):
                total += self._group(trunk, layer, own[first : first + at_once], z, answer)
        return total / len(parts)

    def _group(
        self,
        trunk: Trunk,
        layer: int,
        parts: Sequence[Component],
        z: Float[Tensor, "puzzle pos head d_head"] | None,
        answer: Int[Tensor, "puzzle 101"],
    ) -> float:
        """The gradients of some components of one layer; returns the sum of their losses."""
        trunk.means = self._rows(trunk.prompt)
        gates = trunk.gates(*(Ablation.of([Term(part, Optimal())]) for part in parts))
        n, asked = len(parts), trunk.asked(layer)
        rows = tail(trunk.before[layer], asked).repeat(n, 1, 1)
        repeated = None if z is None else z.repeat(n, 1, 1, 1)
        resid = finish_layer(
            trunk.weights, layer, rows, repeated, gates.layers[layer], gates.means, trunk.end
        )
        clean = Gates((LayerGates(),) * self.model.cfg.n_layers)
        logits = unembed(self.model, finish(trunk.branch(layer + 1, resid, clean)))
        wanted = answer.repeat(n, 1)
        loss = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
        loss = loss / (len(answer) * GRID_TOKENS)
        loss.backward()
        return float(loss.detach())

    def _rows(self, prompt: Int[Tensor, "puzzle pos"]) -> RowMeans:
        known = ReferenceMeans(self.model.checkpoint_id, self.means, constants=self.constants())
        return RowMeans({Optimal(): known.constant_rows(self.model, prompt)})
