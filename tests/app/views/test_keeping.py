"""A visitor's own story comes back from the visitor's browser, read as if a stranger had written it."""

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.state import drafting
from app.state.drafting import Draft
from app.state.stories import Story, StoryScene, parse, write
from app.state.stories.markdown_file import LONGEST_FILE
from app.views.shared.talks import keeping
from app.views.shared.talks.known import known
from tests.support.pages import page_of

STORY = Story(
    "two",
    "Two scenes",
    "A story of a test.",
    (
        StoryScene("First", "It *begins*.", "workbench", (("puzzle", "9a3726a23b"), ("off", "L1.attn"))),
        StoryScene("Second", "It ends.", "heads", (("puzzle", "9a3726a23b"), ("over", "all"))),
    ),
)


class Browser:
    """What a page gives to the browser, run by run, and what the browser says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        self.heard: list[bool] = []
        self.says: str | None = None
        monkeypatch.setattr(keeping.keepsake, "prepare", self._prepare)

    def _prepare(self, name: str, text: str, longest: int, visit: str, *, heard: bool, on_found: Any) -> None:
        self.texts.append(text)
        self.heard.append(heard)
        if self.says is not None:
            said, self.says = self.says, None
            on_found(said)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    return Browser(monkeypatch)


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch, browser: Browser) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return page_of("stories")


def test_what_is_written_is_kept_as_the_file_that_it_can_be_saved_as(page: AppTest, browser: Browser) -> None:
    page.run()
    assert browser.texts == [""], "nothing is written"
    page.session_state["draft"] = Draft(STORY.title, STORY.summary, "", STORY.scenes)
    page.run()
    assert parse(browser.texts[-1], "two", known()) == STORY
    assert any("kept in this browser" in one.value for one in page.caption)


def test_a_new_visit_takes_up_what_the_browser_has(page: AppTest, browser: Browser) -> None:
    browser.says = write(STORY)
    page.run()
    page.run()
    assert page.session_state["draft"].scenes == STORY.scenes
    assert [field.value for field in page.text_input][:2] == [STORY.title, STORY.summary]
    assert browser.heard[-1] and parse(browser.texts[-1], "two", known()) == STORY


def test_words_that_were_made_up_for_the_file_are_none_when_it_comes_back(
    page: AppTest, browser: Browser
) -> None:
    page.run()
    page.session_state["draft"] = Draft(scenes=STORY.scenes)
    page.run()
    del page.session_state["draft"]
    browser.says = browser.texts[-1]
    page.run()
    page.run()
    now = page.session_state["draft"]
    assert (now.title, now.summary, now.scenes) == ("", "", STORY.scenes)


def test_what_is_new_is_not_replaced_by_what_was_kept(page: AppTest, browser: Browser) -> None:
    mine = Draft("Mine", scenes=STORY.scenes[:1])
    page.run()
    page.session_state["draft"] = mine
    browser.says = write(STORY)
    page.run()
    assert page.session_state["draft"] == mine


@pytest.mark.parametrize(
    "said",
    [
        "x",
        "---\ntitle: <script>alert(1)</script>",
        write(STORY).replace("off=L1.attn", "eval=1"),
        write(STORY).replace("It ends.", "It\x00ends."),
        write(replace(STORY, scenes=STORY.scenes * 20)) + "\n## One more\n\n[scene](?puzzle=9a3726a23b)\n",
        "a" * (LONGEST_FILE + 1),
    ],
)
def test_what_is_no_story_is_a_sentence_and_is_not_forgotten(
    page: AppTest, browser: Browser, said: str
) -> None:
    browser.says = said
    page.run()
    page.run()
    assert not page.exception
    assert [one.value for one in page.warning if "Your story is not shown" in one.value]
    assert "draft" not in page.session_state
    assert browser.texts[-1] == "" and not browser.heard[-1], "so the browser keeps it"
    page.run()
    assert not page.warning, "it is told once"


def test_each_visit_has_a_name_of_its_own() -> None:
    assert drafting.new_visit() != drafting.new_visit()
