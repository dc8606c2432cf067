"""Frozen values for what is ablated: a term is a component and its method, an ablation a set of terms."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from interp.ablation.components import Component
from interp.ablation.joining import joined_text, order_in_layer
from interp.ablation.methods import DEFAULT_METHOD, Method
from interp.errors import PuzzlescopeError
from interp.model import Config


@dataclass(frozen=True)
class Term:
    """One component and what is done to it."""

    component: Component
    method: Method = DEFAULT_METHOD


@dataclass(frozen=True)
class Ablation:
    """A set of terms, at most one for each component, in a canonical order."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def of(cls, terms: Iterable[Term]) -> "Ablation":
        """The ablation of these terms; a later one replaces an earlier one of the same component."""
        latest = {term.component: term for term in terms}
        return cls(tuple(sorted(latest.values(), key=_order)))

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def components(self) -> dict[Component, Method]:
        return {term.component: term.method for term in self.terms}

    @property
    def needs_means(self) -> bool:
        """Whether one of its methods needs the reference means, or something else of theirs."""
        return any(term.method.needs_means for term in self.terms)

    @property
    def text(self) -> str:
        """The shortest text that parses to this ablation on any model that has its components."""
        return joined_text(self.components.items())

    def with_term(self, term: Term) -> "Ablation":
        return Ablation.of((*self.terms, term))

    def without(self, component: Component) -> "Ablation":
        return Ablation(tuple(term for term in self.terms if term.component != component))


def _order(term: Term) -> tuple[int, int, int, str, int]:
    return term.component.layer, *order_in_layer(term.component, term.method)


NO_ABLATION = Ablation()


def heads_off(ablation: Ablation, cfg: Config) -> Bool[np.ndarray, "layer head"]:
    """Which heads write nothing of what they look at: they, or their whole layer, are silenced
    (:attr:`interp.ablation.Method.silences`)."""
    off = np.zeros((cfg.n_layers, cfg.n_heads), dtype=bool)
    for part, method in ablation.components.items():
        if part.kind != "mlp" and method.silences:
            off[part.layer, slice(None) if part.head is None else part.head] = True
    return off


def by_heads(ablation: Ablation, cfg: Config) -> Ablation:
    """The same with another output for all heads of a layer in the place of one for its attention as a whole:
    of a planted circuit, in which every head is read by itself. A method that has a value of its own for the
    whole is left as it is, and so is one that only says where heads look."""
    whole = [
        term
        for term in ablation.terms
        if term.component.kind == "attn" and not term.method.changes_pattern and term.method.splits
    ]
    heads = (
        Term(Component(term.component.layer, "head", head), term.method)
        for term in whole
        for head in range(cfg.n_heads)
    )
    return Ablation.of((*(term for term in ablation.terms if term not in whole), *heads))


def check_ablation(ablation: Ablation, cfg: Config) -> None:
    """See that a model of these sizes has what an ablation switches off, which may have been made for
    another.

    Raises:
        PuzzlescopeError: if it does not.
    """
    for term in ablation.terms:
        part = term.component
        if not (0 <= part.layer < cfg.n_layers and 0 <= (part.head or 0) < cfg.n_heads):
            raise PuzzlescopeError(
                f"The ablation names {part.text}, which this model does not have: it has layers 0 to"
                f" {cfg.n_layers - 1} and heads 0 to {cfg.n_heads - 1}; parse its text again with this"
                " model's cfg."
            )
        if (part.kind == "head") != (part.head is not None):
            raise PuzzlescopeError(
                f"A head is named by its number and nothing else is: Component({part.layer}, {part.kind!r},"
                f" {part.head})."
            )
        if not term.method.fits(part):
            raise PuzzlescopeError(f"{part.text}: {term.method.misfit}, got {term.method.text}.")
