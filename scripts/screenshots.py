"""Renew the pictures of the documentation from the running dashboard: ``make screenshots``."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.dashboard import CHROMIUM_ARGUMENTS, SECONDS, dashboard  # noqa: E402
from scripts.find_chromium import find_chromium  # noqa: E402

FOLDER = ROOT / "docs"
PICTURES = {
    "workbench.png": ("light", "?off=L{layer}.attn"),
    "workbench-dark.png": ("dark", ""),
}


def main() -> None:
    with dashboard() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS)
        layer = costliest_layer(browser, address)
        for name, (scheme, query) in PICTURES.items():
            take(browser, f"{address}/{query.format(layer=layer)}", scheme, FOLDER / name)


def open_page(browser: Browser, url: str, scheme: str):
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme=scheme)
    page.set_default_timeout(1000 * SECONDS)
    page.goto(url)
    page.get_by_text("costs most").wait_for()
    page.locator(".board .status", has_text="over this puzzle").wait_for()  # exact, not a first look
    page.locator(".attention-view canvas").first.wait_for()
    page.wait_for_timeout(1500)
    return page


def costliest_layer(browser: Browser, address: str) -> int:
    page = open_page(browser, address, "light")
    text = page.get_by_text("costs most").inner_text()
    page.close()
    return int(text.split("L")[1].split(".")[0])


def take(browser: Browser, url: str, scheme: str, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    page = open_page(browser, url, scheme)
    height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    page.set_viewport_size({"width": 1280, "height": int(height)})
    page.wait_for_timeout(1000)
    page.screenshot(path=path)
    page.close()
    print(f"Wrote {path.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
