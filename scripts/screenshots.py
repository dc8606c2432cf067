"""Renew the pictures of the documentation from the running dashboard: ``make screenshots``."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.dashboard import CHROMIUM_ARGUMENTS, SECONDS, dashboard  # noqa: E402
from scripts.find_chromium import find_chromium  # noqa: E402

FOLDER = ROOT / "docs"
COSTLIEST = "L1.attn"
"""The default model's costliest layer, as its card says."""
EXACT = 15_000
"""Milliseconds in which the first look has become exact, on two cores that do nothing else."""
Scheme = Literal["light", "dark"]
PICTURES: dict[str, tuple[Scheme, str, str]] = {
    "workbench.png": ("light", f"?off={COSTLIEST}", ".selector canvas"),
    "circuits.png": (
        "light",
        f"circuits?source={COSTLIEST}&measure=changed",
        "text=Do the two views agree?",
    ),
    "studies.png": ("light", "studies?study=demo", "text=Means over the puzzles of a task"),
    "why.png": (
        "light",
        "heads?attention=L1.H5&cell=g4r5c3&show=why",
        "text=where it looks, its queries moved",
    ),
    "graph.png": ("light", "graph?whose=puzzle&target=40", "text=KL from the whole model"),
}
"""File: light or dark, the page, and where its last piece stands."""


STUDY = ("demo", "--puzzles", "bank", "--limit", "64", "--components", "attn,mlp")
"""That of the picture."""


def main() -> None:
    """Take all pictures, or those that are named."""
    chosen = sys.argv[1:] or list(PICTURES)
    with TemporaryDirectory() as data:
        own = {"PUZZLESCOPE_DATA": data}
        if "studies.png" in chosen:
            subprocess.run(
                [sys.executable, "-m", "interp", "study", *STUDY], env=os.environ | own, cwd=ROOT, check=True
            )
        with dashboard(said=own) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS
            )
            for name in chosen:
                scheme, query, whole = PICTURES[name]
                take(browser, f"{address}/{query}", scheme, whole, FOLDER / name)


def open_page(browser: Browser, url: str, scheme: Scheme, whole: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme=scheme)
    page.set_default_timeout(1000 * SECONDS)
    page.goto(url)
    page.locator(whole).first.wait_for()
    page.wait_for_timeout(EXACT)
    page.get_by_role("button", name="Stop").first.wait_for(state="detached")  # exact, not a first look
    page.locator(FINISHED).wait_for(state="attached")
    page.wait_for_timeout(2500)
    return page


FINISHED = "[data-testid=stApp][data-test-script-state=notRunning]"


def take(browser: Browser, url: str, scheme: Scheme, whole: str, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    page = open_page(browser, url, scheme, whole)
    height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    page.set_viewport_size({"width": 1280, "height": int(height)})
    page.wait_for_timeout(1000)
    page.screenshot(path=path)
    page.close()
    print(f"Wrote {path.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
