"""The pages of the dashboard. A new page is a folder here and a line in :data:`PAGES`.

The folder holds ``page.py``, the script that draws the page, and ``choices.py``, which says under ``CHOICES``
what stands in the page's link besides the scene that all pages share, under ``PAGE`` the page's name, and, if
a link may speak of its figures, under ``SIGHTS`` which.
This module is data: it is there before PyTorch is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: of its folder.
        title: in the navigation.
    """

    name: str
    title: str

    @property
    def file(self) -> Path:
        """Its script."""
        return FOLDER / self.name / "page.py"

    @property
    def url_path(self) -> str:
        """Where it is below the dashboard's address; the first page is at the address itself."""
        return "" if self == PAGES[0] else self.name

    @property
    def choices(self) -> Mapping[str, Any]:
        """What stands in its link besides the scene, by name; it is loaded when it is first asked for."""
        found: Mapping[str, Any] = self._module.CHOICES
        return found

    @property
    def sights(self) -> Mapping[str, Any]:
        """The figures that its link may speak of, by name; loaded likewise."""
        found: Mapping[str, Any] = getattr(self._module, "SIGHTS", {})
        return found

    @property
    def _module(self) -> ModuleType:
        return import_module(f"app.views.{self.name}.choices")


PAGES = (
    Page("workbench", "Workbench"),
    Page("puzzles", "Puzzles"),
    Page("logbook", "Logbook"),
    Page("heads", "Heads"),
    Page("circuits", "Circuits"),
    Page("graph", "Graph"),
    Page("studies", "Studies"),
    Page("stories", "Stories"),
)
ADMIN = Page("admin", "Administration")
"""For those who look after the server. It has no place in the bar and shows no scene."""


def page_named(name: str) -> Page:
    """The page of that name."""
    return next(page for page in PAGES if page.name == name)
