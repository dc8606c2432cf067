"""What can be changed in a puzzle, one variable at a time. Nothing here is verified yet."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np

from interp.grids import N_COLORS, SIZE, Grid
from interp.pairs.known import Known, layouts, readings
from interp.pairs.pair import ARROW, Kind
from interp.tasks import TASKS, Task
from interp.tasks.solving import Reading
from interp.tasks.solving.reading import Colors, Layout, each_last
from interp.tasks.solving.shapes import Rect
from interp.tokens import STRUCTURES, cell_name

Change = tuple[str, Known]
"""What differs, and the puzzle in which it does."""

MOVES = [move for move in product((-1, 0, 1), repeat=2) if move != (0, 0)]
MOST_SHIFT = 3
"""Cells by which a rectangle of the third grid is moved, or one of its sides."""
MOST_TRIES = 30
"""Draws of one random change."""


def changes(known: Known, kind: Kind, rng: np.random.Generator) -> Iterator[Change]:
    """Changes of a kind in an order of chance, until there are no more or chance has tried for long."""
    return _CHANGES[kind](known, rng)


def change_rule(known: Known, rng: np.random.Generator) -> Iterator[Change]:
    """Another value of one of the rule's parameters, shown by the example alone."""
    for words, other in _fairly(_other_parameters(known), rng):
        for answer in _answers(other, known):
            for example in _examples(other, known):
                yield words, _asked(known, known.task, other, example, answer)


def change_task(known: Known, rng: np.random.Generator) -> Iterator[Change]:
    """An example of another task, with the same rectangles before it (or after it, where the question shows
    that)."""
    others = [
        (task.name, reading)
        for task in TASKS.values()
        if task is not known.task
        for reading in _readings_of(task, known)
    ]
    for name, other in _fairly(others, rng):
        task = TASKS[name]
        for answer in _answers(other, known):
            for example in _examples(other, known):
                words = f"task: {known.task.name}{ARROW}{name}"
                yield words, _asked(known, task, other, example, answer)


def change_input(known: Known, rng: np.random.Generator) -> Iterator[Change]:
    """One rectangle of the question lies elsewhere, or has another side."""
    before, reading = known.question[0], known.reading
    for layout in layouts(reading, before)[:1]:
        for _ in range(MOST_TRIES):
            k = int(rng.integers(3))
            rect = _altered(layout[k], rng)
            a, b, c = (rect if place == k else own for place, own in enumerate(layout))
            other = a, b, c
            if rect == layout[k] or not reading.allows(other):
                continue
            question = reading.draw_x(other), reading.draw_fx(other)
            name = f"rectangle of colour {reading.colors[k]}"
            yield f"{name}: {_place(layout[k])}{ARROW}{_place(rect)}", known.replaced(question=question)


def change_order(known: Known, rng: np.random.Generator) -> Iterator[Change]:
    """The same grids in another order. With noise there is none: it lies on the third grid, which would be
    another."""
    if not np.array_equal(known.third, known.given):
        return
    grids = dict(zip(known.structure.order, _standing(known), strict=True))
    others = [one for one in STRUCTURES if one != known.structure]
    for k in rng.permutation(len(others)):
        structure = others[k]
        first, second, third, answer = (grids[which] for which in structure.order)
        example = (second, first) if structure.reverse else (first, second)
        question = (answer, third) if structure.reverse else (third, answer)
        for reading in readings(known.task, *example)[:1]:
            words = f"order: {known.structure.name}{ARROW}{structure.name}"
            yield words, Known(known.task, structure, reading, example, question, third)


def change_noise(known: Known, rng: np.random.Generator) -> Iterator[Change]:
    """Another colour in one cell of the third grid, where the public data set puts noise and models have
    learnt not to heed it; one cell, as this is to be one difference."""
    if not known.structure.noisy:
        return
    for _ in range(MOST_TRIES):
        row, column, color = (int(k) for k in rng.integers((SIZE, SIZE, N_COLORS)))
        was = int(known.third[row, column])
        if color != was:
            third = known.third.copy()
            third[row, column] = color
            words = f"noise in {cell_name(row * SIZE + column)}: {was}{ARROW}{color}"
            other = replace(known, third=third)
            if not other.misleading():
                yield words, other


_CHANGES: dict[Kind, Callable[[Known, np.random.Generator], Iterator[Change]]] = {
    "rule": change_rule,
    "task": change_task,
    "input": change_input,
    "order": change_order,
    "noise": change_noise,
}


def _fairly(others: Iterable[tuple[str, Reading]], rng: np.random.Generator) -> Iterator[tuple[str, Reading]]:
    """In an order of chance: of the parameters (or tasks) first, so that one with many values comes up no
    more often than another, then of the values of each."""
    groups: dict[str, list[tuple[str, Reading]]] = {}
    for words, reading in others:
        groups.setdefault(words.partition(":")[0], []).append((words, reading))
    names = list(groups)
    for k in rng.permutation(len(names)):
        group = groups[names[k]]
        yield from (group[i] for i in rng.permutation(len(group)))


def _asked(known: Known, task: Task, reading: Reading, example: tuple[Grid, Grid], answer: Grid) -> Known:
    question = (answer, known.given) if known.reverse else (known.given, answer)
    return known.replaced(task=task, reading=reading, example=example, question=question)


def _answers(reading: Reading, known: Known) -> list[Grid]:
    """What another reading makes of the third grid."""
    return reading.backward(known.given) if known.reverse else reading.forward(known.given)


def _examples(reading: Reading, known: Known) -> Iterator[tuple[Grid, Grid]]:
    """Examples of another reading with the rectangles of the puzzle's own: first those that share a grid with
    it, the one that corresponds to the question's before the other; then that which shares only the
    rectangles.

    What the rule hides of other rectangles stays as it is too: only targets may lie elsewhere.
    """
    before, after = known.example
    found = [(before, other) for other in reading.forward(before)]
    other_way = [(other, after) for other in reading.backward(after)]
    own = layouts(known.reading, before)[0]
    rectangles = _places(known.reading, own)
    kept = {color: rectangles[color] for color in known.reading.colors[:2] if color in reading.colors[:2]}
    for example in other_way + found if known.reverse else found + other_way:
        if any(_places(reading, layout).items() >= kept.items() for layout in layouts(reading, example[0])):
            yield example
    a, b, target = (rectangles.get(color, own[k]) for k, color in enumerate(reading.colors))
    if reading.allows((a, b, target)):
        yield reading.draw_x((a, b, target)), reading.draw_fx((a, b, target))


def _places(reading: Reading, layout: Layout) -> dict[int, Rect]:
    return dict(zip(reading.colors, layout, strict=True))


def _other_parameters(known: Known) -> Iterator[tuple[str, Reading]]:
    """Readings that differ from the puzzle's in one parameter, each with what it was and what it is."""
    reading, free = known.reading, _free(known)
    for field in fields(reading):
        parameter = PARAMETERS.get(field.name)
        for value in parameter.domain(free) if parameter is not None else ():
            was = getattr(reading, field.name)
            if parameter is not None and value != was:
                words = f"{parameter.words}: {parameter.told(was)}{ARROW}{parameter.told(value)}"
                yield words, replace(reading, **{field.name: value})
    target = reading.colors[2]
    for other in _other_targets(reading):
        yield f"target: {target}{ARROW}{other.colors[2]}", other
    for color in free:
        yield (
            f"target's colour: {target}{ARROW}{color}",
            replace(reading, colors=(*reading.colors[:2], color)),
        )


def _other_targets(reading: Reading) -> Iterator[Reading]:
    for places in list(each_last((0, 1, 2)))[1:]:
        parts: dict[str, Any] = {"colors": tuple(reading.colors[k] for k in places)}
        lines = getattr(reading, "lines", None)
        if lines is not None:
            parts["lines"] = tuple(lines[k] for k in places)
        yield replace(reading, **parts)


def _readings_of(task: Task, known: Known) -> Iterator[Reading]:
    """Readings of another task whose rectangles have the same colours."""
    extra = [field.name for field in fields(task.rule) if field.name != "colors"]
    if any(name not in PARAMETERS for name in extra):
        return
    choices = [PARAMETERS[name].domain(_free(known)) for name in extra]
    castings: list[Colors] = list(each_last(tuple(sorted(known.reading.colors))))
    for colors, *values in product(castings, *choices):
        yield task.rule(colors, *values)


def _free(known: Known) -> list[int]:
    """Colours that are nowhere in the puzzle."""
    seen = {
        int(color) for grid in (*known.example, *known.question, known.third) for color in np.unique(grid)
    }
    return [color for color in range(1, N_COLORS) if color not in seen]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a rule besides its rectangles' colours.

    Attributes:
        words: what it is called.
        domain: the values that it may have, given the colours that are free.
        told: a value in words.
    """

    words: str
    domain: Callable[[list[int]], Sequence[Any]]
    told: Callable[[Any], str] = str


PARAMETERS = {
    "mark": Parameter("colour of the mark", lambda free: free),
    "new": Parameter("new colour", lambda free: free),
    "move": Parameter("move", lambda _: MOVES, lambda move: f"{move[0]:+d} down, {move[1]:+d} right"),
    "shrinks": Parameter("change", lambda _: (False, True), ("grows", "shrinks").__getitem__),
    "rising": Parameter(
        "corners",
        lambda _: (False, True),
        ("top left and bottom right", "bottom left and top right").__getitem__,
    ),
    "way": Parameter("way", lambda _: ("down", "up", "right", "left")),
}
"""Of all tasks, by the name of the reading's field."""


def _altered(rect: Rect, rng: np.random.Generator) -> Rect:
    """A rectangle moved a little, or with one side moved."""
    by = rng.integers(-MOST_SHIFT, MOST_SHIFT + 1, size=2)
    if rng.random() < 0.5:
        return rect.moved(int(by[0]), int(by[1]))
    sides = list(rect)
    sides[int(rng.integers(4))] += int(by[0])
    return Rect(*sides)


def _place(rect: Rect) -> str:
    """For people: counted from 1."""
    return f"rows {rect.top + 1}-{rect.bottom}, columns {rect.left + 1}-{rect.right}"


def _standing(known: Known) -> list[Grid]:
    """Its grids in the order in which they stand."""
    example = known.example[::-1] if known.reverse else known.example
    return [*example, known.third, known.answer]
