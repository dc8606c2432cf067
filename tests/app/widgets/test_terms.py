"""Terms that are explained where they are used: what is marked, and what the browser shows."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.widgets.terms import TERMS, marked
from app.widgets.terms.marking import HERE, MOST
from app.widgets.text import escape_markdown
from interp.analyses.head_roles import ROLES
from tests.support.places import ROOT

DOC = (ROOT / "docs" / "glossary.md").read_text()


def keys(text: str) -> list[str]:
    return re.findall(r'data-term="([^"]+)"', marked(text))


@pytest.mark.parametrize("term", TERMS.values(), ids=lambda term: term.key)
def test_every_term_is_in_the_glossary_too_and_is_found_by_each_of_its_phrases(term) -> None:
    assert re.search(rf"\*\*{re.escape(term.name)}\*\*", DOC, re.IGNORECASE), term.name
    for phrase in term.phrases:
        assert keys(f"Of {phrase}, once.") == [term.key] == keys(f"{phrase.capitalize()}.")
    assert len(term.text) <= 150 and term.text.endswith((".", ")."))


@pytest.mark.parametrize("role", ROLES.values(), ids=lambda role: role.key)
def test_every_role_is_in_the_glossary(role) -> None:
    assert role.key in ("off", "unknown") or f"**{role.name}** ({role.glyph})" in DOC.replace("\n  ", " ")


def test_a_term_is_marked_once_and_not_within_a_word() -> None:
    assert keys("The clean run, again the clean run; unclean runner; donats.") == ["clean"]
    assert keys("greedy decoding") == ["greedy"] and ">greedy decoding<" in marked("greedy decoding")
    assert keys("*path ablation* and **composition scores**") == ["path", "composition"]
    assert keys("`nats`, in code") == []
    assert len(keys("nats, greedy, markers, start token, logits, patching")) == MOST


def test_html_in_a_text_is_only_text() -> None:
    """A sentence may hold what stands in a file: the name of a task."""
    found = marked('<img src=x onerror="alert(1)"> of the clean run')
    assert found.startswith("&lt;img") and found.count("<") == 2, "the button and its end"


def test_what_is_escaped_is_text_too_and_reads_as_it_was_written() -> None:
    assert marked(escape_markdown("a<b")) == "a&lt;b"
    assert marked(escape_markdown("a\\<b")) == "a\\\\&lt;b", "a backslash of its own stays, escaped"


@pytest.mark.browser
def test_a_term_is_explained_by_pointer_and_keyboard(chromium) -> None:
    page: Page = chromium.new_page()
    page.set_content(
        f"<div data-testid=stApp><p id=text>{marked('Loss in nats, of the clean run.')}</p></div>"
    )
    script = (HERE / "terms.js").read_text().replace("export default", "const show =")
    element = (HERE.parent / "browser" / "shared" / "element.js").read_text()
    data = {term.key: [term.name, term.text] for term in TERMS.values()}
    page.evaluate(f"(data) => {{ {element}\n{script}\nshow({{ data }}); show({{ data }}) }}", data)
    tip, term = page.get_by_role("tooltip", include_hidden=True), page.get_by_role("button", name="nats")
    expect(tip).to_have_count(1)
    expect(tip).to_be_hidden()
    term.hover()
    expect(tip).to_contain_text("Nats")
    expect(term).to_have_attribute("aria-describedby", "term-tip")
    tip.hover()
    page.wait_for_timeout(300)
    expect(tip).to_be_visible()
    page.mouse.move(500, 500)
    expect(tip).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(tip).to_contain_text("without any ablation")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.close()
