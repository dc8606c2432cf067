"""Pairs of every kind differ in exactly one thing, and solvers work out both answers. What differs is read
off the grids here again, without the code that made them."""

from dataclasses import fields
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from interp.ablation import PairEnd
from interp.errors import PuzzlescopeError
from interp.pairs import KINDS, Kind, Pair, kinds_for, make_pairs, pair_for, shipped_pairs, verified
from interp.pairs.drawn import PER_KIND, draw_shipped
from interp.pairs.making import NONE_OF
from interp.puzzles import Puzzle, load_puzzles
from interp.tasks import TASKS
from interp.tasks.solving import Reading, solve
from interp.tokens import encode

EACH = [(task, kind) for task, kind in product(TASKS, KINDS) if (task, kind) not in NONE_OF]
SOME = 4
"""Pairs of each task, kind and half that are looked at closely."""


@cache
def some(kind: Kind) -> list[Pair]:
    """Of those that come along, some of every task."""
    return [
        pair
        for task, held_out in product(TASKS, (False, True))
        if (task, kind) not in NONE_OF
        for pair in shipped_pairs(kind, task, held_out)[: SOME // 2]
    ]


def one_of_each_parameter() -> list[Pair]:
    """A rule pair of every task and parameter."""
    named = {(pair.task, pair.variable.partition(":")[0]): pair for pair in shipped_pairs("rule")}
    return list(named.values())


def example(puzzle: Puzzle) -> tuple[np.ndarray, np.ndarray]:
    """Before and after the rule."""
    first, second = puzzle.grids[:2]
    return (second, first) if puzzle.structure.reverse else (first, second)


def readings(puzzle: Puzzle) -> list[Reading]:
    before, after = example(puzzle)
    rule = TASKS[puzzle.task].rule
    return [one for one in rule.guesses(before, after) if one.explains(before, after)]


def rectangles(reading: Reading, before: np.ndarray) -> dict[int, Any]:
    """Where those of each colour lie."""
    (layout,) = [
        one
        for one in reading.propose_from_x(before)
        if reading.allows(one) and (reading.draw_x(one) == before).all()
    ]
    return dict(zip(reading.colors, layout, strict=True))


def parts(reading: Reading) -> dict[str, Any]:
    """A rule's parameters: which colour is the target, which colours the others have, and the rest."""
    lines = getattr(reading, "lines", (None, None, None))
    painted = tuple(zip(reading.colors, lines, strict=True))
    found: dict[str, Any] = {"painted": frozenset(painted), "target": painted[2]}
    if type(reading).__name__ == "Corners":  # no rectangle is singled out there
        del found["target"]
    rest = {field.name: getattr(reading, field.name) for field in fields(reading)}
    return found | {name: value for name, value in rest.items() if name not in ("colors", "lines")}


def differences(one: Reading, other: Reading) -> list[str]:
    """The parameters that differ. Another colour of the target is one difference, not two."""
    a, b = parts(one), parts(other)
    found = [name for name in a if a[name] != b[name]]
    recoloured = found[:2] == ["painted", "target"] and one.colors[:2] == other.colors[:2]
    return found[1:] if recoloured else found


@pytest.mark.parametrize("kind", KINDS)
def test_solvers_work_out_both_answers(kind: Kind) -> None:
    pairs = some(kind)
    assert len(pairs) >= SOME * (len(TASKS) - 1)
    for pair in pairs:
        assert verified(pair)
        for puzzle in (pair.base, pair.counterfactual):
            first, second, third, answer = puzzle.grids
            if kind == "noise":
                third = pair.base.grids[2]
            rule, reverse = TASKS[puzzle.task].rule, puzzle.structure.reverse
            (only,) = solve(rule, first, second, third, reverse=reverse).candidates
            assert (only == answer).all()


def test_a_rule_pair_differs_in_one_parameter() -> None:
    seen = set()
    for pair in [*some("rule"), *one_of_each_parameter()]:
        base, other = pair.base, pair.counterfactual
        assert (base.structure, base.task) == (other.structure, other.task)
        assert (base.grids[2] == other.grids[2]).all() and pair.contrast.any()
        both = [
            (one, another, differences(one, another))
            for one, another in product(readings(base), readings(other))
        ]
        one, another, (name,) = min(both, key=lambda found: len(found[2]))
        seen.add((pair.task, name))
        mine, theirs = (rectangles(a, example(b)[0]) for a, b in ((one, base), (another, other)))
        shared = any((a == b).all() for a, b in zip(example(base), example(other), strict=True))
        steady = set(one.colors[:2]) & set(another.colors[:2])
        assert all(mine[color] == theirs[color] for color in steady)
        assert shared or all(mine[color] == theirs[color] for color in set(mine) & set(theirs))
    assert {task for task, _ in seen} == set(TASKS)
    assert {name for _, name in seen} >= {"new", "move", "target", "way", "mark", "shrinks", "rising"}


def test_the_variable_says_what_the_parameter_was_and_is() -> None:
    said = set()
    for pair in one_of_each_parameter():
        name, _, values = pair.variable.partition(": ")
        ends = [readings(end)[0] for end in (pair.base, pair.counterfactual)]
        attribute = {"new colour": "new", "colour of the mark": "mark", "way": "way"}.get(name)
        if attribute is not None:
            assert values == " -> ".join(str(getattr(end, attribute)) for end in ends)
            said.add(attribute)
        elif name.startswith("target"):
            assert values == " -> ".join(str(end.colors[2]) for end in ends)
            said.add(name)
    assert said == {"new", "mark", "way", "target", "target's colour"}


def test_a_task_pair_shows_another_task_before_the_same_third_grid() -> None:
    for pair in some("task"):
        base, other = pair.base, pair.counterfactual
        assert base.structure == other.structure and base.task == pair.task != other.task
        assert pair.variable == f"task: {base.task} -> {other.task}"
        assert (base.grids[2] == other.grids[2]).all() and pair.contrast.any()
        assert not readings(Puzzle(other.task, base.cells)), "nobody could take the base's example for it"
        colors = [set(one.colors) for end in (base, other) for one in readings(end)[:1]]
        assert colors[0] & colors[1]


def test_an_input_pair_differs_in_one_rectangle_of_the_question() -> None:
    for pair in some("input"):
        base, other = pair.base, pair.counterfactual
        assert (base.structure, base.task) == (other.structure, other.task)
        assert (base.grids[:2] == other.grids[:2]).all() and pair.contrast.any()
        reading, before = readings(base)[0], 3 if base.structure.reverse else 2
        mine, theirs = (rectangles(reading, end.grids[before]) for end in (base, other))
        (color,) = [color for color in mine if mine[color] != theirs[color]]
        assert pair.variable.startswith(f"rectangle of colour {color}: rows {mine[color].top + 1}-")


def test_an_order_pair_has_the_same_four_grids() -> None:
    for pair in some("order"):
        assert pair.base.structure != pair.counterfactual.structure and not pair.aligned
        assert not pair.differing.any()
        names = [end.structure.name for end in (pair.base, pair.counterfactual)]
        assert pair.variable == f"order: {names[0]} -> {names[1]}"


def test_a_noise_pair_differs_in_one_cell_of_the_third_grid_and_not_in_the_answer() -> None:
    for pair in some("noise"):
        assert pair.base.structure.noisy and pair.base.structure == pair.counterfactual.structure
        (place,) = np.argwhere(pair.base.grids != pair.counterfactual.grids)
        assert place[0] == 2 and not pair.contrast.any()
        was, now = (int(end.grids[tuple(place)]) for end in (pair.base, pair.counterfactual))
        row, column = place[1:] + 1
        assert pair.variable == f"noise in row {row}, column {column}: {was} -> {now}"


def test_differing_stands_in_the_order_of_the_rule() -> None:
    for pair in some("input")[::4]:
        third, answer = pair.base.structure.order[2:]
        where = pair.differing.any(axis=(1, 2))
        assert where.tolist() == [k in (third, answer) for k in range(4)]
        assert (pair.differing[answer] == pair.contrast).all()


def test_swapped_is_the_pair_from_its_other_end() -> None:
    for pair in (pair for kind in KINDS for pair in some(kind)[::8]):
        other = pair.swapped()
        assert (other.base, other.counterfactual) == (pair.counterfactual, pair.base)
        assert other.task == other.base.task and (other.contrast == pair.contrast).all()
        assert other.swapped() == pair and other.variable != pair.variable
        assert verified(other)


# ---- what comes along --------------------------------------------------------------------------------------


def test_as_many_come_along_as_is_said() -> None:
    for held_out in (False, True):
        pairs = shipped_pairs(held_out=held_out)
        assert [(pair.task, pair.kind) for pair in pairs[::PER_KIND]] == EACH
        assert len(pairs) == PER_KIND * len(EACH)
    seen = {puzzle.id for pair in shipped_pairs() for puzzle in (pair.base, pair.counterfactual)}
    assert not seen & {pair.base.id for pair in shipped_pairs(held_out=True)}


@pytest.mark.parametrize("held_out", [False, True])
def test_they_are_drawn_again(held_out: bool) -> None:
    assert draw_shipped(held_out, 1) == [shipped_pairs(kind, task, held_out)[0] for task, kind in EACH]


def test_the_check_refuses_what_is_no_pair() -> None:
    rule, noise = some("rule")[0], some("noise")[0]
    wrong = np.roll(rule.base.grids, 1, axis=1)[3]
    spoilt = Puzzle.of(rule.task, encode(np.stack([*rule.base.grids[:3], wrong]), rule.base.structure))
    for pair in (
        Pair(rule.base, spoilt, "rule", rule.task, "answer: right -> wrong"),
        Pair(rule.base, rule.base, "rule", rule.task, "nothing"),
        Pair(rule.base, rule.counterfactual, "input", rule.task, rule.variable),
        Pair(noise.base, noise.counterfactual, "rule", noise.task, noise.variable),
        Pair(rule.base, rule.counterfactual, "noise", rule.task, rule.variable),
    ):
        assert not verified(pair)


# ---- made anew ---------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_pairs() -> None:
    first = make_pairs("translate", "rule", 6, seed=3)
    assert make_pairs("translate", "rule", 4, seed=3) == first[:4]
    assert make_pairs("translate", "rule", 6, seed=4) != first
    assert len({pair.base for pair in first}) == 6


def test_every_puzzle_of_the_bank_has_pairs_and_keeps_its_noise() -> None:
    for puzzle in load_puzzles("bank", limit=8):
        kinds = kinds_for(puzzle)
        assert "input" in kinds
        for kind in kinds:
            pair = pair_for(puzzle, kind, seed=1)
            assert pair.base == puzzle and pair.kind == kind and verified(pair)
            if kind in ("rule", "task"):
                assert (pair.counterfactual.grids[2] == puzzle.grids[2]).all()
            if kind == "input":  # noise stays where it was, in the colour that it had
                assert len({pair_for(puzzle, kind, seed) for seed in range(3)}) > 1
        for kind in set(KINDS) - set(kinds):
            with pytest.raises(PuzzlescopeError, match=rf"no pair of the kind '{kind}'.*another kind"):
                pair_for(puzzle, kind, seed=1)


def test_chance_tries_on_for_a_puzzle_of_which_few_changes_do() -> None:
    """One of ``detect`` that has neither another rule nor another task: its third grid allows few moves."""
    puzzle = load_puzzles("bank").find("005c98c200")
    assert puzzle is not None and set(kinds_for(puzzle)) == {"input", "order"}
    assert all(verified(pair_for(puzzle, "input", seed)) for seed in range(10))


def test_the_method_pair_can_be_had_for_the_puzzles_of_boards_and_charts() -> None:
    """These are the first of a task, and would end in an error where one had no pair."""
    bank = load_puzzles("bank")
    for puzzle in (one for task in TASKS for one in bank.filter(task=task).limit(16)):
        assert PairEnd().donor(puzzle, bank).structure == puzzle.structure


@pytest.mark.parametrize("label", ["frame", "own"])
def test_a_puzzle_that_is_not_determined_has_none(label: str) -> None:
    puzzle = shipped_pairs("rule", "frame")[0].base
    grids = puzzle.grids.copy()
    grids[1] = grids[0]
    other = Puzzle.of(label, encode(grids, puzzle.structure))
    assert kinds_for(other) == ()
    with pytest.raises(PuzzlescopeError, match="choose another puzzle"):
        pair_for(other)


def test_what_cannot_be_made_is_said() -> None:
    asked: list[tuple[str, Kind, int, int, str]] = [
        ("circle", "rule", 1, 0, "No task 'circle'"),
        ("frame", "rule", 0, 0, "Expected 1 to 100,000 pairs, got 0"),
        ("frame", "rule", 100_001, 0, "got 100,001"),
        ("frame", "rule", 1, -1, "seed of at least 0"),
        ("half_fill", "task", 1, 0, "no pairs of the kind 'task' of half_fill"),
    ]
    for task, kind, n, seed, message in asked:
        with pytest.raises(PuzzlescopeError, match=message):
            make_pairs(task, kind, n, seed)
