"""Ablation answers: this project's engine against the notebook's way on TransformerLens 2.18, and against its
own hooks.

All on the same weights and puzzles, in one run, in turns: the model of 12 layers, 8 heads and d_model 256.
Times of work that takes minutes in the old library are taken on fewer puzzles and scaled; the table says
where.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch

from benchmarks.other_library import NotebookWay, UnavailableError
from benchmarks.timing import seconds
from interp import load_model, load_puzzles
from interp.ablation import NO_ABLATION, Ablation, components_of, parse_ablation
from interp.analyses.ablation_sweep import sweep
from interp.engine.predict import predict, run_ablated
from interp.engine.products import product
from interp.grids import CELLS
from interp.model import PuzzleGPT, loss_of
from interp.puzzles import Puzzle
from interp.tokens import ANSWER_START, with_start
from interp.training.arithmetic import count_flops, matrix_rate

MODEL = "12-layers"
ROUNDS = 3
FEW, MANY = 4, 64
"""Puzzles on which a full sweep is timed, the old ways and ours: the old ones take a quarter of a minute for
each."""


@dataclass
class Line:
    """One row of the table: seconds the old way, through our hooks, and with the engine."""

    name: str
    old: Callable[[], float] | None
    hooks: Callable[[], object] | None
    ours: Callable[[], object]
    scale: float = 1.0
    """By how many times the puzzles of the old ways are fewer than ours."""

    def measure(self) -> tuple[float, float, float]:
        """Medians, each way in turn; nan where there is no such way. Work of minutes, which is scaled, is
        done once."""
        times: list[tuple[float, float, float]] = []
        long = self.scale != 1
        for turn in range(1 if long else ROUNDS + 1):
            old = self.old() * self.scale if self.old else float("nan")
            hooks = seconds(self.hooks) * self.scale if self.hooks else float("nan")
            ours = seconds(self.ours)
            if turn or long:
                times.append((old, hooks, ours))
        old, hooks, ours = (median(column) for column in zip(*times, strict=True))
        return old, hooks, ours


def decode_with_hooks(model: PuzzleGPT, puzzle: Puzzle, ablation: Ablation) -> list[int]:
    """The whole sequence again for every cell."""
    sequence = torch.from_numpy(with_start(puzzle.tokens[None]))[:, : ANSWER_START + 1]
    with torch.inference_mode():
        for _ in range(CELLS):
            best = run_ablated(model, sequence, ablation)[:, -1].argmax(-1, keepdim=True)
            sequence = torch.cat([sequence, best], dim=1)
    found: list[int] = sequence[0, ANSWER_START + 1 :].tolist()
    return found


def sweep_with_hooks(model: PuzzleGPT, tokens: np.ndarray, kinds: list[str]) -> dict[str, float]:
    """One run after the other, all puzzles at once, as in the notebook."""
    prompt = model.prompt(tokens)
    found = {}
    with torch.inference_mode():
        for part in components_of(model.cfg, kinds):
            logits = run_ablated(model, prompt, parse_ablation(part.text, model.cfg))
            found[part.text] = loss_of(logits, prompt)[:, ANSWER_START - 1 :].mean().item()
    return found


def sweep_ours(model: PuzzleGPT, tokens: np.ndarray, kinds: list[str]) -> dict[str, float]:
    _, *rows = sweep(model, tokens, components_of(model.cfg, kinds))
    return {row.component.text: row.loss.mean() for row in rows if row.component}


@contextmanager
def notebook_way(model: PuzzleGPT) -> Iterator[NotebookWay | None]:
    """The other library, or ``None`` where it cannot be had."""
    try:
        way = NotebookWay(model)
    except UnavailableError as problem:
        print(f"  {problem} Its column stays empty.")
        yield None
        return
    with way:
        yield way


def check_same(
    model: PuzzleGPT, old: NotebookWay | None, puzzle: Puzzle, ablation: Ablation, layer: int
) -> None:
    """All three ways give the same answers, or there is nothing to compare."""
    ours = predict(model, puzzle.tokens[None], ablation).greedy[0].tolist()
    assert decode_with_hooks(model, puzzle, ablation) == ours
    if old is not None:
        prompt = with_start(puzzle.tokens[None])
        np.testing.assert_allclose(old.logits(prompt), model(torch.from_numpy(prompt)), atol=2e-3, rtol=1e-3)
        head = prompt[0, : ANSWER_START + 1].tolist()
        assert old.ask("decode", prompt=head, layer=layer)["cells"] == ours


def lines(
    model: PuzzleGPT, old: NotebookWay | None, solved: Puzzle, layer: int, tokens: np.ndarray
) -> list[Line]:
    broken = parse_ablation(f"L{layer}.attn", model.cfg)
    prompt = with_start(tokens)
    head = with_start(solved.tokens)[: ANSWER_START + 1].tolist()

    def decode(ablated: int | None) -> Callable[[], float] | None:
        return None if old is None else lambda: old.ask("decode", prompt=head, layer=ablated)["seconds"]

    def sweep_old(n: int, kinds: list[str]) -> Callable[[], float] | None:
        rows = prompt[:n].tolist()
        return None if old is None else lambda: old.ask("sweep", tokens=rows, kinds=kinds)["seconds"]

    n, every = len(tokens), ["attn", "mlp", "head"]
    return [
        Line(
            "a solved puzzle's answer",
            decode(None),
            lambda: decode_with_hooks(model, solved, NO_ABLATION),
            lambda: predict(model, solved.tokens[None]),
        ),
        Line(
            f"its answer with L{layer}.attn off",
            decode(layer),
            lambda: decode_with_hooks(model, solved, broken),
            lambda: predict(model, solved.tokens[None], broken),
        ),
        Line(
            f"attention layers, {n} puzzles",
            sweep_old(16, ["attn"]),
            lambda: sweep_with_hooks(model, tokens[:16], ["attn"]),
            lambda: sweep_ours(model, tokens, ["attn"]),
            n / 16,
        ),
        Line(
            "every part, 1 puzzle",
            sweep_old(1, every),
            lambda: sweep_with_hooks(model, tokens[:1], every),
            lambda: sweep_ours(model, tokens[:1], every),
        ),
        Line(
            f"every part, {MANY} puzzles",
            sweep_old(FEW, every),
            lambda: sweep_with_hooks(model, tokens[:FEW], every),
            lambda: sweep_ours(model, tokens[:MANY], every),
            MANY / FEW,
        ),
    ]


def main() -> None:
    model = load_model(MODEL)
    puzzles = load_puzzles("bank", limit=64)
    solved = next(puzzle for puzzle in puzzles if predict(model, puzzle.tokens[None]).solved[0])
    attention = sweep_ours(model, puzzles.tokens[:8], ["attn"])
    layer = int(max(attention, key=lambda part: attention[part])[1:-5])
    print(f"{model.cfg.n_layers} layers, {torch.get_num_threads()} threads, medians of {ROUNDS}, seconds")
    print(f"  {'':34s}{'TL 2.18':>9s}{'hooks':>9s}{'engine':>9s}{'x TL':>7s}{'x hooks':>9s}")
    with notebook_way(model) as old:
        check_same(model, old, solved, parse_ablation(f"L{layer}.attn", model.cfg), layer)
        for line in lines(model, old, solved, layer, puzzles.tokens):
            a, b, c = line.measure()
            print(f"  {line.name:34s}{a:9.2f}{b:9.2f}{c:9.3f}{a / c:7.1f}{b / c:9.1f}", flush=True)
    report_arithmetic(model, puzzles.tokens[:FEW])


def report_arithmetic(model: PuzzleGPT, tokens: np.ndarray) -> None:
    """How much of the machine's matrix rate the full sweep reaches, counting the weights' products only."""
    every = ["attn", "mlp", "head"]
    flops = count_flops(lambda: sweep_ours(model, tokens, every))
    plain, quick, times = [], [], []
    for _ in range(ROUNDS):
        plain.append(matrix_rate(torch.device("cpu"), torch.float32))
        quick.append(matrix_rate(torch.device("cpu"), torch.float32, product))
        times.append(seconds(lambda: sweep_ours(model, tokens, every)))
    rate = flops / median(times)
    print(
        f"  full sweep of {len(tokens)} puzzles: {flops / 1e12:.2f} TFLOP in the weights' products,"
        f" {median(times):.1f} s:"
        f" {rate / 1e9:.0f} GFLOP/s, {100 * rate / median(plain):.0f} % of the {median(plain) / 1e9:.0f}"
        f" that a @ b reaches"
        f" in float32, {100 * rate / median(quick):.0f} % of the {median(quick) / 1e9:.0f} of"
        f" interp.engine.products"
    )


if __name__ == "__main__":
    main()
