"""How the dashboard feels, in a real Chromium: from starting it to a useful page, and from a click to the new
answer.

``make bench-ui``. A click switches one part off, on a page whose board is measured; it ends when the strip
shows the answer of the model as it then is. No ablation comes twice, so that no answer is kept from before:
first each part is off alone, then they pile up, and soon every answer is broken and has to be decoded.
"""

import time
from statistics import median, quantiles

from playwright.sync_api import Page, sync_playwright

from scripts.dashboard import CHROMIUM_ARGUMENTS, SECONDS, dashboard
from scripts.find_chromium import find_chromium

CLICKS = 30
STARTS = 3

# Notes when the strip has been drawn anew after the click. Where the part that was switched changes no cell
# and no probability that is shown, nothing is drawn: then the end of the page's run counts, which is later.
WATCH = """() => {
  const app = document.querySelector("[data-testid=stApp]")
  const shadows = [...document.querySelectorAll("*")].map((element) => element.shadowRoot).filter(Boolean)
  const strip = [document, ...shadows].map((root) => root.querySelector(".strip:has(.panel)")).find(Boolean)
  const observers = []
  let ran = false
  window.drawn = null
  const done = () => {
    observers.forEach((observer) => observer.disconnect())
    requestAnimationFrame(() => (window.drawn ??= performance.now()))
  }
  const watch = (node, options, act) => {
    const observer = new MutationObserver(act)
    observer.observe(node, options)
    observers.push(observer)
  }
  watch(strip, { subtree: true, childList: true, attributes: true, characterData: true }, done)
  watch(app, { attributes: true, attributeFilter: ["data-test-script-state"] }, () => {
    if (app.dataset.testScriptState === "running") ran = true
    else if (ran) done()
  })
}"""


def first_page() -> tuple[float, float]:
    """Seconds from starting the process until the first visitor, who waits for it in a browser, sees the
    answer; and until the board is measured."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(1000 * SECONDS)
        started = time.perf_counter()
        with dashboard() as address:
            page.goto(address)
            page.locator('.strip .panel[data-panel="Model"] svg').wait_for()
            useful = time.perf_counter() - started
            page.wait_for_function(MEASURED)
            return useful, time.perf_counter() - started


# No tile is pending or approximate.
MEASURED = """() => {
  const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)
  const tiles = roots.flatMap((root) => [...root.querySelectorAll(".tile")])
  return tiles.length > 0 && tiles.every((tile) => !/pending|approximate/.test(tile.className))
}"""


def clicks(page: Page, address: str, *, pile_up: bool) -> list[float]:
    """Milliseconds of each click that switches a part off: alone, or on top of all that were switched off
    before it."""
    page.goto(address)
    page.wait_for_function(MEASURED)
    page.wait_for_timeout(3000)
    names = page.locator(".tile").evaluate_all("tiles => tiles.map((tile) => tile.dataset.part)")
    found = []
    for k in range(CLICKS):
        part = names[(7 * k + 3) % len(names)]
        found.append(click(page, part))
        if not pile_up:
            click(page, part)
    return found


def click(page: Page, part: str) -> float:
    """Milliseconds until the answer is drawn; waits until the page is at rest again."""
    page.evaluate(WATCH)
    clicked = page.locator(f'.tile[data-part="{part}"]').evaluate(
        "tile => { const now = performance.now(); tile.click(); return now }"
    )
    spent: float = page.wait_for_function("window.drawn").json_value() - clicked
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
    page.wait_for_timeout(400)
    return spent


def main() -> None:
    useful, measured = map(median, zip(*(first_page() for _ in range(STARTS)), strict=True))
    print(
        f"first useful page {useful:.1f} s after starting the process, its board measured after"
        f" {measured:.1f} s"
        f" (medians of {STARTS})"
    )
    with dashboard() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS)
        for name, pile_up in (("one part off", False), ("one part more off each time", True)):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(1000 * SECONDS)
            found = clicks(page, address, pile_up=pile_up)
            page.close()
            p95 = quantiles(found, n=20)[-1]
            print(
                f"from a click on a tile to the new answer, {name}: median {median(found):.0f} ms,"
                f" 95 % within {p95:.0f} ms ({CLICKS} clicks)"
            )


if __name__ == "__main__":
    main()
