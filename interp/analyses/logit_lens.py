"""What the residual stream would answer on its way through the model, and what each part adds to the answer's
logits.

*Logit lens* (nostalgebraist, 2020, "interpreting GPT: the logit lens"): the residual stream after every
attention layer and every MLP, put through the unembedding as if the model ended there. *Direct logit
attribution* (Elhage et al., 2021, "A Mathematical Framework for Transformer Circuits"): the stream before the
unembedding is the sum of what the parts wrote to it, and logits are linear in it, so they are a sum over
parts too. This model has no LayerNorm before the unembedding: the lens of the last stage is the model's
answer, and the attribution is no approximation.

Both look at the positions that predict the answer's cells, each given the true cells before it
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

from interp.ablation import MEAN, NO_ABLATION, Ablation, Component, ReferenceMeans, hooks_for
from interp.analyses.question import PuzzleQuestion
from interp.engine.forward import embed, gates_for, unembed, weights_of
from interp.engine.halves import Halves, run_halves, stage_names
from interp.errors import PuzzlescopeError
from interp.export.programs import given, puzzle_program
from interp.grids import CELLS, SIZE
from interp.model import PuzzleGPT
from interp.model.hooks import changes_forward, say_ignored
from interp.resumable import Steps
from interp.tokens import ANSWER_START, D_VOCAB, TOKEN_NAMES, TokensLike, one_puzzle

EMBED, POS_EMBED, BIAS = "embed", "pos_embed", "bias"
"""Parts that are in no layer: the token's embedding, the position's, and the unembedding's bias."""


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
                **_place(cell),
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
            self.puzzle.id,
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
    for number, layer in enumerate(_layers(model, tokens, ablation, means)):
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


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each part of the model adds to the logits of the answer's cells.

    A part is the token's embedding, the position's, a head, an MLP, or the unembedding's bias. Where an
    attention layer as a whole is put at its mean, that mean is a part of its own (``L1.attn``) and the
    layer's heads add nothing. A head or an MLP at its mean adds what its mean adds; a part that is zeroed
    adds nothing.

    Attributes:
        parts: ``embed``, ``pos_embed``, ``L0.H0``, ..., ``L0.mlp``, ..., ``bias``: in the order in which they
            are added.
        logits: what each part adds to the logit of each of the 15 tokens, at each cell of the answer. Over
            parts they sum to ``total``.
        total: the logits of the run itself.
        truth: the right token of each cell.
    """

    parts: tuple[str, ...]
    logits: Float[np.ndarray, "part 100 15"]
    total: Float[np.ndarray, "100 15"]
    truth: Int[np.ndarray, " 100"]

    @cached_property
    def runner_up(self) -> Int[np.ndarray, " 100"]:
        """The most probable token of each cell but the right one: the model's answer where that is wrong."""
        others = self.total.copy()
        others[np.arange(CELLS), self.truth] = -np.inf
        return others.argmax(-1)

    def tokens(self, toward: int | None = None, over: int | None = None) -> Int[np.ndarray, "100 2"]:
        """The two tokens compared at each cell: left out, the right one and the runner-up.

        Raises:
            PuzzlescopeError: if there is no such token, or both are the same.
        """
        for token in (toward, over):
            if token is not None and not 0 <= token < D_VOCAB:
                raise PuzzlescopeError(f"A token is a number from 0 to {D_VOCAB - 1}, got {token}.")
        if toward is not None and toward == over:
            raise PuzzlescopeError("A token's push over itself is nothing: choose two different tokens.")
        first = self.truth if toward is None else np.full(CELLS, toward)
        second = self.runner_up if over is None else np.full(CELLS, over)
        return np.stack([first, second], axis=1)

    def push(self, toward: int | None = None, over: int | None = None) -> Float[np.ndarray, "part 100"]:
        """What each part adds to the logit of one token less that of another, at each cell (see
        :meth:`tokens`)."""
        chosen = self.tokens(toward, over)
        cells = np.arange(CELLS)
        with np.errstate(invalid="ignore", over="ignore"):  # of a model that diverged
            return self.logits[:, cells, chosen[:, 0]] - self.logits[:, cells, chosen[:, 1]]

    def difference(self, toward: int | None = None, over: int | None = None) -> Float[np.ndarray, " 100"]:
        """What the run's own logits differ by, at each cell: the sum of :meth:`push` over parts, to float
        rounding."""
        chosen = self.tokens(toward, over)
        cells = np.arange(CELLS)
        return self.total[cells, chosen[:, 0]] - self.total[cells, chosen[:, 1]]

    def rows(
        self, cell: int, toward: int | None = None, over: int | None = None
    ) -> tuple[dict[str, Any], ...]:
        """A row a part for one cell of the answer (0..99), for :class:`interp.export.tables.Table`; then
        their sum, by the run."""
        first, second = self.tokens(toward, over)[cell].tolist()
        told = {**_place(cell), "toward": TOKEN_NAMES[first], "over": TOKEN_NAMES[second]}
        pushes = self.push(toward, over)[:, cell].tolist()
        found = zip((*self.parts, "sum"), (*pushes, float(self.difference(toward, over)[cell])), strict=True)
        return tuple({"part": part, **told, "push": push} for part, push in found)


@torch.inference_mode()
def direct_attribution(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> Attribution:
    """Direct logit attribution on one puzzle, for all cells and tokens, from one run under the ablation.

    It is of the model without a user's hooks (:mod:`interp.model.hooks`).
    """
    say_ignored(model, "direct logit attributions")
    tokens = one_puzzle(tokens)
    W_U, b_U = model.unembed.W_U.double(), model.unembed.b_U.double()
    W_OU = model.W_O.double() @ W_U  # layer head d_head vocab
    asked = model.prompt(tokens[None])[:, ANSWER_START:-1]
    found = {
        EMBED: model.embed.W_E[asked[0]].double() @ W_U,
        POS_EMBED: model.pos_embed.W_pos[ANSWER_START : ANSWER_START + CELLS].double() @ W_U,
    }
    for number, layer in enumerate(_layers(model, tokens, ablation, means)):
        found |= _heads(number, layer, W_OU[number])
        if ablation.components.get(Component(number, "attn")) == MEAN:
            found[f"L{number}.attn"] = layer.attn_out[0, ANSWER_START:].double() @ W_U
        found[f"L{number}.mlp"] = layer.mlp_out[0, ANSWER_START:].double() @ W_U
    found[BIAS] = b_U.expand(CELLS, -1)
    return Attribution(
        tuple(found),
        torch.stack(list(found.values())).float().cpu().numpy(),
        unembed(model, layer.post[:, ANSWER_START:])[0].float().cpu().numpy(),
        tokens[ANSWER_START:].astype(np.int64),
    )


@dataclass(frozen=True)
class AttributionOf(PuzzleQuestion[Attribution]):
    """What every part adds to the logits of the answer's cells, on one puzzle."""

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, Attribution]:
        yield from ()  # it is done in one step
        return direct_attribution(model, self.puzzle.tokens, self.ablation, means)

    def program(
        self, model: str, *, cell: int = 0, toward: int | None = None, over: int | None = None
    ) -> str:
        """Every part's push at one cell of the answer, the largest first, and their sum.

        Args:
            cell: 0..99, row by row.
            toward, over: the tokens compared; left out, the right one and the runner-up.
        """
        row, column = divmod(cell, SIZE)
        tokens = ", ".join(
            f"{name}={token:d}" for name, token in (("toward", toward), ("over", over)) if token is not None
        )
        return puzzle_program(
            model,
            self.puzzle.id,
            self.ablation,
            [
                f"cell = 10 * {row:d} + {column:d}",
                f"found = direct_attribution(model, puzzle.tokens{given(self.ablation)})",
                f"pushes = found.push({tokens})[:, cell]",
                "for k in abs(pushes).argsort()[::-1]:",
                "    print(found.parts[k], pushes[k])",
                f"print('sum', pushes.sum(), 'of the run', found.difference({tokens})[cell])",
            ],
        )


def _heads(
    number: int, layer: Halves, W_OU: Float[Tensor, "head d_head vocab"]
) -> dict[str, Float[Tensor, "100 vocab"]]:
    """What each head of a layer adds to the logits."""
    if layer.z is None:
        written = W_OU.new_zeros(len(W_OU), CELLS, W_OU.shape[-1])
    else:
        written = layer.z[0, ANSWER_START:].double().transpose(0, 1) @ W_OU  # head cell vocab
    return {f"L{number}.H{head}": own for head, own in enumerate(written)}


def _layers(
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


def _place(cell: int) -> dict[str, int]:
    return {"row": cell // SIZE + 1, "column": cell % SIZE + 1}
