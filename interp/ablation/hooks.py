"""The forward hooks that carry out an ablation in the model's own forward pass, and the values that they put
in place."""

from collections.abc import Iterable

from jaxtyping import Int
from torch import Tensor

from interp.ablation.hook_points import Hook
from interp.ablation.means import ReferenceMeans, joined
from interp.ablation.methods import Method
from interp.ablation.rows import RowMeans
from interp.ablation.terms import Ablation, by_heads, check_ablation
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet
from interp.puzzles.rows import UNKNOWN
from interp.resumable import Steps, finish, resumable
from interp.tokens import TokensLike, puzzle_tokens


def means_for(
    model: PuzzleGPT,
    prompt: Int[Tensor, "row pos"],
    means: ReferenceMeans | None,
    *what: Ablation | Method,
) -> RowMeans | None:
    """What the rows of a batch need for these ablations and methods, if they need anything.

    Raises:
        PuzzlescopeError: if they do and nothing is given, or that of other weights or other puzzles.
    """
    methods = methods_in(what)
    if not methods:
        return None
    if means is None:
        raise PuzzlescopeError(
            "This ablation puts other values in the place of parts: give the reference means of the model,"
            " bank_means(model, bank) for the method mean and means_by(model, bank, puzzles, off) for any."
        )
    means.check(model)
    outputs = {method: method.outputs(means, model, prompt) for method in methods}
    patterns = any(method.gate.pattern for method in methods)
    return RowMeans(
        {method: own for method, own in outputs.items() if own is not None},
        means.pattern_rows(model, prompt) if patterns else None,
    )


def methods_in(what: Iterable[Ablation | Method]) -> tuple[Method, ...]:
    """The methods among these, and among those of these ablations, that need something; each once."""
    found: dict[Method, None] = {}
    for one in what:
        own = one.components.values() if isinstance(one, Ablation) else [one]
        found |= dict.fromkeys(method for method in own if method.needs_means)
    return tuple(found)


@resumable
def means_by(
    model: PuzzleGPT, bank: PuzzleSet, puzzles: Iterable[Puzzle] | TokensLike, *what: Ablation | Method
) -> Steps[None, ReferenceMeans]:
    """All that these ablations and methods need to know for these puzzles.

    Args:
        model: that is going to be run.
        bank: the puzzle bank, over which means are taken and from which other puzzles are drawn.
        puzzles: that are going to be run; or their tokens, of which the bank knows the task.

    Raises:
        PuzzlescopeError: if it cannot be had.
    """
    chosen = puzzles_like(puzzles, bank)
    needs = dict.fromkeys(need for method in methods_in(what) for need in method.needs(chosen))
    parts = [ReferenceMeans(model.checkpoint_id)]
    for need in needs:
        parts.append((yield from need.steps(model, bank)))
    return joined(parts)


def check_known(
    model: PuzzleGPT, bank: PuzzleSet, puzzles: Iterable[Puzzle], *what: Ablation | Method
) -> None:
    """See that what these ablations and methods need can be had for these puzzles, without computing it.

    Raises:
        PuzzlescopeError: if a model has no trained constants, or a puzzle no other run to take outputs from.
    """
    chosen = list(puzzles)
    for need in dict.fromkeys(need for method in methods_in(what) for need in method.needs(chosen)):
        if not need.kept:
            finish(need.steps(model, bank))


def puzzles_like(puzzles: Iterable[Puzzle] | TokensLike, bank: PuzzleSet) -> list[Puzzle]:
    """These puzzles; of tokens, the bank's puzzles with these tokens, and puzzles of no known task where it
    has none."""
    listed = list(puzzles)
    if all(isinstance(one, Puzzle) for one in listed):
        return listed
    known = {puzzle.cells: puzzle for puzzle in bank}
    found = [Puzzle.of(UNKNOWN, tokens) for tokens in puzzle_tokens(puzzles)]
    return [known.get(puzzle.cells, puzzle) for puzzle in found]


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
    if model.planted is not None:
        ablation = by_heads(ablation, model.cfg)
    if not isinstance(means, RowMeans):
        means = means_for(model, prompt, means, ablation)
    return hooks_of(ablation, means, start=start)


def hooks_of(ablation: Ablation, means: RowMeans | None = None, *, start: int = 0) -> list[Hook]:
    """The same, from means that were chosen for the rows already.

    Args:
        ablation: what is switched off.
        means: of each row's puzzle; needed only if the ablation needs them.
        start: position of the first token of the run (above 0 while decoding with a key-value cache).
    """
    if ablation.needs_means and means is None:
        raise PuzzlescopeError(
            "This ablation puts other values in the place of parts: give the reference means of the model."
        )
    return [term.method.hook(term.component, means, start) for term in ablation.terms]
