"""The independent solver, against puzzles of the original generator, cases worked by hand, and its own
symmetries."""

import ast
import inspect
import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import interp.tasks.solving
from interp.errors import PuzzlescopeError
from interp.tasks import TASKS as TABLE
from interp.tasks.solving import Solution
from interp.tasks.solving import solve as solve_by
from interp.tasks.solving.reading import LARGEST_AREA, LEAST_SIDE
from interp.tasks.solving.shapes import Rect, boxes_by_color, corner, filled, overlap, touch
from tests.support.places import DATA

TASKS = ("replace_color", "translate", "grow", "half_fill", "frame", "detect", "contact", "corners")
PER_TASK = 150
REVERSED_SOLVED = dict.fromkeys(TASKS, PER_TASK) | {"translate": 136}
SOME = slice(None, None, 5)  # where a fifth of the puzzles says as much as all of them
MIRRORED_TASKS = tuple(task for task in TASKS if task not in ("translate", "detect"))

each_task = pytest.mark.parametrize("task", TASKS)
both_ways = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reversed"])


@cache
def reference() -> dict[str, np.ndarray]:
    """Task -> [150, 4, 10, 10]: X, f(X), Y, f(Y)."""
    with np.load(DATA / "culture_puzzles.npz") as file:
        return {task: file[task].reshape(-1, 4, 101)[:, :, 1:].reshape(-1, 4, 10, 10) for task in file.files}


def solve(task: str, *shown: np.ndarray, reverse: bool = False) -> Solution:
    return solve_by(TABLE[task].rule, *shown, reverse=reverse)


def solve_puzzle(task: str, puzzle: np.ndarray, reverse: bool) -> tuple[Solution, np.ndarray]:
    """The solution of a puzzle X, f(X), Y, f(Y), and the truth."""
    *shown, truth = puzzle[[1, 0, 3, 2]] if reverse else puzzle
    return solve(task, *shown, reverse=reverse), truth


def same(grid: np.ndarray | None, truth: np.ndarray) -> bool:
    return grid is not None and np.array_equal(grid, truth)


def verdict(solution: Solution) -> str:
    """What kind of solution it is, after checking that it cannot be read in two ways."""
    kinds = {"solved": solution.solved, "foreign": solution.foreign, "undetermined": solution.undetermined}
    (kind,) = (name for name, holds in kinds.items() if holds)
    opening = {"solved": "$", "foreign": "not of this task: .", "undetermined": "not determined: ."}[kind]
    assert re.match(opening, solution.reason), solution.reason
    assert (solution.answer is not None) == (kind == "solved")
    return kind


# --- The original generator's puzzles -----------------------------------------------------------------------


def test_the_reference_holds_the_eight_tasks():
    assert set(reference()) == set(TASKS) == set(TABLE)
    assert {puzzles.shape for puzzles in reference().values()} == {(PER_TASK, 4, 10, 10)}


@each_task
def test_every_forward_answer_is_reproduced(task):
    solutions = [solve_puzzle(task, puzzle, reverse=False) for puzzle in reference()[task]]
    assert sum(same(solution.answer, truth) for solution, truth in solutions) == PER_TASK


@each_task
def test_reversed_puzzles_are_answered_rightly_or_said_to_be_open(task):
    kinds = Counter()
    for puzzle in reference()[task]:
        solution, truth = solve_puzzle(task, puzzle, reverse=True)
        kinds[verdict(solution)] += 1
        assert any(same(candidate, truth) for candidate in solution.candidates)
        assert not solution.solved or same(solution.answer, truth)
    solved = REVERSED_SOLVED[task]
    assert kinds == Counter(solved=solved, undetermined=PER_TASK - solved)


@each_task
def test_the_two_pairs_of_a_puzzle_can_change_places(task):
    for puzzle in reference()[task][SOME, [2, 3, 0, 1]]:
        solution, fx = solve_puzzle(task, puzzle, reverse=False)
        assert same(solution.answer, fx)


@both_ways
@each_task
def test_no_other_task_accepts_the_puzzle(task, reverse):
    others = [other for other in TASKS if other != task]
    for puzzle in reference()[task][SOME]:
        assert {verdict(solve_puzzle(other, puzzle, reverse)[0]) for other in others} == {"foreign"}


@each_task
def test_no_other_task_accepts_the_puzzle_back_to_front(task):
    """f(X), X, f(Y) read as if it were X, f(X), Y."""
    others = [other for other in TASKS if other != task]
    for puzzle in reference()[task][SOME, [1, 0, 3, 2]]:
        assert {verdict(solve_puzzle(other, puzzle, reverse=False)[0]) for other in others} == {"foreign"}


@each_task
def test_which_tasks_are_their_own_inverse(task):
    """Back to front, a recolouring is a recolouring and growing is shrinking, and the answer is Y.

    A move back to front is a move only if it hid nothing in f(X). Where it hid a whole row in f(Y), the
    answer is what f(Y) shows moved on, which is not Y: rightly so, for the row does not come back.
    """
    outcomes = Counter()
    for puzzle in reference()[task][:, [1, 0, 3, 2]]:
        solution, y = solve_puzzle(task, puzzle, reverse=False)
        outcomes[verdict(solution), same(solution.answer, y)] += 1
    expected = {
        "replace_color": {("solved", True): 150},
        "grow": {("solved", True): 150},
        "translate": {("solved", True): 25, ("solved", False): 2, ("foreign", False): 123},
    }
    assert outcomes == expected.get(task, {("foreign", False): 150})


# --- Broken puzzles -----------------------------------------------------------------------------------------


def alter(grid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy with one cell in another colour."""
    altered, (i, j) = grid.copy(), rng.integers(10, size=2)
    altered[i, j] = rng.choice([color for color in range(11) if color != grid[i, j]])
    return altered


@both_ways
@each_task
def test_noise_in_the_third_grid_is_never_answered(task, reverse):
    rng, noisy = np.random.default_rng(0), 0
    third = 3 if reverse else 2  # as they lie in X, f(X), Y, f(Y)
    for puzzle in reference()[task][SOME].copy():
        clean = puzzle[third].copy()
        hit = rng.random((10, 10)) < 0.05
        puzzle[third][hit] = rng.integers(11, size=hit.sum())
        if not np.array_equal(puzzle[third], clean):
            noisy += 1
            assert verdict(solve_puzzle(task, puzzle, reverse)[0]) == "foreign"
    assert noisy >= 27  # of 30: now and then noise hits nothing


@both_ways
@pytest.mark.parametrize("part", [0, 1], ids=["X", "f(X)"])
@each_task
def test_one_altered_cell_in_the_example_is_never_answered(task, part, reverse):
    rng = np.random.default_rng(0)
    for puzzle in reference()[task][SOME].copy():
        puzzle[part] = alter(puzzle[part], rng)
        assert verdict(solve_puzzle(task, puzzle, reverse)[0]) == "foreign"


@both_ways
@each_task
def test_one_altered_cell_in_the_third_grid_is_never_answered(task, reverse):
    rng = np.random.default_rng(0)
    third = 3 if reverse else 2
    for puzzle in reference()[task][SOME].copy():
        puzzle[third] = alter(puzzle[third], rng)
        assert verdict(solve_puzzle(task, puzzle, reverse)[0]) == "foreign"


@each_task
def test_a_third_grid_in_other_colors_is_foreign(task):
    for puzzle in reference()[task][SOME].copy():
        used = np.unique(puzzle[2][puzzle[2] > 0])
        free = next(color for color in range(1, 11) if color not in puzzle)
        puzzle[2][puzzle[2] == used[0]] = free
        assert verdict(solve_puzzle(task, puzzle, reverse=False)[0]) == "foreign"


# --- Reversed translate, against brute force ----------------------------------------------------------------


@cache
def all_rects() -> tuple[list[Rect], np.ndarray]:
    """Every rectangle that a task may place, and their cells [rect, 10, 10]."""
    spans = [(a, b) for a in range(10) for b in range(a + LEAST_SIDE, 11)]
    rects = [Rect(top, left, bottom, right) for (top, bottom), (left, right) in product(spans, spans)]
    rects = [rect for rect in rects if rect.area <= LARGEST_AREA]
    return rects, np.stack([filled((rect,), (1,)) > 0 for rect in rects])


def origins(fy: np.ndarray, target: int, move: tuple[int, int]) -> set[bytes]:
    """Every Y that moving `target` turns into `fy`, by trying all places for the two other rectangles."""
    _, masks = all_rects()
    end = fy == target
    start = np.zeros_like(end)
    start[tuple(np.argwhere(end).T - np.array(move)[:, None])] = True
    a, b = (color for color in np.unique(fy) if color not in (0, target))
    fits = [masks[((masks & ~end) == (fy == c)).all((1, 2)) & ~(masks & start).any((1, 2))] for c in (a, b)]
    return {
        (a * first + b * second + target * start).astype(np.uint8).tobytes()
        for first, second in product(*fits)
        if not (first & second).any()
    }


def target_and_move(x: np.ndarray, fx: np.ndarray) -> tuple[int, tuple[int, int]]:
    """The colour that is on cells it was not on before, and by how much its top left corner moves."""
    (target,) = np.unique(fx[(fx != x) & (fx > 0)])
    down, right = np.argwhere(fx == target)[0] - np.argwhere(x == target)[0]
    return int(target), (int(down), int(right))


def test_reversed_translate_finds_exactly_the_origins_that_brute_force_finds():
    several = 0
    for x, fx, _, fy in reference()["translate"]:
        expected = origins(fy, *target_and_move(x, fx))
        solution = solve("translate", fx, x, fy, reverse=True)
        assert {grid.tobytes() for grid in solution.candidates} == expected
        several += len(expected) > 1
    assert several == PER_TASK - REVERSED_SOLVED["translate"]


def test_an_altered_cell_is_answered_only_where_it_makes_another_puzzle():
    """A cell more or less beside a moved target can be a row more or less under it: rare, and no mistake."""
    tried = accepted = 0
    for x, fx, _, fy in reference()["translate"][20:25]:
        clue = target_and_move(x, fx)
        for i, j, color in product(range(10), range(10), np.unique(fy)):
            altered = fy.copy()
            altered[i, j] = color
            if color != fy[i, j]:
                tried += 1
                solution = solve("translate", fx, x, altered, reverse=True)
                if not solution.foreign:
                    accepted += 1
                    assert {grid.tobytes() for grid in solution.candidates} == origins(altered, *clue)
    assert (tried, accepted) == (1500, 2)


# --- By hand ------------------------------------------------------------------------------------------------


def grids(picture: str) -> list[np.ndarray]:
    """The grids drawn side by side; '.' is a blank cell, and rows that are not drawn are blank."""
    rows = [line.split() for line in picture.split("\n") if line.strip()]
    drawn = np.zeros((len(rows[0]), 10, 10), dtype=np.uint8)
    for i, row in enumerate(rows):
        for k, cells in enumerate(row):
            drawn[k, i] = [0 if cell == "." else int(cell) for cell in cells]
    return list(drawn)


def assert_answered(task: str, puzzle: list[np.ndarray]) -> None:
    """X, f(X), Y, f(Y) is a puzzle of the task, forward and reversed."""
    for reverse in (False, True):
        solution, truth = solve_puzzle(task, np.stack(puzzle), reverse)
        assert same(solution.answer, truth), solution


def test_there_is_a_case_by_hand_for_each_task():
    found = {match[1] for name in globals() if (match := re.fullmatch("test_(.*)_by_hand", name))}
    assert found == set(TASKS)


def test_replace_color_by_hand():
    puzzle = grids("""
        111.......  555.......  ...1111...  ...5555...
        111.222...  555.222...  2221111...  2225555...
        111.222...  555.222...  2221111...  2225555...
        ....222...  ....222...  222.333...  222.333...
        333.222...  333.222...  222.333...  222.333...
        333.......  333.......  ....333...  ....333...
        333.......  333.......  ..........  ..........
    """)
    assert_answered("replace_color", puzzle)


def test_translate_by_hand():
    """Down and to the left. f(Y) hides a piece of 1 but no whole row of it, so there is only one Y."""
    puzzle = grids("""
        ...333....  ..........  ...222....  ...222....
        ...333....  ..333.....  ...222....  ...222....
        ...333....  ..333.....  ...222....  ...222....
        222.......  22333.....  .....333..  ..........
        222.......  222.......  .....333..  ....333...
        222.......  222.......  .....333..  ....333...
        ......1111  ......1111  ..11111...  ..11333...
        ......1111  ......1111  ..11111...  ..11111...
        ......1111  ......1111  ..11111...  ..11111...
    """)
    assert_answered("translate", puzzle)


def test_a_hidden_column_leaves_reversed_translate_open():
    """To the right. f(X) shows two columns of 1, so a third is hidden; of three columns nobody knows."""
    x, fx, three, four, after = grids("""
        333111....  .33311....  333.111...  3331111...  .333111...
        333111....  .33311....  333.111...  3331111...  .333111...
        333111....  .33311....  333.111...  3331111...  .333111...
        333.......  .333......  333.......  333.......  .333......
        222.......  222.......  222.......  222.......  222.......
        222.......  222.......  222.......  222.......  222.......
        222.......  222.......  222.......  222.......  222.......
    """)
    assert same(solve("translate", fx, x, fx, reverse=True).answer, x)
    solution = solve("translate", fx, x, after, reverse=True)
    assert verdict(solution) == "undetermined"
    assert {grid.tobytes() for grid in solution.candidates} == {three.tobytes(), four.tobytes()}


def test_a_moved_target_keeps_off_the_last_row():
    """The original generator never moves a rectangle there, so Y shifted down by one more is none of its
    puzzles."""
    x, fx, y = grids("""
        333.......  ..........  ..........
        333.......  333.......  ..........
        333.......  333.......  ..........
        ...111....  333111....  222...111.
        ...111....  ...111....  222...111.
        ...111....  ...111....  222333111.
        ......222.  ......222.  ...333....
        ......222.  ......222.  ...333....
        ......222.  ......222.  ..........
    """)
    assert solve("translate", x, fx, y).solved
    assert solve("translate", x, fx, np.roll(y, 1, axis=0)).foreign


def test_grow_by_hand():
    x, fx, y, fy = grids("""
        .......222  3333...222  111....222  111....222
        .33....222  3333...222  111....222  1113333222
        .33....222  3333...222  111.33.222  1113333222
        ..........  3333......  ....33....  ...3333...
        111.......  111.......  ....33....  ...3333...
        111.......  111.......  ..........  ...3333...
        111.......  111.......  ..........  ..........
    """)
    assert_answered("grow", [x, fx, y, fy])
    assert_answered("grow", [fx, x, fy, y])  # shrinking
    assert solve("grow", x, fx, fx).foreign  # a target in the corner has no room to grow
    x[1:3, 2] = x[2, 1:3] = fx[:4, 3] = fx[3, :4] = 0  # from 1x1 to 3x3: a full target is 4x4 or more
    assert solve("grow", x, fx, y).foreign


def test_half_fill_by_hand():
    """Up, and then the same puzzle turned the three other ways: of two middle rows, the line is the upper
    one."""
    puzzle = grids("""
        111.......  111.......  5555......  6666......
        222...555.  222...666.  6666......  6666......
        111...555.  111...666.  5555......  5555......
        ......666.  ......666.  5555......  5555......
        ......555.  ......555.  ....333...  ....333...
        3333..555.  3333..555.  ....333...  ....333...
        4444......  4444......  ....444...  ....444...
        3333......  3333......  111.333...  111.333...
        3333......  3333......  222.333...  222.333...
        ..........  ..........  111.......  111.......
    """)
    for quarter_turns in range(4):
        assert_answered("half_fill", [np.rot90(grid, quarter_turns) for grid in puzzle])


def test_frame_by_hand():
    puzzle = grids("""
        1111......  1111......  ..........  ..........
        1111333333  1111333333  333.......  333.......
        1111333333  11113....3  333222....  3.3222....
        1111333333  11113....3  333222....  333222....
        ....333333  ....333333  ...222.111  ...222.111
        .222......  .222......  .......111  .......111
        .222......  .222......  .......111  .......111
        .222......  .222......  ..........  ..........
    """)
    assert_answered("frame", puzzle)


def test_detect_by_hand():
    puzzle = grids("""
        111.......  441.......  ...3333...  ...3333...
        111.22222.  411.44222.  2223333...  4423333...
        111.22222.  111.42222.  2223333...  4223333...
        ....22222.  ....22222.  222.111111  222.441111
        .333......  .333......  ....111111  ....411111
        .333......  .333......  ....111111  ....111111
        .333......  .333......  ..........  ..........
    """)
    assert_answered("detect", puzzle)


def test_contact_by_hand():
    """1 paints what touches it: in X only 2, for it meets 3 at a corner; in Y both."""
    puzzle = grids("""
        222111....  111111....  222.......  111.......
        222111....  121111....  222111....  121111....
        222111....  111111....  222111....  111111....
        ......3333  ......3333  ...111....  ...111....
        ......3333  ......3333  ....3333..  ....1111..
        ......3333  ......3333  ....3333..  ....1331..
        ..........  ..........  ....3333..  ....1111..
    """)
    assert_answered("contact", puzzle)


def test_contact_needs_a_contact():
    """Y is foreign where 1 meets the others only at corners."""
    x, fx, y = grids("""
        222111....  111111....  222.......
        222111....  121111....  222.......
        222111....  111111....  222.......
        ......3333  ......3333  ...111....
        ......3333  ......3333  ...111....
        ......3333  ......3333  ...111....
        ..........  ..........  ......3333
        ..........  ..........  ......3333
        ..........  ..........  ......3333
    """)
    assert solve("contact", x, fx, y).foreign


def test_corners_by_hand():
    """Bottom left and top right, and mirrored top left and bottom right."""
    puzzle = grids("""
        .11.....22  111...2222  ....22....  ..2222....
        1.1......2  111...2222  ..2..2....  ..2222....
        11....2...  111...2222  ..22......  ..2222....
        ......22..  ......2222  ..........  ..........
        ...33.....  .3333.....  .11....33.  111...333.
        ....3.....  .3333.....  1.1...3.3.  111...333.
        .3........  .3333.....  11....33..  111...333.
        .33.......  .3333.....  ..........  ..........
    """)
    assert_answered("corners", puzzle)
    assert_answered("corners", [np.fliplr(grid) for grid in puzzle])


@pytest.mark.parametrize("fault", ["thin", "large", "overlapping", "missing", "fourth"])
def test_a_third_grid_that_the_task_cannot_draw_is_foreign(fault):
    x, fx, y = grids("""
        1111......  1111......  111...222.
        1111......  1111......  111...222.
        1111......  1111......  111...222.
        333.......  333.......  333.......
        333.......  3.3.......  333.......
        333.......  333.......  333.......
        222.......  222.......  ..........
        222.......  222.......  ..........
        222.......  222.......  ..........
    """)
    assert solve("frame", x, fx, y).solved
    if fault == "thin":
        y[0, :3] = 0
    elif fault == "large":
        y[3:9, :9] = 3
    elif fault == "overlapping":
        y[2:5, 2:5] = 3
    elif fault == "missing":
        y[y == 2] = 0
    else:
        y[6:9, 6:9] = 4
    assert verdict(solve("frame", x, fx, y)) == "foreign"


# --- Symmetries ---------------------------------------------------------------------------------------------

puzzles = st.tuples(st.sampled_from(TASKS), st.integers(0, PER_TASK - 1), st.booleans())


def candidates(task: str, puzzle: np.ndarray, reverse: bool) -> set[bytes]:
    found = solve_puzzle(task, puzzle, reverse)[0].candidates
    assert found, "nothing would be compared with nothing"
    return {grid.tobytes() for grid in found}


def changed(found: set[bytes], change: Callable[[np.ndarray], np.ndarray]) -> set[bytes]:
    """Grids, each changed in the same way."""
    return {change(np.frombuffer(grid, dtype=np.uint8).reshape(10, 10)).tobytes() for grid in found}


@settings(deadline=None)
@given(puzzles, st.permutations(range(1, 11)))
def test_permuting_the_colors_permutes_the_answer(chosen, permutation):
    task, index, reverse = chosen
    puzzle, new = reference()[task][index], np.array([0, *permutation], dtype=np.uint8)
    recolored = changed(candidates(task, puzzle, reverse), lambda grid: new[grid])
    assert candidates(task, new[puzzle], reverse) == recolored


@settings(deadline=None)
@given(puzzles)
def test_transposing_the_grids_transposes_the_answer(chosen):
    task, index, reverse = chosen
    puzzle = reference()[task][index]
    transposed = puzzle.transpose(0, 2, 1)
    assert candidates(task, transposed, reverse) == changed(candidates(task, puzzle, reverse), np.transpose)


@settings(deadline=None)
@given(puzzles.filter(lambda chosen: chosen[0] in MIRRORED_TASKS), st.sampled_from([np.flipud, np.fliplr]))
def test_mirroring_the_grids_mirrors_the_answer(chosen, mirror):
    task, index, reverse = chosen
    puzzle = reference()[task][index]
    mirrored = np.stack([mirror(grid) for grid in puzzle])
    assert candidates(task, mirrored, reverse) == changed(candidates(task, puzzle, reverse), mirror)


def test_mirrored_detect_is_foreign():
    """Its mark has a corner of its own."""
    for puzzle in reference()["detect"][:, :, :, ::-1]:
        assert solve_puzzle("detect", puzzle, reverse=False)[0].foreign


# --- Shapes -------------------------------------------------------------------------------------------------

spans = st.tuples(st.integers(0, 9), st.integers(1, 10)).filter(lambda span: span[0] < span[1])
rects = st.builds(lambda rows, columns: Rect(rows[0], columns[0], rows[1], columns[1]), spans, spans)


def cells(rect: Rect) -> set[tuple[int, int]]:
    return set(product(range(rect.top, rect.bottom), range(rect.left, rect.right)))


@given(rects, rects)
def test_overlap_counts_common_cells(a, b):
    assert overlap(a, b) == len(cells(a) & cells(b))


def test_touch_is_having_neighbouring_cells():
    rects, _ = all_rects()
    rng = np.random.default_rng(0)
    counts = Counter()
    for a, b in ((rects[i], rects[j]) for i, j in rng.integers(len(rects), size=(3000, 2))):
        if not overlap(a, b):
            beside = {(i + di, j + dj) for i, j in cells(a) for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0))}
            assert touch(a, b) == touch(b, a) == bool(beside & cells(b))
            counts[touch(a, b)] += 1
    assert min(counts[True], counts[False]) > 100
    assert not touch(Rect(0, 0, 3, 3), Rect(3, 3, 6, 6))


def test_corner_is_an_l_of_three_cells():
    drawn = grids("""
        11........  ..11......  ..........  ..........
        1.........  ...1......  1.........  ...1......
        ..........  ..........  11........  ..11......
    """)
    for expected, (bottom, right) in zip(drawn, product((False, True), repeat=2), strict=True):
        grid = np.zeros_like(expected)
        grid[corner(Rect(0, 0, 3, 4), bottom=bottom, right=right)] = 1
        assert np.array_equal(grid, expected)


def test_boxes_by_color_leaves_out_blank():
    (grid,) = grids("""
        .1........
        .21.......
        2.........
    """)
    assert boxes_by_color(grid) == {1: Rect(0, 1, 2, 3), 2: Rect(1, 0, 3, 2)}


def test_draw_puts_later_rectangles_on_top():
    (grid,) = grids("""
        112.......
        112.......
    """)
    assert np.array_equal(filled((Rect(0, 0, 2, 3), Rect(0, 2, 2, 3)), (1, 2)), grid)


# --- The door -----------------------------------------------------------------------------------------------


def test_solving_leaves_the_grids_as_they_were():
    for task in TASKS:
        puzzle = reference()[task][0].copy()
        solve_puzzle(task, puzzle, reverse=False)
        solve_puzzle(task, puzzle, reverse=True)
        assert np.array_equal(puzzle, reference()[task][0])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda grid: grid.ravel(), r"second grid: expected uint8 \[10, 10\], got uint8 \[100\]"),
        (lambda grid: grid.astype(np.int64), r"second grid: expected uint8 \[10, 10\], got int64 \[10, 10\]"),
        (lambda grid: np.maximum(grid, 12), r"second grid: expected colours 0 to 10, got 12"),
    ],
    ids=["shape", "dtype", "colour"],
)
def test_what_is_no_grid_is_refused(spoil, message):
    x, fx, y, _ = reference()["frame"][0]
    with pytest.raises(PuzzlescopeError, match=message):
        solve("frame", x, spoil(fx), y)


def test_the_solver_is_independent_of_the_generators():
    """Its modules import the vocabulary of grids and errors, each other, NumPy and the standard library."""
    sources = list(Path(interp.tasks.solving.__file__).parent.glob("*.py"))
    assert len(sources) == 4
    ours = {name for path in sources for name in imports(path.read_text()) if name.startswith("interp")}
    outside = {name for name in ours if not name.startswith("interp.tasks.solving")}
    assert outside == {"interp.errors", "interp.grids"}


@each_task
def test_a_rule_shares_nothing_with_the_generator_beside_it(task):
    """The two stand in one file, but what each is made of (functions, constants, imports) is its own."""
    source = inspect.getsource(sys.modules[TABLE[task].draw.__module__])
    drawn, solved = reach(source, "draw"), reach(source, TABLE[task].rule.__name__)
    assert drawn & solved <= {"SIZE"}
    assert {"blank_pairs", "both_pairs"} <= drawn and {"Grid", "Reading", "filled"} <= solved


def test_what_is_shared_is_seen():
    source = "from m import a\ndef half(): a\ndef draw(): half()\nclass Rule:\n  def f(self): return half()"
    assert reach(source, "draw") & reach(source, "Rule") == {"a", "half"}


def reach(source: str, start: str) -> set[str]:
    """The names of a module, imported or its own, that one of its definitions uses, directly or not."""
    uses: dict[str, set[str]] = {}
    for node in ast.parse(source).body:
        within = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            uses |= {alias.asname or alias.name: set() for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            uses[node.name] = within
        elif isinstance(node, ast.Assign):
            uses |= {target.id: within for target in node.targets if isinstance(target, ast.Name)}
    found, todo = set(), {start}
    while todo:
        more = uses[todo.pop()] & uses.keys() - found - {start}
        found, todo = found | more, todo | more
    return found - {"np"}


def test_imports_are_seen():
    nested = "import numpy as np\ndef f():\n    from interp.tasks import TASKS"
    assert imports(nested) == {"numpy", "interp.tasks"}
    assert imports("from interp import tasks") == {"interp.tasks"}


def imports(source: str) -> set[str]:
    """Every module that a source imports, or from which it imports a name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            inside = {f"interp.{alias.name}" for alias in node.names}
            found |= inside if node.module == "interp" else {str(node.module)}
    return found
