"""A ninth task is one new file and its place in the table; what was there before stays as it was.

``NINTH`` is added to a copy of ``interp.tasks`` beside links to the rest of the library, and what is done
with it runs in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from interp.errors import PuzzlescopeError
from interp.puzzles.kinds import KINDS, draw
from interp.training.record import TRAINING_FILE, read_record
from tests.support.places import ROOT

NINTH = '''
"""The task ``swap``: two rectangles exchange their colours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from interp.grids import Grid
from interp.tasks import drawing
from interp.tasks.drawing import Pairs
from interp.tasks.solving.reading import Colors, Layout, Reading, boxes_of, castings
from interp.tasks.solving.shapes import filled
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = drawing.blank_pairs(n), drawing.distinct_colors(n, 3, rng)
    for before, after in drawing.both_pairs(puzzles):
        rects = drawing.rectangle_triples(n, rng)
        drawing.paint_rectangles(before, rects, color)
        drawing.paint_rectangles(after, rects, color[:, [1, 0, 2]])
    return puzzles


@dataclass(frozen=True)
class Swap(Reading):
    """The two others exchange their colours; the target keeps its own."""

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        yield from map(cls, castings(x))

    @property
    def colors_after(self) -> Colors:
        a, b, target = self.colors
        return b, a, target

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        return boxes_of(fx, self.colors_after)

    def draw_fx(self, layout: Layout) -> Grid:
        return filled(layout, self.colors_after)


TASK = Task("swap", "two rectangles exchange their colours", draw=draw, rule=Swap)
'''

USED = """
import json, sys
from dataclasses import replace
from pathlib import Path
import numpy as np
import torch

torch.set_num_threads(1)
import interp.training.finishing as finishing
from interp import load_puzzles
from interp.checkpoints import save_model
from interp.model import Config
from interp.puzzles import Puzzle, PuzzleSet, save_puzzles
from interp.puzzles.kinds import KINDS, draw
from interp.puzzles.rows import task_of
from interp.tasks import TASKS, task_named
from interp.tokens import STRUCTURES
from interp.training.data import DataState, TrainingData
from interp.training.dynamics import load_dynamics
from interp.training.recipe import Recipe
from interp.training.record import read_record, record_text
from interp.training.trainer import Trainer

models, here = Path(sys.argv[1]), Path(sys.argv[2])
swap = task_named("swap")
kinds = [kind for kind in KINDS if kind.task == "swap"]
assert [kind.index for kind in kinds] == [32, 33, 34, 35] and list(TASKS)[-1] == "swap"

# Drawn in every structure, and solved by its rule.
for structure in STRUCTURES:
    for puzzle in swap.generate(20, np.random.default_rng(0), structure=structure, verified=True):
        assert np.array_equal(swap.solve(*puzzle[:3], reverse=structure.reverse), puzzle[3])

# Told from the eight others by its rule alone, kept in a file, loaded and filtered.
tokens = np.concatenate([draw("bank", 0, kind, 3) for kind in kinds])
assert {task_of(row) for row in tokens} == {"swap"}
others = tuple(load_puzzles("bank", limit=8))
save_puzzles(PuzzleSet("mixed", (*others, *(Puzzle.of("swap", row) for row in tokens))), here / "mixed.npz")
assert len(load_puzzles(here / "mixed.npz")) == 20
assert len(load_puzzles(here / "mixed.npz", task="swap", structure=STRUCTURES[2])) == 3

# The shipped models, which have never seen it.
for name in ("default", "12-layers", "seed-2", "seed-3"):
    record = read_record(models / name)
    assert len(record.solved) == 32 and "swap" not in str(record)
    supply = TrainingData.from_state(record.data)
    assert supply.taken.tolist() == [*record.data.taken.values(), 0, 0, 0, 0]
    assert supply.shares()[32:].min() > supply.shares()[:32].max(), "what is new is drawn most"

# A model whose record does not name it is trained on, with it.
cfg = Config(n_layers=1, n_heads=2, d_model=16, d_head=8, d_mlp=32)
first, second = here / "first", here / "second"
trainer = Trainer(Recipe(model=cfg, batch=4, puzzles=4), first, device="cpu")
trainer.step()
taken, loss = ({name: value for name, value in counted.items() if "swap" not in name}
               for counted in (trainer.record().data.taken, trainer.record().data.loss))
save_model(trainer.model.eval(), first, None)
record = replace(trainer.record(), data=DataState(1, taken, loss))
(first / "training.json").write_text(record_text(record))

finishing.PHENOMENA_PUZZLES = 1
recipe = Recipe(model=cfg, batch=64, puzzles=128, continues=str(first))
trainer = Trainer(recipe, second, device="cpu")
trainer.run(quiet=True)
finishing.finish(trainer, per_kind=1)
record = read_record(second)
assert sum(record.data.taken[kind.name] for kind in kinds) > 0 and len(record.solved) == 36
assert "| swap |" in (second / "README.md").read_text()
assert "swap" in set(load_dynamics(second).part)

print(json.dumps([draw("training", 3, kind, 2, block=1).tolist() for kind in KINDS[:32]]))
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where all of ``USED`` was done with a ninth task, and what it printed."""
    here = tmp_path_factory.mktemp("ninth")
    (here / "interp").mkdir()
    for path in (ROOT / "interp").iterdir():
        if path.name not in ("tasks", "__pycache__"):
            (here / "interp" / path.name).symlink_to(path)
    (here / "assets").symlink_to(ROOT / "assets")
    tasks = here / "interp" / "tasks"
    shutil.copytree(ROOT / "interp" / "tasks", tasks)
    (tasks / "swap.py").write_text(NINTH)
    table = (tasks / "__init__.py").read_text()
    changed = table.replace("        contact,\n", "        contact,\n        swap,\n")
    changed = changed.replace("import contact,", "import swap, contact,")
    assert changed.count("swap") == 2
    (tasks / "__init__.py").write_text(changed)
    (here / "out").mkdir()
    run = subprocess.run(
        [sys.executable, "-c", USED, str(ROOT / "assets" / "models"), str(here / "out")],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(here)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return here / "out", run.stdout


def test_a_ninth_task_works_from_end_to_end(added: tuple[Path, str]) -> None:
    folder, _ = added
    assert (folder / "second" / "model.safetensors").exists()


def test_it_changes_no_puzzle_of_the_others(added: tuple[Path, str]) -> None:
    _, printed = added
    before = [draw("training", 3, kind, 2, block=1).tolist() for kind in KINDS]
    assert json.loads(printed.splitlines()[-1]) == before


def test_without_it_its_model_is_not_trained_on(added: tuple[Path, str]) -> None:
    expected = "is not known here, 'swap: .*': expected kinds of the tasks replace_color,"
    with pytest.raises(PuzzlescopeError, match=expected) as caught:
        read_record(added[0] / "second")
    assert TRAINING_FILE in str(caught.value) and "\n" not in str(caught.value)
