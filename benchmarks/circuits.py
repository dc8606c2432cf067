"""Circuits: what scoring edges, running a circuit and eliminating edges take.

EAP-IG a pair; exact effects of all edges of a pair, against whole passes of the engine (so many as the edges
have layers left to run) and against cutting edges by hooks; a circuit's run over a clean run; elimination to
the end. Seconds, and seconds of the processor's time, which other programs move less.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from benchmarks.synergy import taken
from interp.checkpoints import load_model
from interp.circuits.attribution import attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.finder import FAITHFUL, Circuit, Judge, eliminate
from interp.circuits.graph import Edge, Graph, connected
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.circuits.writes import prompts, recorded
from interp.engine.contrast import Contrast
from interp.engine.forward import Weights, run, weights_of
from interp.grids import CELLS
from interp.model import PuzzleGPT
from interp.pairs import Pair, shipped_pairs

TASK = "contact"
PAIRS = 8
SIZES = (30, 100, 1000)
EDGES = 24
"""Edges that are cut by hooks: each costs the same."""


def passes(graph: Graph) -> float:
    """Whole passes of the model that exact effects of all edges would take if each edge were run from its
    reader's layer on, and nothing were shared or left out.

    >>> from interp.model import Config
    >>> passes(Graph(Config(n_layers=6, n_heads=8)))
    1428.0
    """
    n_layers = graph.cfg.n_layers
    left = 0
    for layer in range(n_layers):
        inputs = graph.inputs(layer)
        left += sum(graph.below[inputs.start : inputs.stop + 1]) * (n_layers - layer)
    return left / n_layers


def by_hooks(model: PuzzleGPT, pair: Pair, edges: Sequence[Edge]) -> list[float]:
    """The effects of some edges, each by a run of the model with a hook on what its reader reads."""
    weights, graph = weights_of(model), Graph(model.cfg)
    base, other = torch.from_numpy(prompts(pair))
    metric = Contrast.of(pair).of_logits
    change = recorded(weights, other).writes - recorded(weights, base).writes
    whole, found = float(metric(model(base[None])[0, -CELLS:])), []
    for edge in edges:
        added = change[graph.writers.index(edge.writer)]
        hook = _adding(edge.reader, added)
        logits = model.run_with_hooks(base[None], fwd_hooks=[(_name(edge.reader, model.cfg.n_layers), hook)])
        found.append(whole - float(metric(logits[0, -CELLS:])))
    return found


def _name(reader: str, n_layers: int) -> str:
    """Of the hook on what a reader reads; heads' inputs and the MLPs' are shown one by one."""
    if reader == "logits":
        return f"blocks.{n_layers - 1}.hook_resid_post"
    layer, *_, which = reader[1:].split(".")
    return f"blocks.{layer}.hook_mlp_in" if which == "mlp" else f"blocks.{layer}.attn.hook_{which}_input"


def _adding(reader: str, added: torch.Tensor) -> Callable[..., torch.Tensor]:
    def hook(value: torch.Tensor, hook: object) -> torch.Tensor:
        if value.ndim == 3:
            return value + added
        value = value.clone()
        value[:, :, int(reader.split(".")[1][1:])] += added
        return value

    return hook


def some_edges(graph: Graph, n: int) -> list[Edge]:
    edges = list(graph.edges())
    return [edges[k] for k in np.linspace(0, len(edges) - 1, n).round().astype(int)]


def hooked_model(name: str = "default") -> PuzzleGPT:
    """A model that shows what every reader reads."""
    model = load_model(name)
    model.cfg.use_split_qkv_input = model.cfg.use_hook_mlp_in = True
    return model


def circuits_over_clean(
    weights: Weights, pairs: Sequence[Pair], scores: EdgeScores
) -> list[tuple[int, float, float]]:
    """Of circuits of several sizes: how many edges, and the time of a run of all pairs over that of a clean
    run of the engine, whole and of the processor's time; the least of three in turn."""
    runs = CircuitRuns(weights, pairs)
    tokens = torch.from_numpy(np.stack([prompts(pair)[0] for pair in pairs]))

    def clean() -> None:
        with torch.inference_mode():
            run(weights, tokens, last=CELLS)

    found = []
    for n in (*SIZES, runs.graph.n_edges):
        mask = connected(runs.graph, scores.top(n))
        works: tuple[Callable[[], object], ...] = (clean, partial(runs.metrics, mask))
        times = np.array([[taken(work) for work in works] for _ in range(4)])[1:].min(0)
        found.append((int(mask.sum()), *(times[1] / times[0]).tolist()))
    return found


def main() -> None:
    model, pairs = load_model("default"), shipped_pairs("rule", TASK)[:PAIRS]
    weights, graph = weights_of(model), Graph(model.cfg)
    print(f"circuits, {TASK}, {torch.get_num_threads()} threads: seconds (of the processor's time)")
    attribute_edges(model, pairs[:1], steps=1)
    scores = []
    spent = np.array(taken(lambda: scores.append(attribute_edges(model, pairs)))) / PAIRS
    print(f"  EAP-IG-5, a pair: {spent[0]:.2f} ({spent[1]:.2f}); 64 pairs {64 * spent[0]:.0f}", flush=True)
    for n, whole, busy in circuits_over_clean(weights, pairs, scores[0]):
        print(f"  run of {n} edges over a clean run, {PAIRS} puzzles: {whole:.2f} ({busy:.2f})", flush=True)
    _print_exact(model, pairs, graph)
    runs, n = CircuitRuns(weights, pairs), 100
    kept = connected(graph, scores[0].top(n))
    while kept.sum() < 100:
        n += 1
        kept = connected(graph, scores[0].top(n))
    first = Circuit(graph, kept, Judge(runs).of(kept))
    last: list[Circuit] = []
    spent = np.array(taken(lambda: last.append(eliminate(runs, first, FAITHFUL))))
    print(
        f"  elimination, {PAIRS} pairs, from {len(first)} edges ({first.faithfulness:.3f}) to {len(last[0])}"
        f" ({last[0].faithfulness:.3f}): {spent[0]:.0f} ({spent[1]:.0f})"
    )


def _print_exact(model: PuzzleGPT, pairs: Sequence[Pair], graph: Graph) -> None:
    weights = weights_of(model)
    tokens = torch.from_numpy(np.stack([prompts(pair)[0] for pair in pairs]))
    with torch.inference_mode():
        one_pass = np.min([taken(lambda: run(weights, tokens)) for _ in range(4)], 0) / len(pairs)
    ours = np.array(taken(lambda: exact_edges(model, pairs[:1])))
    hooked, edges = hooked_model(), some_edges(graph, EDGES)
    by_hooks(hooked, pairs[0], edges[:1])
    with torch.inference_mode():
        hooks = np.array(taken(lambda: by_hooks(hooked, pairs[0], edges))) * graph.n_edges / EDGES
    share, times = ours / one_pass / passes(graph), hooks / ours
    print(
        f"  exact, all {graph.n_edges:,} edges of a pair: {ours[0]:.0f} ({ours[1]:.0f});"
        f" of {passes(graph):,.0f} passes of the engine x {share[0]:.2f} ({share[1]:.2f});"
        f" by hooks {hooks[0]:.0f} ({hooks[1]:.0f}; {EDGES} edges, scaled),"
        f" x {times[0]:.1f} ({times[1]:.1f})",
        flush=True,
    )


if __name__ == "__main__":
    main()
