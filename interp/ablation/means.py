"""Reference means: what every part of a model writes on average, which the method ``mean`` puts in its place.

A mean is taken position by position, over puzzles **in the same order of the grids**: position 50 is a cell
of X in one order and of f(Y) in another, and a mean over both would be of neither. A puzzle is given the
means of its own order.

They are always of the model itself: hooks that a user has set are put aside while they are taken
(:mod:`interp.model.hooks`). They carry the id of the weights that they are of, and are refused by any other
model.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformer_lens.utilities.components_utils import get_act_name

from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable
from interp.tokens import MARKERS, N_CTX, START, STRUCTURES, Structure, TokensLike, as_numbers, structure_of

REFERENCE_PUZZLES = 64
"""So many puzzles of the bank, tasks in turn, for each order of the grids."""


@dataclass(frozen=True, eq=False)
class StructureMeans:
    """Mean outputs of every component at every position, start token included, over ``n`` puzzles of one
    structure."""

    z: Float[Tensor, "layer 405 head d_head"]
    attn_out: Float[Tensor, "layer 405 d_model"]
    mlp_out: Float[Tensor, "layer 405 d_model"]
    n: int

    @property
    def nbytes(self) -> int:
        return self.z.nbytes + self.attn_out.nbytes + self.mlp_out.nbytes

    def like(self, weight: Tensor) -> "StructureMeans":
        """The same in a weight's precision and on its device."""
        return StructureMeans(self.z.to(weight), self.attn_out.to(weight), self.mlp_out.to(weight), self.n)


@dataclass(frozen=True, eq=False)
class ReferenceMeans:
    """Mean outputs of a model's components, for each structure of puzzles that they were taken over.

    Attributes:
        checkpoint_id: of the weights that they are of (:attr:`interp.model.PuzzleGPT.checkpoint_id`).
        of: the means of each structure.
    """

    checkpoint_id: str
    of: Mapping[Structure, StructureMeans]

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return sum(means.nbytes for means in self.of.values())

    @property
    def z(self) -> Float[Tensor, "structure layer 405 head d_head"]:
        """What the heads write on average, structures in the order of ``of``."""
        return torch.stack([means.z for means in self.of.values()])

    @property
    def attn_out(self) -> Float[Tensor, "structure layer 405 d_model"]:
        """The same of the attention as a whole."""
        return torch.stack([means.attn_out for means in self.of.values()])

    @property
    def mlp_out(self) -> Float[Tensor, "structure layer 405 d_model"]:
        """The same of the MLPs."""
        return torch.stack([means.mlp_out for means in self.of.values()])

    def rows(self, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]) -> "RowMeans":
        """The means for the rows of a batch, each by the structure of its puzzle.

        Args:
            model: that is about to be run.
            prompt: whole puzzles, or their beginnings, start token included.

        Raises:
            PuzzlescopeError: if these are the means of other weights, or of puzzles in other orders than
                these.
        """
        if self.checkpoint_id != model.checkpoint_id:
            raise PuzzlescopeError(
                f"These reference means are of the model {self.checkpoint_id}, this one is"
                f" {model.checkpoint_id} (its weights as they are now): take them anew with"
                " bank_means(model, bank)."
            )
        wanted = _structures(prompt)
        for structure in wanted:
            if structure not in self.of:
                raise PuzzlescopeError(
                    f"These reference means are of puzzles in the order"
                    f" {'; '.join(s.name for s in self.of)}, and this one"
                    f" is {structure.name}: take them over puzzles in that order too."
                )
        known = list(dict.fromkeys(wanted))
        which = torch.tensor([known.index(structure) for structure in wanted], device=model.device)
        return RowMeans(tuple(self.of[structure].like(model.W_E) for structure in known), which)


@dataclass(frozen=True, eq=False)
class RowMeans:
    """The reference means for the rows of a batch.

    Attributes:
        parts: means of the structures among them.
        which: number of each row's among these.
    """

    parts: tuple[StructureMeans, ...]
    which: Int[Tensor, " row"]

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "RowMeans":
        """Those of some of the rows."""
        return RowMeans(self.parts, self.which[rows])

    def times(self, n: int) -> "RowMeans":
        """Those of ``n`` such batches, one after the other."""
        return RowMeans(self.parts, self.which.repeat(n))

    def z(self, layer: int, here: slice) -> Float[Tensor, "row pos head d_head"]:
        """What the heads of a layer write on average at these positions. One row for all, if all have the
        same."""
        return self._chosen([part.z[layer, here] for part in self.parts])

    def attn_out(self, layer: int, here: slice) -> Float[Tensor, "row pos d_model"]:
        """The same of the attention as a whole."""
        return self._chosen([part.attn_out[layer, here] for part in self.parts])

    def mlp_out(self, layer: int, here: slice) -> Float[Tensor, "row pos d_model"]:
        """The same of the MLP."""
        return self._chosen([part.mlp_out[layer, here] for part in self.parts])

    def _chosen(self, means: list[Tensor]) -> Tensor:
        return means[0][None] if len(means) == 1 else torch.stack(means)[self.which]


def _structures(prompt: Int[Tensor, "row pos"]) -> list[Structure]:
    """The structure of every row, by the marker of its first grid, which is another in each."""
    by_marker = {structure.markers[0]: structure for structure in STRUCTURES}
    firsts = prompt[:, 1].tolist() if prompt.shape[1] > 1 else []
    if not firsts or any(marker not in by_marker for marker in firsts) or bool((prompt[:, 0] != START).any()):
        raise PuzzlescopeError(
            "Means are put in place in puzzles with their start token: expected tokens that begin with"
            f" {START} and a marker ({MARKERS[0]} to {MARKERS[-1]}), got {prompt[:1, :2].tolist()}."
        )
    return [by_marker[marker] for marker in firsts]


# ---- taking them -------------------------------------------------------------------------------------------


@resumable
def bank_means(
    model: PuzzleGPT, bank: PuzzleSet, structures: Collection[Structure] = STRUCTURES
) -> Steps[None, ReferenceMeans]:
    """The means over the fixed reference set, :data:`REFERENCE_PUZZLES` of the bank for each structure: what
    ``mean`` means everywhere.

    Args:
        structures: only these orders of the grids; each takes as long as a forward pass of 64 puzzles.
    """
    chosen = [bank.filter(structure=structure).limit(REFERENCE_PUZZLES) for structure in structures]
    tokens = PuzzleSet("reference", tuple(puzzle for own in chosen for puzzle in own)).tokens
    return (yield from reference_means.steps(model, model.prompt(tokens), batch=1))


@resumable
def reference_means(model: PuzzleGPT, tokens: TokensLike, *, batch: int = 16) -> Steps[None, ReferenceMeans]:
    """The means over these puzzles, of each structure among them, on the model without anybody's hooks.

    Args:
        tokens: as the model reads them, ``[puzzle, 405]``, start token included
            (:func:`interp.tokens.with_start`): only so it is sure which position each is at.

    Raises:
        PuzzlescopeError: if there is none, or they are not whole puzzles behind a start token.
    """
    model.check_precision()
    say_ignored(model, "reference means")
    checkpoint_id = model.checkpoint_id
    found: dict[Structure, StructureMeans] = {}
    for structure, own in _by_structure(_as_tensor(tokens).to(model.device)).items():
        found[structure] = yield from _means_of(model, own, batch)
    return ReferenceMeans(checkpoint_id, found)


_EXPECTED = (
    "Reference means are taken over puzzles as the model reads them: expected whole numbers"
    f" [puzzles, {N_CTX}] with the start token {START} in front (interp.tokens.with_start puts it there)"
)


def _as_tensor(tokens: TokensLike) -> Tensor:
    """Numbers, of whatever type and shape they are."""
    if isinstance(tokens, Tensor):
        return tokens
    found = as_numbers(tokens, _EXPECTED)
    if found.dtype.kind not in "biuf":
        raise PuzzlescopeError(f"{_EXPECTED}, got {found.dtype} {list(found.shape)}.")
    return torch.as_tensor(found)


def _by_structure(tokens: Tensor) -> dict[Structure, Int[Tensor, "puzzle 405"]]:
    """The puzzles of each structure."""
    if (
        tokens.ndim != 2
        or tokens.shape[1] != N_CTX
        or len(tokens) == 0
        or bool((tokens[:, 0] != START).any())
    ):
        got = f"{str(tokens.dtype).removeprefix('torch.')} {list(tokens.shape)}"
        raise PuzzlescopeError(f"{_EXPECTED}, got {got}.")
    structures = [structure_of(row) for row in tokens[:, 1:].cpu().numpy()]
    return {
        structure: tokens[torch.tensor([own == structure for own in structures], device=tokens.device)].long()
        for structure in dict.fromkeys(structures)
    }


def _means_of(model: PuzzleGPT, tokens: Int[Tensor, "puzzle 405"], batch: int) -> Steps[None, StructureMeans]:
    """The means over puzzles of one structure. No hook of a user's is in a step, and none is gone after
    it."""
    names = ("z", "attn_out", "mlp_out")
    wanted = [get_act_name(name, layer) for name in names for layer in range(model.cfg.n_layers)]
    sums: dict[str, Tensor] = {}
    for chunk in tokens.split(batch):
        with model.without_hooks():
            _, cache = model.run_with_cache(chunk, return_type=None, names_filter=wanted)
        for name in names:
            total = torch.stack([cache[name, layer].sum(0) for layer in range(model.cfg.n_layers)])
            sums[name] = sums[name] + total if name in sums else total
        yield None
    return StructureMeans(**{name: total / len(tokens) for name, total in sums.items()}, n=len(tokens))


def joined(parts: Iterable[ReferenceMeans]) -> ReferenceMeans:
    """The means of several sets of structures of the same weights together."""
    first, *others = parts
    assert all(other.checkpoint_id == first.checkpoint_id for other in others)
    return ReferenceMeans(
        first.checkpoint_id, {s: own for part in (first, *others) for s, own in part.of.items()}
    )
