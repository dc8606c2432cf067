"""A browser that is used again knows nothing of the test before."""

from playwright.sync_api import Page, Route

from tests.browser.kept.browsers import Browsers

PLACES = ("http://127.0.0.1:4001/", "http://localhost:4002/", "http://elsewhere.test/")
LEAVE = """
async () => {
    localStorage.left = sessionStorage.left = "here"
    document.cookie = "left=here"
    await new Promise((done) => { indexedDB.open("left", 1).onsuccess = done })
    if (window.caches) await (await caches.open("left")).put("/left", new Response("here"))
}
"""
FIND = """
async () => [localStorage.left, sessionStorage.left, document.cookie, (await indexedDB.databases()).length,
             window.caches ? (await caches.keys()).length : 0].map((found) => found || null)
"""
PERMITTED = "async () => (await navigator.permissions.query({name: 'geolocation'})).state"


def opened(page: Page, url: str) -> Page:
    def answer(route: Route) -> None:
        route.fulfill(body="<h1>A page</h1>", content_type="text/html")

    page.route("**", answer)
    page.goto(url)
    return page


def test_all_that_was_left_is_forgotten(browsers: Browsers) -> None:
    first = browsers.take()
    first.grant_permissions(["geolocation"])
    for url in PLACES:
        page = opened(first.new_page(), url)
        page.evaluate(LEAVE)
        assert page.evaluate(FIND)[0] == "here", "what is looked for can be found"
    assert opened(first.new_page(), PLACES[0]).evaluate(PERMITTED) == "granted"
    browsers.give_back(first)
    again = browsers.take()
    assert again is first
    for url in PLACES:
        page = opened(again.new_page(), url)
        assert page.evaluate(FIND) == [None] * 5, url
        assert page.evaluate(PERMITTED) != "granted"
    browsers.give_back(again)


def test_two_at_once_are_strangers(browsers: Browsers) -> None:
    first, second = browsers.take(), browsers.take()
    assert first is not second
    opened(first.new_page(), PLACES[0]).evaluate(LEAVE)
    assert opened(second.new_page(), PLACES[0]).evaluate(FIND) == [None] * 5
    for one in (first, second):
        browsers.give_back(one)


def test_one_that_was_closed_is_not_given_again(browsers: Browsers) -> None:
    closed = browsers.take()
    closed.close()
    browsers.give_back(closed)
    other = browsers.take()
    assert other is not closed
    opened(other.new_page(), PLACES[0])
    browsers.give_back(other)
