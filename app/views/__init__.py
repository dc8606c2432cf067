"""The pages of the dashboard. A new page is a folder here and a line in :data:`PAGES`.

The folder holds ``page.py``, the script that draws the page, and ``choices.py``, which says under ``CHOICES``
what stands in the page's link besides the scene that all pages share, and under ``PAGE`` the page's name.
This module is data: it is there before PyTorch is.
"""

from dataclasses import dataclass
from pathlib import Path

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


PAGES = (
    Page("workbench", "Workbench"),
    Page("logbook", "Logbook"),
    Page("heads", "Heads"),
    Page("circuits", "Circuits"),
)
