"""Generators: each task against its independent solver, noise, seeds. (Their distribution:
test_distribution.py.)"""

from collections import Counter

import numpy as np
import pytest

from interp.errors import PuzzlescopeError
from interp.tasks import TASKS, add_noise, task_named
from interp.tokens import STRUCTURES, decode
from tests.support.places import DATA
from tests.support.statistics import chi_square_p, same_distribution_p

EIGHT = ("replace_color", "translate", "grow", "half_fill", "frame", "detect", "corners", "contact")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_there_are_the_eight_tasks() -> None:
    assert all(task.name == name and task.description for name, task in TASKS.items())


def test_the_order_is_frozen() -> None:
    """It names the random streams: in another order, training, evaluation and the bank would be other
    puzzles."""
    assert tuple(TASKS)[:8] == EIGHT


def test_each_task_is_a_file_of_its_name() -> None:
    assert {f"interp.tasks.{name}" for name in TASKS} == {task.draw.__module__ for task in TASKS.values()}


@pytest.mark.parametrize("name", EIGHT)
def test_forward_puzzles_are_solved_by_the_independent_solver(name: str) -> None:
    for x, fx, y, fy in TASKS[name].generate(60, rng(3)):
        assert np.array_equal(TASKS[name].solve(x, fx, y), fy)


@pytest.mark.parametrize("name", EIGHT)
def test_reversed_puzzles_are_never_solved_wrongly(name: str) -> None:
    open_ones = 0
    for fx, x, fy, y in TASKS[name].generate(60, rng(4), structure=STRUCTURES[1]):
        answer = TASKS[name].solve(fx, x, fy, reverse=True)
        open_ones += answer is None
        assert answer is None or np.array_equal(answer, y)
    assert (open_ones > 0) == (name == "translate"), "only translate hides cells"


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_verified_puzzles_are_all_determined(structure) -> None:
    for puzzle in TASKS["translate"].generate(20, rng(5), structure=structure, verified=True):
        assert np.array_equal(TASKS["translate"].solve(*puzzle[:3], reverse=structure.reverse), puzzle[3])
    assert TASKS["translate"].generate(0, rng(), verified=True).shape == (0, 4, 10, 10)


@pytest.mark.parametrize("name", EIGHT)
def test_the_same_seed_gives_the_same_puzzles(name: str) -> None:
    assert np.array_equal(TASKS[name].generate(9, rng(1)), TASKS[name].generate(9, rng(1)))
    assert not np.array_equal(TASKS[name].generate(9, rng(1)), TASKS[name].generate(9, rng(2)))


def test_a_structure_only_reorders_the_grids() -> None:
    plain = TASKS["grow"].generate(5, rng(8))
    for structure in STRUCTURES:
        assert np.array_equal(
            TASKS["grow"].generate(5, rng(8), structure=structure), plain[:, structure.order]
        )


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_noise_is_on_the_third_grid_of_the_first_two_structures(structure) -> None:
    clean = TASKS["frame"].generate(300, rng(6), structure=structure)
    noisy = TASKS["frame"].generate(300, rng(6), structure=structure, noise=0.05)
    assert np.array_equal(clean[:, [0, 1, 3]], noisy[:, [0, 1, 3]])
    share = (clean[:, 2] != noisy[:, 2]).mean()
    # 5 % are hit and ten of eleven random colours are new ones; 30,000 cells give a standard error of 0.12 %.
    assert share == pytest.approx(0.05 * 10 / 11 if structure in STRUCTURES[:2] else 0, abs=0.006)


def test_noise_uses_every_colour_alike() -> None:
    grids = np.zeros((2000, 10, 10), dtype=np.uint8)
    add_noise(grids, 1.0, rng(7))
    counts = np.bincount(grids.ravel(), minlength=11)
    assert len(counts) == 11 and np.abs(counts / counts.mean() - 1).max() < 0.05


@pytest.mark.parametrize("name", EIGHT)
def test_colours_are_shared_by_the_two_pairs(name: str) -> None:
    """What makes one example enough: a colour of the second pair is one of the first, rectangle for
    rectangle."""
    for puzzle in TASKS[name].generate(40, rng(9)):
        first, second = set(puzzle[:2].ravel().tolist()), set(puzzle[2:].ravel().tolist())
        assert len(first | second) <= 7 and len(first ^ second) <= 2


# ---- the parameters of the rules, read off the grids, as often as in the original's puzzles ----------------


def corner_of(cells: np.ndarray) -> np.ndarray:
    return np.argwhere(cells).min(0)


def move_of(x: np.ndarray, fx: np.ndarray) -> object:
    """The moved rectangle is painted last: it alone has other cells, and still as many."""
    pairs = [(x == color, fx == color) for color in np.unique(x[x > 0])]
    (move,) = {
        tuple((corner_of(after) - corner_of(before)).tolist())
        for before, after in pairs
        if before.sum() == after.sum() and (before != after).any()
    }
    return move


def filled_half(x: np.ndarray, fx: np.ndarray) -> object:
    """Where the filled cells lie as seen from their line, which has the same colour."""
    (color,) = np.unique(fx[x != fx])
    return tuple(
        np.sign(np.argwhere(fx == color).mean(0) - np.argwhere(x == color).mean(0)).astype(int).tolist()
    )


def falls(x: np.ndarray, fx: np.ndarray) -> object:
    """Whether the corners that are there are top left and bottom right."""
    color = x[x > 0][0]
    top, left = corner_of(x == color)
    return bool(x[top, left] == color)


PARAMETERS = {
    "translate": (move_of, {(i, j): 1 for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j}),
    "half_fill": (filled_half, {(1, 0): 1, (-1, 0): 1, (0, 1): 1, (0, -1): 1}),
    "corners": (falls, {True: 1, False: 1}),
    "grow": (lambda x, fx: bool((fx > 0).sum() < (x > 0).sum()), {True: 1, False: 1}),
    "contact": (
        lambda x, fx: len(np.unique(x[x != fx])),
        None,
    ),  # 1 or 2 rectangles that touch: no even shares
}


def parameters(task: str, pair: int, puzzles: np.ndarray) -> Counter:
    read, _ = PARAMETERS[task]
    return Counter(read(*puzzle[2 * pair : 2 * pair + 2]) for puzzle in puzzles)


def reference(task: str) -> np.ndarray:
    with np.load(DATA / "culture_puzzles.npz") as file:
        return decode(file[task])


def odds(task: str, found: Counter, theirs: Counter) -> list[float]:
    """Probabilities of such counts: given those of the original, and given that all values are alike where
    they are."""
    values = sorted(found.keys() | theirs.keys())
    ours = np.array([found[value] for value in values])
    chances = [same_distribution_p(ours, np.array([theirs[value] for value in values]))]
    if (shares := PARAMETERS[task][1]) is not None:
        assert set(values) <= set(shares)
        chances.append(chi_square_p(np.array([found[v] for v in shares]), np.array(list(shares.values()))))
    return chances


@pytest.mark.parametrize("pair", [0, 1], ids=["X", "Y"])
@pytest.mark.parametrize("task", PARAMETERS)
def test_parameters_are_as_often_as_in_the_original(task: str, pair: int) -> None:
    theirs = parameters(task, pair, reference(task))
    found = parameters(task, pair, TASKS[task].generate(3000, rng(10)))
    assert set(found) == set(theirs), "every value occurs in both"
    assert min(odds(task, found, theirs)) > 1e-4


@pytest.mark.parametrize("task", PARAMETERS)
def test_the_two_pairs_have_the_same_parameters(task: str) -> None:
    read, _ = PARAMETERS[task]
    same = [read(*puzzle[:2]) == read(*puzzle[2:]) for puzzle in TASKS[task].generate(100, rng(11))]
    assert all(same) != (task == "contact"), "how many touch is each grid's own affair"


@pytest.mark.parametrize("task", PARAMETERS)
def test_a_missing_value_is_noticed(task: str) -> None:
    theirs = parameters(task, 0, reference(task))
    found = parameters(task, 0, TASKS[task].generate(3000, rng(12)))
    for value in list(found):
        assert odds(task, Counter({k: n for k, n in found.items() if k != value}), theirs)[-1] < 1e-4


def test_an_unknown_task_is_a_sentence() -> None:
    assert task_named("frame") is TASKS["frame"]
    with pytest.raises(PuzzlescopeError, match="No task 'frames': expected one of replace_color"):
        task_named("frames")


def test_p_values_are_those_of_the_tables() -> None:
    assert chi_square_p(np.array([60, 40]), np.array([1, 1])) == pytest.approx(0.0455, abs=0.003)
    assert chi_square_p(np.array([30, 20, 10]), np.array([1, 1, 1])) == pytest.approx(0.00674, abs=0.001)
    assert same_distribution_p(np.array([50, 50]), np.array([40, 60])) == pytest.approx(0.155, abs=0.01)
    assert same_distribution_p(np.array([5, 0]), np.array([9, 0])) == 1
