"""Attention patterns of a run, and the norms of what heads move."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import (
    NO_ABLATION,
    Ablation,
    ReferenceMeans,
    RowMeans,
    heads_off,
    hooks_for,
    hooks_of,
)
from interp.analyses.question import RunQuestion
from interp.engine.runs import Run
from interp.errors import PuzzlescopeError
from interp.export.programs import given, puzzle_program
from interp.grids import SIZE
from interp.model import Block, PuzzleGPT
from interp.model.hooks import is_planted
from interp.puzzles import Puzzle, puzzle_name
from interp.resumable import Steps
from interp.tokens import (
    GRID_TOKENS,
    MARKERS,
    N_CTX,
    START,
    TOKEN_NAMES,
    TokensLike,
    one_puzzle,
)

LEVELS = 255
"""A weight from 0 to 1 becomes one of this many steps, so it is off by at most 1 / (2 * LEVELS)."""


@dataclass(frozen=True, eq=False)
class LayerAttention:
    """Where the heads of one layer look on one puzzle, and how much they could carry from there.

    Attributes:
        pattern: the attention as the run uses it; positions count the start token, and every row sums to 1.
        value_norms: length, in the residual stream, of what each position's value becomes on its way out of
            the head: ``||v_j W_O^h||``. The attention times this is the length of what key j adds to the
            head's output (Kobayashi et al., 2020, "Attention is not only a weight: analyzing transformers
            with vector norms"). Zero for a head that is off.
        off: heads whose output is replaced, by nothing or by a mean, alone or with their whole layer: they
            have a pattern, but whatever they look at, nothing of it is written. A head that is told to look
            back is not off.
    """

    pattern: Float[np.ndarray, "head query key"]
    value_norms: Float[np.ndarray, "head key"]
    off: Bool[np.ndarray, " head"]

    def rows(self, puzzle: Puzzle, head: int, query: int) -> tuple[dict[str, Any], ...]:
        """Where one head looks from one position, for :class:`interp.export.tables.Table`: a row for each of
        the positions it can see, its own the last.

        Args:
            puzzle: that it looks at.
            query: the position that looks, start token included. It predicts the token at ``query`` + 1.

        Raises:
            PuzzlescopeError: if there is no such position.
        """
        if not 0 <= query < N_CTX:
            raise PuzzlescopeError(f"There is no position {query}: expected 0 to {N_CTX - 1}.")
        looks = self.pattern[head, query]
        tokens = [START, *puzzle.tokens.tolist()]
        names = puzzle.structure.name.split(" ")
        rows = []
        for key in range(query + 1):
            place, cell = divmod(key - 1, GRID_TOKENS)
            inside = key > 0 and tokens[key] not in MARKERS
            rows.append(
                {
                    "position": key,
                    "grid": names[place] if key else "start",
                    "row": (cell - 1) // SIZE + 1 if inside else None,
                    "column": (cell - 1) % SIZE + 1 if inside else None,
                    "token": TOKEN_NAMES[tokens[key]] if key else "start",
                    "attention": float(looks[key]),
                }
            )
        return tuple(rows)


@torch.inference_mode()
def layer_attention(
    model: PuzzleGPT,
    tokens: TokensLike,
    layer: int,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | RowMeans | None = None,
) -> LayerAttention:
    """The attention of every head of a layer on one puzzle and the norms of its values, from one run under
    the ablation.

    Raises:
        PuzzlescopeError: if the model has no such layer.
    """
    _check_layer(model, layer)
    names = [get_act_name("pattern", layer), get_act_name("v", layer)]
    prompt = model.prompt(one_puzzle(tokens)[None])
    with model.hooks(fwd_hooks=hooks_for(model, prompt, ablation, means)):
        # The caching hook comes after the ablation's own, so it sees what the run goes on with.
        _, kept = model.run_with_cache(prompt, return_type=None, names_filter=names)
    pattern, values = (kept[name] for name in names)
    return _layer_attention(model, layer, ablation, pattern, values)


@torch.inference_mode()
def attention_of(model: PuzzleGPT, run: Run, layer: int) -> LayerAttention:
    """The same from a kept run: only this layer's attention is computed.

    Raises:
        PuzzlescopeError: if the model has no such layer.
    """
    _check_layer(model, layer)
    if is_planted(model):  # its heads read sums of their own, of which a run keeps nothing
        with model.without_hooks():
            return layer_attention(model, run.tokens, layer, run.ablation, run.gates.means)
    block = model.blocks[layer]
    assert isinstance(block, Block)
    kept: dict[str, torch.Tensor] = {}
    # Of what is off only this matters to where heads look: the rest is in the residual stream already.
    looking = Ablation.of(
        term for term in run.ablation.terms if term.component.layer == layer and term.method.changes_pattern
    )
    keeping = [
        (get_act_name(name, layer), lambda found, hook, name=name: kept.update({name: found}))
        for name in ("pattern", "v")
    ]
    with model.without_hooks(), model.hooks(fwd_hooks=[*hooks_of(looking, run.gates.means), *keeping]):
        block.attn(block.ln1(run.before[layer]))
    return _layer_attention(model, layer, run.ablation, kept["pattern"], kept["v"])


@dataclass(frozen=True)
class AttentionOf(RunQuestion[LayerAttention]):
    """The attention of every head of a layer on one puzzle, with the norms of its values, which tell how much
    the heads could carry from where they look."""

    layer: int = 0

    def of_run(self, model: PuzzleGPT, run: Run) -> Steps[None, LayerAttention]:
        yield from ()  # it is done in one step
        return attention_of(model, run, self.layer)

    def program(self, model: str, *, head: int = 0, cell: int = 0) -> str:
        """Where a head looks to predict one cell of the answer: the ten positions it looks at most.

        Args:
            cell: 0..99, row by row.
        """
        row, column = divmod(cell, SIZE)
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            self.ablation,
            [
                f"layer, head, query = {self.layer:d}, {head:d}, predicting_position(row={row:d},"
                f" column={column:d})",
                f"pattern = attention_pattern(model, puzzle.tokens, layer{given(self.ablation)})"
                f"  # [head, query, key]",
                "looks = pattern[head, query]",
                "for position in looks.argsort()[::-1][:10]:",
                "    print(position, looks[position])",
            ],
        )


def _check_layer(model: PuzzleGPT, layer: int) -> None:
    if not 0 <= layer < model.cfg.n_layers:
        raise PuzzlescopeError(
            f"There is no layer {layer}: the model has layers 0 to {model.cfg.n_layers - 1}."
        )


def _layer_attention(
    model: PuzzleGPT,
    layer: int,
    ablation: Ablation,
    pattern: Float[torch.Tensor, "1 head query key"],
    values: Float[torch.Tensor, "1 pos head d_head"],
) -> LayerAttention:
    off = heads_off(ablation, model.cfg)[layer]
    norms = (values[0].transpose(0, 1) @ model.W_O[layer]).norm(dim=-1).float().cpu().numpy()
    norms[off] = 0
    return LayerAttention(pattern[0].cpu().numpy(), norms, off)


def attention_pattern(
    model: PuzzleGPT,
    tokens: TokensLike,
    layer: int,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> Float[np.ndarray, "head 405 405"]:
    """The attention of every head of a layer on one puzzle, ``[head, query, key]``, as the ablated run uses
    it.

    Positions count the start token. Where the ablation replaces a head's pattern, the replacement is
    returned; a head that is switched off otherwise still has a pattern, which then moves nothing.
    """
    return layer_attention(model, tokens, layer, ablation, means).pattern


@cache
def _lower_triangle(n: int) -> Int[np.ndarray, " entry"]:
    """Where the entries on and below the diagonal lie in a flattened [n, n], row by row: (q, k) is the
    q(q+1)/2 + k th."""
    rows, columns = np.tril_indices(n)
    return rows * n + columns


def quantise(pattern: Float[np.ndarray, "head pos pos"]) -> UInt8[np.ndarray, "head entry"]:
    """The lower triangle of causal patterns in steps of 1/255, a byte each, row by row: 82,215 a head for 405
    positions.

    Every weight is off by at most 1/510. Above the diagonal there is nothing, for nobody looks ahead.
    """
    lower = pattern.reshape(len(pattern), -1)[:, _lower_triangle(pattern.shape[1])]
    return np.rint(lower * LEVELS).astype(np.uint8)


def packed(header: Mapping[str, Any], *arrays: np.ndarray) -> bytes:
    """A header and arrays as one message for a browser: bytes, because lists of numbers take it seconds to
    read.

    It is the length of the header (uint32), the header (JSON, UTF-8), then the arrays one after the other, in
    C order. All numbers are little-endian; the header must say what is needed to tell the arrays apart.
    """
    head = json.dumps(header).encode()
    bodies = [np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes() for array in arrays]
    return b"".join([struct.pack("<I", len(head)), head, *bodies])
