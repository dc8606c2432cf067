"""Reference means: what every part of a model writes on average, which the method ``mean`` puts in its place.

A mean is taken position by position, over puzzles **in the same order of the grids**: position 50 is a cell
of X in one order and of f(Y) in another, and a mean over both would be of neither. A puzzle is given the
means of its own order.

They are always of the model itself: hooks that a user has set are put aside while they are taken
(:mod:`interp.model.hooks`). They carry the id of the weights that they are of, and are refused by any other
model.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation.constants import NO_CONSTANTS, Constants
from interp.ablation.recording import mean_outputs, mean_pattern, outputs_of
from interp.ablation.rows import Outputs, RowOutputs, RowPatterns
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable
from interp.tokens import (
    ANSWER_START,
    MARKERS,
    N_CTX,
    START,
    STRUCTURES,
    Structure,
    TokensLike,
    as_numbers,
    structure_of,
)

REFERENCE_PUZZLES = 64
"""So many puzzles of the bank, tasks in turn, for each order of the grids."""


@dataclass(frozen=True, eq=False)
class StructureMeans(Outputs):
    """Mean outputs of every component at every position, start token included, over ``n`` puzzles of one
    structure."""

    n: int


@dataclass(frozen=True, eq=False)
class ReferenceMeans:
    """What methods put in the place of what a model computes: first of all the mean outputs of its
    components, for each structure of puzzles that they were taken over.

    Attributes:
        checkpoint_id: of the weights that they are of (:attr:`interp.model.PuzzleGPT.checkpoint_id`).
        of: the means of each structure.
        patterns: the mean attention pattern of every head, for each structure.
        constants: the trained ones (:mod:`interp.ablation.constants`).
        donors: of each method that takes outputs from another run, the puzzle of that run for each puzzle
            that may be asked about, both as tokens without start token; a puzzle is known by its tokens
            before the answer.
    """

    checkpoint_id: str
    of: Mapping[Structure, StructureMeans] = field(default_factory=dict)
    patterns: Mapping[Structure, Float[Tensor, "layer head 405 405"]] = field(default_factory=dict)
    constants: Constants | None = None
    donors: Mapping[Hashable, Mapping[bytes, bytes]] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        held = 0 if self.constants is None else self.constants.nbytes
        means, patterns = self.of.values(), self.patterns.values()
        return held + sum(one.nbytes for one in means) + sum(one.nbytes for one in patterns)

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

    def check(self, model: PuzzleGPT) -> None:
        """See that they are of this model.

        Raises:
            PuzzlescopeError: if they are of other weights.
        """
        if self.checkpoint_id != model.checkpoint_id:
            raise PuzzlescopeError(
                f"These reference means are of the model {self.checkpoint_id}, this one is"
                f" {model.checkpoint_id} (its weights as they are now): take them anew with"
                " bank_means(model, bank)."
            )

    def mean_rows(self, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]) -> RowOutputs:
        """The means for the rows of a batch, each by the structure of its puzzle.

        Args:
            model: that is about to be run.
            prompt: whole puzzles, or their beginnings, start token included.

        Raises:
            PuzzlescopeError: if these are means of puzzles in other orders than these.
        """
        known, which = _by_row(prompt, self.of)
        return RowOutputs(tuple(self.of[structure].like(model.W_E) for structure in known), which)

    def constant_rows(self, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]) -> RowOutputs:
        """The trained constants for the rows of a batch, as :meth:`mean_rows`."""
        if self.constants is None:
            raise PuzzlescopeError(NO_CONSTANTS)
        known, which = _by_row(prompt, self.of)
        found = (self.constants.outputs(self.of[structure], structure) for structure in known)
        return RowOutputs(tuple(one.like(model.W_E) for one in found), which)

    def pattern_rows(self, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]) -> RowPatterns:
        """The mean patterns for the rows of a batch, as :meth:`mean_rows`."""
        known, which = _by_row(prompt, self.patterns)
        return RowPatterns(tuple(self.patterns[structure].to(model.W_E) for structure in known), which)

    def donor_rows(self, model: PuzzleGPT, prompt: Int[Tensor, "row pos"], method: Hashable) -> RowOutputs:
        """What every component writes in the run of each row's donor: one pass of the model over them.

        Args:
            method: the one that takes from these donors.

        Raises:
            PuzzlescopeError: if a row's puzzle has no donor here.
        """
        donors = self.donors.get(method, {})
        begun = prompt[:, 1:].to(torch.uint8).cpu().numpy()
        wanted = [_donor(donors, row.tobytes(), method) for row in begun]
        known = list(dict.fromkeys(wanted))
        tokens = np.stack([np.frombuffer(one, dtype=np.uint8) for one in known])
        which = torch.tensor([known.index(one) for one in wanted], device=model.device)
        return RowOutputs(outputs_of(model, model.prompt(tokens)), which)


def _donor(donors: Mapping[bytes, bytes], begun: bytes, method: Hashable) -> bytes:
    """The donor of the puzzle that begins with these tokens."""
    asked = begun[: ANSWER_START - 1]
    found = donors.get(asked) or next((donors[key] for key in donors if key.startswith(asked)), None)
    if found is None:
        raise PuzzlescopeError(
            f"These values name no other run for this puzzle, from which {getattr(method, 'text', method)}"
            " could take outputs: make them with means_by(model, bank, puzzles, off) for the puzzles that are"
            " run."
        )
    return found


def _by_row(
    prompt: Int[Tensor, "row pos"], held: Collection[Structure]
) -> tuple[list[Structure], Int[Tensor, " row"]]:
    """The structures among the rows of a batch, and the number of each row's among these."""
    wanted = _structures(prompt)
    for structure in wanted:
        if structure not in held:
            raise PuzzlescopeError(
                f"These reference means are of puzzles in the order"
                f" {'; '.join(s.name for s in held) or 'none'}, and this one"
                f" is {structure.name}: take them over puzzles in that order too."
            )
    known = list(dict.fromkeys(wanted))
    return known, torch.tensor([known.index(structure) for structure in wanted], device=prompt.device)


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
    chosen = [reference_puzzles(bank, structure) for structure in structures]
    tokens = PuzzleSet("reference", tuple(puzzle for own in chosen for puzzle in own)).tokens
    return (yield from reference_means.steps(model, model.prompt(tokens), batch=1))


@resumable
def bank_patterns(
    model: PuzzleGPT, bank: PuzzleSet, structures: Collection[Structure] = STRUCTURES
) -> Steps[None, ReferenceMeans]:
    """The mean attention pattern of every head over the same reference set: what ``pattern`` means
    everywhere. It takes 4 bytes for each head and pair of positions, 32 MB for 48 heads."""
    model.check_precision()
    say_ignored(model, "mean attention patterns", planted=True)
    found = {}
    for structure in structures:
        prompt = model.prompt(reference_puzzles(bank, structure).tokens)
        found[structure] = yield from mean_pattern(model, prompt, 1)
    return ReferenceMeans(model.checkpoint_id, patterns=found)


def reference_puzzles(bank: PuzzleSet, structure: Structure) -> PuzzleSet:
    """The puzzles over which what is usual in this order of the grids is taken."""
    return bank.filter(structure=structure).limit(REFERENCE_PUZZLES)


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
    say_ignored(model, "reference means", planted=True)
    checkpoint_id = model.checkpoint_id
    found: dict[Structure, StructureMeans] = {}
    for structure, own in _by_structure(_as_tensor(tokens).to(model.device)).items():
        found[structure] = StructureMeans(**(yield from mean_outputs(model, own, batch)), n=len(own))
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


def joined(parts: Iterable[ReferenceMeans]) -> ReferenceMeans:
    """The values of several parts of the same weights together."""
    all_of_them = list(parts)
    first = all_of_them[0]
    assert all(other.checkpoint_id == first.checkpoint_id for other in all_of_them)
    donors: dict[Hashable, dict[bytes, bytes]] = {}
    for part in all_of_them:
        for method, own in part.donors.items():
            donors.setdefault(method, {}).update(own)
    return ReferenceMeans(
        first.checkpoint_id,
        {s: own for part in all_of_them for s, own in part.of.items()},
        {s: own for part in all_of_them for s, own in part.patterns.items()},
        next((part.constants for part in all_of_them if part.constants is not None), None),
        donors,
    )
