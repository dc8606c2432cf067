"""A short film of one story, for the README: ``make film``.

Each scene is opened as the arrow key opens it, and stays as long as its caption takes to read.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.state.stories import opened  # noqa: E402
from scripts.dashboard import CHROMIUM_ARGUMENTS, SECONDS, dashboard  # noqa: E402
from scripts.find_chromium import find_chromium  # noqa: E402

STORY = "the-head-that-copies"
FILM = ROOT / "docs" / "story.gif"
SIZE = (1280, 720)
SHOWN = (960, 540)
COLOURS = 200
LETTERS_A_SECOND = 28
LEAST, MOST = 3.0, 7.0
"""Seconds of a scene."""
FINISHED = "[data-testid=stApp][data-test-script-state=notRunning]"


def main() -> None:
    story = opened(STORY)
    with dashboard() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        page.set_default_timeout(1000 * SECONDS)
        page.goto(f"{address}/?story={STORY}&at=1")
        pictures = [still(page)]
        for _ in story.scenes[1:]:
            page.keyboard.press("ArrowRight")
            pictures.append(still(page))
        browser.close()
    save(pictures, [seconds(scene.caption) for scene in story.scenes])
    print(f"Wrote {FILM.relative_to(ROOT)}, {FILM.stat().st_size / 1e6:.1f} MB.")


def still(page: Page) -> Image.Image:
    """The page, as soon as nothing on it is under way."""
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(1500)
    page.locator(FINISHED).wait_for(state="attached")
    page.get_by_role("button", name="Stop").first.wait_for(state="detached")
    page.wait_for_timeout(2500)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS)


def seconds(caption: str) -> float:
    return min(max(len(caption) / LETTERS_A_SECOND, LEAST), MOST)


def save(pictures: list[Image.Image], lasting: list[float]) -> None:
    """As one GIF, in colours that all its pictures share, so that nothing flickers."""
    sheet = Image.new("RGB", (SHOWN[0], SHOWN[1] * len(pictures)))
    for k, picture in enumerate(pictures):
        sheet.paste(picture, (0, SHOWN[1] * k))
    palette = sheet.quantize(COLOURS)
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    FILM.parent.mkdir(exist_ok=True)
    frames[0].save(
        FILM, save_all=True, append_images=frames[1:], duration=[1000 * s for s in lasting], loop=0
    )


if __name__ == "__main__":
    main()
