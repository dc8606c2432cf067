"""``why``: by which way a head comes to look where it looks."""

from dataclasses import dataclass
from math import nan
from typing import Annotated, Any

import typer

from interp.ablation import parse_component
from interp.checkpoints import load_model
from interp.cli.inputs import chosen_puzzles
from interp.cli.options import (
    JsonOption,
    LimitOption,
    ModelOption,
    OutOption,
    PlaceOption,
    PuzzlesOption,
    StructureOption,
    TaskOption,
)
from interp.cli.printing import checked, print_table, report, say_result
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.puzzles import PuzzleSet, load_puzzles
from interp.why import CLASSES, HeadReason, HeadSplit, Phase, head_phase, head_reason, held_out, split_heads
from interp.why.depth import Depth, depth_of
from interp.why.interventions.elsewhere import with_filler, with_period
from interp.why.interventions.one_head import check_back, check_head
from interp.why.interventions.results import Elsewhere, Interventions
from interp.why.interventions.rows import QUERIES, Rows
from interp.why.split import Share, class_name
from interp.why.verdict import CLEAR, VERDICTS

PRINTED = 8
"""Pairs of writers that are printed."""
FEW = 8
"""Puzzles, and sequences, of what is told beside a verdict."""
INSERTED, REPEATED = (1, 10), (60, 140)


def why(
    head: Annotated[str | None, typer.Argument(metavar="[HEAD]", help="Which head, as L1.H5.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="A table of all heads: scores taken apart, phases; no verdict.")
    ] = False,
    back: Annotated[
        int | None,
        typer.Option("--back", help="Positions back of the key asked about; left out, where it looks most."),
    ] = None,
    puzzles: PuzzlesOption = "bank",
    task: TaskOption = None,
    structure: StructureOption = None,
    limit: LimitOption = 64,
    place: PlaceOption = None,
    model: ModelOption = "default",
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """Why a head looks where it looks: a pointer by position, K- or Q-composition, content, or mixed, with
    what each way predicts and what was found. Puzzles that the reference means are over are left out."""
    path = checked(out)
    if (head is None) != every:
        raise PuzzlescopeError("Give a head, as in 'why L1.H5', or --all for a table of all heads.")
    net = load_model(model)
    one = None if head is None else parse_component(head, net.cfg)
    if one is not None:
        check_head(net, one)
    if back is not None:
        check_back(back, QUERIES)  # before the means, which take seconds
    chosen = held_out_puzzles(puzzles, task, structure, limit, place)
    if one is None:
        splits = tuple(split_heads(net, chosen, back=back).values())
        rows = [_row(net, split) for split in splits]
        report(rows, lambda: _print_all(rows), as_json, path)
        return
    reason = head_reason(net, one, chosen, back=back)
    beside = _beside(net, reason, Rows.of_puzzles(tuple(chosen.limit(FEW)), load_puzzles("bank")))
    report(reason_json(reason, beside, len(chosen)), lambda: _print(reason, beside), as_json, path)


def held_out_puzzles(
    source: str, task: str | None, structure: str | None, limit: int | None, place: str | None
) -> PuzzleSet:
    """At most so many of those that no mean is over."""
    if limit is not None and limit < 1:
        raise PuzzlescopeError(f"--limit expects at least 1 puzzle, got {limit}.")
    found = chosen_puzzles(source, task, structure, None, place)
    return held_out(found, load_puzzles("bank")).limit(limit)


@dataclass(frozen=True)
class Beside:
    """What is told beside a verdict, and is no part of its rule.

    Attributes:
        depth: where the heads below look: what depth excludes needs no test, and what it leaves is no proof.
        elsewhere: where the head looks on sequences that training has not shown; empty without a verdict. A
            head may lose its way there because what lies below it does, so that failing says nothing of how
            it finds its place, and to hold is told the better by one side moved alone.
    """

    depth: Depth
    elsewhere: tuple[Elsewhere, ...]


def _beside(net: PuzzleGPT, reason: HeadReason, rows: Rows) -> Beside:
    head, back = reason.head, reason.back
    depth = depth_of(net, head, rows)
    if reason.verdict == "none":
        return Beside(depth, ())
    most = int(rows.queries.min()) - back
    found = [with_filler(net, rows, head, back, amount) for amount in INSERTED if amount <= most]
    return Beside(depth, (*found, *(with_period(net, head, back, one, n=FEW) for one in REPEATED)))


def reason_json(reason: HeadReason, beside: Beside, n: int) -> dict[str, Any]:
    """All that a verdict rests on, as JSON has it.

    Args:
        beside: what is told beside it.
        n: how many puzzles it is over.
    """
    split, changed = reason.split, reason.interventions
    return {
        "head": reason.head.text,
        "verdict": reason.verdict,
        "back": reason.back,
        "attention": split.attention,
        "puzzles": n,
        "contrast": split.contrast,
        "shares": {name: _share(share) for name, share in split.shares.items()},
        "plain": _plain(split),
        "position_share": _share(split.position_share),
        "phase": _phase(reason.phase),
        "shift_slope": reason.shift_slope,
        "shift_slopes": {moved: shift.slope.value for moved, shift in reason.shifts.items()},
        "interventions": {} if changed is None else _interventions(changed),
        "checks": list(reason.rows()),
        "rejected": {way: [one.text for one in failed] for way, failed in reason.rejected.items()},
        "below": list(beside.depth.rows()),
        "elsewhere": [row for one in beside.elsewhere for row in one.rows()],
        "strongest": [{"pair": term.text, "nats": term.nats} for term in split.strongest(PRINTED)],
    }


def _share(share: Share) -> dict[str, float]:
    return {"share": share.value, "low": share.low, "high": share.high}


def _plain(split: HeadSplit) -> dict[str, Any]:
    """The contrast with the plain mean of the other keys."""
    shares = {name: share.value for name, share in split.plain_shares.items()}
    return {"contrast": split.plain_contrast, "shares": shares}


def _phase(found: Phase) -> dict[str, Any]:
    chance = {} if found.null is None else {"chance": found.null.bound, "p": found.null.p}
    if not found.applies:
        return {"applies": False}
    return {
        "applies": True,
        "offset": found.offset,
        "concordance": found.peak,
        "relative_share": found.relative_share,
        "width": found.width,
        **chance,
    }


def _interventions(changed: Interventions) -> dict[str, float]:
    """The share of the log-odds that each takes."""
    each = {}
    for one in changed.rest:
        name = " ".join(word for word in (one.name, one.side, one.writer) if word)
        each[name] = changed.lost(one).value
    return each


def _row(net: PuzzleGPT, split: HeadSplit) -> dict[str, Any]:
    weights = head_phase(net, split.head)
    return {
        "head": split.head.text,
        "back": split.back,
        "attention": split.attention,
        "looks": split.attention >= CLEAR and split.contrast > 0,
        "contrast": split.contrast,
        "shares": {name: share.value for name, share in split.shares.items()},
        "plain": _plain(split),
        "position_share": _share(split.position_share),
        "phase": _phase(weights),
    }


def _print_all(rows: list[dict[str, Any]]) -> None:
    print_table(
        ("head", "back", "attention", "nats", *CLASSES, "phase", "concordance"),
        [
            (
                *(row["head"], row["back"], number(row["attention"], ".2f"), number(row["contrast"], ".2f")),
                *(number(row["shares"][name], ".0%") if row["looks"] else "" for name in CLASSES),
                *(row["phase"].get("offset", ""), number(row["phase"].get("concordance", nan), ".2f")),
            )
            for row in rows
        ],
    )
    say_result(f"Shares are of heads that give one offset {CLEAR} of their attention or more.")


def _print(reason: HeadReason, beside: Beside) -> None:
    say_result(reason.summary())
    say_result(reason.phase.summary())
    say_result(beside.depth.summary())
    say_result("")
    split = reason.split
    print_table(
        ("share of the contrast", "", "95 %", "plain"),
        [(*_printed(name, split.shares[name]), _percent(split.plain_shares[name].value)) for name in CLASSES],
        1,
    )
    say_result(f"{split.summary()} {split.beside}".strip())
    say_result("")
    print_table(
        ("strongest pairs, query x key", "nats"),
        [(term.text, number(term.nats, "+.3f")) for term in reason.split.strongest(PRINTED)],
    )
    if reason.checks:
        say_result("")
        rows = [(one.way, "yes" if one.passed else "no", one.text) for one in reason.checks]
        print_table(("way", "as predicted", "what was measured"), rows, 3)
    if beside.elsewhere:
        say_result("")
        others = [_seen(one) for one in beside.elsewhere]
        print_table(("beside the rule: training has not shown", "its peak is"), others, 2)
    say_result(f"Verdict: {VERDICTS[reason.verdict]}.")


def _seen(one: Elsewhere) -> tuple[str, str]:
    what = {"filler": "tokens inserted before the answer", "period": "colours, the period of random ones"}
    told = (f"{row['offset']} back ({row['key']}) {number(row['peak'], '.0%')}" for row in one.rows())
    return f"{one.amount} {what[one.kind]}", ", ".join(told)


def _printed(name: str, share: Share) -> tuple[str, str, str]:
    interval = f"{_percent(share.low)} to {_percent(share.high)}"
    return class_name(name), _percent(share.value), interval


def _percent(share: float) -> str:
    return number(share, ".0%")
