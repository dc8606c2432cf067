"""The page's questions to a made-up study of 60 million rows: ``python -m benchmarks.studies FOLDER``.

Losses are drawn, so every digit of them costs its room, as of real ones. The parts
have as many puzzles as is said: 128, as a study is written, or many more, as if parts were put together.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from interp.puzzles import load_puzzles
from interp.studies.folder import SUMMARY_FILE, StudyFolder
from interp.studies.plan import Plan
from interp.studies.questions import Study
from interp.studies.schema import CLEAN, EFFECTS, PUZZLES, TABLES
from interp.studies.sql.guarded import Bounds
from interp.tasks import TASKS
from interp.tokens import STRUCTURES

LAYERS, HEADS = 12, 8
COMPONENTS = tuple(
    f"L{layer}.{part}"
    for layer in range(LAYERS)
    for part in ("attn", "mlp", *map("H{}".format, range(HEADS)))
)

_REAL = [puzzle.tokens.tobytes() for puzzle in load_puzzles("bank")]


def made(folder: StudyFolder, puzzles: int, chunk: int) -> StudyFolder:
    """A study of so many puzzles; what is there already is left as it is."""
    folder.begin(Plan(f"generate:{puzzles}", puzzles, 0, "", "made-up", "made-up", COMPONENTS, chunk=chunk))
    for number in folder.missing():
        rng = np.random.default_rng(number)
        numbers = np.asarray(folder.plan.numbers(number), np.int32)
        folder.write(PUZZLES, number, _puzzles(numbers, rng))
        folder.write(EFFECTS, number, _effects(numbers, rng))
    return folder


def _puzzles(numbers: np.ndarray, rng: np.random.Generator) -> pa.Table:
    n = len(numbers)
    return pa.table(
        {
            "puzzle": numbers,
            "id": [f"{one:010x}" for one in rng.integers(1 << 40, size=n)],
            "task": [list(TASKS)[one % len(TASKS)] for one in numbers],
            "structure": [STRUCTURES[one % len(STRUCTURES)].name for one in numbers],
            "changed": rng.integers(60, size=n),
            "tokens": [_REAL[one % len(_REAL)] for one in numbers],
        },
        schema=TABLES[PUZZLES],
    )


def _effects(numbers: np.ndarray, rng: np.random.Generator) -> pa.Table:
    n, parts = len(numbers), len(COMPONENTS)
    size = 10 ** np.linspace(-4, 0, parts)[:, None] * rng.lognormal(0, 1, (parts, n))
    loss = rng.lognormal(-6, 1, n) * np.ones((parts + 1, 1))
    loss[1:] += size * np.where(rng.random((parts, n)) < 0.1, -0.01, 1)
    wrong = np.minimum(100, loss * 20).astype(np.uint8)
    solved = wrong == 0
    columns = {
        "puzzle": np.tile(numbers, parts + 1),
        "component": pa.array(np.repeat([CLEAN, *COMPONENTS], n)),
        **{f"loss_{cut}": (loss * rng.uniform(0.9, 1.1, loss.shape)).ravel() for cut in ("cells", "copied")},
        "loss_final": loss.ravel(),
        "loss_changed": (loss * 1.5).ravel(),
        "wrong": wrong.ravel(),
        "broken": wrong.ravel(),
        "fixed": np.zeros(loss.size, np.uint8),
        "solved": solved.ravel(),
        "flip": (solved.astype(np.int8) - solved[0]).ravel(),
    }
    schema = TABLES[EFFECTS]
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)


def questions(study: Study) -> dict[str, Callable[[], object]]:
    """What the page asks, and two questions in SQL."""
    part = COMPONENTS[63]
    return {
        "components by task": study.effects,
        "distribution of one": lambda: study.distribution(part),
        "puzzles that flip, the first 200": lambda: study.flips(part),
        "two studies, nothing ablated": lambda: study.compared(study),
        "two studies, one component": lambda: study.compared(study, part),
        "SQL: losses by component": lambda: study.sql(
            "SELECT component, avg(loss_final) FROM effects GROUP BY ALL"
        ),
        "SQL: one component": lambda: study.sql(
            "SELECT avg(nats) FROM changes WHERE component = $part", {"part": part}
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="with room for 2 GB; what is there already is used again")
    parser.add_argument("--puzzles", type=int, default=500_000)
    parser.add_argument("--chunk", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = made(StudyFolder(given.folder), given.puzzles, given.chunk)
    rows = folder.plan.n * folder.plan.runs
    print(f"{rows:,} rows in {folder.plan.chunks:,} chunks; load {os.getloadavg()[0]:.1f}")
    if folder.kept(SUMMARY_FILE) is not None:
        folder.files.rm(f"{folder.root}/{SUMMARY_FILE}")
    bounds = Bounds(seconds=900, threads=2)
    _say("summed up, once", [_timed(Study(folder, bounds=bounds).fill)])
    _say("opened, the sums read", [_timed(Study(folder, bounds=bounds).fill) for _ in range(given.rounds)])
    study = Study(folder, bounds=bounds)
    study.fill()
    for name, ask in questions(study).items():
        _say(name, [_timed(ask) for _ in range(given.rounds)])


def _timed(ask: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processors."""
    begun = time.perf_counter(), time.process_time()
    ask()
    return time.perf_counter() - begun[0], time.process_time() - begun[1]


def _say(name: str, times: list[tuple[float, float]]) -> None:
    clock, cpu = (sorted(one)[len(times) // 2] for one in zip(*times, strict=True))
    print(f"{name:34s} {clock:8.2f} s, of processors {cpu:8.2f} s", flush=True)


if __name__ == "__main__":
    main()
