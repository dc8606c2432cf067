"""What a study will cost, told before it begins: the rate of this machine, measured on a few puzzles in
seconds, times the work."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

from interp.ablation import ReferenceMeans, components_of
from interp.analyses.ablation_sweep import sweep_parts
from interp.analyses.question import Question
from interp.circuits.exact import ExactEdges
from interp.circuits.graph import Graph
from interp.circuits.writes import Fills
from interp.engine.forward import weights_of
from interp.model import PuzzleGPT
from interp.model.hooks import is_planted
from interp.pairs import Pair, make_pairs
from interp.puzzles import PuzzleSet, load_puzzles
from interp.resumable import Steps, finish
from interp.studies.plan import BATCH, Plan
from interp.studies.schema import MEASURES
from interp.studies.work import Measuring

T = TypeVar("T")

SAMPLED = 6
"""Components of the sample, evenly among those of the plan."""
SECONDS = 3.0
"""Exact effects of edges are measured for so long."""

PART_BYTES = 3500.0
"""Of a part beside its rows: what it says of itself."""
PUZZLE_BYTES = 220.0
"""Of a puzzle's row, compressed."""
ROW_BYTES = {"loss": 36.0, "cells": 1.2, "solved": 0.2, "flips": 0.3}
"""Of a row of effects, by measure; losses are hardly compressible. And of the other kinds."""
EDGE_BYTES, HEAD_BYTES, LEAST_ROW = 9.5, 100.0, 0.9


@dataclass(frozen=True)
class Cost:
    """What a study costs, or what is left of one.

    Attributes:
        puzzles: how many are to be computed.
        runs: rows a puzzle: runs of the model, edges, or heads.
        rate: puzzles a second of this machine.
        bytes: on the disk.
    """

    puzzles: int
    runs: int
    rate: float
    bytes: float

    @property
    def seconds(self) -> float:
        return self.puzzles / self.rate


def cost_of(model: PuzzleGPT, plan: Plan, puzzles: int) -> Cost:
    """What so many puzzles of a plan cost here, in one process.

    Raises:
        PuzzlescopeError: if the plan cannot be carried out.
    """
    if puzzles == 0:
        return Cost(0, rows_a_puzzle(model, plan), 1.0, 0.0)
    sample = load_puzzles("bank", limit=BATCH)
    if plan.kind == "effects":
        seconds = _of_effects(model, plan, sample[: min(BATCH, puzzles)])
    elif plan.kind == "heads":
        seconds = _of_heads(model, plan, sample[:2])
    else:
        seconds = _of_edges(model, plan)
    return priced(plan, puzzles, rows_a_puzzle(model, plan), seconds)


def priced(plan: Plan, puzzles: int, runs: int, seconds: float) -> Cost:
    """What so many puzzles of a plan cost.

    Args:
        runs: rows a puzzle.
        seconds: that a puzzle takes.
    """
    size = puzzles * (PUZZLE_BYTES + runs * row_bytes(plan))
    size += -(-puzzles // plan.chunk) * len(plan.tables) * PART_BYTES
    return Cost(puzzles, runs, 1 / max(seconds, 1e-9), size)


def rows_a_puzzle(model: PuzzleGPT, plan: Plan) -> int:
    """Rows of the table that a plan fills, for a puzzle."""
    if plan.kind == "edges":
        return Graph(model.cfg).n_edges
    return plan.runs if plan.kind == "effects" else model.cfg.n_layers * model.cfg.n_heads


def row_bytes(plan: Plan) -> float:
    """Bytes of a row on the disk, about."""
    if plan.kind == "edges":
        return EDGE_BYTES
    if plan.kind == "heads":
        return HEAD_BYTES
    return LEAST_ROW + sum(ROW_BYTES[name] for name in plan.measures or MEASURES)


def _of_effects(model: PuzzleGPT, plan: Plan, sample: PuzzleSet) -> float:
    """Seconds a puzzle: of the run without, and of a few components among all, evenly, for the earlier a
    component the longer its run."""
    n, few = len(plan.components), tuple(_few(plan.components))
    several = Measuring(model, replace(plan, components=few))
    alone = Measuring(model, replace(plan, components=()), several.known)
    several.effects(sample[:1], 0)
    alone.effects(sample, 0)  # what methods put in place is computed, and memory is had
    clean = _timed(lambda: alone.effects(sample, 0))
    both = _timed(lambda: several.effects(sample, 0))
    return _of_all(clean, both, n, len(few)) / len(sample)


def _few(components: Sequence[T]) -> Sequence[T]:
    """Components of the sample."""
    n = len(components)
    return [components[int((k + 0.5) * n / SAMPLED)] for k in range(SAMPLED)] if n > SAMPLED else components


def _of_all(clean: float, both: float, n: int, few: int) -> float:
    """Seconds with all components, from those without any and with a few."""
    return clean + max(both - clean, 0.0) * n / few


@dataclass(frozen=True)
class Rate:
    """How fast this machine is with a study of effects, in one process.

    Attributes:
        seconds: a puzzle takes.
        components: that are ablated on each.
    """

    seconds: float
    components: int


@dataclass(frozen=True)
class RateOf(Question[Rate]):
    """How fast a study would be that ablates each component to zero, measured as :func:`cost_of` does, but
    with pauses: whoever shares this machine need not wait, and only steps of the measurement count.

    Attributes:
        kinds: of components: ``attn``, ``mlp``, ``head``.
    """

    kinds: tuple[str, ...]

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[Rate, Rate]:
        parts = components_of(model.cfg, list(self.kinds))
        few, tokens = _few(parts), load_puzzles("bank", limit=BATCH).tokens
        yield from _spent(sweep_parts(model, tokens[:1], few))
        yield from _spent(sweep_parts(model, tokens, []))  # memory is had
        clean = yield from _spent(sweep_parts(model, tokens, []))
        both = yield from _spent(sweep_parts(model, tokens, few))
        return Rate(_of_all(clean, both, len(parts), len(few)) / len(tokens), len(parts))

    def program(self, model: str) -> str:
        """The cost of 1,000 such puzzles."""
        return (
            "from interp import components_of, load_model\n"
            "from interp.studies.asked import Asked, planned\n"
            "from interp.studies.cost import cost_of\n\n"
            f"model = load_model({model!r})\n"
            f"parts = [part.text for part in components_of(model.cfg, {list(self.kinds)!r})]\n"
            "print(cost_of(model, planned(model, Asked(parts, 'generate:1000')), 1000))\n"
        )


def _spent(work: Iterator[object]) -> Steps[Rate, float]:
    """The seconds that some work takes, which pauses where it does."""
    seconds, over = 0.0, object()
    while True:
        begun = time.perf_counter()
        found = next(work, over)
        seconds += time.perf_counter() - begun
        if found is over:
            return seconds
        yield None


def _of_heads(model: PuzzleGPT, plan: Plan, sample: PuzzleSet) -> float:
    measuring = Measuring(model, plan)
    measuring.heads(sample[:1], 0)
    return _timed(lambda: measuring.heads(sample, 0)) / len(sample)


def _of_edges(model: PuzzleGPT, plan: Plan) -> float:
    """Seconds a pair: of exact effects by how far they come in a few seconds."""
    (pair,) = make_pairs("frame", "rule", 1)
    if plan.edges == "exact" and not is_planted(model):
        return _exact(model, pair)
    measuring = Measuring(model, plan)
    measuring.scores(pair)
    return _timed(lambda: measuring.scores(pair))


@torch.inference_mode()
def _exact(model: PuzzleGPT, pair: Pair) -> float:
    weights = weights_of(model)
    begun = time.perf_counter()
    one = ExactEdges(weights, pair, "pair", finish(Fills(weights, "pair").of(pair)))
    for _ in one.all():
        if time.perf_counter() - begun > SECONDS and one.fraction > 0:
            break
    return (time.perf_counter() - begun) / one.fraction


def _timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
