"""The stories that come along say what is so: every number in a caption is measured again."""

import re
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd
import pytest

from app.state.playing import TELLING
from app.state.scene import Scene, scene_from_query
from app.state.stories import Story, StoryScene, shelf
from app.views.shared.talks.known import known
from interp import attention_pattern, logit_lens, lookback_table, parse_ablation
from interp.assets import MODELS
from interp.backend import Backend
from interp.engine.answers import Prediction
from interp.engine.predict import predict
from interp.grids import CELLS, N_COLORS, SIZE
from interp.tokens import predicting_position

STORIES, PROBLEMS = shelf(known())
SCENES = [
    pytest.param(story, scene, id=f"{story.name}-{k + 1}")
    for story in STORIES
    for k, scene in enumerate(story.scenes)
]


@pytest.fixture(scope="module")
def backend() -> Backend:
    return Backend()


def test_six_stories_come_along_and_their_links_are_known() -> None:
    assert not PROBLEMS and len(STORIES) == 6
    assert all(4 <= len(story.scenes) <= 7 for story in STORIES)
    assert not any(name in TELLING for story in STORIES for scene in story.scenes for name, _ in scene.query)


@pytest.mark.parametrize(("story", "scene"), SCENES)
def test_a_scene_is_what_its_link_says(story: Story, scene: StoryScene, backend: Backend) -> None:
    """No part of the link is passed over, and the caption is short."""
    query = dict(scene.query)
    _, problems = scene_from_query(query, backend)
    assert problems == [] and query.keys() >= {"model", "puzzle"}
    assert len(re.findall(r"[.!?](?=\W*(\s|$))", scene.caption)) <= 4, "three sentences, and a number's point"


# ---- what a caption may say with numbers -------------------------------------------------------------------


class Measured:
    """A scene, and what the library finds for it."""

    def __init__(self, scene: Scene, backend: Backend) -> None:
        self.scene, self.backend = scene, backend
        self.model = backend.model(scene.model)
        self.truth, self.third = (scene.puzzle.grids[k].ravel() for k in (3, 2))
        self.changed = scene.puzzle.changed.ravel()

    @property
    def run(self) -> Prediction:
        return _run(self.model, self.scene)

    @property
    def answer(self) -> np.ndarray:
        greedy = self.scene.answer == "greedy"
        return self.run.greedy[0] if greedy else self.run.teacher_forced[0]

    @property
    def wrong(self) -> np.ndarray:
        return self.answer != self.truth

    def without(self, off: str) -> np.ndarray:
        """The answer to the scene's puzzle under another ablation, decoded greedily."""
        return _predicted(self.model, self.scene.puzzle, parse_ablation(off, self.model.cfg)).greedy[0]

    def lookback(self, back: int) -> float:
        """The mean attention of the scene's head so far back, over the answer's cells."""
        positions = [predicting_position(*divmod(cell, SIZE)) for cell in range(CELLS)]
        pattern = _pattern(self.model, self.scene.puzzle, self.scene.layer)[self.scene.head]
        return float(np.mean([pattern[position, position - back] for position in positions]))


@cache
def _pattern(model: object, puzzle: object, layer: int) -> np.ndarray:
    return attention_pattern(model, puzzle.tokens, layer)


def _run(model: object, scene: Scene) -> Prediction:
    return _predicted(model, scene.puzzle, scene.ablation)


@cache
def _predicted(model: object, puzzle: object, ablation: object) -> Prediction:
    return predict(model, puzzle.tokens[None], ablation)


GENERAL: Mapping[str, Callable[[Measured], object]] = {
    r"(\d+) of 100 cells(?:\*\*)? (?:go )?wrong": lambda one: one.wrong.sum(),
    r"the very same (\d+) of 100 cells go wrong": lambda one: one.wrong.sum(),
    r"(\d+) of them only had to be copied": lambda one: (one.wrong & ~one.changed).sum(),
    r"equals Y in (\d+) of 100 cells": lambda one: (one.answer == one.third).sum(),
    r"all (100) cells (?:are )?right": lambda one: CELLS - one.wrong.sum(),
}
"""What any caption may say of its own scene."""


def near(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}"


def chance(one: Measured, truth: bool) -> str:
    """Of the cell that is looked at: that of the truth, or of what is drawn."""
    cell = one.scene.answer_cell
    token = one.truth[cell] if truth else one.run.teacher_forced[0][cell]
    return near(one.run.probabilities[0][cell][token])


def settled(one: Measured, changed: bool) -> tuple[int, int]:
    """How many cells are right for good from layer 1's attention on, and how many there are."""
    lens = logit_lens(one.model, one.scene.puzzle.tokens)
    cells = one.changed if changed else ~one.changed
    return int((lens.settled[cells] <= lens.stages.index("L1.attn")).sum()), int(cells.sum())


def lens_of_truth(one: Measured, stage: str) -> str:
    lens = logit_lens(one.model, one.scene.puzzle.tokens)
    return near(lens.of_truth[lens.stages.index(stage)][one.scene.answer_cell])


@cache
def record() -> pd.DataFrame:
    return pd.read_parquet(MODELS / "default" / "dynamics.parquet").set_index(["puzzles", "measure", "part"])


def then(puzzles: int, measure: str, part: str) -> float:
    return float(record().value[puzzles, measure, part])


def cost_then(puzzles: int, layer: int) -> float:
    return then(puzzles, "loss_off", f"L{layer}.attn") - then(puzzles, "loss_off", "nothing")


def teacher_forced_without_layer_1(one: Measured) -> int:
    run = _predicted(one.model, one.scene.puzzle, parse_ablation("L1.attn", one.model.cfg))
    return int((run.teacher_forced[0] != one.truth).sum())


LAST = 2_648_528
SAYS: Mapping[tuple[str, int], Mapping[str, Callable[[Measured], object]]] = {
    ("what-matters", 5): {r"and (\d+) without layer 1": teacher_forced_without_layer_1},
    ("the-head-that-copies", 1): {r"(0\.\d\d) of its attention": lambda one: near(one.lookback(100))},
    ("the-head-that-copies", 2): {r"(0\.\d\d) of its attention": lambda one: near(one.lookback(100))},
    ("the-head-that-copies", 5): {r"(0\.\d\d) of its attention": lambda one: near(one.lookback(9))},
    ("why-contact-breaks", 6): {
        r"(\d+) of the 82 cells that are copied": lambda one: settled(one, False)[0],
        r"of the (\d+) cells that are copied": lambda one: settled(one, False)[1],
        r"only (\d+) of the 18 that change": lambda one: settled(one, True)[0],
        r"of the (\d+) that change": lambda one: settled(one, True)[1],
    },
    ("what-a-failed-puzzle-shows", 3): {
        r"\*blank\* (0\.\d\d)": lambda one: chance(one, False),
        r"right colour (0\.\d\d)": lambda one: chance(one, True),
    },
    ("what-a-failed-puzzle-shows", 4): {
        r"has (0\.\d\d) after layer 4": lambda one: lens_of_truth(one, "L4.mlp"),
        r"and (0\.\d\d) at the end": lambda one: lens_of_truth(one, "L5.mlp"),
    },
    ("training-gives-birth-to-heads", 1): {
        r"(0\.\d\d) of its attention": lambda one: near(then(LAST, "lookback_100", "L1.H5")),
        r"after (2\.6) million": lambda one: f"{LAST / 1e6:.1f}",
    },
    ("training-gives-birth-to-heads", 2): {
        r"After (2,000) puzzles": lambda one: "2,000",
        r"share was (0\.\d\d)": lambda one: near(then(2000, "lookback_100", "L1.H5")),
        r"after (3,984) it was": lambda one: "3,984",
        r"it was (0\.\d\d)": lambda one: near(then(3984, "lookback_100", "L1.H5")),
        r"from (0\.\d\d) to": lambda one: near(then(2000, "loss_off", "nothing")),
        r"to (0\.\d\d) nats": lambda one: near(then(3984, "loss_off", "nothing")),
    },
    ("training-gives-birth-to-heads", 3): {
        r"(0\.\d\d) after 2,000 puzzles": lambda one: near(then(2000, "lookback_100", "L1.H1")),
        r"after (2,000) puzzles": lambda one: "2,000",
        r"(0\.\d\d) after 3,984": lambda one: near(then(3984, "lookback_100", "L1.H1")),
        r"after (3,984)": lambda one: "3,984",
    },
    ("training-gives-birth-to-heads", 4): {
        r"After (2,000) puzzles": lambda one: "2,000",
        r"at most (0\.\d\d) nats": lambda one: near(max(cost_then(2000, layer) for layer in range(6))),
        r"After (3,984)": lambda one: "3,984",
        r"layer 1 cost (0\.\d\d) nats": lambda one: near(cost_then(3984, 1)),
        r"more than (0\.\d\d)": lambda one: near(max(cost_then(3984, k) for k in (0, 2, 3, 4, 5))),
    },
    ("training-gives-birth-to-heads", 5): {
        r"(0\.\d\d) of its attention": lambda one: near(then(3984, "lookback_1", "L3.H3")),
        r"after (3,984) puzzles": lambda one: "3,984",
        r"and (0\.\d\d) after": lambda one: near(then(29776, "lookback_1", "L3.H3")),
        r"after (29,776)": lambda one: "29,776",
    },
}
"""What single captions say, by story and scene."""

NAMES = "|".join(
    [r"L\d\.H\d", r"layer \d", r"row \d", r"column \d", r"100 (?:positions|back)", "token 0", "1 back"]
)
"""Numbers that are names."""


@pytest.mark.parametrize(("story", "scene"), SCENES)
def test_every_number_of_a_caption_is_measured(story: Story, scene: StoryScene, backend: Backend) -> None:
    at = story.scenes.index(scene) + 1
    measured = Measured(scene_from_query(dict(scene.query), backend)[0], backend)
    taken = [found.span() for found in re.finditer(NAMES, scene.caption)]
    for pattern, measure in [*GENERAL.items(), *SAYS.get((story.name, at), {}).items()]:
        found = re.search(pattern, scene.caption)
        if found is None:
            assert pattern in GENERAL, f"{pattern} is not said any more"
            continue
        assert str(measure(measured)) == found[1], found[0]
        taken.append(found.span())
    for number in re.finditer(r"\d[\d.,]*", scene.caption):
        covered = any(start <= number.start() < end for start, end in taken)
        assert covered, f"'{number[0]}' is not measured: {scene.caption}"


# ---- and what they say without -----------------------------------------------------------------------------


def measured(story: str, at: int, backend: Backend) -> Measured:
    (found,) = (one for one in STORIES if one.name == story)
    return Measured(scene_from_query(dict(found.scenes[at - 1].query), backend)[0], backend)


@pytest.mark.parametrize(
    ("story", "at"),
    [
        ("what-matters", 3),
        ("what-matters", 6),
        ("the-head-that-copies", 3),
        ("why-contact-breaks", 5),
        ("what-a-failed-puzzle-shows", 5),
    ],
)
def test_nothing_goes_wrong_where_a_caption_says_so(story: str, at: int, backend: Backend) -> None:
    assert not measured(story, at, backend).wrong.any()


def test_what_goes_wrong_is_what_the_captions_say(backend: Backend) -> None:
    without_h1 = measured("the-head-that-copies", 4, backend)
    assert without_h1.changed[without_h1.wrong].all(), "all of them cells that the rule changes"
    assert without_h1.scene.ablation.text == "L1.H1"
    assert (without_h1.without("L1.H1,L1.H5") == without_h1.answer).all(), "without both the very same answer"
    twin = measured("training-gives-birth-to-heads", 3, backend)
    assert (twin.without("L1.H5") == twin.truth).all(), "without L1.H5 this answer stays right"
    layer, head = (measured("why-contact-breaks", at, backend) for at in (3, 4))
    assert (layer.wrong == head.wrong).all(), "the very same"
    framed = np.zeros((SIZE, SIZE), bool)
    framed[5:, 7:] = layer.truth.reshape(SIZE, SIZE)[5:, 7:] == 7  # around the rectangle that is touched
    assert (framed.ravel() == layer.wrong).all(), "the whole frame"
    grid = measured("the-notebook-in-seven-steps", 2, backend)
    assert (grid.answer < N_COLORS).all(), "each is still a cell"
    layers = measured("the-notebook-in-seven-steps", 6, backend)
    colours = set(layers.truth[layers.truth > 0])
    assert len(colours) == 3 and len(colours & set(layers.answer)) == 2, "one of the three is gone"
    failed, forced = (measured("what-a-failed-puzzle-shows", at, backend) for at in (1, 2))
    assert {cell % SIZE for cell in np.flatnonzero(failed.wrong)} == {5}, "a column"
    assert np.flatnonzero(forced.wrong).tolist() == [45] == [np.flatnonzero(failed.wrong)[0]]


def test_heads_look_where_the_captions_say(backend: Backend) -> None:
    seed = measured("training-gives-birth-to-heads", 6, backend)
    table = lookback_table(seed.model, seed.scene.puzzle.tokens[None], (100,))[100]
    assert divmod(int(table.argmax()), 8) == (2, 7) == (seed.scene.layer, seed.scene.head)
    here = measured("the-head-that-copies", 1, backend)
    scores = lookback_table(here.model, here.scene.puzzle.tokens[None], (1, 100))
    assert {divmod(int(k), 8) for k in scores[100].ravel().argsort()[-2:]} == {(1, 1), (1, 5)}
    assert divmod(int(scores[1].argmax()), 8) == (3, 3)
