"""Pieces of the programs that are offered "as Python": a few lines that compute and print what is on screen.

An analysis writes its own program (:meth:`interp.analyses.question.Question.program`) from the pieces here.
Whatever is put into a program is put there as Python writes it (``repr``), so a name with a quote in it stays
a name.

>>> from interp.ablation import parse_ablation
>>> from interp.model import Config
>>> off = parse_ablation("L1.attn", Config())
>>> print(puzzle_program("default", "9a3726a23b", off, ["print(off.text, puzzle.task)"]))
from interp import load_model, load_puzzles, parse_ablation
<BLANKLINE>
model = load_model('default')
bank = load_puzzles('bank')
puzzle = bank.find('9a3726a23b')
off = parse_ablation('L1.attn', model.cfg)
<BLANKLINE>
print(off.text, puzzle.task)
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill

from interp.ablation import DEFAULT_METHOD, MEAN, Ablation, Component, Method
from interp.ablation.hooks import methods_in
from interp.names import HOMES
from interp.puzzles import Puzzle, puzzle_name
from interp.puzzles.spelling import is_spelled

LONGEST_LINE = 100


@dataclass(frozen=True)
class Sample:
    """Puzzles: those of these names (:func:`interp.puzzles.puzzle_name`), or at most ``limit`` of a task and
    an order of the grids in the bank."""

    ids: tuple[str, ...] = ()
    task: str | None = None
    structure: str | None = None
    limit: int | None = None

    @classmethod
    def of(cls, puzzles: Iterable[Puzzle]) -> "Sample":
        """These puzzles, one by one."""
        return cls(tuple(map(puzzle_name, puzzles)))

    @property
    def lines(self) -> list[str]:
        """Lines that make ``bank`` and the ``tokens`` of the puzzles."""
        return ["bank = load_puzzles('bank')", f"tokens = {self._tokens}"]

    @property
    def _tokens(self) -> str:
        if len(self.ids) == 1:
            return f"{puzzle_of(self.ids[0])}.tokens[None]"
        if any(map(is_spelled, self.ids)):
            return f"[{', '.join(f'{puzzle_of(name)}.tokens' for name in self.ids)}]"
        if self.ids:
            return f"[bank.find(name).tokens for name in {list(self.ids)!r}]"
        chosen = [f"task={self.task!r}"] if self.task is not None else []
        chosen += [f"structure=structure_named({self.structure!r})"] if self.structure is not None else []
        return f"bank.filter({', '.join(chosen)}).limit({self.limit!r}).tokens"


def puzzle_program(
    model: str, puzzle: str, ablation: Ablation, work: Sequence[str], *, setup: Sequence[str] = ()
) -> str:
    """A program about one puzzle: it has ``model``, ``bank``, ``puzzle`` and, where something is
    ablated, ``off`` and the ``means`` that it needs.

    Args:
        model: its name, as :func:`interp.load_model` takes it.
        puzzle: its name (:func:`interp.puzzles.puzzle_name`).
        work: lines that compute and print.
        setup: lines after that of the puzzle.
    """
    loaded = [
        f"model = load_model({model!r})",
        "bank = load_puzzles('bank')",
        f"puzzle = {puzzle_of(puzzle)}",
    ]
    return program_of([*loaded, *setup, *off_lines(ablation, over="[puzzle]")], work)


def program_of(setup: Sequence[str], work: Sequence[str]) -> str:
    """The import of what these lines use of :mod:`interp`, an empty line, what is loaded, an empty line, the
    rest.

    >>> print(program_of(["model = load_model('default')"], ["print(model.cfg)"]))
    from interp import load_model
    <BLANKLINE>
    model = load_model('default')
    <BLANKLINE>
    print(model.cfg)
    """
    body = "\n".join([*setup, "", *work])
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    return f"{_import(sorted(used & HOMES.keys()))}\n\n{body}"


def puzzle_of(name: str) -> str:
    """The puzzle of a name (:func:`interp.puzzles.puzzle_name`), as Python."""
    return f"load_puzzles({name!r})[0]" if is_spelled(name) else f"bank.find({name!r})"


def _import(names: Sequence[str]) -> str:
    line = f"from interp import {', '.join(names)}"
    if len(line) <= LONGEST_LINE:
        return line
    listed = fill(", ".join(names), LONGEST_LINE, initial_indent="    ", subsequent_indent="    ")
    return f"from interp import (\n{listed},\n)"


def off_lines(ablation: Ablation, method: Method = DEFAULT_METHOD, *, over: str = "tokens") -> list[str]:
    """Lines that make the ablation, ``off``, and the reference ``means`` if it or a method uses them.

    Args:
        method: by which more is ablated.
        over: the name of the puzzles that are run.
    """
    lines = [f"off = parse_ablation({ablation.text!r}, model.cfg)"] if ablation else []
    needing = methods_in([ablation, method])
    if any(one != MEAN for one in needing):
        given = ["model", "bank", over, *(["off"] if ablation.needs_means else [])]
        given += [f"parse_method({method.text!r})"] if method.needs_means else []
        lines.append(f"means = means_by({', '.join(given)})")
    elif needing:
        lines.append("means = bank_means(model, bank)")
    return lines


def options_of(base: Ablation, method: Method) -> list[str]:
    """The named arguments of an ablation by a method on top of a base; what is at its default is left out."""
    return [
        *(["base=off"] if base else []),
        *(["means=means"] if base.needs_means or method.needs_means else []),
        *([f"method=parse_method({method.text!r})"] if method != DEFAULT_METHOD else []),
    ]


def given(ablation: Ablation) -> str:
    """The arguments that put an ablation in force, after others; nothing where nothing is ablated."""
    if not ablation:
        return ""
    return ", off, means" if ablation.needs_means else ", off"


def source_line(source: Component) -> str:
    return f"source = parse_component({source.text!r}, model.cfg)"
