"""What ``edges``, ``circuit`` and ``certify`` are asked alike: which pairs, and what a cut edge reads."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from interp.circuits.attribution import check_pairs
from interp.circuits.certificate import check_apart
from interp.circuits.checks.answers import COUNTED
from interp.circuits.writes import FILLS, Fill
from interp.errors import PuzzlescopeError, brief
from interp.pairs import KINDS, Pair, check_kind, pair_for, shipped_pairs
from interp.pairs.files import read_pairs
from interp.puzzles import load_puzzles
from interp.tasks import TASKS

PairsTaskOption = Annotated[str | None, typer.Option("--task", help=f"{' | '.join(TASKS)}; left out, all.")]
PairsOption = Annotated[
    str, typer.Option("--pairs", help=f"{' | '.join(KINDS)} of those that come along, or FILE.npz.")
]
OnePairOption = Annotated[
    str | None, typer.Option("--puzzle", help="Find it by one pair: its number from 1, or own.… of a link.")
]
FaithfulnessOption = Annotated[
    float | None,
    typer.Option("--faithfulness", help="Of the gap between a pair's ends, the share to keep; usual: 0.9."),
]
SizeOption = Annotated[
    int | None, typer.Option("--edges", help="The best of at most so many edges (parts, with --nodes).")
]
SolvedOption = Annotated[
    bool,
    typer.Option("--solved", help="Answers that the model gives right stay right; counted on 64 pairs."),
]
NodesOption = Annotated[bool, typer.Option("--nodes", help="Of whole heads and MLPs, not of single edges.")]
EachOption = Annotated[
    int, typer.Option("--n", "-n", help="Pairs to find it by, and as many to hold it against.")
]
ScoresOption = Annotated[
    str | None, typer.Option("--from", help="Scores of `edges --out FILE.parquet`; left out, EAP-IG.")
]
EdgesTextOption = Annotated[
    str | None,
    typer.Option("--edges-text", help="Begin with these edges, as in 'embed>L1.H5.qkv,L1.H5>logits'."),
]
SignedOption = Annotated[bool, typer.Option("--signed", help="Take edges by score, not by absolute score.")]
EliminateOption = Annotated[
    bool, typer.Option("--eliminate/--no-eliminate", help="Drop what can go, edge by edge, exactly.")
]
LearnOption = Annotated[
    int | None,
    typer.Option(
        "--learn",
        help="With --edges: learn which stay, in so many steps of descent (usual: 800, ten minutes or so),"
        " over --n pairs (usual: 64). With --out it goes on where it was stopped.",
    ),
]
RandomOption = Annotated[
    int | None,
    typer.Option("--random", help="Random circuits to compare with; left out, 20, or 100 with --full."),
]
FullOption = Annotated[
    bool,
    typer.Option("--full", help="Completeness, minimality, more random circuits, all fills: takes minutes."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="What is drawn at random is drawn with.")]
FillOption = Annotated[str, typer.Option("--fill", help=f"What a cut edge reads: {' | '.join(FILLS)}.")]


def check_counts(**counts: int | None) -> None:
    """Raise :class:`PuzzlescopeError` for the first of these options that is less than 1; one that was left
    out is none."""
    for name, count in counts.items():
        if count is not None and count < 1:
            raise PuzzlescopeError(f"--{name} expects at least 1, got {count}.")


def checked_fill(fill: str) -> Fill:
    """A fill by its name, if there is such."""
    if fill not in FILLS:
        raise PuzzlescopeError(f"No fill '{fill}': expected one of {', '.join(FILLS)}.")
    return fill


def chosen_pairs(pairs: str, task: str | None, held_out: bool = False) -> list[Pair]:
    """The pairs that are asked for: of those that come along, or all of a file.

    Args:
        held_out: of those that come along, the ones that nothing was chosen by.
    """
    if pairs in KINDS:
        return shipped_pairs(pairs, task, held_out)
    if not pairs.endswith(".npz"):
        raise PuzzlescopeError(
            f"--pairs expects one of {', '.join(KINDS)}, or a file FILE.npz, got '{pairs}'."
        )
    found = [pair for pair in read_pairs(pairs) if task in (None, pair.task)]
    if not found:
        raise PuzzlescopeError(f"{Path(pairs).name} has no pair of the task '{task}'.")
    return found


class Split(NamedTuple):
    """Pairs to find a circuit by, others to hold it against, and more on which only answers are counted."""

    found_by: list[Pair]
    held_out: list[Pair]
    more: list[Pair]


def split_pairs(pairs: str, task: str | None, n: int, puzzle: str | None = None) -> Split:
    """Pairs to find a circuit by, and others to hold it against: of a file its two halves. More are as many
    of those held out as there are, up to :data:`COUNTED` with the others.

    Args:
        n: at most so many of each.
        puzzle: find it by one pair alone: by its number among those chosen, from 1, or that of a puzzle
            ``own.…``, made for it. What it is held against stays.
    """
    train, held_out = chosen_pairs(pairs, task), chosen_pairs(pairs, task, held_out=True)
    if pairs not in KINDS:
        half = len(train) // 2
        train, held_out = train[:half], train[half:]
        if not train:
            raise PuzzlescopeError(f"{Path(pairs).name} has one pair: expected two or more, half held out.")
    spread = task is None  # over all tasks, not the first one's alone
    found = _some(train, n, spread) if puzzle is None else [_one_pair(puzzle, pairs, train)]
    if puzzle is not None and task is None:
        held_out = [pair for pair in held_out if pair.task == found[0].task] or held_out
        spread = False
    others = _some(held_out, n, spread)
    left = [pair for pair in held_out if pair not in others]
    more = _some(left, COUNTED - len(others), spread) if len(others) < COUNTED else []
    check_pairs(found)
    check_pairs([*others, *more])
    check_apart(found, [*others, *more])
    return Split(found, others, more)


def _some(pairs: list[Pair], n: int, spread: bool) -> list[Pair]:
    """At most so many: the first ones, or such as lie equally far apart."""
    return pairs[:: max(1, len(pairs) // n) if spread else 1][:n]


def _one_pair(puzzle: str, kind: str, pairs: list[Pair]) -> Pair:
    if puzzle.isascii() and puzzle.isdigit() and len(puzzle) < 10:
        if not 1 <= int(puzzle) <= len(pairs):
            raise PuzzlescopeError(
                f"--puzzle expects a number from 1 to {len(pairs)} of those pairs, got {puzzle}."
            )
        return pairs[int(puzzle) - 1]
    if not puzzle.startswith("own."):
        raise PuzzlescopeError(
            f"--puzzle expects the number of a pair, or a puzzle own.…, got '{brief(puzzle)}'."
        )
    if kind not in KINDS:
        raise PuzzlescopeError("A pair is made for a puzzle own.… if --pairs names a kind, not a file.")
    check_kind(kind)
    return pair_for(load_puzzles(puzzle)[0], kind)
