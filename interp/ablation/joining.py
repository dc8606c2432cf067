"""The shortest text of an ablation: terms with runs of layers, and of heads, joined."""

from collections.abc import Iterable
from itertools import groupby

from interp.ablation.components import Component, ComponentKind
from interp.ablation.methods import DEFAULT_METHOD, Method

Item = tuple[Component, Method]
Joined = tuple[str, str, str]
"""Layers, which part of them, method: ("1-3", "attn", "zero")."""

_KIND_ORDER: dict[ComponentKind, int] = {"attn": 0, "head": 1, "mlp": 2}


def order_in_layer(component: Component, method: Method) -> tuple[int, int, str, int]:
    """Where a term stands among those of its layer; the layer comes last, so that equal terms of several
    layers stand together."""
    return _KIND_ORDER[component.kind], component.head or 0, method.text, component.layer


def joined_text(terms: Iterable[Item]) -> str:
    """The shortest text that parses to these components and their methods."""
    return ",".join(_join_heads(_join_layers(terms)))


def _join_layers(terms: Iterable[Item]) -> list[Joined]:
    joined = []
    ordered = sorted(terms, key=lambda term: order_in_layer(*term))
    for (part, method), group in groupby(ordered, key=lambda term: (term[0].part, term[1].text)):
        joined += [(run, part, method) for run in runs_of(component.layer for component, _ in group)]
    return joined


def _join_heads(parts: list[Joined]) -> list[str]:
    """Texts of terms with runs of heads of the same layers and method joined."""
    texts = []
    heads = [p for p in parts if p[1].startswith("H")]
    for key in dict.fromkeys((layers, method) for layers, _, method in heads):
        own = sorted(int(part[1:]) for layers, part, method in heads if (layers, method) == key)
        texts += [(key[0], f"H{run}", key[1]) for run in runs_of(own)]
    rest = [p for p in parts if not p[1].startswith("H")]
    mlp = [p for p in rest if p[1] == "mlp"]
    ordered = sorted((p for p in rest if p not in mlp), key=lambda p: int(p[0].split("-")[0])) + texts + mlp
    return [
        f"L{layers}.{part}" + ("" if method == DEFAULT_METHOD.text else f":{method}")
        for layers, part, method in ordered
    ]


def runs_of(numbers: Iterable[int]) -> list[str]:
    """Ascending numbers as texts of their runs: 1, 2, 3, 7 -> '1-3', '7'."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
