"""Composition scores: how much of one component's output lies in the subspace that a later one reads.

A component that writes does so through a matrix ``W`` (rows: what it moves, columns: the residual stream), a
component that reads does so through a matrix ``R`` (rows: the residual stream). Their **composition score**
is

    ||W R|| / (||W|| ||R||)        (Frobenius norms)

between 0 (all that is written falls where nothing is read) and 1 (Elhage et al., 2021, "A mathematical
framework for transformer circuits", section on composition). Which matrices these are, with ``C`` the
projection that removes the mean over d_model and ``w`` the scale of the reader's LayerNorm:

* a head writes through ``W_V W_O``; an MLP through ``W_out``, its ReLU ignored; an attention layer through
  its heads' ``W_V W_O`` put on top of one another, as if every head moved something else. The square of its
  score is so the mean of its heads' squares, each weighted by the square of its head's norm;
* a head's queries are read through ``C w W_Q W_K^T``, its keys through ``C w W_K W_Q^T``, its values through
  ``C w W_V W_O``; an MLP reads through ``C w W_in``; the logits through ``W_U``, less its mean over the
  vocabulary, which changes no probability;
* the other side of ``W_Q W_K^T`` and the ``W_V`` of a head that writes have their LayerNorm's ``C w`` in them
  too.

LayerNorm's division by the standard deviation, which differs from position to position, is left out, and so
are all biases. What is written is taken without its mean where a LayerNorm reads it. Before the logits this
model has no LayerNorm.

**Chance.** A score means little by itself: two random subspaces of a small space overlap. So it is compared
with that of the same two matrices after one has been turned at random in the space that both live in, of
``n`` dimensions (d_model - 1 behind a LayerNorm, for the mean is gone; d_model before the logits). Both keep
their singular values. Over all rotations the square of the score has the mean ``1 / n`` whatever the
matrices; and the variance ``2 g h / ((n - 1)(n + 2))``, where ``g = ||G||^2 - 1/n`` for the matrix
``G = W^T W / ||W||^2``, and ``h`` likewise for ``R``: the symmetric matrices without a trace are an
irreducible representation of the rotations, so Schur's lemma gives the mean of a squared inner product. No
number here is random: a test turns matrices and finds the same.

Two heads that match perfectly do not score 1 unless they have a single direction: with ``r`` equally strong
ones they score ``1 / sqrt(r)``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from interp.ablation import COMPONENT_KINDS, Component, ReferenceMeans, components_of
from interp.analyses.question import Question
from interp.analyses.readers import HEAD_INPUTS, LOGITS, HeadInput, Reader, readers_of
from interp.engine.products import product
from interp.errors import PuzzlescopeError
from interp.export.programs import program_of, source_line
from interp.model import Block, PuzzleGPT
from interp.model.hooks import check_not_planted
from interp.numbers import times
from interp.resumable import Steps, resumable

Grams = Float[Tensor, "*part d_model d_model"]


@dataclass(frozen=True)
class Reading:
    """How much one reader reads of one source.

    Attributes:
        score: the composition score, 0 to 1.
        chance: what it would be on average for matrices with the same singular values, turned at random.
        spread: the standard deviation of that.
    """

    source: Component
    reader: Reader
    score: float
    chance: float
    spread: float

    @property
    def excess(self) -> float:
        """The score less what chance gives; below 0 where the reader avoids what the source writes."""
        return self.score - self.chance

    @property
    def deviations(self) -> float:
        """The same in standard deviations of chance."""
        return self.excess / self.spread if self.spread else float("nan")


@dataclass(frozen=True, eq=False)
class Composition:
    """Scores of every component that writes with every reader that comes after it; nan elsewhere, and for
    matrices that are all zero.

    Attributes:
        sources: attention layers, heads and MLPs, layer by layer.
        readers: in the order of the run.
        score, chance, spread: see :class:`Reading`.
    """

    sources: tuple[Component, ...]
    readers: tuple[Reader, ...]
    score: Float[np.ndarray, "source reader"]
    chance: Float[np.ndarray, "source reader"]
    spread: Float[np.ndarray, "source reader"]

    @property
    def excess(self) -> Float[np.ndarray, "source reader"]:
        return self.score - self.chance

    def reading(self, source: Component, reader: Reader) -> Reading:
        place = self._row(source), self.readers.index(reader)
        return Reading(
            source, reader, *(float(array[place]) for array in (self.score, self.chance, self.spread))
        )

    def readings(self, source: Component) -> list[Reading]:
        """Who reads a source, in the order of the run; without those that do not come after it.

        Raises:
            PuzzlescopeError: if the model has no such part.
        """
        known = ~np.isnan(self.score[self._row(source)])
        return [self.reading(source, self.readers[k]) for k in np.flatnonzero(known)]

    def ranked(self, source: Component) -> list[Reading]:
        """Who reads a source, those with the most beyond chance first."""
        return sorted(self.readings(source), key=lambda reading: -reading.excess)

    def heads(self, head_input: HeadInput) -> Float[np.ndarray, "head reading_head"]:
        """Scores beyond chance of every head with one input of every head, both counted layer by layer."""
        rows = [k for k, source in enumerate(self.sources) if source.kind == "head"]
        columns = [k for k, reader in enumerate(self.readers) if reader.input == head_input]
        return self.excess[np.ix_(rows, columns)]

    def summary(self, source: Component) -> str:
        """Who reads a source most, by weights, in a sentence."""
        readings = self.readings(source)
        if not readings:
            return f"{source.text} composes with nothing: it writes nothing."
        best = max(readings, key=lambda reading: reading.excess)
        beyond = sum(reading.deviations > 3 for reading in readings)
        spread = f" ({times(best.deviations)} times its spread)" if np.isfinite(best.deviations) else ""
        chance = f"{best.excess:+.2f} beyond chance{spread}"
        if best.excess <= 0:
            chance = f"{-best.excess:.2f} below chance, as all others are by more"
        return (
            f"{best.reader.text} reads {source.text} most: score {best.score:.2f}, {chance}."
            f" {beyond} of {len(readings)} readers are more than three standard deviations above chance."
        )

    def rows(self, source: Component | None = None) -> tuple[dict[str, Any], ...]:
        """A row for every reader of a source, or of every source, for :class:`interp.export.tables.Table`:
        the score, what chance gives, and what is beyond it, also in standard deviations of chance."""
        return tuple(
            {
                "source": reading.source.text,
                "reader": reading.reader.text,
                "score": reading.score,
                "chance": reading.chance,
                "excess": reading.excess,
                "deviations": reading.deviations,
            }
            for one in (self.sources if source is None else (source,))
            for reading in self.readings(one)
        )

    def _row(self, source: Component) -> int:
        if source not in self.sources:
            raise PuzzlescopeError(f"The model has no {source.text}.")
        return self.sources.index(source)


@resumable
def composition(model: PuzzleGPT) -> Steps[None, Composition]:
    """Every score of a model.

    Raises:
        PuzzlescopeError: of a planted circuit: most of what would be compared does not meet there.
    """
    check_not_planted(model, "composition scores")
    sources, readers = tuple(components_of(model.cfg, COMPONENT_KINDS)), readers_of(model.cfg)
    written = yield from _written_steps(model)
    plain, centred = (_Space.of(written, behind_norm) for behind_norm in (False, True))
    score, chance, spread = (np.full((len(sources), len(readers)), np.nan, np.float32) for _ in range(3))
    for layer in (*range(model.cfg.n_layers), None):
        space = plain if layer is None else centred
        for group, read in _read(model, layer):
            place = _place(group, sources, readers)
            score[place] = space.scores(written[place[0]], read)
            chance[place], spread[place] = (found[place[0]] for found in space.chance(read))
            yield None
    nothing = np.isnan(score)
    chance[nothing] = spread[nothing] = np.nan
    return Composition(sources, readers, score, chance, spread)


FIRST_ATTENTION = Component(0, "attn")


@dataclass(frozen=True)
class CompositionScores(Question[Composition]):
    """Every composition score of a model, by its weights alone."""

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None = None) -> Steps[None, Composition]:
        return composition.steps(model)

    def program(self, model: str, *, source: Component = FIRST_ATTENTION) -> str:
        """Who reads a source most, by weights.

        >>> print(CompositionScores().program("default"))
        from interp import composition, load_model, parse_component
        <BLANKLINE>
        model = load_model('default')
        source = parse_component('L0.attn', model.cfg)
        <BLANKLINE>
        for reading in composition(model).ranked(source)[:20]:
            print(reading.reader.text, reading.score, f'{reading.excess:+} beyond chance')
        """
        return program_of(
            [f"model = load_model({model!r})", source_line(source)],
            [
                "for reading in composition(model).ranked(source)[:20]:",
                "    print(reading.reader.text, reading.score, f'{reading.excess:+} beyond chance')",
            ],
        )


Place = tuple[slice, slice]


def _place(group: Sequence[Reader], sources: Sequence[Component], readers: Sequence[Reader]) -> Place:
    """Where the scores of readers that lie together stand, with all sources that they come after: the first
    ones."""
    column = readers.index(group[0])
    return slice(sum(map(group[0].follows, sources))), slice(column, column + len(group))


# ---- the matrices ------------------------------------------------------------------------------------------

# Of W and R only the Gram matrices W^T W and R R^T matter, of trace 1: ||W R||^2 is the sum of their
# elementwise product. So a pair costs d_model^2 multiplications, whatever the widths of its matrices.


def _written_steps(model: PuzzleGPT) -> Steps[None, Float[Tensor, "source d_model d_model"]]:
    """``W^T W`` of every component that writes, in the order of ``components_of``."""
    model.check_precision()
    cfg = model.cfg
    written = model.W_E.new_empty(cfg.n_layers, cfg.n_heads + 2, cfg.d_model, cfg.d_model)
    for block, own in zip(model.blocks, written, strict=True):
        assert isinstance(block, Block)
        attn, W_out = block.attn, block.mlp.W_out
        moved = _folded(attn.W_V, block.ln1.w)
        own[1:-1] = attn.W_O.mT @ (moved.mT @ moved) @ attn.W_O
        own[0], own[-1] = own[1:-1].sum(0), W_out.T @ W_out
        _unit(own)
        yield None
    return written.flatten(0, 1)


def _read(
    model: PuzzleGPT, layer: int | None
) -> Iterator[tuple[tuple[Reader, ...], Float[Tensor, "reader d_model d_model"]]]:
    """``R R^T`` of the readers of a layer (``None``: of the logits): of its heads, then of its MLP."""
    if layer is None:
        W_U = model.unembed.W_U - model.unembed.W_U.mean(1, keepdim=True)
        yield (LOGITS,), _unit(W_U @ W_U.T)[None]
        return
    block = model.blocks[layer]
    assert isinstance(block, Block)
    attn = block.attn
    q, k, v = (_folded(W, block.ln1.w) for W in (attn.W_Q, attn.W_K, attn.W_V))
    pairs = ((q, k.mT @ k), (k, q.mT @ q), (v, attn.W_O @ attn.W_O.mT))
    grams = torch.stack([own @ other @ own.mT for own, other in pairs], dim=1).flatten(0, 1)
    heads = range(model.cfg.n_heads)
    yield tuple(Reader(name, layer, head) for head in heads for name in HEAD_INPUTS), _unit(grams)
    w_in = _folded(block.mlp.W_in, block.ln2.w)
    yield (Reader("mlp", layer),), _unit(w_in @ w_in.T)[None]


def _folded(
    W: Float[Tensor, "*head d_model d"], scale: Float[Tensor, " d_model"]
) -> Float[Tensor, "*head d_model d"]:
    """A matrix that reads with its LayerNorm in it: scaled, and blind to the mean over d_model."""
    scaled = W * scale[:, None]
    return scaled - scaled.mean(-2, keepdim=True)


def _unit(grams: Grams) -> Grams:
    """Made to have trace 1, in place; a matrix of nothing becomes nan."""
    return grams.div_(grams.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None])


@dataclass(frozen=True, eq=False)
class _Space:
    """Where what is written and what is read meet: behind a LayerNorm, where there is no mean, or in the
    stream as it is.

    Attributes:
        behind_norm: which of them.
        n: its dimensions.
        share: of what every source writes, how much is in it: the trace of what is left of ``W^T W``.
        uneven: how far every source is from writing in all directions alike: ``||G||^2 - 1/n`` (see the
            module).
    """

    behind_norm: bool
    n: int
    share: Float[Tensor, " source"]
    uneven: Float[Tensor, " source"]

    @classmethod
    def of(cls, written: Float[Tensor, "source d_model d_model"], behind_norm: bool) -> "_Space":
        n = written.shape[-1] - behind_norm
        share, uneven = written.new_empty(2, len(written))
        for k, gram in enumerate(written):  # one by one: all of them would take as much memory again
            left = _centred(gram) if behind_norm else gram
            share[k] = left.trace()
            uneven[k] = (torch.linalg.matrix_norm(left) / share[k]).square() - 1 / n
        return cls(behind_norm, n, share, uneven)

    def scores(
        self, written: Float[Tensor, "source d_model d_model"], read: Float[Tensor, "reader d_model d_model"]
    ) -> Float[np.ndarray, "source reader"]:
        """Of the first sources, as many as are given."""
        squares = product(written.flatten(1), read.flatten(1).T) / self.share[: len(written), None]
        return squares.clamp(0, 1).sqrt().cpu().numpy()

    def chance(
        self, read: Float[Tensor, "reader d_model d_model"]
    ) -> tuple[Float[np.ndarray, "source reader"], Float[np.ndarray, "source reader"]]:
        """Mean and standard deviation of the scores of all sources, from those of their squares, to second
        order."""
        mean, n = 1 / self.n, self.n
        h = (torch.linalg.matrix_norm(read).square() - mean).clamp(min=0)
        variance = 2 * self.uneven[:, None].clamp(min=0) * h / ((n - 1) * (n + 2))
        chance = mean**0.5 * (1 - variance / (8 * mean**2))
        return chance.cpu().numpy(), (variance.sqrt() / (2 * mean**0.5)).cpu().numpy()


def _centred(gram: Grams) -> Grams:
    rows = gram - gram.mean(0, keepdim=True)
    return rows - rows.mean(1, keepdim=True)
