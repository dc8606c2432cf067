"""The sizes of a model, and the switches of its costly hook points."""

import math
from dataclasses import FrozenInstanceError, asdict, dataclass

import torch

from interp.errors import PuzzlescopeError
from interp.tokens import D_VOCAB, N_CTX

LAYER_NORM_EPS = 1e-5

SWITCHES = {
    "use_attn_result": ("hook_result",),
    "use_split_qkv_input": ("hook_q_input", "hook_k_input", "hook_v_input"),
    "use_attn_in": ("hook_attn_in",),
    "use_hook_mlp_in": ("hook_mlp_in",),
}
"""Switches of the hook points that cost memory or time, off at first, and what they switch on."""


class Switches:
    """The switches of a model's config, the one part of it that may be set: ``model.cfg.use_attn_result =
    True``.

    They say which activations are shown, not what the model is, so they are no part of a config's equality,
    hash or file.
    """

    use_attn_result = False
    use_split_qkv_input = False
    use_attn_in = False
    use_hook_mlp_in = False

    def __setattr__(self, name: str, value: object) -> None:
        if name not in SWITCHES:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        self.__dict__[name] = bool(value)


@dataclass(frozen=True)
class _Sizes:
    n_layers: int = 12
    n_heads: int = 8
    d_model: int = 512
    d_head: int = 64
    d_mlp: int = 2048
    d_qk: int = 0
    n_ctx: int = N_CTX
    d_vocab: int = D_VOCAB

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < (0 if name == "d_qk" else 1):
                raise PuzzlescopeError(f"Model size {name} must be a positive whole number, got {value!r}.")


class Config(Switches, _Sizes):
    """Sizes of a model. The defaults are those of the published 37M-parameter models.

    ``d_head`` is the width of a head's values; queries and keys may have another width ``d_qk`` (0: the
    same). Frozen and hashable; only TransformerLens's switches of costly hook points (``use_attn_result``
    ...) can be set, on the ``cfg`` of a model, which is a copy of its own.
    """

    # Constants of the architecture, under the names that TransformerLens's tools look for.
    act_fn = "relu"
    normalization_type = "LN"
    positional_embedding_type = "standard"
    attn_only = False
    gated_mlp = False
    parallel_attn_mlp = False
    n_key_value_heads = None
    final_rms = True  # ActivationCache then does not centre the final stream, which has no LayerNorm
    eps = LAYER_NORM_EPS
    device = None
    dtype = torch.float32
    model_name = "PuzzleGPT"

    @property
    def query_width(self) -> int:
        return self.d_qk or self.d_head

    @property
    def attn_scale(self) -> float:
        """What scores are divided by."""
        return math.sqrt(self.query_width)

    @property
    def d_vocab_out(self) -> int:
        return self.d_vocab
