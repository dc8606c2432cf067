"""What a link may speak of: figures of a page, each with a name in the link."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.state.link import Parameter, read_one_of

SEE = "see"
"""Its name in a link."""


@dataclass(frozen=True)
class Sight:
    """A figure of a page.

    Attributes:
        words: what it is called on the page.
        selector: that finds it (CSS).
    """

    words: str
    selector: str


Sights = Mapping[str, Sight]
"""The figures of a page, by their names in a link."""


def see(sights: Sights) -> dict[str, Parameter]:
    """What stands in a page's link: which of its figures is brought into sight; left out, none is."""
    words = "figure to look at"
    return {SEE: Parameter("", lambda text, _: read_one_of(text, sights), words=words)}
