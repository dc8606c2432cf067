"""Scripts of components: fetched once, with their style."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from app.server.parcels import PARCELS
from app.widgets.browser import scripts
from scripts.dashboard import SECONDS
from tests.support.places import ROOT

JS = """
export default function ({ parentElement }) {
  parentElement.innerHTML = '<p class="own">drawn</p>'
}
"""


def unpacked(name: str) -> bytes:
    parcel = PARCELS.get(name)
    assert parcel is not None
    return gzip.decompress(parcel.packed)


def test_all_components_are_made_so() -> None:
    files = (ROOT / "app" / "widgets").rglob("*.py")
    made = [file.name for file in files if "components.v2.component(" in file.read_text()]
    assert made == ["scripts.py"], "others send their script with every message"


def made(monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Any]:
    """What Streamlit is given for a component."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(scripts.st.components.v2, "component", lambda name, **files: given.update(files))
    scripts.component("one", js=JS, **options)
    return given


@pytest.mark.parametrize(
    ("options", "with_message"),
    [
        ({"css": ".own { color: red }"}, False),
        ({"css": ".own { color: red }", "html": "<p></p>"}, True),  # there is something to see before
        ({"css": ".own { color: red }", "isolate_styles": False}, True),  # it goes with the component
        ({}, False),
    ],
)
def test_where_the_style_stands(
    options: dict[str, Any], with_message: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = made(monkeypatch, **options)
    assert bool(given["css"]) == with_message
    assert "drawn" not in given["js"] and len(given["js"]) < 600


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.set_default_timeout(1000 * SECONDS)
    tries: list[str] = []

    def answer(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.abort()  # the network was away
        else:
            name = route.request.url.rpartition("/")[2].partition("?")[0]
            route.fulfill(body=unpacked(name), content_type="text/javascript")

    page.route("http://views.test/**", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    page.route("http://views.test/parcels/*", answer)
    page.goto("http://views.test/heads")
    yield page
    page.context.close()


def test_it_draws_with_its_style_after_the_network_was_away(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = made(monkeypatch, css=".own { color: rgb(1, 2, 3) }")
    sheets = page.evaluate(
        """async (source) => {
          const shadow = document.body.attachShadow({ mode: "open" })
          const parentElement = shadow.appendChild(document.createElement("div"))
          const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
          const draw = (await import(address)).default
          draw({ parentElement })
          draw({ parentElement })
          return [shadow.adoptedStyleSheets.length, getComputedStyle(shadow.querySelector(".own")).color]
        }""",
        given["js"],
    )
    assert sheets == [1, "rgb(1, 2, 3)"]
