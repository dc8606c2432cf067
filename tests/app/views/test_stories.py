"""Stories without a browser: told from scene to scene, written, shared, presented and followed."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from streamlit.testing.v1 import AppTest

from app.state import drafting, session
from app.state.stories import Story, StoryScene, opened, pack, parse, write
from app.views.shared.talks import following as followers
from app.views.shared.talks import looking, telling
from app.views.shared.talks.address import root_of
from app.views.shared.talks.known import known
from app.views.stories import html_file
from app.widgets.story_bar import Close, Return, Step, Telling, TellingScene, read_wish
from interp.backend import Backend
from tests.support.pages import page_of, words

STORY = Story(
    "two",
    "Two scenes",
    "A story of a test.",
    (
        StoryScene("First", "It *begins*.", "workbench", (("puzzle", "9a3726a23b"), ("off", "L1.attn"))),
        StoryScene("Second", "It ends.", "heads", (("puzzle", "9a3726a23b"), ("over", "all"))),
    ),
)
PACKED = pack(STORY)


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return page_of("workbench")


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Telling]:
    """What the bar of the story is given, run by run."""
    shown: list[Telling] = []
    monkeypatch.setattr(telling.story_bar, "show", lambda told, key, on_wish: shown.append(told))
    return shown


# ---- told --------------------------------------------------------------------------------------------------


def test_a_link_to_a_story_opens_its_scene(page: AppTest, bars: list[Telling]) -> None:
    page.query_params["story"] = PACKED
    page.run()
    assert not page.exception and not page.warning
    scene = page.session_state["scene"]
    assert (scene.ablation.text, scene.story, scene.at) == ("L1.attn", PACKED, 1)
    told = bars[-1]
    assert (told.title, told.at, told.strayed, len(told.scenes)) == ("Two scenes", 1, False, 2)
    assert told.scenes[0].paragraphs[0][1] == ("em", "begins")
    assert page.query_params["story"] == PACKED and page.query_params["off"] == "L1.attn"


def test_a_scene_on_another_page_is_opened_there(page: AppTest, bars: list[Telling]) -> None:
    page.query_params.update({"story": PACKED, "at": "2"})
    page.run()
    assert not page.exception and not page.warning
    assert [title.value for title in page.title] == ["Heads"]
    assert page.session_state["chosen-heads"]["over"] == "all"
    assert not bars[-1].strayed and bars[-1].at == 2


def test_what_a_visitor_tries_in_between_is_told_from_the_scene(page: AppTest, bars: list[Telling]) -> None:
    page.query_params.update({"story": PACKED, "puzzle": "9a3726a23b", "off": "L1.attn", "palette": "safe"})
    page.run()
    assert not bars[-1].strayed, "how cells are painted is the visitor's"
    page.segmented_control(key="answer").set_value("teacher-forced").run()
    assert bars[-1].strayed


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"story": "no-such"}, "There is no story 'no-such'"),
        ({"story": PACKED[:-9]}, "is damaged"),
        ({"story": PACKED, "at": "7"}, "The story has 2 scenes; here is the last"),
        ({"story": PACKED, "at": "-1"}, "Expected the number of a scene"),
        ({"follow": "zzzzzz"}, "No talk with the code 'zzzzzz'"),
        ({"present": "2"}, "Expected one of 0, 1"),
    ],
)
def test_a_bad_link_is_one_sentence(page: AppTest, query: dict[str, str], said: str) -> None:
    page.query_params.update({"puzzle": "9a3726a23b", **query})
    page.run()
    assert not page.exception and len(page.warning) == 1
    assert said in re.sub(r"\\(.)", r"\1", page.warning[0].value)


TOLD = Telling(PACKED, "Two scenes", [TellingScene("First", []), TellingScene("Second", [])], 1, False)


@pytest.mark.parametrize(
    ("message", "wish"),
    [
        ({"do": "step", "at": 2}, Step(2)),
        ({"do": "close"}, Close()),
        ({"do": "return"}, Return()),
        ({"do": "step", "at": 3}, None),
        ({"do": "step", "at": True}, None),
        ({"do": "step", "at": "2"}, None),
        ({"do": ["step"]}, None),
        ({"do": "close", "story": "another"}, None),
    ],
)
def test_what_a_browser_wants_is_only_a_claim(message: dict, wish: object) -> None:
    assert read_wish({"story": PACKED, **message}, TOLD) == wish
    assert read_wish(None, TOLD) is None and read_wish("close", TOLD) is None


def test_the_cards_of_the_page(page: AppTest, bars: list[Telling]) -> None:
    page = page_of("stories")
    page.run()
    assert not page.exception and not page.warning
    assert len([button for button in page.button if button.label == "Play"]) == 6
    page.button(key="play-what-matters").click().run()
    assert [title.value for title in page.title] == ["Puzzlescope"]
    assert bars[-1].title == "What matters" and page.query_params["story"] == "what-matters"


# ---- written and shared ------------------------------------------------------------------------------------


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> dict:
    """A visit without a page, whose link is known."""
    state: dict = {"link": {"puzzle": "9a3726a23b", "off": "L1.attn", "story": "two", "present": "1"}}
    for module in (drafting, session):
        monkeypatch.setattr(module.st, "session_state", state)
    return state


def test_a_story_is_written(visit: dict) -> None:
    drafting.add("workbench", "", "A *caption*.\r\n\r\n# with a heading ")
    drafting.add("heads", " Two\nlines ", "")
    drafting.entitle("  My  talk ", "")
    first, second = drafting.draft().scenes
    assert first == StoryScene(
        "Scene 1",
        "A *caption*.\n\nwith a heading",
        "workbench",
        (("puzzle", "9a3726a23b"), ("off", "L1.attn")),
    )
    assert (second.heading, second.page) == ("Two lines", "heads")
    drafting.move(1, -1)
    drafting.move(0, -1)
    assert drafting.draft().scenes == (second, first)
    drafting.reword(0, "Other", "words")
    drafting.remove(1)
    story = drafting.draft().story()
    assert (story.name, story.title) == ("my-talk", "My talk") and story.scenes[0].caption == "words"
    assert parse(write(story), story.name, known()) == story == opened(pack(story))
    drafting.forget()
    assert drafting.draft().scenes == ()


def test_a_story_is_written_on_the_page_and_put_in_order(page: AppTest) -> None:
    page.query_params["off"] = "L1.attn"
    page.run()
    page.text_input(key="add-heading").set_value("Mine")
    page.selectbox(key="add-see").set_value("attention")
    (add,) = [button for button in page.button if button.label == "Add this scene"]
    add.click().run()
    assert not page.exception and "Your story has 1 scene." in words(page)
    (scene,) = page.session_state["draft"].scenes
    assert (
        scene.heading == "Mine" and ("off", "L1.attn") in scene.query and ("see", "attention") in scene.query
    )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str | None]]:
    """What is brought into sight, run by run, and when."""
    shown: list[tuple[int, str | None]] = []
    monkeypatch.setattr(looking.sight, "show", lambda entered, target, key: shown.append((entered, target)))
    return shown


def test_a_scene_brings_its_figure_into_sight_once(
    page: AppTest, bars: list[Telling], seen: list[tuple[int, str | None]]
) -> None:
    """When it is entered or asked for again, not when the visitor does something there."""
    figure = StoryScene("Third", "", "workbench", (("puzzle", "9a3726a23b"), ("see", "attention")))
    story = pack(replace(STORY, scenes=(*STORY.scenes, figure)))
    page.query_params.update({"story": story, "at": "3"})
    page.run()
    assert not page.exception and not page.warning and not bars[-1].strayed
    first, target = seen[-1]
    assert first and target == ".st-key-attention"
    page.segmented_control(key="answer").set_value("teacher-forced").run()
    assert seen[-1] == (first, target)


def test_a_plain_link_brings_its_figure_into_sight_and_no_link_scrolls_by_itself(
    page: AppTest, seen: list[tuple[int, str | None]]
) -> None:
    page.query_params["see"] = "board"
    page.run()
    entered, target = seen[-1]
    assert entered and target is not None and "st-key-tiles" in target and not page.warning
    bare = page_of("workbench").run()
    assert seen[-1][1] is None and not bare.warning
    wrong = page_of("workbench")
    wrong.query_params["see"] = "film"
    wrong.run()
    assert seen[-1][1] is None and "Expected one of answer, board" in wrong.warning[0].value


class Reader(HTMLParser):
    """What a browser would make of a file."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.asked: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.asked += [value for name, value in attrs if name in ("src", "href", "onerror", "onload")]


def test_a_story_is_one_file(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    hostile = "<img src=x onerror=alert(1)></style></script><script>alert(1)</script>"
    scenes = (
        StoryScene(
            hostile[:60], f"{hostile} ![x](http://example.org/a.png)", "workbench", STORY.scenes[0].query
        ),
        STORY.scenes[1],
    )
    made = html_file.made(Story("x", "<b>T</b>", "A & B", scenes, "<i>me</i>"), "https://host/", Backend())
    read = Reader(made)
    assert read.tags.count("script") == read.tags.count("style") == 1 and "img" not in read.tags
    assert read.tags.count("section") == 2 and read.tags.count("svg") == 6 + 5
    assert read.asked == [
        "https://host/?puzzle=9a3726a23b&off=L1.attn",
        "https://host/heads?puzzle=9a3726a23b&over=all",
    ], "links, and nothing that is fetched"
    assert "Without the attention of layer 1" in made and "sha256-" in made
    assert "url(" not in made and "@import" not in made


# ---- presented and followed --------------------------------------------------------------------------------


def test_a_page_for_an_audience_is_larger(page: AppTest) -> None:
    page.query_params["present"] = "1"
    page.run()
    assert not page.exception and page.query_params["present"] == "1"
    assert page.session_state["scene"].present == 1


def test_a_talk_is_followed_until_one_breaks_away(page: AppTest) -> None:
    page.run()
    page.button(key="follow-begin").click().run()
    code, _ = page.session_state[followers._OWN]
    viewer = page_of("workbench")
    viewer.query_params["follow"] = code
    viewer.run()
    assert not viewer.exception and not viewer.warning and viewer.query_params["follow"] == code
    page.segmented_control(key="answer").set_value("teacher-forced").run()
    assert viewer.run().session_state["scene"].answer == "teacher-forced"
    assert "Following the talk" in words(viewer) and "1 follower" in words(page.run())
    viewer.segmented_control(key="answer").set_value("greedy").run()
    assert "You have gone your own way" in words(viewer) and "Following the talk" not in words(viewer)
    page.segmented_control(key="attention-panel").set_value("tokens").run()
    assert "1 follower, looking elsewhere" in words(page)
    found = viewer.run().session_state["scene"]
    assert (found.answer, found.panel) == ("greedy", "grids"), "nothing of one's own is taken away"
    viewer.button(key="follow-again").click().run()
    found = viewer.session_state["scene"]
    assert (found.answer, found.panel, found.follow) == ("teacher-forced", "tokens", code)
    assert "Following the talk" in words(viewer)
    viewer.button(key="break-away").click().run()
    assert "no followers yet" in words(page.run()).lower()
    assert "follow" not in viewer.query_params and viewer.session_state["scene"].answer == "teacher-forced"
    page.segmented_control(key="answer").set_value("greedy").run()
    assert viewer.run().session_state["scene"].answer == "teacher-forced"
    page.button(key="follow-end").click().run()
    viewer.session_state["scene"] = viewer.session_state["scene"].__class__(
        **{**vars(viewer.session_state["scene"]), "follow": code}
    )
    viewer.run()
    assert not viewer.exception and "The talk is over." in words(viewer)


def test_where_a_link_leads() -> None:
    assert (
        root_of("http://localhost:8501")
        == root_of("http://localhost:8501/stories")
        == "http://localhost:8501/"
    )
    assert root_of("https://x.org/lab/heads?a=b") == root_of("https://x.org/lab") == "https://x.org/lab/"
    assert root_of("") == ""


def test_a_file_that_is_no_story_is_told_once(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    stories = page_of("stories").run()
    for name, content, sentence in [
        ("bad.md", b"hello", "bad.md, line 1: Expected the title"),
        ("cat.png", b"\xff\xd8", "cat.png is no text"),
    ]:
        stories.file_uploader[0].upload(name, content, "text/markdown").run()
        assert [sentence in re.sub(r"\\(.)", r"\1", one.value) for one in stories.warning] == [True]
        assert stories.file_uploader[0].value is None, "there is room for another"
    stories.run()
    assert not stories.warning and not stories.exception
    stories.file_uploader[0].upload("bad.md", b"hello", "text/markdown").run()
    good = write(opened("what-matters")).encode()
    stories.file_uploader[0].upload("good.md", good, "text/markdown").run()
    assert not stories.warning and stories.session_state["draft"].scenes
