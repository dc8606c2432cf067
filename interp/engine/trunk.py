"""A base run whose residual stream before every layer is kept, and runs that branch off it at a layer.

What is done to a layer (an ablation, a patch, a path taken out) leaves the residual stream before it as it
is. So the stream before every layer of one run, the trunk, is kept, and a run in which something else is done
to layer l starts there. It computes what it would have computed from the start, to the bit: the same sums of
the same numbers.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, RowMeans
from interp.engine.forward import Gates, Past, Residual, embed, gates_of, run_layer, weights_of
from interp.model import PuzzleGPT
from interp.resumable import Steps
from interp.tokens import GRID_TOKENS


class Trunk:
    """The run of some prompts under a base ablation, and the branches off it.

    A branch is a run of all the prompts; several at once have the prompts' rows of the first, then those of
    the second, and so on.

    Args:
        prompt: start token included.
        base: the ablation of the trunk.
        means: those of the prompts' rows; needed if the base or a branch's ablation uses means.
        asked: how many of the last positions are read after the last layer.
        where: the positions at which branches differ, all by default. Before these they leave everything as
            the trunk has it, and share its keys and values.

    Attributes:
        before: the residual stream before each layer, as far as the trunk is grown, at the positions
            ``where`` (``resid_pre``).
        end: the position after the last of ``where``.
        past: keys and values at the positions before ``where``; ``None`` if there are none.
    """

    def __init__(
        self,
        model: PuzzleGPT,
        prompt: Int[Tensor, "prompt pos"],
        base: Ablation = NO_ABLATION,
        means: RowMeans | None = None,
        *,
        asked: int = GRID_TOKENS,
        where: slice | None = None,
    ):
        self.model, self.prompt, self.base, self.means = model, prompt, base, means
        self.weights, self.n_layers = weights_of(model), model.cfg.n_layers
        self.where = where or slice(0, prompt.shape[1])
        self.end = self.where.stop
        self.past = EarlierKeys(self.where.start) if self.where.start else None
        self.before: list[Residual] = []
        self._asked = asked

    def grow(self, past: Past | None = None, known: Sequence[Residual] = ()) -> Steps[None, Residual]:
        """Run the trunk, with a pause after every layer.

        Args:
            past: is given the keys and values of all positions; of a trunk whose branches differ everywhere.
            known: the stream before the first layers, of a run that is the same up to there.

        Returns:
            The stream after the last layer, at the positions asked for.
        """
        gates = self.gates(self.base)
        *begun, resid = known or (embed(self.model, self.prompt),)
        self.before = list(begun)
        for layer in range(len(begun), self.n_layers):
            self.before.append(resid[:, self.where])
            keys = self.past.recorder() if self.past else past
            last = self._asked if self._is_last(layer) else None
            resid = run_layer(self.weights, layer, resid, gates, last=last, kv_cache=keys)
            yield None
        return resid

    def branch(self, layer: int, resid: Residual, gates: Gates) -> Steps[None, Residual]:
        """The rest of a branch, with a pause after every layer.

        Args:
            layer: the first that is still to be run.
            resid: the stream before it, at the positions ``where``.
            gates: of its rows.

        Returns:
            The stream after the last layer, at the positions asked for, or at ``where`` if branches do not
            differ everywhere.
        """
        for later in range(layer, self.n_layers):
            last = self.asked(later)
            resid = run_layer(self.weights, later, resid, gates, last=last, kv_cache=self.past)
            yield None
        return resid

    def asked(self, layer: int) -> int | None:
        """How many of the last positions a branch needs of a layer; ``None``: all."""
        return self._asked if self._is_last(layer) and self.past is None else None

    def gates(self, *ablations: Ablation) -> Gates:
        """The gates of branches with these ablations, one after the other."""
        each = [ablation for ablation in ablations for _ in range(len(self.prompt))]
        means = None if self.means is None else self.means.times(len(ablations))
        return gates_of(each, self.model.cfg, means, self.model.device)

    def _is_last(self, layer: int) -> bool:
        return layer == self.n_layers - 1


class EarlierKeys:
    """Keys and values of a trunk at the positions before those at which its branches differ: a past that all
    branches share (:class:`interp.engine.forward.SharedPast`)."""

    def __init__(self, length: int):
        self.length = length
        self._kept: dict[int, tuple[Tensor, Tensor]] = {}

    def before(
        self, layer: int
    ) -> tuple[Float[Tensor, "prompt head pos d_qk"], Float[Tensor, "prompt head pos d_head"]]:
        return self._kept[layer]

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Those of the layer, the same for every branch, and behind them the rows' own."""
        before_k, before_v = self._kept[layer]
        times = (len(k) // len(before_k), 1, 1, 1)
        return torch.cat([before_k.repeat(times), k], 2), torch.cat([before_v.repeat(times), v], 2)

    def keep(self, layer: int, k: Tensor, v: Tensor) -> None:
        self._kept[layer] = (k[:, :, : self.length], v[:, :, : self.length])

    def recorder(self) -> "_Recorder":
        return _Recorder(self)


class _Recorder:
    """A past of no positions that notes what it is given."""

    length = 0

    def __init__(self, keys: EarlierKeys):
        self._keys = keys

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        self._keys.keep(layer, k, v)
        return k, v
