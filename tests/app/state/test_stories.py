"""Stories as files and as links: what is written is read again, and what strangers write is told and
survived."""

import base64
import hashlib
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state.stories import FOLDER, Story, StoryScene, opened, pack, parse, shelf, unpack, write
from app.state.stories.caption import Span, html, paragraphs
from app.state.stories.packed import LONGEST_LINK
from app.state.stories.story import tidy, tidy_caption
from app.views import PAGES
from interp.errors import PuzzlescopeError

# ---- a story and its file ----------------------------------------------------------------------------------

LETTERS = st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs"))
LINES = st.text(LETTERS, min_size=1, max_size=60).map(tidy).filter(lambda line: line.isprintable() and line)
CAPTIONS = st.text(LETTERS | st.just("\n"), max_size=200).map(tidy_caption)
QUERIES = st.dictionaries(st.text(LETTERS, min_size=1, max_size=9), st.text(max_size=20), max_size=5).map(
    lambda query: tuple(query.items())
)
SCENES = st.builds(StoryScene, LINES, CAPTIONS, st.sampled_from([page.name for page in PAGES]), QUERIES)
STORIES = st.builds(
    Story,
    st.from_regex("[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
    LINES,
    LINES,
    st.lists(SCENES, min_size=1, max_size=4).map(tuple),
    st.just("") | LINES,
)


@given(STORIES)
def test_what_is_written_is_read_again(story: Story) -> None:
    assert parse(write(story), story.name) == story


@given(STORIES)
def test_a_link_holds_a_whole_story(story: Story) -> None:
    try:
        packed = pack(story)
    except PuzzlescopeError:
        return  # too long for one
    assert re.fullmatch(r"~[A-Za-z0-9_-]+", packed) and len(packed) <= LONGEST_LINK
    found = unpack(packed)
    assert (found.title, found.summary, found.author, found.scenes) == (
        story.title,
        story.summary,
        story.author,
        story.scenes,
    )


FILE = """---
title: What matters
summary: One layer.
---

## First

A *caption*
in two lines.

[scene](/?puzzle=9a3726a23b)

## Second

[scene](heads?off=L1.attn%3Amean,L0.H3&over=all)
"""


def test_a_file_by_hand() -> None:
    first, second = (
        StoryScene("First", "A *caption*\nin two lines.", "workbench", (("puzzle", "9a3726a23b"),)),
        StoryScene("Second", "", "heads", (("off", "L1.attn:mean,L0.H3"), ("over", "all"))),
    )
    assert parse(FILE, "what") == Story("what", "What matters", "One layer.", (first, second))
    assert parse(FILE.replace("\n", "\r\n"), "what") == parse(FILE, "what")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("---\n", "", 1, "between two lines"),
        ("title: What matters\n", "", 3, "no title"),
        ("summary: One layer.", "colour: red", 3, "got 'colour: red'"),
        ("## First", "First", 6, "a scene's heading"),
        ("[scene](/?puzzle=9a3726a23b)", "", 6, "one link a scene"),
        ("/?puzzle", "https://example.org/?puzzle", 11, "a link to a page here"),
        ("/?puzzle", "//example.org/?puzzle", 11, "a link to a page here"),
        ("/?puzzle", "javascript:alert(1)?puzzle", 11, "a link to a page here"),
        ("heads?", "heeds?", 15, "got 'heeds?"),
        ("over=all", "ovre=all", 15, "no parameter 'ovre'"),
        ("&over=all", "&off=L2.attn", 13, "stands there once"),
        ("## First", "## " + "x" * 99, 6, "at most 80 letters"),
        ("A *caption*", "x" * 2000, 6, "at most 1200 letters"),
        ("A *caption*", "a\x07", 6, "control characters"),
    ],
)
def test_a_bad_file_is_told_with_its_line(old: str, new: str, line: int, said: str) -> None:
    known = {page.name: {"puzzle", "off", "over"} for page in PAGES}
    parse(FILE, "what", known)
    with pytest.raises(PuzzlescopeError, match=re.escape(said)) as error:
        parse(FILE.replace(old, new), "what", known)
    assert str(error.value).startswith(f"what.md, line {line}: ") and "\n" not in str(error.value)


def test_a_story_has_bounds() -> None:
    with pytest.raises(PuzzlescopeError, match="at most 100,000"):
        parse("x" * 100_001, "long")
    scene = StoryScene("One", "", "workbench", ())
    for count in (0, 41):
        with pytest.raises(PuzzlescopeError, match="1 to 40 scenes"):
            Story("long", "Long", "Too long.", (scene,) * count)
    with pytest.raises(PuzzlescopeError, match="at most 60 parameters"):
        StoryScene("One", "", "workbench", tuple((f"a{k}", "") for k in range(61)))
    with pytest.raises(PuzzlescopeError, match="small letters"):
        Story("../x", "Long", "Not a name.", (scene,))


# ---- in a link ---------------------------------------------------------------------------------------------


def squeezed(data: bytes) -> str:
    return "~" + base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "~",
        "~x",
        "~%%%%",
        pack(parse(FILE, "what"))[:-6],
        pack(parse(FILE, "what")) + "AAAA",
        squeezed(b"\xff\xfe"),
        squeezed(b"x" * 3_000_000),
    ],
)
def test_a_damaged_link_is_one_sentence(text: str) -> None:
    with pytest.raises(PuzzlescopeError, match="damaged: copy the whole link"):
        opened(text)


def test_a_story_too_long_for_a_link() -> None:
    def noise(k: int) -> str:
        return "".join(hashlib.sha256(bytes([k, n])).hexdigest() for n in range(15))

    scenes = tuple(StoryScene(f"{k}", noise(k), "heads", ()) for k in range(40))
    with pytest.raises(PuzzlescopeError, match="share it as a file"):
        pack(Story("long", "Long", "Too long.", scenes))
    with pytest.raises(PuzzlescopeError, match="at most 6,000"):
        unpack("~" + "A" * 7000)


# ---- captions ----------------------------------------------------------------------------------------------


def test_a_caption_is_a_little_markdown_and_nothing_else() -> None:
    assert paragraphs("A **b**\n*c* `d`\n\ne") == (
        (
            Span("", "A "),
            Span("strong", "b"),
            Span("", " "),
            Span("em", "c"),
            Span("", " "),
            Span("code", "d"),
        ),
        (Span("", "e"),),
    )
    assert paragraphs("see [this](https://example.org/)") == ((Span("", "see "), Span("", "this")),)
    hostile = "<img src=x onerror=alert(1)> ![x](http://example.org/a.png) **<b>**"
    assert "<img" not in html(hostile) and "http" not in html(hostile).replace("&", "")
    assert html("3 < 4 & *so*") == "<p>3 &lt; 4 &amp; <em>so</em></p>"


@given(st.text(max_size=80))
def test_no_letter_of_a_caption_becomes_an_element(text: str) -> None:
    assert set(re.findall(r"<(/?\w+)>", html(text))) <= {
        "p",
        "/p",
        "strong",
        "/strong",
        "em",
        "/em",
        "code",
        "/code",
    }
    assert html(text).count("<") == len(re.findall(r"</?\w+>", html(text)))


# ---- the stories that come along ---------------------------------------------------------------------------


def test_a_shelf_tells_of_files_that_are_no_stories(tmp_path: Path) -> None:
    (tmp_path / "2-good.md").write_text(FILE)
    (tmp_path / "1-bad.md").write_text("nothing")
    (tmp_path / "3-bytes.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "README.md").write_text("no story")
    stories, problems = shelf(folder=tmp_path)
    assert [story.name for story in stories] == ["good"]
    assert problems[0].startswith("1-bad.md, line 1: ") and problems[1].startswith("3-bytes.md could not")
    assert opened("good", tmp_path) == stories[0]
    with pytest.raises(PuzzlescopeError, match=r"no story '\.\./good': expected one of bad, good, bytes"):
        opened("../good", tmp_path)


def test_the_folder_is_there() -> None:
    assert FOLDER.is_dir()
