"""A line at the foot of the page while its server is away, in place of a dialog that covers the page: what is
on screen can still be looked at, and comes to life again by itself. So does a page whose script has
stopped."""

from pathlib import Path

from app.widgets.browser.scripts import ELEMENT, component, joined

HERE = Path(__file__).parent

_away = component("away", html="<div></div>", js=joined(ELEMENT, HERE / "away.js"))


def prepare(ready: str) -> None:
    """Have both at hand. Shows nothing itself.

    Args:
        ready: the address that says, by its status 503, that the server is being restarted.
    """
    _away(key="away", data={"ready": ready})
