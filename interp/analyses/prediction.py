"""What the model answers to one puzzle: loss and greedy answer, from a cached run."""

from dataclasses import dataclass

from interp.analyses.question import RunQuestion
from interp.engine.answers import Prediction
from interp.engine.forcing import Forced, forced_text, put
from interp.engine.predict import predict_run
from interp.engine.runs import Run
from interp.export.programs import given, puzzle_program
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, puzzle_name
from interp.resumable import Steps


@dataclass(frozen=True)
class PredictionOf(RunQuestion[Prediction]):
    """The loss and the greedy answer on one puzzle, under an ablation.

    Attributes:
        forced: cells of the answer that are given a colour (:mod:`interp.engine.forcing`).
    """

    forced: Forced = ()

    @property
    def run_of(self) -> Puzzle:
        return put(self.puzzle, self.forced)

    def of_run(self, model: PuzzleGPT, run: Run) -> Steps[Prediction, Prediction]:
        return predict_run(model, run, self.puzzle.tokens, self.forced)

    def program(self, model: str) -> str:
        """Loss and greedy answer, clean and with the ablation.

        >>> from interp import load_puzzles
        >>> print(PredictionOf(load_puzzles("bank").find("9a3726a23b")).program("default"))
        from interp import load_model, load_puzzles, predict
        <BLANKLINE>
        model = load_model('default')
        bank = load_puzzles('bank')
        puzzle = bank.find('9a3726a23b')
        <BLANKLINE>
        clean = predict(model, puzzle.tokens[None])
        for name, run in {'clean': clean}.items():
            cuts = {cut: run.loss.mean(cut) for cut in ('final', 'cells', 'copied', 'changed')}
            wrong = run.greedy[0] != puzzle.grids[3].ravel()
            print(name, cuts, f'{wrong.sum()} of 100 cells wrong')
            print(run.greedy[0].reshape(10, 10))
        """
        runs = "{'clean': clean, 'ablated': ablated}" if self.ablation else "{'clean': clean}"
        forced = f", forced=parse_forced({forced_text(self.forced)!r})" if self.forced else ""
        ablated = f"ablated = predict(model, puzzle.tokens[None]{given(self.ablation)}{forced})"
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            self.ablation,
            [
                f"clean = predict(model, puzzle.tokens[None]{forced})",
                *([ablated] if self.ablation else []),
                f"for name, run in {runs}.items():",
                "    cuts = {cut: run.loss.mean(cut) for cut in ('final', 'cells', 'copied', 'changed')}",
                "    wrong = run.greedy[0] != puzzle.grids[3].ravel()",
                "    print(name, cuts, f'{wrong.sum()} of 100 cells wrong')",
                "    print(run.greedy[0].reshape(10, 10))",
            ],
        )
