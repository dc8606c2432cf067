"""Time and memory of the sweep over attention layers, as puzzles and layers grow. Each in a process of its
own."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.models import stretched
from benchmarks.timing import seconds
from interp import load_puzzles
from interp.ablation import components_of
from interp.analyses.ablation_sweep import sweep

PUZZLES = (1, 8, 64, 512)
LAYERS = (4, 6, 8, 10, 12)
USUAL_PUZZLES, USUAL_LAYERS = 64, 6


def measure(n_puzzles: int, n_layers: int) -> dict[str, float]:
    """Seconds of the sweep, and how much memory it takes beyond the model's and the program's own at its
    peak."""
    model = stretched(n_layers)
    tokens = load_puzzles("bank", limit=n_puzzles).tokens
    list(sweep(model, tokens[:1], components_of(model.cfg, ["attn"])[:1]))  # whatever is made once only
    before = _peak()
    spent = seconds(lambda: list(sweep(model, tokens, components_of(model.cfg, ["attn"]))))
    return {"seconds": spent, "megabytes": _peak() - before}


def _peak() -> float:
    """Megabytes that this process has had in memory at most."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: its getrusage begins with the peak of the process that started this one
        kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line)
        return int(kilobytes) / 2**10
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, kilobytes elsewhere


def apart(n_puzzles: int, n_layers: int) -> dict[str, float]:
    """The same in a fresh process: a peak never goes down again."""
    command = [sys.executable, "-m", "benchmarks.growth", str(n_puzzles), str(n_layers)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    print(f"sweep over attention layers, {torch.get_num_threads()} threads: time, and memory at its peak")
    print(f"  {'puzzles':>8s}{'layers':>8s}{'seconds':>10s}{'ms/puzzle':>11s}{'MB':>8s}")
    cases = [(n, USUAL_LAYERS) for n in PUZZLES] + [(USUAL_PUZZLES, n) for n in LAYERS]
    for n_puzzles, n_layers in cases:
        found = apart(n_puzzles, n_layers)
        per = 1000 * found["seconds"] / n_puzzles
        print(
            f"  {n_puzzles:8d}{n_layers:8d}{found['seconds']:10.2f}{per:11.1f}{found['megabytes']:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
    else:
        main()
