"""The text of an ablation, read.

It is the same in the URL, on the command line and in exports: terms joined by commas,
``component[:method]``.

>>> cfg = Config(n_layers=12, n_heads=8)
>>> copy_circuit = parse_ablation("L*.mlp, L1-11.attn, L0.attn:lookback=100", cfg)
>>> copy_circuit.text
'L0.attn:lookback=100,L1-11.attn,L0-11.mlp'
>>> parse_ablation(copy_circuit.text, cfg) == copy_circuit
True
>>> parse_ablation("L3.H1:mean, L3.H4-5", cfg).text
'L3.H1:mean,L3.H4-5'

Components are an attention layer (``L3.attn``), one of its heads (``L3.H1``) or an MLP (``L3.mlp``); layers
and heads may be a range (``1-3``, ``1-*``) or all (``*``). The methods (:mod:`interp.ablation.methods`) are
``zero``, which is meant where none is written, ``mean`` and ``lookback=N``.

A component has one method; a later term replaces an earlier one. A layer and its heads can both be named:
patterns are replaced first, then heads are switched off, then whole layers.
"""

import re
from difflib import get_close_matches

from interp.ablation.components import COMPONENT_KINDS, Component, components_of
from interp.ablation.methods import DEFAULT_METHOD, METHODS, Method
from interp.ablation.terms import Ablation, Term
from interp.errors import PuzzlescopeError, brief
from interp.model import Config

_TERM = re.compile(r"L(?P<layers>[^.]*)\.(?P<part>[^.:]+)(?::(?P<method>.*))?")
LONGEST_NAME = 20
"""Letters of what may have been meant for a component's name: a longer text is not like any."""
_RANGE = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+|\*))?|(?P<all>\*)")


def parse_ablation(text: str, cfg: Config) -> Ablation:
    """The ablation that a text describes on a model of these sizes. Empty text is no ablation.

    Raises:
        PuzzlescopeError: naming the first bad term and what was expected there.
    """
    terms: list[Term] = []
    for number, piece in enumerate(text.split(","), start=1):
        if piece.strip():
            terms += _parse_term(piece.strip(), f"Ablation term {number}, '{brief(piece)}'", cfg)
        elif text.strip():
            raise PuzzlescopeError(
                f"Ablation term {number} of '{brief(text)}' is empty: remove the comma or name a component."
            )
    return Ablation.of(terms)


def parse_component(text: str, cfg: Config) -> Component:
    """The component that a text such as ``L0.attn`` names.

    Raises:
        PuzzlescopeError: if it names none, or several, or says what is done to it.
    """
    where = f"The component '{brief(text)}'"
    terms = _parse_term(text.strip(), where, cfg)
    if len(terms) != 1 or ":" in text:
        raise PuzzlescopeError(f"{where}: expected a single one such as L0.attn, L1.H3 or L2.mlp.")
    return terms[0].component


def parse_method(text: str, where: str = "The method") -> Method:
    """The method of this text.

    Args:
        where: begins the sentence of an error.

    Raises:
        PuzzlescopeError: if there is no such method.
    """
    for method in METHODS:
        found = method.parse(text, where)
        if found is not None:
            return found
    *others, last = (method.form() for method in METHODS)
    raise PuzzlescopeError(
        f"{where}: expected the method {', '.join(others)} or {last}, got '{brief(text)}'."
    )


def _parse_term(text: str, where: str, cfg: Config) -> list[Term]:
    match = _TERM.fullmatch(text)
    if match is None:
        expected = "a component such as L3.attn, L3.H1 or L1-4.mlp:mean"
        raise PuzzlescopeError(f"{where}: expected {expected}.{_did_you_mean(text, cfg)}")
    method = DEFAULT_METHOD if match["method"] is None else parse_method(match["method"], where)
    components = _parse_components(text, match["layers"], match["part"], where, cfg)
    if not all(method.fits(component) for component in components):
        raise PuzzlescopeError(f"{where}: {method.misfit}.")
    return [Term(component, method) for component in components]


def _did_you_mean(text: str, cfg: Config) -> str:
    """The component whose name is the most like this text, as a question; nothing where none is like it."""
    names = {part.text.lower(): part.text for part in components_of(cfg, COMPONENT_KINDS)}
    written = text.partition(":")[0].strip().lower()[:LONGEST_NAME]
    found = get_close_matches(written, names, n=1, cutoff=0.6)
    return f" Did you mean {names[found[0]]}?" if found else ""


def _parse_components(text: str, layers: str, part: str, where: str, cfg: Config) -> list[Component]:
    chosen = parse_range(layers, cfg.n_layers, "layer", where)
    if part == "attn":
        return [Component(layer, "attn") for layer in chosen]
    if part == "mlp":
        return [Component(layer, "mlp") for layer in chosen]
    if part.startswith("H"):
        heads = parse_range(part[1:], cfg.n_heads, "head", where)
        return [Component(layer, "head", head) for layer in chosen for head in heads]
    expected = "attn, mlp or a head such as H0 after the dot"
    raise PuzzlescopeError(f"{where}: expected {expected}, got '{brief(part)}'.{_did_you_mean(text, cfg)}")


def _number(digits: str) -> int:
    """A number as written, cut where it is beyond any use: Python refuses to read thousands of digits."""
    return int(digits.lstrip("0")[:6] or "0")


def parse_range(text: str, count: int, what: str, where: str) -> range:
    """The numbers that a text as ``3``, ``1-3``, ``1-*`` or ``*`` means, of those below ``count``.

    Args:
        what: they number.
        where: begins the sentence of an error.

    Raises:
        PuzzlescopeError: if it is no such text, or names a number that is not there.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise PuzzlescopeError(
            f"{where}: expected a {what} number, a range such as 1-3, or *, got '{brief(text)}'."
        )
    if match["all"]:
        return range(count)
    first = _number(match["first"])
    last = count - 1 if match["last"] == "*" else _number(match["last"] or match["first"])
    if first >= count or last >= count:
        raise PuzzlescopeError(
            f"{where}: there is no {what} {max(first, last)}, the model has {what}s 0 to {count - 1}."
        )
    if first > last:
        raise PuzzlescopeError(f"{where}: the range {brief(text)} runs backwards.")
    return range(first, last + 1)
