"""Our generators against puzzles of the original one: 150 a task, without noise (see tests/data/README.md).

Cells of one puzzle depend on one another, so what is compared are numbers *per puzzle*: their means, by a
two-sample z test. About 2,200 comparisons are made at |z| < 5; if the generators agree, one in some 800 runs
of all would fail by chance, and none does, for the seeds are fixed. What a rule forbids outright is checked
on every puzzle of both.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from interp import grids
from interp.tasks import TASKS, half_fill, translate
from interp.tokens import decode
from tests.support.places import DATA

REFERENCE = DATA / "culture_puzzles.npz"
OURS = 3000
LARGEST_Z = 5.0


@cache
def reference(task: str) -> np.ndarray:
    with np.load(REFERENCE) as file:
        return decode(file[task])


def ours(task: str, n: int = OURS) -> np.ndarray:
    return TASKS[task].generate(n, np.random.default_rng(20))


def boxes(grid: np.ndarray) -> list[tuple[int, int, int, int]]:
    """(top, left, height, width) of the bounding box of each colour."""
    found = []
    for color in np.unique(grid[grid > 0]):
        rows, columns = np.nonzero(grid == color)
        found.append((rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1))
    return [tuple(map(int, box)) for box in found]


def shift(x: np.ndarray, fx: np.ndarray) -> tuple[float, float]:
    """How far the colour moves whose cells' centre moves most from X to f(X), in rows and columns."""
    best = (0.0, 0.0)
    for color in np.intersect1d(x[x > 0], fx[fx > 0]):
        move = np.argwhere(fx == color).mean(0) - np.argwhere(x == color).mean(0)
        if np.abs(move).sum() > np.abs(best).sum() + 1e-9:
            best = (float(move[0]), float(move[1]))
    return best


def statistics(puzzle: np.ndarray) -> dict[str, float]:
    """What is compared of one puzzle [4, 10, 10]."""
    x, fx, y, fy = puzzle
    found = {f"X occupied at {k}": float(cell > 0) for k, cell in enumerate(x.ravel())}
    found |= {f"f(Y) occupied at {k}": float(cell > 0) for k, cell in enumerate(fy.ravel())}
    found |= {f"X has colour {color}": float((x == color).any()) for color in range(1, 11)}
    found |= {
        f"cells of {name}": float((grid > 0).sum())
        for name, grid in zip(["X", "fX", "Y", "fY"], puzzle, strict=True)
    }
    found |= {"changed in X": float((x != fx).sum()), "changed in Y": float((y != fy).sum())}
    found |= {"colours in X": len(np.unique(x)), "colours in f(X)": len(np.unique(fx))}
    shapes = np.array(boxes(x))
    for name, column in {
        "height": shapes[:, 2],
        "width": shapes[:, 3],
        "area": shapes[:, 2] * shapes[:, 3],
    }.items():
        found |= {f"{name} mean": column.mean(), f"{name} min": column.min(), f"{name} max": column.max()}
    di, dj = shift(x, fx)
    found |= {
        "di": di,
        "dj": dj,
        "di^2": di**2,
        "dj^2": dj**2,
        "di dj": di * dj,
        "moves": float(di != 0 or dj != 0),
    }
    return found


def table(puzzles: np.ndarray) -> dict[str, np.ndarray]:
    rows = [statistics(puzzle) for puzzle in puzzles]
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


@cache
def reference_table(task: str) -> dict[str, np.ndarray]:
    return table(reference(task))


def differences(task: str, puzzles: np.ndarray) -> dict[str, float]:
    """The statistics whose means differ, with their z."""
    found = {}
    theirs = reference_table(task)
    for name, mine in table(puzzles).items():
        # Pooled: the reference alone may by luck show no spread where there is some.
        spread = np.concatenate([mine, theirs[name]]).std()
        error = spread * np.sqrt(1 / len(mine) + 1 / len(theirs[name]))
        z = (mine.mean() - theirs[name].mean()) / error if error > 1e-12 else 0.0
        if abs(z) > LARGEST_Z:
            found[name] = float(z)
    return found


@pytest.mark.parametrize("task", TASKS)
def test_means_agree(task: str) -> None:
    assert differences(task, ours(task)) == {}


def too_small_or_large(puzzles: np.ndarray) -> int:
    """Rectangles of f(X) and X, where each colour is one, that no puzzle may have."""
    shapes = [box for puzzle in puzzles for box in boxes(puzzle[0])]
    return sum(min(height, width) < 3 or height * width > 50 for _, _, height, width in shapes)


@pytest.mark.parametrize("task", ["replace_color", "translate", "frame", "detect", "contact"])
def test_sides_and_areas_keep_to_the_rules(task: str) -> None:
    assert too_small_or_large(reference(task)) == 0
    assert too_small_or_large(ours(task)) == 0


def on_the_last_line(puzzles: np.ndarray) -> int:
    """Moved rectangles that lie on the last row or column: the original never lets them."""
    count = 0
    for x, fx in puzzles[:, :2]:
        for color in np.unique(x[x > 0]):
            moved = not np.isin(np.argwhere(fx == color), np.argwhere(x == color)).all() or (
                (fx == color).sum() == (x == color).sum() and ((fx == color) != (x == color)).any()
            )
            if moved:
                last = np.argwhere(fx == color).max(0)
                count += int((last == 9).any())
    return count


def test_a_moved_rectangle_never_lies_on_the_last_row_or_column() -> None:
    assert on_the_last_line(reference("translate")) == 0
    assert on_the_last_line(ours("translate")) == 0


# ---- the comparisons can fail: each catches a generator that is wrong --------------------------------------


@pytest.fixture
def rectangles(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change what rectangles are allowed; undone afterwards."""

    def allow(**limits: int) -> None:
        for name, value in limits.items():
            monkeypatch.setattr(grids, name, value)
        forget()

    def forget() -> None:
        grids.all_rectangles.cache_clear()
        grids._overlap_table.cache_clear()

    yield allow
    monkeypatch.undo()
    forget()


def test_it_catches_small_sides(rectangles: Callable[..., None]) -> None:
    rectangles(MIN_SIDE=2)
    assert differences("frame", ours("frame", 500)) and too_small_or_large(ours("frame", 500)) > 0


def test_it_catches_large_areas(rectangles: Callable[..., None]) -> None:
    rectangles(MAX_AREA=60)
    assert too_small_or_large(ours("frame")) > 0


def test_it_catches_a_lax_bound_in_translate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "MOVED_BELOW", 11)
    assert on_the_last_line(ours("translate", 500)) > 0


def test_it_catches_missing_moves_and_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "_MOVES", translate._MOVES[translate._MOVES[:, 0] == 0])
    assert "di^2" in differences("translate", ours("translate", 500))
    half = TASKS["half_fill"].draw
    monkeypatch.setattr(
        half_fill,
        "_middle_line_and_half",
        lambda rects, direction, real=half_fill._middle_line_and_half: real(rects, direction % 2),
    )
    assert "dj^2" in differences("half_fill", half(500, np.random.default_rng(1)))


def test_it_catches_uneven_colours() -> None:
    puzzles = ours("corners", 500)
    puzzles[puzzles == 10] = 9
    assert "X has colour 10" in differences("corners", puzzles)
