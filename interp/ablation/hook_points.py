"""Where a component's output and a layer's attention patterns pass a hook, and how one of them is replaced
there."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation.components import Component
from interp.ablation.rows import RowOutputs, RowPatterns

Hook = tuple[str | Callable[..., Any], Callable[..., Any]]
"""What ``run_with_hooks`` takes: a hook point's name and a function of its activation."""

Output = Float[Tensor, "row pos d"]
"""What a component writes: a head its z (before W_O, ``d`` is d_head), an attention layer or an MLP what it
adds to the residual stream (``d`` is d_model)."""


def output_hook(component: Component, replace: Callable[[Output], Output]) -> Hook:
    """A hook that gives a component another output, made of its own."""
    if component.kind != "head":
        return get_act_name(f"{component.kind}_out", component.layer), lambda out, hook: replace(out)
    head = component.head
    assert head is not None

    def run(z: Float[Tensor, "row pos head d_head"], hook: HookPoint) -> Float[Tensor, "row pos head d_head"]:
        z = z.clone()
        z[:, :, head] = replace(z[:, :, head])
        return z

    return get_act_name("z", component.layer), run


def value_of(component: Component, values: RowOutputs, start: int) -> Output:
    """What is put in the place of a component's output, at the positions from ``start`` to the end of a
    puzzle. One row for all, if all have the same."""
    here = slice(start, None)
    if component.kind == "attn":
        return values.attn_out(component.layer, here)
    if component.kind == "mlp":
        return values.mlp_out(component.layer, here)
    assert component.head is not None
    return values.z(component.layer, here)[:, :, component.head]


def lookback_hook(component: Component, offset: int) -> Hook:
    """A hook that fixes a head's attention, or that of all heads of a layer, on exactly ``offset`` positions
    back; on position 0 where there are fewer."""

    def run(
        pattern: Float[Tensor, "row head query key"], hook: HookPoint
    ) -> Float[Tensor, "row head query key"]:
        n_query, n_key = pattern.shape[-2:]
        queries = torch.arange(
            n_key - n_query, n_key, device=pattern.device
        )  # the last positions seen so far
        fixed = torch.zeros(n_query, n_key, dtype=pattern.dtype, device=pattern.device)
        fixed[queries - queries[0], (queries - offset).clamp(min=0)] = 1
        if component.head is None:
            return fixed.expand_as(pattern)
        pattern = pattern.clone()
        pattern[:, component.head] = fixed
        return pattern

    return get_act_name("pattern", component.layer), run


def pattern_hook(component: Component, patterns: RowPatterns, start: int) -> Hook:
    """A hook that puts the mean pattern in the place of a head's own, or of those of all heads of a layer."""

    def run(
        pattern: Float[Tensor, "row head query key"], hook: HookPoint
    ) -> Float[Tensor, "row head query key"]:
        end, pattern = start + pattern.shape[2], pattern.clone()
        heads = range(pattern.shape[1]) if component.head is None else [component.head]
        for head in heads:
            pattern[:, head] = patterns.of_head(component.layer, head, start, end)
        return pattern

    return get_act_name("pattern", component.layer), run
