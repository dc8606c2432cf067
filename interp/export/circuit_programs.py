"""The circuits on screen "as Python", as :mod:`interp.export.programs` has the rest.

>>> print(composition_snippet("default", "L0.attn"))
from interp import load_model
from interp.ablation import parse_ablation
from interp.analyses.composition import composition
<BLANKLINE>
model = load_model('default')
source = parse_ablation('L0.attn', model.cfg).terms[0].component
<BLANKLINE>
for reading in composition(model).ranked(source)[:20]:
    print(reading.reader.text, reading.score, f'{reading.excess:+} beyond chance')
"""

from interp.ablation import ZERO, Method
from interp.analyses.ablation_sweep import Measure
from interp.export.programs import Sample, off_lines, program_of, sample_lines, structure_import, uses_mean_in


def composition_snippet(model: str, source: str) -> str:
    """Who reads a source most, by weights.

    Args:
        model: its name, as :func:`interp.load_model` takes it.
        source: an attention layer, a head or an MLP, as text.
    """
    return program_of(
        ["from interp import load_model", "from interp.ablation import parse_ablation"],
        ["from interp.analyses.composition import composition"],
        [f"model = load_model({model!r})", _source(source)],
        [
            "for reading in composition(model).ranked(source)[:20]:",
            "    print(reading.reader.text, reading.score, f'{reading.excess:+} beyond chance')",
        ],
    )


def path_snippet(
    model: str,
    sample: Sample,
    source: str,
    measure: Measure = "final",
    *,
    ablation: str = "",
    method: Method = ZERO,
) -> str:
    """What taking a source from each of its readers does, by effect.

    Args:
        sample: over which puzzles.
        ablation: what is off in every run, as text.
        method: what the reader finds in place of what the source writes.
    """
    uses_mean = uses_mean_in(ablation) or method.kind == "mean"
    options = ["base=off"] if ablation else []
    options += ["means=means"] if uses_mean else []
    options += [f"method={method!r}"] if method != ZERO else []
    names = ["Method"] if method != ZERO else []
    names += ["bank_means"] if uses_mean else []
    return program_of(
        [
            "from interp import load_model, load_puzzles",
            f"from interp.ablation import {', '.join([*names, 'parse_ablation'])}",
        ],
        [
            "from interp.analyses.path_ablation import path_ablation",
            "from interp.analyses.ablation_sweep import value",
            *structure_import(sample),
        ],
        [
            f"model = load_model({model!r})",
            *sample_lines(sample),
            *off_lines(ablation, uses_mean=uses_mean),
            _source(source),
        ],
        [
            f"state = path_ablation({', '.join(['model', 'tokens', 'source', *options])})",
            f"print('read by all', value(state.row(0), {measure!r}))",
            "for reader, row in state.by_reader().items():",
            f"    print(reader.text, value(row, {measure!r}), f'{{row.solved.sum()}} of {{len(tokens)}}"
            f" solved')",
        ],
    )


def _source(source: str) -> str:
    return f"source = parse_ablation({source!r}, model.cfg).terms[0].component"
