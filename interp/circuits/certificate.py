"""How good a circuit is, on pairs that it was not found by, and whether that is good enough."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.checks.answers import CONFIDENCE, SHOWN, Answers, count_answers
from interp.circuits.checks.curve import SHARES as SHARES
from interp.circuits.checks.curve import Curve, curve
from interp.circuits.checks.greedy import greedy_answers
from interp.circuits.checks.knockouts import Completeness, Minimality, completeness, minimality
from interp.circuits.finder import ROUNDING, Circuit, Judge, Kept, Target, random_circuits
from interp.circuits.runs import CircuitRuns, Ends, Masks
from interp.circuits.scores import EdgeScores
from interp.circuits.writes import FILLS, Fill, Fills
from interp.engine.contrast import Contrast
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable

Depth = Literal["quick", "full"]
RANDOM: dict[Depth, int] = {"quick": 20, "full": 100}
"""Random circuits that a circuit is compared with."""
AT_ONCE = 4
"""Random circuits after which it is told how they do."""
KNOCKOUTS = 20
"""Random sets of edges that are cut to see whether a circuit is complete."""
DRAWS = 100
"""Times that the pairs by which edges were scored are drawn anew."""
SLACK = 0.05
"""What faithfulness may be lower on pairs that a circuit was not found by."""

MEANINGS = {
    "faithfulness": (
        "the share of the gap between the whole model and the empty circuit that the circuit keeps: 1 is all"
    ),
    "first": "the same at the first cell only in which the answers differ, which sees nothing of the answer",
    "kl": (
        "how far the circuit's predictions are from the whole model's: KL divergence, nats a cell, 0 is none"
    ),
    "logit_difference": (
        "of the right colour and the other end's: of the circuit, of the whole model, and with every edge cut"
    ),
    "cells": "the share of cells that the circuit draws right given the true cells before",
    "solved": "answers that the circuit draws right from beginning to end, by greedy decoding",
    "answers": (
        "of the answers that the whole model gives right, how many stay right, and what share of all such"
        f" that shows at least (Clopper and Pearson's lower bound, {CONFIDENCE:.0%} confidence)"
    ),
    "alike": (
        "answers that the circuit draws exactly as the whole model does, right or wrong, by greedy decoding"
    ),
    "alike_cells": "the share of cells that it draws as the whole model does, each by greedy decoding",
    "random": (
        "faithfulness of random circuits with as many edges of each class: the circuit should be far better"
    ),
    "cpr": "area under faithfulness over the share of edges, the top ones by score: higher is better (MIB)",
    "cmd": (
        "area between 1 and faithfulness over the share of edges, the top ones by absolute score: 0 is "
        "best (MIB)"
    ),
    "cmd_log": "the same over the logarithm of the share, so that small circuits count",
    "completeness": (
        "how differently circuit and model do when the same edges of the circuit are cut in both: 0 is "
        "the same"
    ),
    "minimality": (
        "the share of the circuit's edges that are needed: with each alone cut, at least 0.001 of the gap "
        "is lost"
    ),
    "stability": (
        "how alike the top edges are that other pairs would have given (Jaccard, pairs drawn anew): 1 is "
        "the same"
    ),
    "fills": "the same circuit with something else read by the edges outside",
    "verdict": (
        "accepted if it does on held-out pairs what it was found for (a share of the gap, less 0.05; or all"
        f" of the whole model's right answers, enough of them to show {SHOWN:.0%} of all such), and is nearer"
        " to the whole model than every random circuit"
    ),
}
"""What each number of a certificate means."""


@dataclass(frozen=True)
class Chance:
    """Random circuits with as many edges of each class: how faithful they are.

    Attributes:
        n: how many.
        mean, most: of their faithfulness.
        nearest: that of the one which is nearest to the whole model's, 1. What keeps more than all is no more
            faithful than what keeps less.
    """

    n: int
    mean: float
    most: float
    nearest: float

    @classmethod
    def of(cls, faithfulness: Float[np.ndarray, " run"]) -> "Chance":
        nearest = faithfulness[np.abs(1 - faithfulness).argmin()]
        return cls(len(faithfulness), float(faithfulness.mean()), float(faithfulness.max()), float(nearest))

    def with_more(self, other: "Chance") -> "Chance":
        """The same of the circuits of both."""
        n = self.n + other.n
        mean = (self.mean * self.n + other.mean * other.n) / n
        nearest = min(self.nearest, other.nearest, key=lambda one: abs(1 - one))
        return Chance(n, mean, max(self.most, other.most), nearest)


@dataclass(frozen=True)
class Stability:
    """How much the choice of the pairs decides which edges have the largest scores.

    Attributes:
        draws: times that as many pairs were drawn from them, with replacement.
        mean, least: Jaccard index of the top edges of each draw and of all pairs, as many as the circuit has.
        by_file: the circuit's file says so; it was not measured for this certificate.
    """

    draws: int
    mean: float
    least: float
    by_file: bool = False


@dataclass(frozen=True)
class UnderFill:
    """The circuit with something else read by the edges outside.

    Attributes:
        faithfulness: nan where the ends are too near each other under this fill.
        kl: nats a cell.
        cells: share right given the true ones before.
        right: answers that are right as a whole.
    """

    faithfulness: float
    kl: float
    cells: float
    right: int


@dataclass(frozen=True)
class Verdict:
    """Whether a circuit is what it claims to be.

    Attributes:
        accepted: there is no reason against it.
        reasons: those that there are, a sentence each.
        undecided: the only one is that there are too few answers to show it.
    """

    accepted: bool
    reasons: tuple[str, ...]
    undecided: bool = False


@dataclass(frozen=True)
class Certificate:
    """A circuit held against pairs. What is not computed (yet) is ``None``.

    Attributes:
        pairs: how many.
        faithfulness: of the gap over all contrast cells, the share that is kept.
        first: the same at the first contrast cell only, which sees nothing of the answer; nan where the ends
            do not differ there.
        kl: the Kullback-Leibler divergence of its predictions from the whole model's, mean over the answer's
            cells, in nats.
        logit_difference: the metric of the circuit (``circuit``), the whole model (``whole``) and the empty
            circuit (``empty``), logits.
        cells: the share of all cells that are right given the true ones before.
        solved: answers that are right as a whole, by greedy decoding; ``whole_solved``: of the whole model.
        alike: answers that are drawn as the whole model draws them, by greedy decoding of both.
        alike_cells: the share of cells.
        answers: how many of the whole model's right answers stay right: over more pairs than these where the
            circuit was found for that.
        chance: random circuits.
        sizes: faithfulness over size.
        complete, minimal, stable: see there.
        fills: the circuit under each fill.
        verdict: whether it stands.
    """

    pairs: int
    faithfulness: float
    first: float
    kl: float
    logit_difference: dict[str, float]
    cells: float
    solved: int | None = None
    whole_solved: int | None = None
    alike: int | None = None
    alike_cells: float | None = None
    answers: Answers | None = None
    chance: Chance | None = None
    sizes: Curve | None = None
    complete: Completeness | None = None
    minimal: Minimality | None = None
    stable: Stability | None = None
    fills: dict[Fill, UnderFill] | None = None
    verdict: Verdict | None = None


def check_apart(found_by: Sequence[Pair], held_out: Sequence[Pair]) -> None:
    """Raise :class:`PuzzlescopeError` if a puzzle by which a circuit was found is among those held out, or a
    pair is among these twice: its answer would be counted twice, and shows what it shows once."""
    known = {end.cells for pair in found_by for end in (pair.base, pair.counterfactual)}
    both = [end for pair in held_out for end in (pair.base, pair.counterfactual) if end.cells in known]
    if both:
        raise PuzzlescopeError(
            f"The pairs held out and those that the circuit is found by share {len(both)} puzzles, such as"
            f" {both[0].id}: what was found by them proves nothing on them. Give other pairs."
        )
    ends = Counter((pair.base.cells, pair.counterfactual.cells) for pair in held_out)
    if again := [pair for pair in held_out if ends[pair.base.cells, pair.counterfactual.cells] > 1]:
        raise PuzzlescopeError(
            f"Of the {len(held_out)} pairs held out {len(again)} are there more than once, such as that of"
            f" {again[0].base.id}: counted twice a pair shows no more. Give each once."
        )


@resumable
def certify(
    model: PuzzleGPT,
    circuit: Circuit,
    pairs: Sequence[Pair],
    *,
    depth: Depth = "quick",
    scores: EdgeScores | None = None,
    target: Target | None = None,
    found_by: Sequence[Pair] = (),
    n_random: int | None = None,
    fill: Fill = "pair",
    bank: PuzzleSet | None = None,
    fills: Fills | None = None,
    seed: int = 0,
    signed: bool = False,
    more: Sequence[Pair] = (),
    known: Certificate | None = None,
    only: str | None = None,
) -> Steps[Certificate, Certificate]:
    """Hold a circuit against pairs.

    Args:
        pairs: others than those by which it was found.
        depth: ``quick``: how it answers, random circuits, sizes and stability; ``full``: more random ones,
            completeness, minimality, and the other fills (:data:`interp.circuits.writes.FILLS`).
        scores: by which it was found. Without them nothing is said of sizes, and without each pair's own
            nothing of stability; nor of that of a circuit made of nodes.
        target: what it was found for; left out, the faithfulness that it claims.
        found_by: the pairs by which it was found, to see that they are others.
        n_random: random circuits to compare with.
        fill, bank: what edges outside read; the bank is needed for a full certificate.
        fills: of this fill, where others have begun with it.
        seed: what is drawn at random is drawn with.
        signed: its edges were taken by score, not by absolute score: then so are those of other pairs, to
            tell how stable it is.
        more: further pairs held out, on which only answers are counted, which is cheap.
        known: a certificate of this circuit, of the same pairs, fill and seed: what stands in it is not
            measured again.
        only: of a full one no more than this: ``random`` circuits, what is missing or idle (``apart``), or
            one of the fills. What comes before it is known.

    Yields:
        What is known so far.

    Raises:
        PuzzlescopeError: if the pairs' ends are too near for it, or were used to find the circuit.
    """
    check_apart(found_by, [*pairs, *more])
    if only in FILLS:
        assert known is not None
        found = yield from _read_otherwise(model, circuit, pairs, known, bank, [only])
        return found
    weights = weights_of(model)
    fills = fills or Fills(weights, fill, bank)
    runs = yield from CircuitRuns.begun(weights, pairs, fill, bank, fills)
    n = RANDOM[depth] if n_random is None else n_random
    if known is None:
        counted = count_answers.steps(weights, circuit.kept, more, fill, bank, fills)
        found = yield from _answering(runs, circuit, n, seed, counted)
    else:
        found = yield from _compared((yield from Judge.begun(runs)), circuit, known, n, seed)
    judge = Judge(runs)
    found = replace(found, verdict=_verdict(found, circuit, target))
    yield found
    if scores is not None and found.sizes is None:
        sizes = yield from curve.steps(judge, scores)
        found = replace(found, sizes=sizes, stable=_stable(scores, circuit, seed, signed))
        yield found
    if depth == "full" and only != "random":
        found = yield from _taken_apart(judge, circuit, found, seed)
    if depth == "full" and only is None:
        found = yield from _read_otherwise(model, circuit, pairs, found, bank, FILLS)
    return found


def _answering(
    runs: CircuitRuns, circuit: Circuit, n_random: int, seed: int, more: Steps[Answers, Answers]
) -> Steps[Certificate, Certificate]:
    """How a circuit answers, and how random ones do.

    Args:
        more: the answers on more pairs, as they are counted.
    """
    found, drawn = yield from _held(runs, circuit)
    yield found
    found = yield from _compared(Judge(runs), circuit, found, n_random, seed)
    found = yield from _decoded(runs, circuit, drawn, found)
    return (yield from _counted(found, more))


def _read_otherwise(
    model: PuzzleGPT,
    circuit: Circuit,
    pairs: Sequence[Pair],
    found: Certificate,
    bank: PuzzleSet | None,
    fills: Iterable[Fill],
) -> Steps[Certificate, Certificate]:
    """With what it would be if edges outside read something else."""
    for fill in fills:
        under = yield from _under(model, circuit, pairs, fill, bank)
        found = replace(found, fills={**(found.fills or {}), fill: under})
        yield found
    return found


def _compared(
    judge: Judge, circuit: Circuit, found: Certificate, n: int, seed: int
) -> Steps[Certificate, Certificate]:
    """With random circuits: with those that are not among the first of them already."""
    known = 0 if found.chance is None else found.chance.n
    others = list(random_circuits(circuit.graph, circuit.kept, n, seed, circuit.by))[known:]
    for first in range(0, len(others), AT_ONCE):
        some = Chance.of((yield from judge.each(np.stack(others[first : first + AT_ONCE]))))
        found = replace(found, chance=some if found.chance is None else found.chance.with_more(some))
        yield found
    return found


def _counted(found: Certificate, more: Steps[Answers, Answers]) -> Steps[Certificate, Certificate]:
    """With the answers on more pairs, as they are counted."""
    first = found.answers
    assert first is not None
    while True:
        try:
            news = next(more)
        except StopIteration as end:
            return replace(found, answers=first.with_more(end.value))
        yield None if news is None else replace(found, answers=first.with_more(news))


def _taken_apart(
    judge: Judge, circuit: Circuit, found: Certificate, seed: int
) -> Steps[Certificate, Certificate]:
    """With what is missing in it, and what is idle."""
    found = replace(found, complete=(yield from completeness.steps(judge, circuit, KNOCKOUTS, seed)))
    yield found
    found = replace(found, minimal=(yield from minimality.steps(judge, circuit)))
    yield found
    return found


@dataclass(frozen=True, eq=False)
class _Told:
    """What a circuit, the whole model and the empty circuit make of pairs, given the true cells.

    Attributes:
        metric, first: of the three, over all contrast cells and at the first one, mean over the pairs.
        kl: of the circuit's predictions from the whole model's.
        drawn: by the circuit and by the whole model.
    """

    metric: tuple[float, float, float]
    first: tuple[float, float, float]
    kl: float
    drawn: Int[np.ndarray, "pair 2 100"]


def _told(runs: CircuitRuns, kept: Kept) -> Steps[None, _Told]:
    """All of it, with a pause after every circuit of some pairs."""
    masks = np.stack([kept, runs.graph.possible, np.zeros_like(kept)])
    metrics, firsts, kls, drawn = [], [], [], []
    for pairs in runs.together():
        each = yield from _each(runs, masks, pairs)
        for pair, logits in zip(pairs, each, strict=True):
            metrics.append(runs.of_logits(logits, [pair] * 3))
            first = Contrast.of(runs.pairs[pair], first_only=True)
            firsts.append([float(first.of_logits(one)) for one in logits])
            kls.append(divergence(logits[1:2], logits[:1]))
            drawn.append(logits[:2].argmax(-1).cpu().numpy())
    metric, first_ = (tuple(np.mean(own, 0).tolist()) for own in (metrics, firsts))
    return _Told(metric, first_, float(np.mean(kls)), np.stack(drawn))


def _kept_share(ours: float, whole: float, empty: float) -> float:
    """Of the gap between the ends what is kept; nan where there is none."""
    return (ours - empty) / (whole - empty) if whole != empty else float("nan")


def _held(runs: CircuitRuns, circuit: Circuit) -> Steps[None, tuple[Certificate, np.ndarray]]:
    """How a circuit answers, and what it and the whole model draw given the true cells. What the whole model
    and the empty circuit make of the pairs is kept on the way."""
    told = yield from _told(runs, circuit.kept)
    ours, whole, empty = told.metric
    right = told.drawn == runs.answers[:, None]
    if runs.ends is None:
        runs.ends = Ends(whole, empty, tuple(right[:, 1].all(1).tolist()))
    judge = yield from Judge.begun(runs)
    found = Certificate(
        len(runs),
        float(judge.share(np.array([ours]))[0]),
        _kept_share(*told.first),
        told.kl,
        {"circuit": ours, "whole": whole, "empty": empty},
        float(right[:, 0].mean()),
    )
    return found, told.drawn


def _each(
    runs: CircuitRuns, masks: Masks, pairs: Sequence[int]
) -> Steps[None, list[Float[Tensor, "run 100 vocab"]]]:
    """The logits of some pairs under each of some circuits, with a pause after every circuit."""
    found = []
    for mask in masks:
        found.append(runs.of_each(mask[None], pairs))
        yield None
    return [torch.cat(own) for own in zip(*found, strict=True)]


def _decoded(
    runs: CircuitRuns, circuit: Circuit, drawn: Int[np.ndarray, "pair 2 100"], found: Certificate
) -> Steps[None, Certificate]:
    """What else is known by greedy decoding.

    Args:
        drawn: by the circuit and by the whole model, given the true cells.
    """
    greedy = yield from greedy_answers.steps(runs, circuit.kept, list(drawn[:, 0]))
    of_whole = yield from greedy_answers.steps(runs, runs.graph.possible, list(drawn[:, 1]))
    right, whole_right = ((own == runs.answers).all(1) for own in (greedy, of_whole))
    return replace(
        found,
        solved=int(right.sum()),
        whole_solved=int(whole_right.sum()),
        alike=int((greedy == of_whole).all(1).sum()),
        alike_cells=float((greedy == of_whole).mean()),
        answers=Answers.of(whole_right, right),
    )


def _verdict(found: Certificate, circuit: Circuit, target: Target | None) -> Verdict:
    claimed = target.amount if target and target.kind == "faithfulness" else circuit.faithfulness
    reasons, undecided = [], False
    if target is not None and target.kind == "solved":  # no share of the gap was asked for
        assert found.answers is not None
        undecided = found.answers.undecided
        reasons += [found.answers.reason] if found.answers.reason else []
    elif not found.faithfulness >= claimed - SLACK:
        reasons.append(
            f"On held-out pairs it keeps {found.faithfulness:.3f} of the gap, more than {SLACK:g} below the"
            f" {claimed:.3f} that it was found for."
        )
    assert found.chance is not None
    if not abs(1 - found.faithfulness) + ROUNDING < abs(1 - found.chance.nearest):
        reasons.append(
            f"Of {found.chance.n} random circuits with as many edges of each class one keeps"
            f" {found.chance.nearest:.3f}: {found.faithfulness:.3f} is no nearer to the whole model's 1."
        )
    return Verdict(not reasons, tuple(reasons), undecided and len(reasons) == 1)


def _stable(scores: EdgeScores, circuit: Circuit, seed: int, signed: bool) -> Stability | None:
    if scores.each is None or len(scores.each) < 2 or circuit.by == "nodes":
        return None
    top = scores.top(len(circuit), signed=signed)
    drawn = scores.resampled(len(circuit), DRAWS, signed=signed, seed=seed)
    alike = (drawn & top).sum((1, 2)) / np.maximum((drawn | top).sum((1, 2)), 1)
    return Stability(DRAWS, float(alike.mean()), float(alike.min()))


def _under(
    model: PuzzleGPT, circuit: Circuit, given: Sequence[Pair], fill: Fill, bank: PuzzleSet | None
) -> Steps[None, UnderFill]:
    runs = yield from CircuitRuns.begun(weights_of(model), given, fill, bank)
    told = yield from _told(runs, circuit.kept)
    right = told.drawn[:, 0] == runs.answers
    return UnderFill(_kept_share(*told.metric), told.kl, float(right.mean()), int(right.all(1).sum()))


def divergence(whole: Float[Tensor, "pair 100 vocab"], cut: Float[Tensor, "pair 100 vocab"]) -> float:
    """How far predictions are from the whole model's: KL(whole, cut), nats, mean over cells."""
    p, q = (logits.double().log_softmax(-1) for logits in (whole, cut))
    return float(F.kl_div(q, p, log_target=True, reduction="none").sum(-1).mean())


BESIDE = ("answers", "chance", "sizes", "complete", "minimal", "stable", "fills", "verdict")
"""What of a certificate does not stand under ``held_out`` in JSON."""


def certificate_json(found: Certificate, circuit: Circuit) -> dict[str, Any]:
    """A certificate as JSON: ``kl``, ``solved``, ``answers``, ``random``, ``held_out``, and what else is
    known of ``cpr``, ``cmd``, ``cmd_log``, ``sizes``, ``completeness``, ``minimality`` (with every edge's
    drop), ``stability``, ``fills``, ``verdict``; ``meanings`` says what each is."""
    told: dict[str, Any] = {"kl": found.kl, "solved": found.solved}
    if found.sizes is not None:
        told |= {name: getattr(found.sizes, name) for name in ("cpr", "cmd", "cmd_log")}
        told["sizes"] = asdict(found.sizes)
    for name, own in (
        ("answers", found.answers),
        ("random", found.chance),
        ("completeness", found.complete),
        ("stability", found.stable),
    ):
        told |= {name: asdict(own)} if own is not None else {}
    if found.minimal is not None:
        drops = zip(circuit.edges, found.minimal.drops, strict=True)
        told["minimality"] = {
            "needed": found.minimal.needed,
            "least": found.minimal.least,
            "edges": [{"from": edge.writer, "to": edge.reader, "drop": drop} for edge, drop in drops],
        }
    if found.fills is not None:
        told["fills"] = {fill: asdict(own) for fill, own in found.fills.items()}
    if found.verdict is not None:
        told["verdict"] = asdict(found.verdict)
    told["held_out"] = {name: own for name, own in vars(found).items() if name not in BESIDE}
    known = told.keys() | told["held_out"].keys()
    return {**told, "meanings": {name: text for name, text in MEANINGS.items() if name in known}}
