"""What is switched off: frozen values, their text, and the hooks that carry them out.

The text is the same in the URL, on the command line and in exports: terms joined by commas,
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
and heads may be a range (``1-3``, ``1-*``) or all (``*``). Methods:

* ``zero`` (the default): the component writes nothing to the residual stream.
* ``mean``: it writes its mean output at each position, over reference puzzles in the same order of the grids
  (:mod:`interp.ablation.means`).
* ``lookback=N``: its attention pattern is replaced by "exactly N positions back" (position 0 where there are
  fewer).

A component has one method; a later term replaces an earlier one. A layer and its heads can both be named:
patterns are replaced first, then heads are switched off, then whole layers.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation.means import ReferenceMeans, RowMeans
from interp.errors import PuzzlescopeError, brief
from interp.model import Config, PuzzleGPT
from interp.tokens import N_CTX

Kind = Literal["attn", "head", "mlp"]
Hook = tuple[str | Callable[..., Any], Callable[..., Any]]
"""What ``run_with_hooks`` takes: a hook point's name and a function of its activation."""

_KIND_ORDER: dict[Kind, int] = {"attn": 0, "head": 1, "mlp": 2}
_TERM = re.compile(r"L(?P<layers>[^.]*)\.(?P<part>[^.:]+)(?::(?P<method>.*))?")
_RANGE = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+|\*))?|(?P<all>\*)")
_LOOKBACK = re.compile(r"lookback=(\d+)")


@dataclass(frozen=True)
class Component:
    """A part of the model that can be switched off. ``head`` is given for heads only."""

    layer: int
    kind: Kind
    head: int | None = None

    @property
    def text(self) -> str:
        return f"L{self.layer}.{self.part}"

    @property
    def part(self) -> str:
        return f"H{self.head}" if self.kind == "head" else self.kind


@dataclass(frozen=True)
class Method:
    """How a component is switched off. ``offset`` is given for lookback only."""

    kind: Literal["zero", "mean", "lookback"] = "zero"
    offset: int | None = None

    @property
    def text(self) -> str:
        return f"lookback={self.offset}" if self.kind == "lookback" else self.kind


ZERO, MEAN = Method("zero"), Method("mean")


@dataclass(frozen=True)
class Term:
    """One component and what is done to it."""

    component: Component
    method: Method = ZERO

    @property
    def _order(self) -> tuple[int, int, str, int]:
        part = self.component
        return _KIND_ORDER[part.kind], part.head or 0, self.method.text, part.layer


@dataclass(frozen=True)
class Ablation:
    """A set of terms, at most one for each component, in a canonical order."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def of(cls, terms: Iterable[Term]) -> "Ablation":
        """The ablation of these terms; a later one replaces an earlier one of the same component."""
        latest = {term.component: term for term in terms}
        return cls(tuple(sorted(latest.values(), key=lambda term: (term.component.layer, *term._order))))

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def components(self) -> dict[Component, Method]:
        return {term.component: term.method for term in self.terms}

    @property
    def uses_mean(self) -> bool:
        return any(term.method == MEAN for term in self.terms)

    @property
    def text(self) -> str:
        """The shortest text that parses to this ablation on any model that has its components."""
        return ",".join(_join_heads(_join_layers(self.terms)))

    def with_term(self, term: Term) -> "Ablation":
        return Ablation.of((*self.terms, term))

    def without(self, component: Component) -> "Ablation":
        return Ablation(tuple(term for term in self.terms if term.component != component))


NO_ABLATION = Ablation()


def _join_layers(terms: Iterable[Term]) -> list[tuple[str, str, str]]:
    """(layers, part, method) with runs of layers joined."""
    joined = []
    ordered = sorted(terms, key=lambda term: term._order)
    for (part, method), group in groupby(ordered, key=lambda term: (term.component.part, term.method.text)):
        joined += [(run, part, method) for run in _runs(term.component.layer for term in group)]
    return joined


def _join_heads(parts: list[tuple[str, str, str]]) -> list[str]:
    """Texts of terms with runs of heads of the same layers and method joined."""
    texts = []
    heads = [p for p in parts if p[1].startswith("H")]
    for key in dict.fromkeys((layers, method) for layers, _, method in heads):
        own = sorted(int(part[1:]) for layers, part, method in heads if (layers, method) == key)
        texts += [(key[0], f"H{run}", key[1]) for run in _runs(own)]
    rest = [p for p in parts if not p[1].startswith("H")]
    mlp = [p for p in rest if p[1] == "mlp"]
    ordered = sorted((p for p in rest if p not in mlp), key=lambda p: int(p[0].split("-")[0])) + texts + mlp
    return [
        f"L{layers}.{part}" + ("" if method == "zero" else f":{method}") for layers, part, method in ordered
    ]


def _runs(numbers: Iterable[int]) -> list[str]:
    """Ascending numbers as texts of their runs: 1, 2, 3, 7 -> '1-3', '7'."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]


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


def _parse_term(text: str, where: str, cfg: Config) -> list[Term]:
    match = _TERM.fullmatch(text)
    if match is None:
        raise PuzzlescopeError(f"{where}: expected a component such as L3.attn, L3.H1 or L1-4.mlp:mean.")
    method = parse_method(match["method"], where)
    layers = _parse_range(match["layers"], cfg.n_layers, "layer", where)
    part = match["part"]
    if part == "attn":
        components = [Component(layer, "attn") for layer in layers]
    elif part == "mlp":
        components = [Component(layer, "mlp") for layer in layers]
    elif part.startswith("H"):
        heads = _parse_range(part[1:], cfg.n_heads, "head", where)
        components = [Component(layer, "head", head) for layer in layers for head in heads]
    else:
        raise PuzzlescopeError(
            f"{where}: expected attn, mlp or a head such as H0 after the dot, got '{brief(part)}'."
        )
    if method.kind == "lookback" and part == "mlp":
        raise PuzzlescopeError(f"{where}: an MLP has no attention pattern; lookback is for attn and heads.")
    return [Term(component, method) for component in components]


def parse_method(text: str | None, where: str = "The method") -> Method:
    """The method of this text; none is zero. ``where`` begins the sentence of the error.

    Raises:
        PuzzlescopeError: if there is no such method.
    """
    if text is None or text == "zero":
        return ZERO
    if text == "mean":
        return MEAN
    lookback = _LOOKBACK.fullmatch(text)
    if lookback is None:
        raise PuzzlescopeError(f"{where}: expected the method zero, mean or lookback=N, got '{brief(text)}'.")
    offset = _number(lookback[1])
    if offset >= N_CTX:
        raise PuzzlescopeError(
            f"{where}: lookback must be 0 to {N_CTX - 1} positions, got {lookback[1][:12]}."
        )
    return Method("lookback", offset)


def _number(digits: str) -> int:
    """A number as written, cut where it is beyond any use: Python refuses to read thousands of digits."""
    return int(digits.lstrip("0")[:6] or "0")


def _parse_range(text: str, count: int, what: str, where: str) -> range:
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


def heads_off(ablation: Ablation, cfg: Config) -> Bool[np.ndarray, "layer head"]:
    """Which heads write nothing of what they look at: they, or their whole layer, are at zero or at a
    mean."""
    off = np.zeros((cfg.n_layers, cfg.n_heads), dtype=bool)
    for part, method in ablation.components.items():
        if part.kind != "mlp" and method.kind != "lookback":
            off[part.layer, slice(None) if part.head is None else part.head] = True
    return off


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
                f" {cfg.n_layers - 1} and"
                f" heads 0 to {cfg.n_heads - 1}; parse its text again with this model's cfg."
            )
        if (part.kind == "head") != (part.head is not None):
            raise PuzzlescopeError(
                f"A head is named by its number and nothing else is: Component({part.layer}, {part.kind!r},"
                f" {part.head})."
            )
        if term.method.kind != "lookback":
            continue
        if part.kind == "mlp" or term.method.offset is None or not 0 <= term.method.offset < N_CTX:
            raise PuzzlescopeError(
                f"{part.text}: lookback is for attn and heads, 0 to {N_CTX - 1} positions, got"
                f" {term.method.text}."
            )


def means_for(
    model: PuzzleGPT,
    prompt: Int[Tensor, "row pos"],
    means: ReferenceMeans | None,
    *,
    used: bool,
) -> RowMeans | None:
    """The means that the rows of a batch need, if they need any.

    Raises:
        PuzzlescopeError: if they do and none are given, or those of other weights or other puzzles.
    """
    if not used:
        return None
    if means is None:
        raise PuzzlescopeError(
            "This ablation puts parts at their mean: give the reference means of the model,"
            " bank_means(model, bank)."
        )
    return means.rows(model, prompt)


def hooks_for(
    model: PuzzleGPT,
    prompt: Int[Tensor, "row pos"],
    ablation: Ablation,
    means: ReferenceMeans | RowMeans | None = None,
    *,
    start: int = 0,
) -> list[Hook]:
    """The forward hooks that carry out an ablation on these puzzles, for ``run_with_hooks(prompt,
    fwd_hooks=...)``.

    Args:
        prompt: whole puzzles or their beginnings, start token included.
        means: needed only if the ablation uses ``mean``; those chosen for the rows, if that was done already.
        start: position of the first token of the run (above 0 while decoding with a key-value cache).

    Raises:
        PuzzlescopeError: if the ablation or the means are of another model, or means are missing.
    """
    check_ablation(ablation, model.cfg)
    if not isinstance(means, RowMeans):
        means = means_for(model, prompt, means, used=ablation.uses_mean)
    return hooks_of(ablation, means, start=start)


def hooks_of(ablation: Ablation, means: RowMeans | None = None, *, start: int = 0) -> list[Hook]:
    """The same, from means that were chosen for the rows already.

    Args:
        ablation: what is switched off.
        means: what ``mean`` puts in place of each row's; needed only if the ablation uses it.
        start: position of the first token of the run (above 0 while decoding with a key-value cache).
    """
    if ablation.uses_mean and means is None:
        raise PuzzlescopeError("This ablation uses means: give the reference means of the model.")
    return [_hook(term, means, start) for term in ablation.terms]


def _hook(term: Term, means: RowMeans | None, start: int) -> Hook:
    part, method = term.component, term.method
    if method.kind == "lookback":
        assert method.offset is not None
        return get_act_name("pattern", part.layer), _look_back(method.offset, part.head)
    here = slice(start, None)
    uses = means if method == MEAN else None
    if part.kind == "head":
        assert part.head is not None
        mean = None if uses is None else uses.z(part.layer, here)[:, :, part.head]
        return get_act_name("z", part.layer), _replace_head(part.head, mean)
    if part.kind == "attn":
        return get_act_name("attn_out", part.layer), _replace(
            None if uses is None else uses.attn_out(part.layer, here)
        )
    return get_act_name("mlp_out", part.layer), _replace(
        None if uses is None else uses.mlp_out(part.layer, here)
    )


def _replace(mean: Tensor | None) -> Callable[[Tensor, HookPoint], Tensor]:
    def run(out: Tensor, hook: HookPoint) -> Tensor:
        return torch.zeros_like(out) if mean is None else mean[:, : out.shape[1]].expand_as(out)

    return run


def _replace_head(head: int, mean: Tensor | None) -> Callable[[Tensor, HookPoint], Tensor]:
    def run(z: Tensor, hook: HookPoint) -> Tensor:
        z = z.clone()
        z[:, :, head] = 0 if mean is None else mean[:, : z.shape[1]]
        return z

    return run


def _look_back(offset: int, head: int | None) -> Callable[[Tensor, HookPoint], Tensor]:
    def run(pattern: Tensor, hook: HookPoint) -> Tensor:
        n_query, n_key = pattern.shape[-2:]
        queries = torch.arange(
            n_key - n_query, n_key, device=pattern.device
        )  # the last positions seen so far
        fixed = torch.zeros(n_query, n_key, dtype=pattern.dtype, device=pattern.device)
        fixed[queries - queries[0], (queries - offset).clamp(min=0)] = 1
        if head is None:
            return fixed.expand_as(pattern)
        pattern = pattern.clone()
        pattern[:, head] = fixed
        return pattern

    return run
