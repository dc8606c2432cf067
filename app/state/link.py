"""What stands in a page's link: each value under its name, to the link's text and back.

A field of the scene that all pages share and a choice that one page offers are described in the same way.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, urlencode

from interp.errors import PuzzlescopeError, brief
from interp.model import Config
from interp.puzzles import PuzzleSet

RESERVED = ("embed", "embed_options")
"""Names that Streamlit takes for itself."""
MOST_TOLD = 5
"""Names in a sentence."""
LIKENESS = 0.7
"""From which two names are taken for the same, as ``difflib`` counts."""
LONGEST_BACK = 8_000
"""Letters: a link has twice as many (:data:`app.startup.arrival.LONGEST_LINK`), and a scene of its own."""

_NAME, _PARAMETER = "link's name", "link's parameter"


@dataclass(frozen=True)
class Context:
    """What a link's texts are read against.

    Attributes:
        cfg: the sizes of the model that the link names.
        bank: the puzzles that it may name.
    """

    cfg: Config
    bank: PuzzleSet


@dataclass(frozen=True)
class Parameter:
    """One value in a link.

    Attributes:
        default: what it is where the link does not say; it is then left out. ``None`` where that depends on
            the rest.
        read: the value of a text; raises ``PuzzlescopeError`` for one that cannot be used.
        write: the text of a value.
        words: what it is, in plain words for a reader of the page; left out, its name in the link.
    """

    default: Any
    read: Callable[[str, Context], Any]
    write: Callable[[Any], str] = str
    words: str = ""


def one_of(values: Collection[Any], default: Any, words: str = "") -> Parameter:
    """One of a few values, which stand in the link as Python writes them."""
    return Parameter(default, lambda text, _: read_one_of(text, values), words=words)


def read_one_of(text: str, values: Collection[Any]) -> Any:
    """The value that reads like this, in capitals or small letters.

    Raises:
        PuzzlescopeError: if none does.
    """
    for alike in (str, lambda value: str(value).casefold()):
        for value in values:
            if alike(value) == alike(text):
                return value
    expected = ", ".join(str(value) for value in values if str(value))
    raise PuzzlescopeError(f"Expected one of {expected}, got '{brief(text)}'.")


def read_query(
    query: Mapping[str, str], parameters: Mapping[str, Parameter], context: Context
) -> tuple[dict[str, Any], list[str]]:
    """The values that a link gives, or their defaults, with a sentence for everything that could not be
    used."""
    found, problems = {}, []
    for name, parameter in parameters.items():
        found[name] = parameter.default
        if name in query:
            try:
                found[name] = parameter.read(query[name], context)
            except PuzzlescopeError as error:
                problems.append(unusable(parameter.words or name, str(error)))
    return found, problems


def unusable(words: str, why: str) -> str:
    """The sentence for what a link says and a page cannot show.

    Args:
        words: what it says something of.
    """
    return f"The link's {words} could not be used. {why}"


def unknown(query: Collection[str], known: Collection[str], other_names: Mapping[str, str]) -> list[str]:
    """A sentence for what a link says under names that are not known, with those that may have been meant;
    none if there is nothing of the kind.

    Args:
        query: the names in the link.
        known: the names that are.
        other_names: names by which some of them are likely called, and what they are called in a link.
    """
    strange = [name for name in query if name not in known and name not in RESERVED]
    if not strange:
        return []
    told = [_guess(name, known, other_names) for name in strange[:MOST_TOLD]]
    more = f" and {len(strange) - MOST_TOLD} more" if len(strange) > MOST_TOLD else ""
    what = "a name" if len(strange) == 1 else "names"
    return [f"The link has {what} that this page does not know: {', '.join(told)}{more}."]


def _guess(name: str, known: Collection[str], other_names: Mapping[str, str]) -> str:
    """An unknown name, and the known one that it is like."""
    small = name.lower()
    meant = other_names.get(small) or next(iter(get_close_matches(small, known, 1, LIKENESS)), "")
    return f"'{brief(name)}'" + (f" (did you mean '{meant}'?)" if meant else "")


def query_of(values: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """URL parameters; what is at its default is left out."""
    return {
        name: parameter.write(values[name])
        for name, parameter in parameters.items()
        if values[name] != parameter.default
    }


def packed(query: Mapping[str, str], spare: str = "") -> str:
    """The choices of one page as one value in the link of a page that it leads to, for the way back.

    Args:
        spare: what goes first if they are too many.

    Returns:
        Nothing where even the rest is too long.
    """
    for kept in (query, {name: value for name, value in query.items() if name != spare}):
        if len(text := urlencode(kept)) <= LONGEST_BACK:
            return text
    return ""


def unpacked(text: str) -> dict[str, str]:
    """The choices again.

    >>> unpacked(packed({"cut": "L1.H1>logits", "whose": "all"}))
    {'cut': 'L1.H1>logits', 'whose': 'all'}
    """
    return dict(parse_qsl(text))


# ---- dataclasses whose fields stand in a link --------------------------------------------------------------


def in_link(parameter: Parameter, name: str = "", *, default: Any = None, required: bool = False) -> Any:
    """A field of a dataclass that stands in the link.

    Args:
        name: in the link, if it is another than the field's.
        default: of the field, where the parameter has none.
        required: whether the field has no default at all.
    """
    value = default if parameter.default is None else parameter.default
    metadata = {_NAME: name, _PARAMETER: parameter}
    return field(default=MISSING if required else value, metadata=metadata)


def parameters_of(fields: Collection[Any]) -> dict[str, tuple[str, Parameter]]:
    """Of a dataclass's fields: each field's name, its name in the link, and its parameter."""
    return {
        one.name: (one.metadata[_NAME] or one.name, one.metadata[_PARAMETER])
        for one in fields
        if _PARAMETER in one.metadata
    }
