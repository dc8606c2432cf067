"""Whether the answers that pages showed are right: compared with a direct computation, without the backend of
the dashboard, in another process, after the measurement: ``python -m benchmarks.load.direct FILE``."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.load.visit.answers import Scene, Shown
from interp import load_model, load_puzzles
from interp.ablation import parse_ablation
from interp.engine.answers import Prediction
from interp.engine.measures import METRICS, Metric
from interp.engine.predict import predict, predict_each
from interp.grids import CELLS
from interp.model import PuzzleGPT
from interp.numbers import short
from interp.puzzles import Puzzle

BATCH = 16
LABELS = ("Loss (nats)", "cells", "copied", "changed")
"""Of the read-out's entries, in the order of the measures."""
ROUNDING = 1e-4
"""How far a loss may be off, relative to itself: it is shown in three digits, and may be summed in another
order."""
GRAIN = 1.2e-7
"""And how far its sum over the cells may be off, whatever its size: a cell's loss near 0 is a multiple of
this step of float32, and one of them may be one such step apart in another batch."""
CHANCE = 5e-4
"""How far a probability may be off."""


@dataclass
class Verdict:
    """What came of the comparison.

    Attributes:
        answers: how many were compared.
        scenes: of how many puzzles with ablations.
        losses: how many numbers of losses were among it.
        wrong: answers that are not what the model says.
        crossed: of these, those that are another scene's: another puzzle's, ablation's or model's.
        examples: of wrong ones.
    """

    answers: int = 0
    scenes: int = 0
    losses: int = 0
    wrong: int = 0
    crossed: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Expected:
    """What is to be seen of one scene."""

    puzzle: Puzzle
    clean: Prediction
    now: Prediction | None

    @property
    def last(self) -> Prediction:
        return self.clean if self.now is None else self.now

    def complaints(self, shown: Shown) -> Iterator[str]:
        """What of an answer is not so."""
        strip = shown.strip
        if not strip.answers(shown.scene):
            yield f"stands under '{strip.title}'"
        if strip.grids != tuple(map(written, self.puzzle.grids.reshape(4, -1))):
            yield "the grids are another puzzle's"
        if strip.clean != written(self.clean.greedy[0]):
            yield "the clean answer differs"
        if strip.now != ("" if self.now is None else written(self.now.greedy[0])):
            yield "the answer differs"
        if not self._chances_fit(strip.chances):
            yield "the probabilities differ"
        for label, metric in zip(LABELS, METRICS, strict=True):
            before, after = shown.losses.get(label, (None, None))
            if before is not None and not fits(before, *_cut(self.clean, metric)):
                yield f"{label} in the clean run is {before}"
            if after and self.now is not None and not fits(after, *_cut(self.now, metric)):
                yield f"{label} is {after}"
            if after and self.now is None:
                yield f"{label} is told with nothing ablated"

    def _chances_fit(self, shown: tuple[float, ...]) -> bool:
        likeliest = self.last.greedy_probabilities[0].max(-1)
        return len(shown) == len(likeliest) and bool(np.abs(likeliest - shown).max() <= CHANCE)


def written(cells: np.ndarray) -> str:
    """Cells in the digits in which answers are noted."""
    return "".join(f"{cell:x}" for cell in cells.tolist())


def _cut(run: Prediction, metric: Metric) -> tuple[float, int]:
    """A loss of a run over one puzzle, and of how many tokens it is the mean."""
    copied = int(run.loss.copied.sum())
    counts = {"final": CELLS + 1, "cells": CELLS, "copied": copied, "changed": CELLS - copied}
    return run.loss.mean(metric), counts[metric]


def fits(text: str, loss: float, cells: int = CELLS) -> bool:
    """Whether a loss, the mean over so many cells, may be written like this."""
    if np.isnan(loss):
        return text == "no such cell"
    slack = loss * ROUNDING + GRAIN / max(cells, 1)
    return text in {short(loss), short(loss + slack), short(loss - slack)}


def check(shown: Iterable[Shown]) -> Verdict:
    """Compare answers with what the models say."""
    answers = list(shown)
    scenes = list(dict.fromkeys(one.scene for one in answers))
    verdict = Verdict(len(answers), len(scenes), sum(len(one.losses) for one in answers))
    by_scene = dict(_expected(scenes))
    theirs = {(*map(written, one.puzzle.grids.reshape(4, -1)), written(one.last.greedy[0])): scene
              for scene, one in by_scene.items()}  # fmt: skip
    for one in answers:
        complaints = _complaints(one, by_scene)
        if complaints:
            other = theirs.get((*one.strip.grids, one.strip.now or one.strip.clean))
            verdict.wrong += 1
            verdict.crossed += other is not None and other != one.scene
            verdict.examples = [*verdict.examples, f"{one.who} {one.scene}: {', '.join(complaints)}"][:20]
    return verdict


def _complaints(one: Shown, by_scene: dict[Scene, Expected]) -> list[str]:
    """What is wrong with an answer; of two that are equally likely, a batch may choose another than the same
    row alone, so what differs is computed again alone."""
    complaints = list(by_scene[one.scene].complaints(one))
    return list(alone(one.scene).complaints(one)) if complaints else []


def alone(scene: Scene) -> Expected:
    """What is to be seen of a scene, computed by itself."""
    model, puzzle = load_model(scene.model), _bank()[scene.puzzle]
    runs = [predict(model, puzzle.tokens[None], parse_ablation(off, model.cfg)) for off in ("", scene.off)]
    return Expected(puzzle, runs[0], runs[1] if scene.off else None)


def _expected(scenes: list[Scene]) -> Iterator[tuple[Scene, Expected]]:
    bank = _bank()
    for name in dict.fromkeys(scene.model for scene in scenes):
        model, own = load_model(name), [scene for scene in scenes if scene.model == name]
        pairs = list(dict.fromkeys((one.puzzle, off) for one in own for off in ("", one.off)))
        runs = dict(zip(pairs, _predictions(model, [(bank[id], off) for id, off in pairs]), strict=True))
        for scene in own:
            now = runs[scene.puzzle, scene.off] if scene.off else None
            yield scene, Expected(bank[scene.puzzle], runs[scene.puzzle, ""], now)


def _predictions(model: PuzzleGPT, pairs: list[tuple[Puzzle, str]]) -> Iterator[Prediction]:
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        tokens = np.stack([puzzle.tokens for puzzle, _ in some])
        found = predict_each(model, tokens, [parse_ablation(off, model.cfg) for _, off in some])
        yield from (_row(found, row) for row in range(len(some)))


@cache
def _bank() -> dict[str, Puzzle]:
    return {puzzle.id: puzzle for puzzle in load_puzzles("bank")}


def _row(found: Prediction, row: int) -> Prediction:
    only = slice(row, row + 1)
    return Prediction(
        found.loss[only], found.probabilities[only], found.solved[only], found.greedy[only],
        found.greedy_probabilities[only],
    )  # fmt: skip


def check_file(path: Path) -> dict[str, Any]:
    """The verdict on a file of answers, from another process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.direct", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The answers could not be checked:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def check_answers(shown: Iterable[Shown]) -> dict[str, Any]:
    """The same of answers that are at hand."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(one.record()) + "\n" for one in shown)
        file.flush()
        return check_file(Path(file.name))


def main() -> None:
    with Path(sys.argv[1]).open(encoding="utf-8") as lines:
        print(json.dumps(asdict(check(Shown.of(json.loads(line)) for line in lines))))


if __name__ == "__main__":
    main()
