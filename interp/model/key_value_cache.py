"""What decoding keeps of the positions before."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.model.config import Config


class KeyValueCache:
    """Keys and values of every layer for the positions seen so far, so that decoding feeds one token at a
    time."""

    def __init__(
        self, cfg: Config, batch: int, device: torch.device | None = None, dtype: torch.dtype = torch.float32
    ):
        shape = (cfg.n_layers, batch, cfg.n_heads, cfg.n_ctx)
        self.keys = torch.empty(*shape, cfg.query_width, device=device, dtype=dtype)
        self.values = torch.empty(*shape, cfg.d_head, device=device, dtype=dtype)
        self.length = 0

    def append(
        self, layer: int, k: Float[Tensor, "batch head pos d_qk"], v: Float[Tensor, "batch head pos d_head"]
    ) -> tuple[Float[Tensor, "batch head key d_qk"], Float[Tensor, "batch head key d_head"]]:
        """Store new positions of one layer after the ``length`` known ones; return all of that layer's."""
        if self.keys.dtype != k.dtype:
            self.keys, self.values = self.keys.to(k.dtype), self.values.to(k.dtype)
        end = self.length + k.shape[2]
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def truncate(self, length: int) -> None:
        """Forget every position from ``length`` on."""
        assert 0 <= length <= self.length
        self.length = length

    def select(self, rows: Int[Tensor, " row"]) -> "KeyValueCache":
        """A cache that holds only these rows of the batch (a copy)."""
        chosen = object.__new__(KeyValueCache)
        chosen.keys, chosen.values, chosen.length = self.keys[:, rows], self.values[:, rows], self.length
        return chosen
