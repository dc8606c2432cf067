"""The original notebook's experiments: what it found on its model, and whether that holds on another.

The notebook ("Attention & Induction Heads") looked at ``gpt_000``, a published model of 12 layers, 8 heads
and d_model 512, and at the first 64 puzzles of the public data set. Its figures are :data:`PUBLISHED_CLEAN`
and those after it. A *finding* says in a sentence whether what it concluded holds for the model at hand, and
with which numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import NO_ABLATION, Ablation, Hook, ReferenceMeans, hooks_for
from interp.analyses.question import PuzzleQuestion
from interp.engine.answers import AnswerLoss, all_right, score
from interp.export.programs import given, puzzle_program
from interp.grids import N_COLORS, SIZE
from interp.model import Config, PuzzleGPT
from interp.numbers import has_ratio, short, times
from interp.puzzles import puzzle_name
from interp.resumable import Steps
from interp.tokens import GRID_TOKENS, START, TOKEN_NAMES, TokensLike, puzzle_tokens

PUBLISHED_SIZES = Config()
PUBLISHED_CLEAN = 2.84e-3
"""Final-grid loss, in nats, of the notebook's model on its 64 puzzles."""
PUBLISHED_LAYERS = (
    2.65,
    6.48e-3,
    2.92e-3,
    2.02e-3,
    2.85e-3,
    3.26e-3,
    3.03e-3,
    2.63e-3,
    2.85e-3,
    2.95e-3,
    3.18e-3,
    3.44e-3,
)
"""The same with the attention of layer 0, 1, ... 11 zeroed."""
PUBLISHED_HEADS: dict[int, dict[tuple[int, int], float]] = {
    1: {(0, 7): 0.3272, (3, 1): 0.3402, (5, 4): 0.3529, (7, 2): 0.6515},
    100: {(0, 0): 0.4590, (0, 5): 0.2725, (0, 7): 0.1920},
}
"""Lookback -> (layer, head) -> mean attention exactly so far back, for all heads above its threshold."""

FAR_ABOVE = 10
"""The notebook's layer 0 costs hundreds of times as much as the next; ten times still is the same finding."""
MOSTLY = 0.8
"""A rough copy: at least this share of the cells is the third grid's."""


@dataclass(frozen=True)
class Finding:
    """Whether a conclusion of the notebook holds here, and why one says so."""

    holds: bool
    sentence: str


def same_sizes(cfg: Config) -> bool:
    """Whether a model has the sizes of the notebook's, so that its figures can be compared one by one."""
    return cfg == PUBLISHED_SIZES


def layers_finding(clean: float, ablated: Sequence[float]) -> Finding:
    """Does layer 0's attention matter far more than every other layer's?

    Args:
        clean: final-grid loss, in nats, with nothing more off.
        ablated: that with the attention of each layer off.
    """
    if not np.isfinite([clean, *ablated]).all():
        return Finding(False, f"{NOT_COMPARABLE}, so that nothing can be said of the layers.")
    costs = np.array(ablated) - clean
    order = np.argsort(-costs)
    first = int(order[0])
    if costs[first] <= 0:
        return Finding(
            False, "No attention layer is needed here: with any one ablated the loss is no larger."
        )
    if len(order) == 1:
        return Finding(True, f"There is one layer only; its attention costs {short(float(costs[0]))} nats.")
    second = int(order[1])
    multiple = _multiple(costs)
    others = f"{times(multiple)} × the next, layer {second}" if costs[second] > 0 else "the others nothing"
    what = f"Layer {first} costs most, {short(float(costs[first]))} nats, {others}"
    if multiple < FAR_ABOVE:
        return Finding(
            False, f"{what}: it does not dominate as layer 0 did ({times(published_multiple())} × the next)."
        )
    if first == 0:
        return Finding(True, f"{what}.")
    own = f"costs {short(float(costs[0]))} nats" if costs[0] > 0 else "costs nothing"
    return Finding(False, f"Here another layer dominates. {what}; layer 0 {own}.")


def _multiple(costs: Float[np.ndarray, " layer"]) -> float:
    """How many times as much as the next the costliest layer costs."""
    second, first = np.sort(costs)[-2:]
    return float(first / second) if second > 0 else np.inf


def published_multiple() -> float:
    """The same of the notebook's model."""
    return _multiple(np.array(PUBLISHED_LAYERS) - PUBLISHED_CLEAN)


NOT_COMPARABLE = "Losses are not finite here"


def marker_finding(answer: Integer[np.ndarray, " 100"], truth: Integer[np.ndarray, " 100"]) -> Finding:
    """Is an answer not even a grid: does a marker stand where a cell should?"""
    markers = np.flatnonzero(answer >= N_COLORS)
    wrong = int((answer != truth).sum())
    if len(markers):
        names = ", ".join(dict.fromkeys(TOKEN_NAMES[answer[k]] for k in markers))
        row, column = divmod(int(markers[0]), SIZE)
        return Finding(
            True,
            f"{len(markers)} of the 100 cells are a marker ({names}), the first in row {row + 1},"
            f" column {column + 1}.",
        )
    if wrong:
        return Finding(
            False, f"The answer breaks, with {wrong} of 100 cells wrong, but it is a grid: no marker in it."
        )
    return Finding(False, "The answer does not break: all 100 cells are right.")


def heads_finding(scores: Float[np.ndarray, "layer head"], lookback: int, threshold: float) -> Finding:
    """Are there heads that look this far back, and does one in layer 0 do it most?

    For one token back the notebook's strongest head is in a later layer; for one grid back it is in layer 0.

    Args:
        scores: mean attention of all heads exactly so far back.
    """
    if not np.isfinite(scores).all():
        return Finding(
            False, "The attention of some heads is not finite here, so that nothing can be said of it."
        )
    layer, head = np.unravel_index(int(scores.argmax()), scores.shape)
    strongest = f"the strongest is L{layer}.H{head} with {scores.max():.2f}"
    found = int((scores > threshold).sum())
    if not found:
        return Finding(False, f"No head looks {lookback} back above {threshold}; {strongest}.")
    heads = f"{found} head{'s' if found > 1 else ''} above {threshold}; {strongest}"
    if (layer == 0) == (lookback != 1):
        return Finding(True, f"{heads}.")
    where = "not in layer 0" if lookback != 1 else "in layer 0 already"
    return Finding(False, f"There are such heads, but {where}: {heads}.")


def copy_finding(answer: Integer[np.ndarray, " 100"], third: Integer[np.ndarray, " 100"]) -> Finding:
    """Does the copy circuit draw a rough copy of the third grid, and not just its background?"""
    same = float((answer == third).mean())
    drawn = third != 0
    inside = float((answer == third)[drawn].mean()) if drawn.any() else same
    told = f"{same:.0%} of all cells and {inside:.0%} of the coloured ones are the third grid's"
    if same >= MOSTLY and inside >= MOSTLY:
        return Finding(True, f"{told}.")
    return Finding(False, f"It draws no copy here: {told}.")


def one_by_one_finding(solved: Bool[np.ndarray, " layer"]) -> Finding:
    """Does this puzzle's answer need layer 0's attention and no other layer's?"""
    broken = np.flatnonzero(~solved)
    if not len(broken):
        return Finding(
            False, "No layer is needed: the answer is right with any one layer's attention ablated."
        )
    if list(broken) == [0]:
        return Finding(True, "Only with layer 0's attention ablated the answer is wrong.")
    names = ", ".join(map(str, broken))
    return Finding(False, f"The answer is wrong with the attention of any of these layers ablated: {names}.")


def masking_finding(loss: float, masked: float) -> Finding:
    """Does it matter to hide blank cells?

    Args:
        loss, masked: final-grid losses, in nats, as it should be and with blank cells hidden.
    """
    if not np.isfinite([loss, masked]).all():
        return Finding(False, f"{NOT_COMPARABLE}, so that they cannot be compared.")
    if not has_ratio(masked, loss):
        what = f"hiding blank cells makes the loss {short(masked)}, which is"
        before = "exactly 0" if loss == 0 else short(loss)
        verdict = "Holds" if masked > 0 else "It does not matter here"
        return Finding(masked > 0, f"{verdict}: {what} {before} with nothing hidden.")
    multiple = masked / loss
    verdict = "Holds" if multiple > FAR_ABOVE else "It hardly matters here"
    what = f"hiding blank cells makes the loss {times(multiple)} times as large"
    return Finding(multiple > FAR_ABOVE, f"{verdict}: {what}.")


def deviation(ours: float, published: float) -> float:
    """By how much a figure differs from the published one, as a share of that."""
    return ours / published - 1


# ---- the cache that was none's fault -----------------------------------------------------------------------


def blanks_masked(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]:
    """Loss and success if blank cells are taken for padding, and nobody may look at them.

    The notebook declared token 0 to be padding. It is the blank cell too, and a library that hides padding
    from attention then hides the blank cells. Here every position whose token is 0 is hidden, but for the
    start token.
    """
    prompt = model.prompt(puzzle_tokens(tokens))
    hidden = prompt[:, :-1] == START
    hidden[:, 0] = False  # the start token; or else the first positions could look nowhere
    hooks = [*_hiding(model.cfg, hidden), *hooks_for(model, prompt, ablation, means)]
    with torch.inference_mode():
        logits = model.run_with_hooks(prompt[:, :-1], fwd_hooks=hooks)
        loss, right = score(logits[:, -GRID_TOKENS:], prompt)
        return loss, all_right(right)


@dataclass(frozen=True)
class BlanksMasked(PuzzleQuestion[tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]]):
    """Loss and success on one puzzle if its blank cells are taken for padding."""

    def steps(
        self, model: PuzzleGPT, means: ReferenceMeans | None
    ) -> Steps[None, tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]]:
        yield from ()  # it is done in one step
        return blanks_masked(model, self.puzzle.tokens[None], self.ablation, means)

    def program(self, model: str) -> str:
        """Loss and success with blank cells taken for padding, and as they should be."""
        off = given(self.ablation)
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            self.ablation,
            [
                f"loss, solved = losses(model, puzzle.tokens[None]{off})",
                "print('as it should be', loss.mean('final'), solved[0])",
                f"loss, solved = blanks_masked(model, puzzle.tokens[None]{off})",
                "print('blank cells masked', loss.mean('final'), solved[0])",
            ],
        )


def _hiding(cfg: Config, hidden: torch.Tensor) -> list[Hook]:
    def run(scores: torch.Tensor, hook: HookPoint) -> torch.Tensor:
        return scores.masked_fill(hidden[:, None, None, :], -torch.inf)

    return [(get_act_name("attn_scores", layer), run) for layer in range(cfg.n_layers)]
