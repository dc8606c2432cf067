"""The logit lens, direct logit attribution and activation patching "as Python": see
:mod:`interp.export.programs`.

>>> print(lens_snippet("default", "9a3726a23b"))
from interp import load_model, load_puzzles
from interp.analyses.logit_lens import logit_lens
<BLANKLINE>
model = load_model('default')
bank = load_puzzles('bank')
puzzle = bank.find('9a3726a23b')
<BLANKLINE>
lens = logit_lens(model, puzzle.tokens)
for stage, right in zip(lens.stages, lens.right):
    print(stage, f'{right.sum()} of 100 cells right')
print(lens.settled.reshape(10, 10))  # number of the stage from which each cell is right
"""

from dataclasses import dataclass

from interp.analyses.activation_patching import Detail, Kind
from interp.export.programs import (
    ablation_import,
    given_ablation,
    off_lines,
    one_puzzle,
    program_of,
    uses_mean_in,
)


@dataclass(frozen=True)
class Edit:
    """A cell of the puzzle's first three grids (``place`` 0..2) in another colour, counted from 0 as the
    library does."""

    place: int
    row: int
    column: int
    color: int


def lens_snippet(model: str, puzzle: str, ablation: str = "") -> str:
    """What every stage would answer, in cells right, and where each cell becomes right.

    Args:
        model: its name, as :func:`interp.load_model` takes it.
        puzzle: its id, in the bank.
        ablation: what is off, as text.
    """
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        ["from interp.analyses.logit_lens import logit_lens"],
        [*one_puzzle(model, puzzle), *off_lines(ablation)],
        [
            f"lens = logit_lens(model, puzzle.tokens{_also(ablation)})",
            "for stage, right in zip(lens.stages, lens.right):",
            "    print(stage, f'{right.sum()} of 100 cells right')",
            "print(lens.settled.reshape(10, 10))  # number of the stage from which each cell is right",
        ],
    )


def attribution_snippet(
    model: str,
    puzzle: str,
    row: int,
    column: int,
    ablation: str = "",
    toward: int | None = None,
    over: int | None = None,
) -> str:
    """Every part's push at one cell of the answer, the largest first, and their sum.

    Args:
        row, column: of the cell, counted from 0 as the library does.
        toward, over: the tokens compared; left out, the right one and the runner-up.
    """
    tokens = ", ".join(
        f"{name}={token:d}" for name, token in (("toward", toward), ("over", over)) if token is not None
    )
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        ["from interp.analyses.logit_lens import direct_attribution"],
        [*one_puzzle(model, puzzle), *off_lines(ablation)],
        [
            f"cell = 10 * {row:d} + {column:d}",
            f"found = direct_attribution(model, puzzle.tokens{_also(ablation)})",
            f"pushes = found.push({tokens})[:, cell]",
            "for k in abs(pushes).argsort()[::-1]:",
            "    print(found.parts[k], pushes[k])",
            f"print('sum', pushes.sum(), 'of the run', found.difference({tokens})[cell])",
        ],
    )


def patching_snippet(
    model: str,
    puzzle: str,
    source: str | Edit,
    kind: Kind,
    row: int,
    column: int,
    ablation: str = "",
    detail: Detail = "grids",
) -> str:
    """The effect of every patch on one cell of the answer.

    Args:
        source: id of the other puzzle, in the bank, or what is changed in this one.
        row, column: of the cell, counted from 0 as the library does.
    """
    if isinstance(source, Edit):
        made = f"recoloured(puzzle, {source.place:d}, {source.row:d}, {source.column:d}, {source.color:d})"
    else:
        made = f"bank.find({source!r})"
    options = [f"detail={detail!r}"] if detail != "grids" else []
    options += ["ablation=off"] if ablation else []
    options += ["means=means"] if uses_mean_in(ablation) else []
    call = ", ".join(["model", "puzzle.tokens", "source.tokens", f"kind={kind!r}", *options])
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        [
            f"from interp.analyses.activation_patching import"
            f" patch{', recoloured' if isinstance(source, Edit) else ''}"
        ],
        [*one_puzzle(model, puzzle), f"source = {made}", *off_lines(ablation)],
        [
            f"cell = 10 * {row:d} + {column:d}",
            f"state = activation_patching({call})",
            "print('of the runs', state.target[cell], state.source[cell])",
            "effects = state.effects()[:, :, cell]  # 0: as the puzzle's own run, 1: as the source's",
            "for site, own in zip(state.sites, effects):",
            "    print(site, {block.name: round(float(x), 3) for block, x in zip(state.blocks, own)})",
        ],
    )


def _also(ablation: str) -> str:
    return f", {given_ablation(ablation)}" if ablation else ""
