"""File names say the scene, are safe everywhere, and are never shared by two scenes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from interp import load_puzzles
from interp.ablation import Ablation
from interp.figures.paper import file_name
from interp.figures.paper.names import ID_LETTERS
from tests.support.terms import SOME_TERMS

SCENES = st.tuples(
    st.sampled_from(["contact", "frame", "grow"]),
    st.one_of(st.sampled_from([puzzle.id for puzzle in load_puzzles("bank")]), st.just("16-puzzles")),
    SOME_TERMS,
    st.sampled_from(["default", "seed-2", "hub:somewhere/a model.pth"]),
    st.sampled_from([(), ("final",), ("L1.H4",), ("answers", "r1c2")]),
    st.sampled_from(["board", "layers", "spectrum"]),
)


def name(scene: tuple) -> str:
    task, puzzle, ablation, model, more, figure = scene
    return file_name(
        figure, task=task, puzzle=puzzle, ablation=Ablation.of(ablation).text, model=model, more=more
    )


@given(SCENES, SCENES)
def test_two_scenes_never_share_a_name(first: tuple, second: tuple) -> None:
    texts = [(*scene[:2], Ablation.of(scene[2]).text, *scene[3:]) for scene in (first, second)]
    assert (name(first) == name(second)) == (texts[0] == texts[1])


@given(SCENES)
def test_a_name_can_be_written_anywhere(scene: tuple) -> None:
    assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9._+=~-]*", name(scene)) and len(name(scene)) < 200


def test_no_two_puzzles_of_the_bank_have_the_same_short_id() -> None:
    ids = [puzzle.id for puzzle in load_puzzles("bank")]
    assert len({one[:ID_LETTERS] for one in ids}) == len(ids)


def test_a_long_ablation_is_cut_and_told_apart() -> None:
    heads = [f"L0.H{k}:mean" for k in range(8)]
    long, longer = (file_name("board", task="frame", ablation=",".join(heads[:n])) for n in (7, 8))
    assert long != longer and len(long) == len(longer) < 60
    assert long.startswith("frame-L0.H0_mean+L0.H1_mean")
