"""The attribution graph of one cell, computed: one gradient for the values of all nodes, and for every reader
what its own linear map makes of each write."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.cells.frozen import HeadsBack, Held, MlpBack, held, norm_back
from interp.circuits.cells.graph import POSITION, TOKEN, CellGraph, nodes_of
from interp.circuits.cells.roles import ROLES, roles_of
from interp.circuits.cells.target import RUNNER, CellTarget
from interp.circuits.writes import recorded
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.puzzles import Puzzle
from interp.resumable import Steps, resumable
from interp.tokens import with_start

NEURONS = 24
"""Neurons with nodes of their own, the strongest of all layers."""
MOST_NEURONS = 256

Neuron = tuple[int, int]
"""Layer and number."""


@resumable
def cell_graph(
    model: PuzzleGPT,
    puzzle: Puzzle,
    cell: int,
    target: CellTarget = RUNNER,
    *,
    neurons: int = NEURONS,
) -> Steps[None, CellGraph]:
    """The exact linear attribution graph of one cell of the answer, in the run that is given the true cells
    before it (attribution graphs: Ameisen et al., 2025, "Circuit Tracing"; here over heads and neurons
    themselves, and so without error nodes).

    Args:
        cell: 0..99.
        target: the lead that is explained.
        neurons: how many have nodes of their own: those that add most to the target, by the absolute sums of
            each role.

    Raises:
        PuzzlescopeError: if there is no such cell or number of neurons.
    """
    check_neurons(neurons)
    roles, run = yield from held_run(model, puzzle, cell, target)
    one = _Attribution(run, roles, strongest_neurons(run, roles, neurons))
    one.into_target()
    for layer in reversed(range(model.cfg.n_layers)):
        one.into_mlp(layer)
        yield None
        for head in range(model.cfg.n_heads):
            one.into_head(layer, head)
        yield None
    return one.graph(cell)


def check_neurons(neurons: int) -> None:
    """Raise :class:`PuzzlescopeError` unless so many neurons can have nodes."""
    if not 0 <= neurons <= MOST_NEURONS:
        raise PuzzlescopeError(f"Expected 0 to {MOST_NEURONS} neurons, got {neurons}.")


def held_run(
    model: PuzzleGPT, puzzle: Puzzle, cell: int, target: CellTarget
) -> Steps[None, tuple[Int[np.ndarray, " pos"], Held]]:
    """The roles of positions for a cell, and the run that is held."""
    roles = roles_of(puzzle, cell)
    say_ignored(model, "attribution graphs")
    tokens = torch.from_numpy(with_start(puzzle.tokens)[:-1]).to(model.device)
    weights = weights_of(model)
    run = recorded(weights, tokens)
    yield None
    return roles, (yield from held(weights, run, cell, len(roles), target))


def strongest_neurons(run: Held, roles: Int[np.ndarray, " pos"], n: int) -> tuple[Neuron, ...]:
    """The ``n`` neurons that add most to the target, in the order of the run."""
    which = torch.from_numpy(roles).to(run.before.device)
    sums = [own.new_zeros(len(ROLES), own.shape[1]).index_add_(0, which, own) for own in run.neurons]
    sizes = torch.stack(sums).abs().sum(1).flatten()
    chosen = sizes.argsort(descending=True, stable=True)[:n].tolist()
    width = run.weights.cfg.d_mlp
    return tuple(sorted(divmod(k, width) for k in chosen if float(sizes[k]) > 0))


class _Attribution:
    """The flows of one held run, reader by reader.

    Writers stand in the order of the run: tokens, positions, then of each layer its heads, its neurons that
    have nodes, and the rest of its MLP. A node is a writer at a role: its number is the writer's times the
    number of roles, and the role's.
    """

    def __init__(self, run: Held, roles: Int[np.ndarray, " pos"], neurons: tuple[Neuron, ...]):
        self.run, self.weights, self.roles = run, run.weights, roles
        self.neurons = neurons
        self.places = [torch.from_numpy(np.flatnonzero(roles == role)) for role in range(len(ROLES))]
        self.places = [own.to(run.before.device) for own in self.places]
        parts = self._parts()
        self.number = {part: k for k, part in enumerate(parts)}
        self.nodes = tuple(nodes_of(parts))
        self.flows = np.zeros((len(self.nodes), len(self.nodes)), np.float32)
        self.values = np.zeros(len(self.nodes))
        writes, gradients = self._writes(parts)
        self.by_role = [writes[:, own].flatten(1) for own in self.places]
        at_each = torch.stack([(one * own).sum(-1) for one, own in zip(writes, gradients, strict=True)])
        for role, own in enumerate(self.places):
            self.values[role : -2 : len(ROLES)] = at_each[:, own].double().sum(1).cpu().numpy()
        self.values[-1] = run.value

    # ---- writers ----

    def _parts(self) -> tuple[str, ...]:
        cfg, found = self.weights.cfg, [TOKEN, POSITION]
        for layer in range(cfg.n_layers):
            found += [f"L{layer}.H{head}" for head in range(cfg.n_heads)]
            found += [f"L{layer}.N{neuron}" for neuron in self.of_layer(layer)]
            found.append(f"L{layer}.mlp")
        return tuple(found)

    def of_layer(self, layer: int) -> list[int]:
        """The neurons of a layer that have nodes."""
        return [neuron for own, neuron in self.neurons if own == layer]

    def _writes(
        self, parts: tuple[str, ...]
    ) -> tuple[Float[Tensor, "writer pos d_model"], list[Float[Tensor, "pos d_model"]]]:
        """What every writer writes, and the target's gradient at the stream after it."""
        run, cfg, end = self.run, self.weights.cfg, self.run.end
        writes = run.before.new_empty(len(parts), *run.before.shape)
        gradients = [run.before, run.before]
        writes[1] = self.weights.model.pos_embed.W_pos[:end]
        writes[0] = run.run.writes[0, :end] - writes[1]
        k = 2
        for layer in range(cfg.n_layers):
            own = run.run.writes[1 + layer * (cfg.n_heads + 1) :, :end]
            writes[k : k + cfg.n_heads] = own[: cfg.n_heads]
            k += cfg.n_heads
            gradients += [run.after[2 * layer]] * cfg.n_heads
            chosen = self.of_layer(layer)
            mlp = MlpBack(self.weights, layer, run.stream(layer, 1), run.after[2 * layer + 1])
            by_neuron = mlp.hidden[:, chosen].T[..., None] * mlp.mlp.W_out[chosen][:, None]
            writes[k : k + len(chosen)] = by_neuron
            writes[k + len(chosen)] = own[cfg.n_heads] - by_neuron.sum(0)
            k += len(chosen) + 1
            gradients += [run.after[2 * layer + 1]] * (len(chosen) + 1)
        return writes, gradients

    # ---- readers ----

    def into_target(self) -> None:
        gradient = torch.zeros_like(self.run.before)
        gradient[-1] = self.run.after[-1][-1]
        for role, flows in self._of_writers(gradient[None], len(self.number)):
            self._put([len(self.nodes) - 1], role, flows)
        constant = self.weights.model.unembed.b_U.double() @ self.run.of_logits.double()
        self.flows[-1, -2] = float(constant)

    def into_mlp(self, layer: int) -> None:
        """What a layer's neurons that have nodes read, and the rest of its MLP."""
        gradient = self.run.after[2 * layer + 1]
        mlp = MlpBack(self.weights, layer, self.run.stream(layer, 1), gradient)
        chosen = self.of_layer(layer)
        rest = mlp.at_hidden.clone()
        rest[:, chosen] = 0
        read = torch.stack([*(mlp.of_neuron(neuron) for neuron in chosen), mlp.at_stream(rest)])
        constants = torch.stack(
            [
                *(mlp.at_hidden[:, neuron] * mlp.constant[neuron] for neuron in chosen),
                rest @ mlp.constant + gradient @ mlp.mlp.b_out,
            ]
        )
        first = self.number[f"L{layer}.H0"] + self.weights.cfg.n_heads
        for role, flows in self._of_writers(read, first):  # it reads at each position for itself
            self._put([self._node(first + k, role) for k in range(len(read))], role, flows)
        for role, own in enumerate(self.places):
            for k, constant in enumerate(constants[:, own].double().sum(1).tolist()):
                self.flows[self._node(first + k, role), -2] = constant

    def into_head(self, layer: int, head: int) -> None:
        """What a head reads as values, for each role of the positions that it writes at."""
        heads = HeadsBack(self.weights, layer, self.run.stream(layer, 0), self.run.after[2 * layer])
        at_z, W_V = heads.at_z(head), heads.attn.W_V[head]
        roles = [role for role, own in enumerate(self.places) if bool(at_z[own].any())]
        if not roles:
            return
        pattern = heads.pattern(head)
        at_values = torch.stack([pattern[own].T @ at_z[own] for own in (self.places[role] for role in roles)])
        writer = self.number[f"L{layer}.H{head}"]
        nodes = [self._node(writer, role) for role in roles]
        read = norm_back(heads.norm, heads.stream, at_values @ W_V.T)
        for role, flows in self._of_writers(read, self.number[f"L{layer}.H0"]):
            self._put(nodes, role, flows)
        self.flows[nodes, -2] = (at_values.sum(1) @ (heads.norm.b @ W_V)).cpu().numpy()

    def _of_writers(
        self, read: Float[Tensor, "reader pos d_model"], below: int
    ) -> Iterable[tuple[int, Float[np.ndarray, "reader writer"]]]:
        """What each reader reads of the first so many writers at the positions of every role."""
        for role, own in enumerate(self.places):
            if len(own):
                yield role, (read[:, own].flatten(1) @ self.by_role[role][:below].T).cpu().numpy()

    def _put(self, readers: list[int], role: int, flows: Float[np.ndarray, "reader writer"]) -> None:
        end = self._node(flows.shape[1], role)
        self.flows[readers, role : end : len(ROLES)] = flows

    def _node(self, writer: int, role: int) -> int:
        return writer * len(ROLES) + role

    def graph(self, cell: int) -> CellGraph:
        """The graph, without nodes that are at no position and those that nothing flows through."""
        self.values[-2] = float(self.flows[:, -2].sum(dtype=np.float64))
        kept = (self.flows != 0).any(0) | (self.flows != 0).any(1)
        kept[-2:] = True
        chosen = np.flatnonzero(kept)
        run = self.run
        return CellGraph(
            cell,
            run.toward,
            run.over,
            run.value,
            tuple(self.nodes[k] for k in chosen),
            self.values[chosen],
            self.flows[np.ix_(chosen, chosen)],
        )
