"""Causal attention in blocks of queries, with its gradient: what makes training on a CPU bearable.

Same result as ``torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)``. PyTorch's fused
kernel has a slow backward pass on CPUs at the head width of our models (about 0.22 s against 0.09 s for 32
puzzles and 8 heads of width 32 on two cores; ``python -m benchmarks.block_attention``). Blocks of queries see
only the keys up to their end, so nearly half of the score matrix is never computed; the patterns are kept for
the backward pass.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

N_BLOCKS = 8


class _BlockCausalAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        q = q * scale
        z = torch.empty((*q.shape[:-1], v.shape[-1]), dtype=v.dtype, device=v.device)
        patterns = []
        for start, end in _blocks(q.shape[2]):
            scores = q[:, :, start:end] @ k[:, :, :end].transpose(-1, -2)
            n = end - start
            future = torch.ones(n, n, dtype=torch.bool, device=q.device).triu(1)
            scores[..., start:].masked_fill_(future, -torch.inf)
            patterns.append(scores.softmax(-1))
            z[:, :, start:end] = patterns[-1] @ v[:, :, :end]
        ctx.save_for_backward(q, k, v, z, *patterns)
        ctx.scale = scale
        return z

    @staticmethod
    @once_differentiable  # the kept patterns have no history: a second derivative would be silently wrong
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        (grad_z,) = grads
        q, k, v, z, *patterns = ctx.saved_tensors
        grad_q = torch.empty_like(q)
        # Every block adds to the keys and values before it: summed in float32, or bfloat16 would lose the
        # small terms.
        wide = torch.promote_types(k.dtype, torch.float32)
        grad_k, grad_v = torch.zeros_like(k, dtype=wide), torch.zeros_like(v, dtype=wide)
        shared = (grad_z * z).sum(-1, keepdim=True)
        for pattern, (start, end) in zip(patterns, _blocks(q.shape[2]), strict=True):
            grad = grad_z[:, :, start:end]
            grad_v[:, :, :end] += pattern.transpose(-1, -2) @ grad
            grad_scores = grad @ v[:, :, :end].transpose(-1, -2)
            grad_scores.sub_(shared[:, :, start:end]).mul_(pattern)
            grad_q[:, :, start:end] = grad_scores @ k[:, :, :end]
            grad_k[:, :, :end] += grad_scores.transpose(-1, -2) @ q[:, :, start:end]
        return grad_q * ctx.scale, grad_k.to(k.dtype), grad_v.to(v.dtype), None


def _blocks(length: int) -> list[tuple[int, int]]:
    size = -(-length // N_BLOCKS)
    return [(start, min(start + size, length)) for start in range(0, length, size)]


def block_causal_attention(
    q: Float[Tensor, "batch head pos d_qk"],
    k: Float[Tensor, "batch head pos d_qk"],
    v: Float[Tensor, "batch head pos d_head"],
    scale: float,
) -> Float[Tensor, "batch head pos d_head"]:
    """softmax(scale q k^T, causal) v, differentiable."""
    with torch.autocast(q.device.type, enabled=False):
        z: Tensor = _BlockCausalAttention.apply(q, k, v, scale)
    return z
