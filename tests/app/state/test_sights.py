"""What a link may speak of: figures of a page."""

import pytest

from app.state.link import Context, read_query
from app.state.sights import SEE, Sight, see
from app.state.stories import shelf
from app.views import PAGES
from app.views.shared.talks.known import known
from interp.model import Config
from tests.support.puzzles import bank

SIGHTS = {"lens": Sight("the lens", ".st-key-lens"), "board": Sight("the board", ".st-key-board")}


def read(query: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    return read_query(query, see(SIGHTS), Context(Config(), bank()))


def test_a_link_speaks_of_one_or_none() -> None:
    assert read({"see": "lens"}) == ({SEE: "lens"}, [])
    assert read({}) == ({SEE: ""}, [])


@pytest.mark.parametrize("text", ["", "film", "x" * 5000, "<b>"])
def test_what_is_not_there_is_told_in_a_sentence(text: str) -> None:
    found, problems = read({"see": text})
    assert found == {SEE: ""} and len(problems) == 1 and len(problems[0]) < 200
    assert problems[0].startswith(
        "The link's figure to look at could not be used. Expected one of lens, board"
    )


def test_every_page_but_that_of_the_stories_has_figures() -> None:
    assert {page.name for page in PAGES if not page.sights} == {"stories"}
    assert all((SEE in page.choices) == bool(page.sights) for page in PAGES)


def test_stories_speak_of_figures_that_are_below_the_fold() -> None:
    stories, problems = shelf(known())
    assert not problems
    named = {
        (story.name, k): dict(scene.query).get(SEE)
        for story in stories
        for k, scene in enumerate(story.scenes, 1)
    }
    assert named["the-head-that-copies", 1] == named["the-notebook-in-seven-steps", 4] == "attention"
    assert named["the-notebook-in-seven-steps", 7] == "experiment-7"
    assert named["why-contact-breaks", 6] == named["what-a-failed-puzzle-shows", 4] == "figure"
