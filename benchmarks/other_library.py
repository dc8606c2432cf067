"""TransformerLens 2.18 in a process and a virtual environment of its own, on the weights of one of our
models."""

import json
import subprocess
import sys
import tempfile
import venv
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interp.model import PuzzleGPT
from scripts.bootstrap import CPU_INDEX, reachable

HERE = Path(__file__).parent
FOLDER = HERE.parent / ".venv-transformer-lens-2"
REQUIREMENTS = HERE / "transformer_lens_2.txt"


class UnavailableError(Exception):
    """The other library could not be installed."""


class NotebookWay:
    """The other process. Use as a context."""

    def __init__(self, model: PuzzleGPT):
        self._folder = tempfile.TemporaryDirectory()
        weights = {name: value.numpy() for name, value in model.state_dict().items()}
        weights["pos_embed.W_pos"] = model.W_pos.numpy()
        path = Path(self._folder.name) / "weights.npz"
        np.savez(path, **weights)
        self._process = subprocess.Popen(
            [_python(), str(HERE / "notebook_way.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ask("load", path=str(path), threads=torch.get_num_threads(), cfg=asdict(model.cfg))

    def __enter__(self) -> "NotebookWay":
        return self

    def __exit__(self, *problem: object) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Have something done; the answer says how many seconds it took there."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise UnavailableError(f"The process with TransformerLens 2.18 ended while it did '{do}'.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        """For the check that both compute the same."""
        out = Path(self._folder.name) / "logits.npy"
        self.ask("logits", tokens=tokens.tolist(), out=str(out))
        found: np.ndarray = np.load(out)
        return found


def _python() -> str:
    """The Python of the other environment, made on first use (about 1 GB; a few minutes)."""
    python = FOLDER / "bin" / "python"
    marker = FOLDER / "installed.txt"
    if not marker.exists() or marker.read_text() != REQUIREMENTS.read_text():
        print(f"  installing TransformerLens 2.18 into {FOLDER.name}/ ...", file=sys.stderr)
        venv.create(FOLDER, clear=True, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)]
        if torch.version.cuda is None and sys.platform == "linux" and reachable(CPU_INDEX):
            command += ["--extra-index-url", CPU_INDEX]  # the small build of torch, as in .venv
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
            raise UnavailableError(f"TransformerLens 2.18 could not be installed into {FOLDER.name}/.")
        marker.write_text(REQUIREMENTS.read_text())
    return str(python)
