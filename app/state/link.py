"""What a page lets its visitor choose besides the scene that all pages share, and how it stands in the page's
link."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from interp.errors import PuzzlescopeError, brief
from interp.model import Config


@dataclass(frozen=True)
class Choice:
    """One thing to choose on a page.

    Attributes:
        default: what it is at first; it is then left out of the link.
        read: its value from the link's text, on a model of these sizes.
        write: the text of a value.
    """

    default: Any
    read: Callable[[str, Config], Any]
    write: Callable[[Any], str] = str


def one_of(values: Collection[Any], default: Any) -> Choice:
    """A choice among a few values, which stand in the link as Python writes them."""
    return Choice(default, lambda text, _: read_one_of(text, values))


def read_one_of(text: str, values: Collection[Any]) -> Any:
    """The value that reads like this.

    Raises:
        PuzzlescopeError: if none does.
    """
    for value in values:
        if str(value) == text:
            return value
    raise PuzzlescopeError(f"Expected one of {', '.join(map(str, values))}, got '{brief(text)}'.")


def choices_from_query(
    query: Mapping[str, str], choices: Mapping[str, Choice], cfg: Config
) -> tuple[dict[str, Any], list[str]]:
    """What a link chooses, or what there is by default, with a sentence for everything that could not be
    used."""
    found, problems = {}, []
    for name, choice in choices.items():
        found[name] = choice.default
        if name in query:
            try:
                found[name] = choice.read(query[name], cfg)
            except PuzzlescopeError as error:
                problems.append(f"The link's {name} could not be used. {error}")
    return found, problems


def query_of(values: Mapping[str, Any], choices: Mapping[str, Choice]) -> dict[str, str]:
    """URL parameters; what is at its default is left out."""
    return {
        name: choice.write(values[name]) for name, choice in choices.items() if values[name] != choice.default
    }
