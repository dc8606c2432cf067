"""Methods that recipes written for TransformerLens call on a model, under the library's names.

:class:`Recipes` is the part of :class:`interp.model.network.PuzzleGPT` that they use: weights stacked over
layers, circuits as ``FactoredMatrix``, biases that are not there as zeros, switches of the costly hook
points, names of tokens, and hooks set by name. :mod:`interp.model.network` computes; nothing here does.
"""

import difflib
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformer_lens import FactoredMatrix, HookedRootModule
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.matrix import composition_scores
from transformer_lens.utilities.slice import Slice

from interp.errors import PuzzlescopeError
from interp.model.arguments import whole_numbers
from interp.model.config import SWITCHES, Config
from interp.tokens import START, TOKEN_NAMES

NamesFilter = str | Collection[str] | Callable[[str], bool] | None

_PER_HEAD = (
    "hook_q",
    "hook_k",
    "hook_v",
    "hook_z",
    "hook_result",
    *SWITCHES["use_split_qkv_input"],
    "hook_attn_in",
)
"""Activations ``[..., pos, head, width]``. All others have their position, or that of the query, second to
last."""


class HeadLabels(list[str]):
    """``L0H0, L0H1, ...``: a list, and also a function that returns it, for recipes of either age."""

    def __call__(self) -> list[str]:
        return list(self)


class Recipes(HookedRootModule):
    """The part of a model that recipes written for TransformerLens use."""

    cfg: Config
    W_Q: Tensor
    W_K: Tensor
    W_V: Tensor
    W_O: Tensor
    W_U: Tensor
    b_out: Tensor
    tokenizer = None
    W_gate = None

    # ---- weights -------------------------------------------------------------------------------------------

    W_E_pos = property(lambda self: torch.cat([self.W_E, self.W_pos]))
    b_Q = property(lambda self: self._stack("attn", "b_Q"))
    b_K = property(lambda self: self._stack("attn", "b_K"))
    b_V = property(lambda self: self._stack("attn", "b_V"))
    b_O = property(lambda self: self._stack("attn", "b_O"))

    @property
    def QK(self) -> FactoredMatrix:
        """``W_Q W_K^T`` of every head ``[layer, head, d_model, d_model]``: query times this times key is a
        score, unscaled."""
        return FactoredMatrix(self.W_Q, self.W_K.transpose(-1, -2))

    @property
    def OV(self) -> FactoredMatrix:
        """``W_V W_O`` of every head ``[layer, head, d_model, d_model]``: what it writes of what it attends
        to."""
        return FactoredMatrix(self.W_V, self.W_O)

    @property
    def all_head_labels(self) -> HeadLabels:
        """The names ``L0H0, L0H1, ...`` of all heads, layer by layer."""
        layers, heads = range(self.cfg.n_layers), range(self.cfg.n_heads)
        return HeadLabels(f"L{layer}H{head}" for layer in layers for head in heads)

    def all_composition_scores(self, mode: str) -> Float[Tensor, "layer head reading_layer reading_head"]:
        """How much every head reads of what every earlier one writes, as its query, key or value: ``|A B| /
        (|A| |B|)`` in Frobenius norms, 0 where the reader does not come later (Elhage et al., 2021, "A
        mathematical framework for transformer circuits"). LayerNorms are left out;
        :mod:`interp.analyses.composition` reckons with them.

        Raises:
            PuzzlescopeError: if ``mode`` is none of Q, K, V.
        """
        if mode not in ("Q", "K", "V"):
            raise PuzzlescopeError(f"Composition is by 'Q', 'K' or 'V', got {mode!r}.")
        reads = {"Q": self.QK, "K": self.QK.T, "V": self.OV}[mode]
        scores = composition_scores(self.OV, reads, broadcast_dims=True)
        layers = torch.arange(self.cfg.n_layers, device=scores.device)
        later = layers[:, None, None, None] < layers[:, None]
        return scores.where(later, torch.zeros_like(scores))

    def accumulated_bias(
        self, layer: int, mlp_input: bool = False, include_mlp_biases: bool = True
    ) -> Float[Tensor, " d_model"]:
        """The sum of the biases written to the stream below a layer: the MLPs', for attention has none."""
        return self.b_out[:layer].sum(0) if include_mlp_biases else torch.zeros_like(self.b_out[0])

    # ---- tokens --------------------------------------------------------------------------------------------

    def tokens_to_residual_directions(
        self, tokens: Int[Tensor, "*batch"] | int | str
    ) -> Float[Tensor, "*batch d_model"]:
        """The direction that raises a token's logit (asked by ActivationCache.logit_attrs)."""
        if isinstance(tokens, str):
            tokens = self.to_single_token(tokens)
        return self.W_U.T[tokens]

    def to_single_token(self, name: str) -> int:
        """The token of a name: ``"7"`` is colour 7, ``"f(X)"`` a marker.

        Raises:
            PuzzlescopeError: if there is none of this name.
        """
        if name.strip() not in TOKEN_NAMES:
            raise PuzzlescopeError(f"No token is named {name!r}: the tokens are {' '.join(TOKEN_NAMES)}.")
        return TOKEN_NAMES.index(name.strip())

    def to_tokens(self, tokens: Any, prepend_bos: bool = False) -> Int[Tensor, "batch pos"]:
        """Tokens as the model reads them, from numbers or from names with spaces between: ``"0 X 5 5 0"``.

        Args:
            tokens: a tensor, array or lists of whole numbers, ``[pos]`` or ``[batch, pos]``; or one text.
            prepend_bos: put the start token in front. Tokens of puzzles for this model already have it.
        """
        if isinstance(tokens, str):
            tokens = [self.to_single_token(name) for name in tokens.split()]
        found = whole_numbers(tokens)
        if prepend_bos:
            found = torch.cat([torch.full_like(found[:, :1], START), found], dim=1)
        return found.to(self.W_U.device)

    def to_str_tokens(self, tokens: Any, prepend_bos: bool = False) -> list[str]:
        """The names of one row of tokens."""
        rows = self.to_tokens(tokens, prepend_bos)
        if len(rows) != 1:
            raise PuzzlescopeError(f"Names are of one row of tokens, got {len(rows)} rows.")
        return [TOKEN_NAMES[token] for token in rows[0].tolist()]

    def to_string(self, tokens: Any) -> str:
        """The names of one row of tokens, with spaces between."""
        return " ".join(self.to_str_tokens(tokens))

    # ---- switches ------------------------------------------------------------------------------------------

    def set_use_attn_result(self, use: bool) -> None:
        """Show what each head adds to the stream: ``attn.hook_result``, ``[batch, pos, head, d_model]``."""
        self.cfg.use_attn_result = use

    def set_use_split_qkv_input(self, use: bool) -> None:
        """Give every head's query, key and value a copy of the stream of its own, before the LayerNorm:
        ``hook_q_input``, ``hook_k_input``, ``hook_v_input``, each ``[batch, pos, head, d_model]``."""
        self.cfg.use_split_qkv_input = use

    def set_use_attn_in(self, use: bool) -> None:
        """Give every head a copy of the stream of its own, before the LayerNorm: ``hook_attn_in``."""
        self.cfg.use_attn_in = use

    def set_use_hook_mlp_in(self, use: bool) -> None:
        """Give the MLP a copy of the stream of its own, before the LayerNorm: ``hook_mlp_in``."""
        self.cfg.use_hook_mlp_in = use

    # ---- hooks by name -------------------------------------------------------------------------------------

    def add_hook(
        self,
        name: str | Callable[[str], bool],
        hook: Callable[..., Any],
        dir: Literal["fwd", "bwd"] = "fwd",
        is_permanent: bool = False,
        level: int | None = None,
        prepend: bool = False,
    ) -> None:
        """Set a hook until ``reset_hooks``.

        Args:
            name: of a hook point, or a function that says of each name whether it is meant.
            hook: called as ``hook(activation, hook=point)``; what it returns takes the activation's place,
                unless ``None``.
            dir: "bwd" for gradients.
            is_permanent: ``reset_hooks`` leaves it.
            prepend: before the hooks that are there.

        Raises:
            PuzzlescopeError: if there is no hook point of this name, or its switch is off.
        """
        for point in self._points(name):
            point.add_hook(hook, dir=dir, is_permanent=is_permanent, level=level, prepend=prepend)

    def _enable_hook(
        self, name: str | Callable[[str], bool], hook: Callable[..., Any], dir: Literal["fwd", "bwd"]
    ) -> None:
        for point in self._points(name):
            point.add_hook(hook, dir=dir, level=self.context_level)

    def _points(self, name: str | Callable[[str], bool]) -> list[HookPoint]:
        """The hook points that a name, or a function of names, means."""
        if isinstance(name, str):
            self._check_names([name])
            return [self.hook_dict[name]]
        chosen = [candidate for candidate in self.hook_dict if name(candidate)]
        # The inputs of heads have two points in a row, one under each name in use: a function that means both
        # means one.
        twins = {
            candidate.replace(".hook_", ".attn.hook_") for candidate in chosen if ".attn." not in candidate
        }
        return [self.hook_dict[candidate] for candidate in chosen if candidate not in twins]

    def _check_names(self, names: Collection[str]) -> None:
        for name in names:
            if name not in self.hook_dict:
                close = difflib.get_close_matches(str(name), self.hook_dict, n=1)
                meant = f"did you mean {close[0]}?" if close else "model.hook_dict has them all."
                raise PuzzlescopeError(f"There is no hook point {name!r}: {meant}")
            switch = next((s for s, points in SWITCHES.items() if name.endswith(points)), None)
            if switch and not getattr(self.cfg, switch):
                raise PuzzlescopeError(
                    f"The hook point {name} is switched off: call model.set_{switch}(True) first."
                )

    # ---- keeping activations -------------------------------------------------------------------------------

    def get_caching_hooks(
        self,
        names_filter: NamesFilter = None,
        incl_bwd: bool = False,
        device: str | torch.device | None = None,
        remove_batch_dim: bool = False,
        cache: dict[str, Tensor] | None = None,
        pos_slice: Any = None,
    ) -> tuple[
        dict[str, Tensor], list[tuple[str, Callable[..., None]]], list[tuple[str, Callable[..., None]]]
    ]:
        """A dictionary, and the forward and backward hooks that will fill it. They are not set yet.

        Args:
            names_filter: a hook point's name, several, or a function that says of each name whether it is
                meant.
            incl_bwd: keep gradients too, as ``<name>_grad``.
            device: where to keep them.
            remove_batch_dim: drop the first axis, which must be of size 1.
            cache: the dictionary to fill.
            pos_slice: the positions to keep, as TransformerLens's ``Slice`` takes them.

        Raises:
            PuzzlescopeError: if there is no hook point of a name, or its switch is off.
        """
        kept: dict[str, Tensor] = {} if cache is None else cache
        chosen = Slice.unwrap(pos_slice)

        def keep(found: Tensor, hook: HookPoint, suffix: str = "") -> None:
            found = found.detach().to(device)
            if remove_batch_dim:
                found = found[0] if len(found) == 1 else found
            axis = -3 if str(hook.name).endswith(_PER_HEAD) else -2
            kept[f"{hook.name}{suffix}"] = chosen.apply(found, dim=axis)

        self.is_caching = True
        names = self._meant(names_filter)
        keep_gradient: Callable[..., None] = partial(keep, suffix="_grad")
        backward = [(name, keep_gradient) for name in names] if incl_bwd else []
        return kept, [(name, keep) for name in names], backward

    def _meant(self, names_filter: NamesFilter) -> list[str]:
        on = [name for name in self.hook_dict if not name.endswith(tuple(self._silent()))]
        if names_filter is None:
            return on
        if callable(names_filter):
            return [name for name in on if names_filter(name)]
        names = [names_filter] if isinstance(names_filter, str) else list(names_filter)
        self._check_names(names)
        return [name for name in on if name in names]

    def _silent(self) -> list[str]:
        """The ends of the names of hook points that are switched off."""
        return [end for switch, ends in SWITCHES.items() if not getattr(self.cfg, switch) for end in ends]
