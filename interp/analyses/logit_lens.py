"""Logit lens: the unembedding applied to the residual stream after each half of a layer.

(nostalgebraist, 2020, "interpreting GPT: the logit lens".) The residual stream after every attention layer
and every MLP, put through the unembedding as if the model ended there. This model has no LayerNorm before the
unembedding: the lens of the last stage is the model's answer.

It looks at the positions that predict the answer's cells, each given the true cells before it
(teacher-forced).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, hooks_for
from interp.analyses.question import PuzzleQuestion
from interp.engine.forward import embed, gates_for, unembed, weights_of
from interp.engine.halves import Halves, run_halves, stage_names
from interp.export.programs import given, puzzle_program
from interp.grids import CELLS, SIZE
from interp.model import PuzzleGPT
from interp.model.hooks import changes_forward, check_not_planted
from interp.puzzles import puzzle_name
from interp.resumable import Steps
from interp.tokens import ANSWER_START, TOKEN_NAMES, TokensLike, one_puzzle


@dataclass(frozen=True, eq=False)
class LogitLens:
    """What the model would answer if it ended after each stage.

    Attributes:
        stages: ``embed``, ``L0.attn``, ``L0.mlp``, ``L1.attn``, ...
        probabilities: of all 15 tokens at each cell of the answer, row by row.
        truth: the right token of each cell.
    """

    stages: tuple[str, ...]
    probabilities: Float[np.ndarray, "stage 100 15"]
    truth: Int[np.ndarray, " 100"]

    @cached_property
    def tokens(self) -> Int[np.ndarray, "stage 100"]:
        """The likeliest token of each cell; 11..14 are markers, which are invalid there."""
        return self.probabilities.argmax(-1)

    @cached_property
    def confidence(self) -> Float[np.ndarray, "stage 100"]:
        """The probability of that token."""
        return self.probabilities.max(-1)

    @cached_property
    def of_truth(self) -> Float[np.ndarray, "stage 100"]:
        """The probability of the right token."""
        return self.probabilities[:, np.arange(CELLS), self.truth]

    @cached_property
    def right(self) -> Bool[np.ndarray, "stage 100"]:
        return self.tokens == self.truth

    @cached_property
    def settled(self) -> Int[np.ndarray, " 100"]:
        """Number of the stage from which each cell is right and stays right; the number of stages where there
        is none."""
        stays = np.logical_and.accumulate(self.right[::-1])[::-1]
        return np.where(stays.any(0), stays.argmax(0), len(self.stages))

    def settled_name(self, cell: int) -> str | None:
        """Name of the stage from which a cell is right and stays right; ``None``: it is wrong at the end."""
        number = int(self.settled[cell])
        return self.stages[number] if number < len(self.stages) else None

    def summary(self) -> str:
        """The stage that brings most cells right, and how many are wrong at the end."""
        counts = self.right.sum(1)
        gain = counts[1:] - counts[:-1]
        best = int(gain.argmax())
        never = int((self.settled == len(self.stages)).sum())
        ends = (
            f"{never} of {CELLS} cells are wrong at the end." if never else "Every cell is right at the end."
        )
        most = (
            f"{self.stages[best + 1]} brings most: {counts[best]} cells are right before it,"
            f" {counts[best + 1]} after. "
        )
        return f"{most if gain[best] > 0 else ''}{ends}"

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row for each stage and cell, for :class:`interp.export.tables.Table`; rows and columns of the
        grid count from 1."""
        return tuple(
            {
                "stage": stage,
                **place_of(cell),
                "truth": TOKEN_NAMES[self.truth[cell]],
                "token": TOKEN_NAMES[self.tokens[number, cell]],
                "probability": float(self.confidence[number, cell]),
                "probability_of_truth": float(self.of_truth[number, cell]),
                "settled_at": self.settled_name(cell) or "never",
            }
            for number, stage in enumerate(self.stages)
            for cell in range(CELLS)
        )


@torch.inference_mode()
def logit_lens(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> LogitLens:
    """The logit lens on one puzzle, from one run under the ablation.

    A stage whose part is off, with nothing in its place, answers what the stage before it does.
    """
    check_not_planted(model, "logit lenses")
    tokens = one_puzzle(tokens)
    streams = _streams if changes_forward(model) else _stages
    logits = [unembed(model, stream) for stream in streams(model, tokens, ablation, means)]
    found = torch.cat(logits).softmax(-1).float().cpu().numpy()
    return LogitLens(stage_names(model.cfg), found, tokens[ANSWER_START:].astype(np.int64))


@dataclass(frozen=True)
class LensOf(PuzzleQuestion[LogitLens]):
    """What the model would answer after every stage, on one puzzle."""

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, LogitLens]:
        yield from ()  # it is done in one step
        return logit_lens(model, self.puzzle.tokens, self.ablation, means)

    def program(self, model: str) -> str:
        """What every stage would answer, in cells right, and where each cell becomes right."""
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            self.ablation,
            [
                f"lens = logit_lens(model, puzzle.tokens{given(self.ablation)})",
                "for stage, right in zip(lens.stages, lens.right):",
                "    print(stage, f'{right.sum()} of 100 cells right')",
                "print(lens.settled.reshape(10, 10))  # number of the stage from which each cell is right",
            ],
        )


def _stages(
    model: PuzzleGPT, tokens: Integer[np.ndarray, "404"], ablation: Ablation, means: ReferenceMeans | None
) -> Iterator[Float[Tensor, "1 100 d_model"]]:
    """The residual stream at each stage, at the positions that predict the answer's cells."""
    for number, layer in enumerate(layers_of(model, tokens, ablation, means)):
        if number == 0:
            yield layer.pre[:, ANSWER_START:]
        yield layer.mid[:, ANSWER_START:]
        yield layer.post[:, ANSWER_START:]


def _streams(
    model: PuzzleGPT, tokens: Integer[np.ndarray, "404"], ablation: Ablation, means: ReferenceMeans | None
) -> Iterator[Float[Tensor, "1 100 d_model"]]:
    """The same of a run in which a user's hooks are run too."""
    prompt = model.prompt(tokens[None])
    places = [("resid_pre", 0)]
    places += [(name, layer) for layer in range(model.cfg.n_layers) for name in ("resid_mid", "resid_post")]
    with model.hooks(fwd_hooks=hooks_for(model, prompt, ablation, means)):
        names = [get_act_name(*place) for place in places]
        _, cache = model.run_with_cache(prompt, return_type=None, names_filter=names)
    for place in places:
        yield cache[place][:, ANSWER_START:-1]


def layers_of(
    model: PuzzleGPT,
    tokens: Integer[np.ndarray, "404"],
    ablation: Ablation,
    means: ReferenceMeans | None,
) -> Iterator[Halves]:
    """Every layer of a run over all tokens but the last, which predicts nothing."""
    weights = weights_of(model)
    prompt = model.prompt(tokens[None])[:, :-1]
    gates, resid = gates_for(model, prompt, [ablation], means), embed(model, prompt)
    for number in range(model.cfg.n_layers):
        layer = run_halves(weights, number, resid, gates)
        yield layer
        resid = layer.post


def place_of(cell: int) -> dict[str, int]:
    return {"row": cell // SIZE + 1, "column": cell % SIZE + 1}
