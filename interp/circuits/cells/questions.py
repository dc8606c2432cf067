"""The graph of a cell and its predictions as questions."""

from dataclasses import dataclass

from interp.ablation import NO_ABLATION, ZERO, Method, Need, ReferenceMeans
from interp.analyses.question import Question, means_over
from interp.circuits.cells.attribute import NEURONS, cell_graph
from interp.circuits.cells.effects import CellEffects, cell_effects
from interp.circuits.cells.graph import CellGraph
from interp.circuits.cells.target import RUNNER, CellTarget
from interp.export.programs import off_lines, options_of, program_of, puzzle_of, puzzle_program
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, puzzle_name
from interp.resumable import Steps


@dataclass(frozen=True)
class CellGraphOf(Question[CellGraph]):
    """The attribution graph of one cell of the answer, in the whole model."""

    puzzle: Puzzle
    cell: int
    target: CellTarget = RUNNER
    neurons: int = NEURONS

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[CellGraph, CellGraph]:
        return cell_graph.steps(model, self.puzzle, self.cell, self.target, neurons=self.neurons)

    def program(self, model: str) -> str:
        """Its strongest flows.

        >>> from interp import load_puzzles
        >>> print(CellGraphOf(load_puzzles("bank").find("9a3726a23b"), 61).program("default"))
        from interp import CellTarget, cell_graph, load_model, load_puzzles
        <BLANKLINE>
        model = load_model('default')
        bank = load_puzzles('bank')
        puzzle = bank.find('9a3726a23b')
        <BLANKLINE>
        graph = cell_graph(model, puzzle, 61, CellTarget.parse('runner-up'), neurons=24)
        print(graph.summary())
        for flow in graph.between(graph.strongest())[:20]:
            print(flow.writer.text, '->', flow.reader.text, f'{flow.value:+.3f}')
        """
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            NO_ABLATION,
            [
                f"graph = cell_graph(model, puzzle, {self.cell:d}, {_written(self.target)},"
                f" neurons={self.neurons:d})",
                "print(graph.summary())",
                "for flow in graph.between(graph.strongest())[:20]:",
                "    print(flow.writer.text, '->', flow.reader.text, f'{flow.value:+.3f}')",
            ],
        )


@dataclass(frozen=True)
class CellEffectsOf(Question[CellEffects]):
    """What the held model predicts of ablations, and what they do, at one cell of the answer. The result
    fills up, layer by layer."""

    puzzle: Puzzle
    cell: int
    target: CellTarget = RUNNER
    method: Method = ZERO

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over([self.puzzle], NO_ABLATION, self.method)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[CellEffects, CellEffects]:
        return cell_effects.steps(model, self.puzzle, self.cell, self.target, method=self.method, means=means)

    def program(self, model: str) -> str:
        """Predicted and true effect of every head and MLP."""
        loaded = [
            f"model = load_model({model!r})",
            "bank = load_puzzles('bank')",
            f"puzzle = {puzzle_of(puzzle_name(self.puzzle))}",
            *off_lines(NO_ABLATION, self.method, over="[puzzle]"),
        ]
        given = ", ".join(["", *options_of(NO_ABLATION, self.method)])
        return program_of(
            loaded,
            [
                f"found = cell_effects(model, puzzle, {self.cell:d}, {_written(self.target)}{given})",
                "print(found.summary())",
                "for row in found.rows():",
                "    print(row['component'], f\"{row['predicted']:+.3f} {row['true']:+.3f}\")",
            ],
        )


def _written(target: CellTarget) -> str:
    return f"CellTarget.parse({target.text!r})"
