"""The page before an audience."""

from app.state.scene import Scene
from app.state.session import change
from app.widgets import presenter


def show(scene: Scene) -> None:
    """Hear the keys of the page, and draw what a presenter needs if it is shown to an audience."""
    presenter.show(bool(scene.present), key="presenter-keys", on_present=present)


def present(wanted: bool) -> None:
    """Show the page to an audience, or no longer; for use in widget callbacks."""
    change(present=int(wanted))
