"""How many edges each task needs, by every way to choose them: the table of ``docs/circuits.md``.

``python -m benchmarks.circuit_table FOLDER [TASK ...]`` computes what is not in ``FOLDER/circuits.jsonl``
yet, a line for each result, and prints the table; ``--print`` only prints it. Elimination until all puzzles
are solved, of tasks that take hundreds of edges, is most of the time: hours of one core.

Rule pairs that come along. Edges are scored, and eliminated, over pairs of the training half; every number in
the table is of the 64 held-out pairs of the task. Of each order of the edges the sizes tried are a ladder
(:func:`ladder`), from below: what is told is the first size at which the circuit is as asked for, counted as
edges on paths. Elimination leaves a chain of circuits, each a part of the one before; told is the smallest of
them that is as asked for. So one number a line, the size, is chosen by held-out pairs, and nothing else.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from interp.checkpoints import load_model
from interp.circuits.attribution import attribute_edges
from interp.circuits.certificate import Chance
from interp.circuits.finder import (
    Circuit,
    Judge,
    Kept,
    Target,
    edge_classes,
    eliminate,
    random_circuits,
    top_kept,
)
from interp.circuits.graph import Graph, connected
from interp.circuits.learned.learning import Learned, learn_edges
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.circuits.text import edges_text, parse_edges
from interp.circuits.writes import Fill, fill_of, reference
from interp.engine.forward import weights_of
from interp.pairs import Pair, make_pairs, shipped_pairs
from interp.puzzles import load_puzzles
from interp.resumable import finish
from interp.tasks import TASKS

SCORED, ELIMINATED, BY_CHANCE, RANDOM = 16, 8, 2, 20
"""Pairs by which edges are scored and eliminated, held-out pairs on which random circuits are run, and how
many of these."""
STEP = 1.2
DROPPED = {"faithfulness": 0.25, "most": 0.25, "all": 0.05}
"""Of the edges, what elimination drops in a round at most. The last puzzle is lost with few edges."""
WIDER = 1.2
"""Times the edges of EAP-IG: what it begins with."""
FAITHFUL, MOST = 0.9, 0.88
"""Of the gap; and of the puzzles, what is called most of them."""
OVER_MEAN = "eap-ig-mean"
"""EAP-IG by which what an edge carries is held against the mean; over 8 pairs."""
LEARNED = "learned"
LEARNED_ON, LEARNED_SEED = 400, 4711
"""Pairs that are drawn to learn on, and by which seed."""
LEARNED_TO: dict[Fill, tuple[int, int]] = {"pair": (160, 900), "mean": (560, 1400)}
"""Edges that learning is to leave, and the steps of its descent, by what is read in the place of cut ones."""
COMPARED = "contact"
"""The task that is looked at with the mean in the place of cut edges as well."""
Line = dict[str, Any]


def ladder(most: int, first: int = 30) -> list[int]:
    """Sizes that are tried, each a fifth larger than the one before.

    >>> ladder(60)
    [30, 36, 43, 51, 60]
    """
    found = [first]
    while found[-1] < most:
        found.append(min(most, max(found[-1] + 1, int(found[-1] * STEP + 1e-9))))
    return found


class HeldOut:
    """How circuits do on some pairs that nothing was chosen by."""

    def __init__(self, model: Any, pairs: Sequence[Pair], fill: Fill, bank: Any):
        weights, known = weights_of(model), dict[Any, Any]()
        for pair in pairs:  # a mean over the same puzzles is taken once
            key = reference(pair, bank) if fill == "mean" else pair
            if key not in known:
                known[key] = fill_of(weights, pair, fill, bank)
        other = [known[reference(pair, bank) if fill == "mean" else pair] for pair in pairs]

        def judge(own: slice) -> Judge:
            return Judge(CircuitRuns(weights, pairs[own], fill, bank, other=other[own]))

        self.judges = [judge(slice(first, first + 8)) for first in range(0, len(pairs), 8)]
        self.by_chance_on = judge(slice(BY_CHANCE))
        self.right = sum(sum(judge.ends.right) for judge in self.judges)

    def of(self, kept: Kept, may_fail: int | None = None) -> tuple[float, int]:
        """The faithfulness over all pairs and the puzzles solved; less than nothing is said (nan, -1) as soon
        as more than so many fail."""
        metrics, solved, failed = [], 0, 0
        for judge in self.judges:
            found = finish(judge.standings(kept[None]))
            ends, right = judge.ends, sum(judge.ends.right)
            metrics.append((found.faithfulness[0] * (ends.whole - ends.empty), ends.whole - ends.empty))
            solved += int(found.solved[0])
            failed += right - int(found.solved[0])
            if may_fail is not None and failed > may_fail:
                self.judges.remove(judge)  # the next circuit will most likely fail there too
                self.judges.insert(0, judge)
                return float("nan"), -1
        kept_gap, gap = np.sum(metrics, 0)
        return float(kept_gap / gap), solved

    def by_chance(self, kept: Kept) -> Line:
        """Random circuits with as many edges of each class, on the first few pairs."""
        judge = self.by_chance_on
        masks = np.stack(list(random_circuits(judge.graph, kept, RANDOM)))
        found = finish(judge.standings(masks))
        chance = Chance.of(found.faithfulness)
        return {
            "n": RANDOM,
            "pairs": len(judge.runs),
            "mean": chance.mean,
            "nearest": chance.nearest,
            "solved": int(found.solved.max()),
        }


class Table:
    """What is known already, and what is computed now, line by line."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.file = folder, folder / "circuits.jsonl"
        self.lines: list[Line] = []
        if self.file.is_file():
            self.lines = [json.loads(line) for line in self.file.read_text().splitlines()]

    def known(self, **keys: Any) -> Line | None:
        found = (one for one in self.lines if all(one.get(name) == own for name, own in keys.items()))
        return next(found, None)

    def add(self, **line: Any) -> None:
        self.lines.append(line)
        with self.file.open("a") as opened:
            opened.write(json.dumps(line) + "\n")
        told = {name: own for name, own in line.items() if name not in ("text", "tried")}
        print(time.strftime("%H:%M:%S"), json.dumps(told), flush=True)


class Task:
    """One task under one fill."""

    def __init__(self, table: Table, model: Any, task: str, fill: Fill):
        self.table, self.model, self.task, self.fill = table, model, task, fill
        self.bank, self.graph = load_puzzles("bank"), Graph(model.cfg)
        self.train = shipped_pairs("rule", task)[:SCORED]
        self.pairs = shipped_pairs("rule", task, held_out=True)
        self._held_out: HeldOut | None = None

    @property
    def held_out(self) -> HeldOut:
        if self._held_out is None:
            self._held_out = HeldOut(self.model, self.pairs, self.fill, self.bank)
        return self._held_out

    def scores(self, method: str) -> EdgeScores:
        """Over the first pairs of the training half, of what edges carry of the pair's difference, whatever
        is read in their place afterwards; or, by the method that says so, of their difference from the mean.
        Kept in the folder."""
        own: Fill = "mean" if method == OVER_MEAN else "pair"
        path = self.table.folder / f"{self.task}-{own}-{method}.npy"
        if not path.exists():
            steps, pairs = 0 if method == "eap" else 5, self.train[:8] if own == "mean" else self.train
            found = attribute_edges(self.model, pairs, steps=steps, fill=own, bank=self.bank)
            np.save(path, found.total)
        return EdgeScores(self.graph, np.load(path), None, "eap-ig", own, SCORED, 0.0, 0.0)

    def learned(self) -> Learned:
        """Kept in the folder."""
        path = self.table.folder / f"{self.task}-{self.fill}-{LEARNED}.npy"
        if not path.exists():
            pairs = make_pairs(self.task, "rule", LEARNED_ON, seed=LEARNED_SEED)
            n, descent = LEARNED_TO[self.fill]
            steps = learn_edges.steps(
                self.model,
                [pair for pair in pairs if pair not in self.pairs],
                n,
                steps=descent,
                fill=self.fill,
                bank=self.bank,
            )
            np.save(path, finish(steps).log_odds)
        return Learned(self.graph, np.load(path))

    def order(self, method: str) -> Callable[[int], Kept]:
        """The circuits of each size by a method."""
        if method == LEARNED:
            return self.learned().circuit
        scores = self.scores(method)
        return lambda n: top_kept(scores, n)

    def size(self, target: str) -> int:
        """Of the circuit of EAP-IG."""
        line = self.table.known(task=self.task, fill=self.fill, method="eap-ig", target=target)
        assert line is not None
        return int(line["edges"])

    def note(self, method: str, target: str, kept: Kept, f: float, solved: int, **more: Any) -> None:
        self.table.add(
            task=self.task,
            fill=self.fill,
            method=method,
            target=target,
            edges=int(kept.sum()),
            faithfulness=f,
            solved=solved,
            of=self.held_out.right,
            random=self.held_out.by_chance(kept),
            text=edges_text(kept, self.graph),
            **more,
        )

    def climb(self, method: str, most: int = 3628) -> None:
        """The sizes of a ladder, from below, until all puzzles are solved."""
        wanted = ["faithfulness", "most", "all"]
        where = {"task": self.task, "fill": self.fill, "method": method}
        wanted = [one for one in wanted if not self.table.known(**where, target=one)]
        if not wanted:
            return
        circuit, tried, started = self.order(method), list[tuple[int, float, int]](), time.process_time()
        for n in ladder(most):
            kept = circuit(n)
            allowed = None if "faithfulness" in wanted else 0
            if allowed == 0 and "most" in wanted:
                allowed = int((1 - MOST) * self.held_out.right)
            f, solved = self.held_out.of(kept, allowed)
            tried.append((int(kept.sum()), f, solved))
            met = {
                "faithfulness": f >= FAITHFUL,
                "most": solved >= MOST * self.held_out.right,
                "all": solved == self.held_out.right,
            }
            for target in [one for one in wanted if met[one]]:
                spent = round(time.process_time() - started)
                self.note(method, target, kept, f, solved, tried=tried[:], seconds=spent)
                wanted.remove(target)
            if not wanted:
                return

    def eliminate(self, target: str) -> None:
        """The chain of circuits that elimination over the first training pairs leaves, and the smallest of it
        that is as asked for on held-out pairs."""
        where = {"task": self.task, "fill": self.fill, "method": "elimination"}
        if self.table.known(**where, target=target):
            return
        started = time.process_time()
        pairs = self.train[:ELIMINATED]
        runs = finish(CircuitRuns.begun(weights_of(self.model), pairs, self.fill, self.bank))
        begun, aim = self._begin(Judge(runs), target)
        chain = [begun, *self._chain(runs, begun, aim, target)]
        spent, tried = time.process_time() - started, list[tuple[int, float, int]]()
        for kept in reversed(chain):
            f, solved = self.held_out.of(kept, self._may_fail(target))
            tried.append((int(kept.sum()), f, solved))
            if f >= FAITHFUL if target == "faithfulness" else solved >= 0:
                least = [int(chain[0].sum()), int(chain[-1].sum())]
                self.note(
                    "elimination", target, kept, f, solved, tried=tried, chain=least, seconds=round(spent)
                )
                return

    def _may_fail(self, target: str) -> int | None:
        """How many held-out puzzles a circuit may fail."""
        return {"faithfulness": None, "most": int((1 - MOST) * self.held_out.right), "all": 0}[target]

    def _begin(self, judge: Judge, target: str) -> tuple[Kept, Target]:
        """What elimination begins with: a fifth more edges than the circuit of EAP-IG that is as asked for
        (under the mean, of EAP-IG over the mean; until all are solved, of EAP where that is smaller), and
        more until it is so on the training pairs too."""
        methods = [OVER_MEAN if self.fill == "mean" else "eap-ig"]
        if self.fill == "pair" and target != "faithfulness":
            methods.append("eap")
        where = {"task": self.task, "fill": self.fill, "target": target}
        lines = [line for method in methods if (line := self.table.known(**where, method=method))]
        assert lines
        line = min(lines, key=lambda one: int(one["edges"]))
        kept = connected(self.graph, parse_edges(line["text"], self.graph))
        aim = Target("faithfulness", 0.88) if target == "faithfulness" else Target("solved")
        n, found, scores = int(kept.sum()), kept, self.scores(line["method"])
        while (
            n == kept.sum() or not judge.met(aim, finish(judge.standings(found[None])), np.zeros(1, int))[0]
        ):
            n = int(WIDER * n)
            found = top_kept(scores, n)
        return found, aim

    def _chain(self, runs: CircuitRuns, begun: Kept, aim: Target, target: str) -> Iterator[Kept]:
        """The circuits after every round; of answers, until the held-out ones have failed twice running."""
        judge = Judge(runs)
        failed = 0
        for circuit in eliminate.steps(runs, Circuit(judge.graph, begun, 0.0), aim, share=DROPPED[target]):
            if circuit is None:
                continue
            yield circuit.kept
            if aim.kind == "solved":
                failed = failed + 1 if self.held_out.of(circuit.kept, self._may_fail(target))[1] < 0 else 0
                if failed == 2:
                    return


def compute(table: Table, tasks: Sequence[str]) -> None:
    model = load_model("default")
    own: dict[tuple[str, Fill], Task] = {}

    def task(name: str, fill: Fill = "pair") -> Task:
        if (name, fill) not in own:
            own.clear()  # one task's runs at a time
            own[name, fill] = Task(table, model, name, fill)
        return own[name, fill]

    names = sorted(tasks, key=lambda name: name != COMPARED)
    for name in names:
        task(name).climb("eap-ig")
    for method in ("eap-ig", OVER_MEAN) if COMPARED in names else ():
        task(COMPARED, "mean").climb(method)
    for fill, (n, _) in LEARNED_TO.items() if COMPARED in names else ():
        task(COMPARED, fill).climb(LEARNED, 2 * n)  # beyond, gates that were shut early are in no order
    for name in sorted(names, key=lambda name: task(name).size("faithfulness")):
        task(name).eliminate("faithfulness")
    for name in names:
        task(name).climb("eap")
    if COMPARED in names:
        task(COMPARED, "mean").eliminate("faithfulness")
    for target in ("most", "all"):
        for name in sorted(names, key=lambda name: task(name).size(target)):
            task(name).eliminate(target)
    if COMPARED in names:
        task(COMPARED, "mean").eliminate("all")


# ---- what is printed ---------------------------------------------------------------------------------------

METHODS = {
    "eap": "EAP",
    "eap-ig": "EAP-IG",
    OVER_MEAN: "EAP-IG over the mean",
    "elimination": "elimination",
    LEARNED: "learned",
}
TARGETS = {"faithfulness": "0.9 of the gap", "most": "88 % solved", "all": "all solved"}


def table(lines: Sequence[Line], fill: Fill = "pair") -> str:
    """The table in markdown: of every task and method the edges for each target, in brackets what the circuit
    does besides; and what random circuits do that have as many edges of each class."""
    found = ["| task | by | " + " | ".join(TARGETS.values()) + " | random |", "|---|---|" + "---:|" * 4]
    for task in TASKS:
        for method, name in METHODS.items():
            where = {"task": task, "fill": fill, "method": method}
            own = {one["target"]: one for one in lines if where.items() <= one.items()}
            if own:
                cells = [_cell(own.get(target)) for target in TARGETS]
                found.append(f"| {task} | {name} | {' | '.join(cells)} | {_random(own)} |")
    return "\n".join(found)


def _cell(line: Line | None) -> str:
    if line is None:
        return "-"
    besides = (
        f"{line['solved']} of {line['of']}" if line["target"] != "all" else f"{line['faithfulness']:.2f}"
    )
    return f"{line['edges']:,} ({besides})"


def _random(own: dict[str, Line]) -> str:
    """Of the largest and the smallest circuit: the share of the gap that the nearest random one keeps."""
    told = [f"{one['random']['nearest']:.2f}" for one in own.values()]
    return told[0] if len(set(told)) == 1 else f"{min(told)} to {max(told)}"


def in_common(lines: Sequence[Line], graph: Graph, target: str = "faithfulness") -> str:
    """Which heads, MLPs and edges the smallest circuits of the tasks have in common."""
    best: dict[str, Line] = {}
    for one in lines:
        if (one["fill"], one["target"]) == ("pair", target):
            known = best.get(one["task"])
            best[one["task"]] = one if known is None or one["edges"] < known["edges"] else known
    masks = {task: parse_edges(one["text"], graph) for task, one in best.items()}
    each = np.stack(list(masks.values()))
    parts, edges = each.any(1).sum(0), each.sum(0)
    found = [f"Smallest circuits of {len(masks)} tasks:"]
    for n in range(len(masks), 0, -1):
        some = [graph.writers[k] for k in np.flatnonzero(parts == n)]
        found += [f"  in {n}: {', '.join(some)}"] if some else []
    for n in range(len(masks), max(1, len(masks) - 3), -1):
        some = [edge.text for edge in graph.listed(edges == n)]
        found += [f"  edges in {n}: {', '.join(some)}"] if some else []
    apart = [[(a & b).sum() / min(a.sum(), b.sum()) for b in each] for a in each]
    found += ["  of the smaller's edges, in the other: " + "  ".join(masks)]
    found += [
        f"  {name:14}" + " ".join(f"{x:.2f}" for x in row) for name, row in zip(masks, apart, strict=True)
    ]
    for task, mask in masks.items():
        own = best[task]
        kinds = ", ".join(f"{kind} {(mask & one).sum()}" for kind, one in edge_classes(graph).items())
        found += [f"  {task}: {own['edges']} by {own['method']}, into {kinds}: {own['text']}"]
    return "\n".join(found)


def main(folder: str, *words: str) -> None:
    known = Table(Path(folder))
    if "--print" not in words:
        compute(known, words or list(TASKS))
    print(table(known.lines))
    if compared := [one for one in known.lines if one["fill"] == "mean"]:
        print(f"\nCut edges read the mean:\n\n{table(compared, 'mean')}")
    print("\n" + in_common(known.lines, Graph(load_model("default").cfg)))


if __name__ == "__main__":
    main(*sys.argv[1:])
