"""A model with a circuit planted in it, made of a trained one; and the truth about it, as a file says it."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from interp.ablation import ReferenceMeans
from interp.ablation.means import REFERENCE_PUZZLES, bank_means
from interp.circuits.attribution import attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.finder import LEAST_GAP
from interp.circuits.graph import Graph
from interp.circuits.planted.drawing import BOOST, DRAWS, FIRST, SHARPNESS, Drawing, Kept
from interp.circuits.planted.runs import PlantedPass
from interp.circuits.scores import EdgeScores
from interp.circuits.writes import prompts
from interp.engine.contrast import Contrast
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import check_not_planted, say_ignored
from interp.model.planted import Planted
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable
from interp.tokens import STRUCTURES, Structure, with_start

FEWEST, MOST = 30, 300
"""Edges of a circuit that is planted."""
LEAST = 1.2 * LEAST_GAP
"""Logits: a plant between whose pairs' ends there is less is drawn anew. It is more than a search for a
circuit needs, so that what was planted can be searched for."""
PAIRS = 8
"""Pairs that are drawn by, and as many held out: those that a search takes if nothing else is asked for."""
IDLE = 1e-4
"""Logits: an edge whose effect in the plant is less is none that could be found; it is not of the truth."""
EXACT = 2
"""Pairs by which the effects of its edges are told, exactly: of more it would take minutes."""
LOOK = 2
"""Pairs of one task by which a draw is looked at first: with less than a quarter of :data:`LEAST` it is none,
and the other pairs are not run. They say no more than that: 250 edges of the default model for grow had 1.17
logits over two pairs and not 0.6 over all, held-out ones among them."""
HOPELESS = LEAST / 10
"""Logits: if neither the first draws nor the edges that help most tell the ends further apart, no more
are made."""


@dataclass(frozen=True, eq=False)
class Plant:
    """A planted circuit.

    Attributes:
        model: in which only it is left.
        effects: of its edges, exact, mean over the first :data:`EXACT` of the pairs that it was drawn by.
        kept: its edges.
        idle: those of them that have no effect: they are in the model, and no search could find them.
        gap: by how much the difference of logits falls between the ends of the pairs it was drawn by, mean.
        draws: how many circuits were drawn until one had such a gap.
        near: the last of them was drawn near the best of those before.
        seed: they were drawn with.
        source: the name and the id of the model that it was planted in.
        structures: the orders of the grids that it has means of.
    """

    model: PuzzleGPT
    effects: EdgeScores
    kept: Kept
    idle: Kept
    gap: float
    draws: int
    near: bool
    seed: int
    source: tuple[str, str]
    structures: tuple[Structure, ...]

    @property
    def working(self) -> Kept:
        """The edges that a search should find: all of it but those that are idle."""
        return self.kept & ~self.idle

    @property
    def truth(self) -> dict[str, Any]:
        """What is known of it, as JSON has it."""
        graph = Graph(self.model.cfg)
        name, checkpoint_id = self.source
        return {
            "planted_in": name,
            "planted_in_id": checkpoint_id,
            "checkpoint_id": self.model.checkpoint_id,
            "seed": self.seed,
            "draws": self.draws,
            "sharpness": SHARPNESS,
            "boost": BOOST if self.near else 1.0,
            "gap": self.gap,
            "means": f"what each writer writes on average over {REFERENCE_PUZZLES} puzzles of the bank in the"
            " same order of the grids, position by position, rounded to float16",
            "effects": f"exact, mean over the first {self.effects.pairs} of the pairs",
            "structures": [structure.name for structure in self.structures],
            "n_edges": int(self.kept.sum()),
            "idle": [{"from": edge.writer, "to": edge.reader} for edge in graph.listed(self.idle)],
            "idle_below": IDLE,
            "edges": [
                {
                    "from": edge.writer,
                    "to": edge.reader,
                    "effect": float(self.effects.total[graph.place(edge)]),
                }
                for edge in graph.listed(self.working)
            ],
        }


@dataclass(frozen=True)
class Drawn:
    """How far a drawing is.

    Attributes:
        draws: how many circuits have been drawn.
        best: the largest gap of them, logits, over the pairs or those held out, where it is less.
    """

    draws: int
    best: float


@resumable
def plant(
    model: PuzzleGPT,
    bank: PuzzleSet,
    pairs: Sequence[Pair],
    n_edges: int,
    seed: int = 0,
    structures: Sequence[Structure] = STRUCTURES,
    held_out: Sequence[Pair] = (),
) -> Steps[Drawn, Plant]:
    """Plant a random connected circuit in a trained model.

    Edges are drawn in proportion to a power of what EAP-IG says that they are worth in the model
    (:func:`interp.circuits.planted.drawing.random_circuit`), again until the planted model tells the ends of
    the pairs apart by :data:`LEAST` logits; after :data:`FIRST` draws in vain near the best circuit so far,
    whose edges are then drawn as if they were worth :data:`BOOST` times as much, and without edges that do
    harm. Of such a circuit some edges are idle: their exact effect is less than :data:`IDLE`, so that they
    could not be found. They stay in the model and are not of the truth. (The larger a circuit, the more such
    edges it has: hardly one of 189 edges has none.)

    Args:
        bank: over whose puzzles the means are taken.
        pairs: by which edges are drawn.
        n_edges: of the circuit.
        structures: the orders of the grids that it is to have means of, the pairs' among them; of puzzles in
            others it says nothing.
        held_out: other pairs whose ends it is to tell apart as well as those, so that a circuit that is found
            can be held against them.

    Yields:
        How far it is, after every draw.

    Raises:
        PuzzlescopeError: if no such circuit is found, which is told after the first draws where hardly
            anything goes through so few edges; if the number is none; of a model that is a planted circuit
            itself.
    """
    check_plant(n_edges, seed)
    check_not_planted(model, "plants")
    say_ignored(model, "plants")
    missing = {pair.base.structure for pair in (*pairs, *held_out)} - {*structures}
    if missing:
        raise PuzzlescopeError(
            f"The pairs are in the order {min(one.name for one in missing)}: take means of that order too, or"
            " other pairs."
        )
    if n_edges > (most := Graph(model.cfg).n_edges):
        raise PuzzlescopeError(f"This model has {most} edges, and {n_edges} were asked for.")
    scores = yield from _quiet(attribute_edges.steps(model, pairs))
    means = yield from bank_means.steps(model, bank, structures)
    return (yield from planted_in(model, bank, pairs, scores.total, means, n_edges, seed, held_out))


def _quiet(steps: Steps[EdgeScores, EdgeScores]) -> Steps[None, EdgeScores]:
    """The steps, without what they tell between."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            scores: EdgeScores = stop.value
            return scores
        yield None


def check_plant(n_edges: int, seed: int) -> None:
    """Raise :class:`PuzzlescopeError` for numbers that cannot be."""
    if not FEWEST <= n_edges <= MOST or not 0 <= seed < 1 << 32:
        raise PuzzlescopeError(
            f"Expected {FEWEST} to {MOST} edges and a seed from 0 to 2^32 - 1, got {n_edges} and {seed}."
        )


def planted_in(
    model: PuzzleGPT,
    bank: PuzzleSet,
    pairs: Sequence[Pair],
    scores: Float[np.ndarray, "reader writer"],
    means: ReferenceMeans,
    n_edges: int,
    seed: int,
    held_out: Sequence[Pair] = (),
) -> Steps[Drawn, Plant]:
    """The same from scores of the edges and from means, which many plants may share."""
    structures = tuple(means.of)
    with torch.inference_mode(False):  # of the result gradients may be asked
        found = deepcopy(model).requires_grad_(False)
        own = _constants(model, bank, means)
        found.plant(own)
    drawing = Drawing(Graph(model.cfg), scores, n_edges, seed)
    few = pairs[:LOOK] if len({pair.task for pair in pairs}) == 1 else pairs
    for draw in range(DRAWS):
        if draw == FIRST:
            _check_hope(drawing, found, few)
        kept, near = drawing.draw(draw), draw >= FIRST
        if kept is None:
            continue
        looked = gap = _gap(found, kept, few)
        yield None
        if looked >= LEAST / 4 and few is not pairs:
            gap = _gap(found, kept, pairs)
        least = min(looked, gap)
        if held_out and gap >= LEAST:
            least = min(gap, _gap(found, kept, held_out))
        drawing.note(least, kept)
        yield Drawn(draw + 1, drawing.gap)
        if gap < LEAST or (held_out and least < LEAST):
            continue
        effects = yield from _quiet(exact_edges.steps(found, pairs[:EXACT]))
        idle = kept & (np.abs(effects.total) < IDLE)
        source = (model.source, model.checkpoint_id)
        found.source = ""
        return Plant(found, effects, kept, idle, gap, draw + 1, near, seed, source, structures)
    raise PuzzlescopeError(
        f"None of {DRAWS} circuits of {n_edges} edges tells the ends of these pairs, and of those held out,"
        f" apart by {LEAST} logits (the best: {drawing.gap:.3f}): ask for more edges, another seed or other"
        " pairs."
    )


def _check_hope(drawing: Drawing, model: PuzzleGPT, pairs: Sequence[Pair]) -> None:
    """Raise :class:`PuzzlescopeError` if nothing that could be drawn comes near to what is wanted."""
    if drawing.gap < HOPELESS and (top := drawing.top) is not None:
        drawing.note(_gap(model, top, pairs), top)
    if drawing.gap < HOPELESS:
        raise PuzzlescopeError(
            f"Hardly anything goes through {drawing.n_edges} edges here: {FIRST} circuits, and the edges that"
            f" help most, tell the ends of these pairs apart by {drawing.gap:.1g} logits at most, and"
            f" {LEAST} are wanted: ask for more edges or other pairs."
        )


def _constants(model: PuzzleGPT, bank: PuzzleSet, means: ReferenceMeans) -> Planted:
    """What is read in the place of edges that are cut, rounded as the file will round it."""
    found = Planted(model.cfg, len(means.of))
    for place, (structure, own) in enumerate(means.of.items()):
        puzzles = bank.filter(structure=structure).limit(REFERENCE_PUZZLES)
        tokens = torch.from_numpy(with_start(puzzles.tokens).astype(np.int64))
        found.markers[place] = structure.markers[0]
        found.tokens[place] = F.one_hot(tokens, model.cfg.d_vocab).float().mean(0).half()
        found.z[place] = own.z.half()
        found.mlp_out[place] = own.mlp_out.half()
    return found.to(model.W_E)


@torch.inference_mode()
def _gap(model: PuzzleGPT, kept: Kept, pairs: Sequence[Pair]) -> float:
    """By how much the difference of logits falls from one end of the pairs to the other, mean, if this is the
    circuit that is planted in the model: it is from now on."""
    assert model.planted is not None
    model.planted.kept.copy_(torch.from_numpy(kept))
    falls = []
    for pair in pairs:
        tokens: Tensor = torch.from_numpy(prompts(pair)).to(model.device)
        values = Contrast.of(pair).of_logits(PlantedPass(model, tokens).logits)
        falls.append(float(values[0] - values[1]))
    return float(np.mean(falls))
