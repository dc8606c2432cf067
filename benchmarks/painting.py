"""From a painted cell to its truth and the model's answer on screen, in a real Chromium.

    python -m benchmarks.painting

Each stroke paints one cell of the easel by a key, no puzzle twice, so that no answer is kept from before. It
ends when the easel has heard of it and the frame after that is drawn: by then the answer beside it is drawn,
too, which comes before it in the page. With ``off`` the model's ablated answer is computed besides.
"""

from statistics import median, quantiles

from playwright.sync_api import Page, sync_playwright

from scripts.dashboard import CHROMIUM_ARGUMENTS, SECONDS, dashboard
from scripts.find_chromium import find_chromium

STROKES = 40
KEYS = "123456789"
REST = 300
"""Milliseconds between two strokes."""

# A cell that has the colour already is painted in the other one: where nothing changes, nothing is said.
STROKE = """([place, index, keys]) => new Promise((resolve) => {
  const roots = [...document.querySelectorAll("*")].map((element) => element.shadowRoot).filter(Boolean)
  const root = roots.map((one) => one.querySelector(".root:has(.verdict)")).find(Boolean)
  const cell = root.querySelectorAll(".panel")[place].querySelectorAll(".cell")[index]
  const before = root.dataset.heard
  cell.focus()
  const begun = performance.now()
  const had = cell.ariaLabel
  for (const key of keys) {
    if (cell.ariaLabel !== had) break
    cell.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }))
  }
  new MutationObserver((_, watch) => {
    if (root.dataset.heard === before) return
    watch.disconnect()
    requestAnimationFrame(() => resolve(performance.now() - begun))
  }).observe(root, { attributes: true })
})"""


def strokes(page: Page, address: str, query: str) -> list[float]:
    """Milliseconds of each stroke."""
    page.goto(f"{address}/puzzles?part=easel{query}")
    page.locator(".st-key-easel-paint .verdict").wait_for()
    page.wait_for_timeout(5000)
    found = []
    for k in range(STROKES):
        index = (37 * k + 5) % 100
        found.append(float(page.evaluate(STROKE, [k % 4, index, [KEYS[k % 9], KEYS[(k + 1) % 9]]])))
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
        page.wait_for_timeout(REST)
    return found


def main() -> None:
    with dashboard() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS)
        for name, query in (("the whole model", ""), ("beside it L1.attn off", "&off=L1.attn")):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(1000 * SECONDS)
            found = strokes(page, address, query)
            page.close()
            p95 = quantiles(found, n=20)[-1]
            print(
                f"from a painted cell to truth and answer, {name}: median {median(found):.0f} ms, 95 % within"
                f" {p95:.0f} ms ({STROKES} strokes)"
            )


if __name__ == "__main__":
    main()
