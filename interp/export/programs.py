"""What is on screen "as Python": programs of some lines that compute the same with this library and print it.

Whatever is put into a program is put there as Python writes it (``repr``), so a name with a quote in it stays
a name.

>>> print(prediction_snippet("default", "9a3726a23b", "L1.attn"))
from interp import load_model, load_puzzles
from interp.ablation import parse_ablation
from interp.engine.predict import predict
<BLANKLINE>
model = load_model('default')
bank = load_puzzles('bank')
puzzle = bank.find('9a3726a23b')
off = parse_ablation('L1.attn', model.cfg)
<BLANKLINE>
clean = predict(model, puzzle.tokens[None])
ablated = predict(model, puzzle.tokens[None], off)
for name, run in {'clean': clean, 'ablated': ablated}.items():
    cuts = {cut: run.loss.mean(cut) for cut in ('final', 'cells', 'copied', 'changed')}
    wrong = run.greedy[0] != puzzle.grids[3].ravel()
    print(name, cuts, f'{wrong.sum()} of 100 cells wrong')
    print(run.greedy[0].reshape(10, 10))
"""

from collections.abc import Sequence
from dataclasses import dataclass

from interp.ablation import ZERO, Method
from interp.analyses.ablation_sweep import Measure, Scope
from interp.analyses.head_study import Over


@dataclass(frozen=True)
class Sample:
    """Puzzles of the bank: the one with this id, or at most ``limit`` of a task and an order of the grids."""

    puzzle: str | None = None
    task: str | None = None
    structure: str | None = None
    limit: int | None = None


def prediction_snippet(model: str, puzzle: str, ablation: str = "") -> str:
    """Loss and greedy answer on one puzzle of the bank, with nothing off and with the ablation.

    Args:
        model: its name, as :func:`interp.load_model` takes it.
        puzzle: its id.
        ablation: what is off, as text.
    """
    runs = "{'clean': clean, 'ablated': ablated}" if ablation else "{'clean': clean}"
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        ["from interp.engine.predict import predict"],
        [*one_puzzle(model, puzzle), *off_lines(ablation)],
        [
            "clean = predict(model, puzzle.tokens[None])",
            *(
                [f"ablated = predict(model, puzzle.tokens[None], {given_ablation(ablation)})"]
                if ablation
                else []
            ),
            f"for name, run in {runs}.items():",
            "    cuts = {cut: run.loss.mean(cut) for cut in ('final', 'cells', 'copied', 'changed')}",
            "    wrong = run.greedy[0] != puzzle.grids[3].ravel()",
            "    print(name, cuts, f'{wrong.sum()} of 100 cells wrong')",
            "    print(run.greedy[0].reshape(10, 10))",
        ],
    )


def sweep_snippet(
    model: str,
    sample: Sample,
    kinds: Sequence[str] = ("attn",),
    measure: Measure = "final",
    *,
    ablation: str = "",
    method: Method = ZERO,
    scope: Scope = "everywhere",
) -> str:
    """What every part of these kinds is worth: by the measure, and in puzzles that break and mend.

    Args:
        sample: over which puzzles.
        ablation: what is off in every run, as text.
        method: how each part is switched off on top of it.
        scope: where.
    """
    uses_mean = uses_mean_in(ablation) or method.kind == "mean"
    options = ["base=off"] if ablation else []
    options += ["means=means"] if uses_mean else []
    options += [f"method={method!r}"] if method != ZERO else []
    options += [f"scope={scope!r}"] if scope != "everywhere" else []
    call = ", ".join(["model", "tokens", "parts", *options])
    names = (["Method"] if method != ZERO else []) + (["bank_means"] if uses_mean else [])
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation, names)],
        ["from interp.analyses.ablation_sweep import components_of, sweep, value", *structure_import(sample)],
        [f"model = load_model({model!r})", *sample_lines(sample), *off_lines(ablation, uses_mean=uses_mean)],
        [
            f"parts = components_of(model.cfg, {list(kinds)!r})",
            f"clean, *rows = sweep({call})",
            f"print('nothing', value(clean, {measure!r}), f'{{clean.solved.sum()}} of {{len(tokens)}}"
            f" solved')",
            "for row in rows:",
            "    broken, mended = row.flips(clean)",
            f"    print(row.component.text, value(row, {measure!r}), f'{{len(broken)}} broken,"
            f" {{len(mended)}} mended')",
        ],
    )


def attention_snippet(
    model: str, puzzle: str, layer: int, head: int, row: int, column: int, ablation: str = ""
) -> str:
    """Where a head looks to predict one cell of the answer: the ten positions it looks at most.

    Args:
        row, column: of the cell, counted from 0 as the library does.
    """
    given = f", {given_ablation(ablation)}" if ablation else ""
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        [
            "from interp.analyses.attention import attention_pattern",
            "from interp.tokens import predicting_position",
        ],
        [*one_puzzle(model, puzzle), *off_lines(ablation)],
        [
            f"layer, head, query = {layer:d}, {head:d}, predicting_position(row={row:d}, column={column:d})",
            f"pattern = attention_pattern(model, puzzle.tokens, layer{given})  # [head, query, key]",
            "looks = pattern[head, query]",
            "for position in looks.argsort()[::-1][:10]:",
            "    print(position, looks[position])",
        ],
    )


def lookback_snippet(
    model: str, puzzle: str, lookbacks: Sequence[int], threshold: float, ablation: str = ""
) -> str:
    """The heads that look so many positions back more than a threshold, measured as the original notebook
    does; and beside it the score without the positions that it measures at the start token."""
    given = f", {given_ablation(ablation)}" if ablation else ""
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        ["from interp.analyses.attention import heads_above, lookback_table"],
        [*one_puzzle(model, puzzle), *off_lines(ablation)],
        [
            f"scores = lookback_table(model, puzzle.tokens[None], {list(lookbacks)!r}{given})",
            f"really = lookback_table(model, puzzle.tokens[None], {list(lookbacks)!r}{given}, clamp=False)",
            "for lookback, found in scores.items():",
            f"    for head in heads_above(found, lookback, {threshold!r}):",
            "        print(lookback, head.name, head.score, really[lookback][head.layer, head.head])",
        ],
    )


def masking_snippet(model: str, puzzle: str, ablation: str = "") -> str:
    """Loss and success with blank cells taken for padding, and as they should be."""
    given = f", {given_ablation(ablation)}" if ablation else ""
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        ["from interp.analyses.published import blanks_masked", "from interp.engine.predict import losses"],
        [*one_puzzle(model, puzzle), *off_lines(ablation)],
        [
            f"loss, solved = losses(model, puzzle.tokens[None]{given})",
            "print('as it should be', loss.mean('final'), solved[0])",
            f"loss, solved = blanks_masked(model, puzzle.tokens[None]{given})",
            "print('blank cells masked', loss.mean('final'), solved[0])",
        ],
    )


def heads_snippet(model: str, sample: Sample, over: Over = "all", *, ablation: str = "") -> str:
    """How much every head looks at what each detector looks for.

    Args:
        sample: over which puzzles.
        over: which queries of them.
        ablation: what is off, as text.
    """
    given = f", {given_ablation(ablation)}" if ablation else ""
    return program_of(
        ["from interp import load_model, load_puzzles", *ablation_import(ablation)],
        ["from interp.analyses.head_study import head_rows, study_heads", *structure_import(sample)],
        [f"model = load_model({model!r})", *sample_lines(sample), *off_lines(ablation)],
        [
            f"study = study_heads(model, tokens{given})",
            f"for row in head_rows(study, {over!r}):",
            "    print(row)",
            "# also: study.spectrum [layer, head, 405], study.maps [layer, head, grid, 9 + row, 9 + column]",
        ],
    )


def program_of(imports: list[str], more: list[str], setup: list[str], work: list[str]) -> str:
    return "\n".join([*imports, *sorted(more), "", *setup, "", *work])


def uses_mean_in(ablation: str) -> bool:
    return ":mean" in ablation


def ablation_import(ablation: str, names: Sequence[str] = ()) -> list[str]:
    needed = {
        *names,
        *(["parse_ablation"] if ablation else []),
        *(["bank_means"] if uses_mean_in(ablation) else []),
    }
    return [f"from interp.ablation import {', '.join(sorted(needed))}"] if needed else []


def structure_import(sample: Sample) -> list[str]:
    return ["from interp.tokens import structure_named"] if sample.structure is not None else []


def one_puzzle(model: str, puzzle: str) -> list[str]:
    return [
        f"model = load_model({model!r})",
        "bank = load_puzzles('bank')",
        f"puzzle = bank.find({puzzle!r})",
    ]


def sample_lines(sample: Sample) -> list[str]:
    """Lines that make ``bank`` and the ``tokens`` of the puzzles."""
    if sample.puzzle is not None:
        return ["bank = load_puzzles('bank')", f"tokens = bank.find({sample.puzzle!r}).tokens[None]"]
    chosen = [f"task={sample.task!r}"] if sample.task is not None else []
    chosen += [f"structure=structure_named({sample.structure!r})"] if sample.structure is not None else []
    return [
        "bank = load_puzzles('bank')",
        f"tokens = bank.filter({', '.join(chosen)}).limit({sample.limit!r}).tokens",
    ]


def off_lines(ablation: str, *, uses_mean: bool | None = None) -> list[str]:
    """Lines that make what is ``off``, and the ``means`` that some of it is put at."""
    lines = [f"off = parse_ablation({ablation!r}, model.cfg)"] if ablation else []
    if uses_mean_in(ablation) if uses_mean is None else uses_mean:
        lines.append("means = bank_means(model, bank)")
    return lines


def given_ablation(ablation: str) -> str:
    return "off, means" if uses_mean_in(ablation) else "off"
