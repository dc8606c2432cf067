"""The forward hooks that carry out an ablation in the model's own forward pass."""

from jaxtyping import Int
from torch import Tensor

from interp.ablation.hook_points import Hook
from interp.ablation.means import ReferenceMeans, RowMeans
from interp.ablation.terms import Ablation, check_ablation
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT


def means_for(
    model: PuzzleGPT,
    prompt: Int[Tensor, "row pos"],
    means: ReferenceMeans | None,
    *,
    used: bool,
) -> RowMeans | None:
    """The means that the rows of a batch need, if they need any.

    Raises:
        PuzzlescopeError: if they do and none are given, or those of other weights or other puzzles.
    """
    if not used:
        return None
    if means is None:
        raise PuzzlescopeError(
            "This ablation puts parts at their mean: give the reference means of the model,"
            " bank_means(model, bank)."
        )
    return means.rows(model, prompt)


def hooks_for(
    model: PuzzleGPT,
    prompt: Int[Tensor, "row pos"],
    ablation: Ablation,
    means: ReferenceMeans | RowMeans | None = None,
    *,
    start: int = 0,
) -> list[Hook]:
    """The forward hooks that carry out an ablation on these puzzles, for ``run_with_hooks(prompt,
    fwd_hooks=...)``.

    Args:
        prompt: whole puzzles or their beginnings, start token included.
        means: needed only if the ablation needs them; those chosen for the rows, if that was done already.
        start: position of the first token of the run (above 0 while decoding with a key-value cache).

    Raises:
        PuzzlescopeError: if the ablation or the means are of another model, or means are missing.
    """
    check_ablation(ablation, model.cfg)
    if not isinstance(means, RowMeans):
        means = means_for(model, prompt, means, used=ablation.needs_means)
    return hooks_of(ablation, means, start=start)


def hooks_of(ablation: Ablation, means: RowMeans | None = None, *, start: int = 0) -> list[Hook]:
    """The same, from means that were chosen for the rows already.

    Args:
        ablation: what is switched off.
        means: of each row's puzzle; needed only if the ablation needs them.
        start: position of the first token of the run (above 0 while decoding with a key-value cache).
    """
    if ablation.needs_means and means is None:
        raise PuzzlescopeError("This ablation uses means: give the reference means of the model.")
    return [term.method.hook(term.component, means, start) for term in ablation.terms]
