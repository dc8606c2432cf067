"""A greedy answer: verify-then-decode with a key-value cache against plain decoding, on the default model."""

import torch

from benchmarks.timing import in_turn
from interp import load_model, load_puzzles
from interp.ablation import NO_ABLATION, Ablation, parse_ablation
from interp.model import PuzzleGPT
from interp.predict import predict, run_ablated
from interp.puzzles import Puzzle
from interp.tokens import ANSWER_START, CELLS, with_start

ROUNDS = 3


def decode_plainly(model: PuzzleGPT, puzzle: Puzzle, ablation: Ablation) -> torch.Tensor:
    """The whole sequence again for every cell."""
    sequence = torch.from_numpy(with_start(puzzle.tokens[None]))[:, : ANSWER_START + 1]
    with torch.inference_mode():
        for _ in range(CELLS):
            best = run_ablated(model, sequence, ablation)[:, -1].argmax(-1, keepdim=True)
            sequence = torch.cat([sequence, best], dim=1)
    return sequence[0, ANSWER_START + 1 :]


def main() -> None:
    model = load_model("default")
    puzzles = load_puzzles("bank", limit=64)
    solved = next(puzzle for puzzle in puzzles if predict(model, puzzle.tokens[None]).solved[0])
    print(
        f"one greedy answer, {model.cfg.n_layers} layers, {torch.get_num_threads()} threads, medians of {ROUNDS}"
    )
    cases = {"solved puzzle": NO_ABLATION, "layer 1 attention off": parse_ablation("L1.attn", model.cfg)}
    for name, ablation in cases.items():
        found = in_turn(
            {
                "plain": lambda ablation=ablation: decode_plainly(model, solved, ablation),
                "ours": lambda ablation=ablation: predict(model, solved.tokens[None], ablation),
            },
            ROUNDS,
        )
        ratio = found["plain"] / found["ours"]
        print(f"  {name:22s} plain {found['plain']:6.2f} s   ours {found['ours']:6.3f} s   x {ratio:.0f}")


if __name__ == "__main__":
    main()
