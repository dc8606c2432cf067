"""The notebook's experiments as the notebook ran them, on TransformerLens 2.18's HookedTransformer.

Run by ``python -m benchmarks.engine`` with another Python, which has that version
(``transformer_lens_2.txt``); it imports nothing of Puzzlescope. One JSON object a line on stdin asks for
something, one a line on stdout answers.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from transformer_lens import HookedTransformer, HookedTransformerConfig


class NotebookWay:
    """The model, and what can be asked of it."""

    def load(self, path: str, threads: int, cfg: dict[str, int]) -> dict[str, object]:
        """A HookedTransformer with these weights: no final LayerNorm, no biases in attention, sinusoidal
        positions."""
        torch.set_num_threads(threads)
        names = ("n_layers", "n_heads", "d_model", "d_head", "d_mlp", "n_ctx", "d_vocab")
        sizes = {name: cfg[name] for name in names}
        self.model = HookedTransformer(
            HookedTransformerConfig(**sizes, act_fn="relu", normalization_type="LN", device="cpu", seed=0)
        )
        self.model.ln_final = torch.nn.Identity()
        biases = {k: torch.zeros_like(v) for k, v in self.model.state_dict().items() if ".b_" in k}
        with np.load(path) as weights:
            given = {name: torch.from_numpy(weights[name]) for name in weights.files}
        missing = self.model.load_state_dict(biases | given, strict=False).missing_keys
        assert all("mask" in name or "IGNORE" in name for name in missing), missing
        self.model.eval()
        return {"torch": torch.__version__}

    def logits(self, tokens: list[list[int]], out: str) -> dict[str, object]:
        """Logits, into a file."""
        np.save(out, self.model(torch.tensor(tokens)).numpy())
        return {}

    def decode(self, prompt: list[int], layer: int | None) -> dict[str, object]:
        """One hundred cells, the whole sequence again for each: what ``generate(use_past_kv_cache=False)``
        does."""
        if layer is not None:
            self.model.add_hook(f"blocks.{layer}.hook_attn_out", zero)
        sequence = torch.tensor([prompt])
        for _ in range(100):
            best = self.model(sequence)[:, -1].argmax(-1, keepdim=True)
            sequence = torch.cat([sequence, best], dim=1)
        self.model.reset_hooks()
        return {"cells": sequence[0, -100:].tolist()}

    def sweep(self, tokens: list[list[int]], kinds: list[str]) -> dict[str, object]:
        """The final-grid loss with each part off, one run after the other over all puzzles at once."""
        batch = torch.tensor(tokens)
        found = {}
        for layer in range(self.model.cfg.n_layers):
            hooks: dict[str, tuple[str, Callable[[torch.Tensor, object], torch.Tensor]]] = {
                kind: (f"blocks.{layer}.hook_{kind}_out", zero) for kind in ("attn", "mlp") if kind in kinds
            }
            if "head" in kinds:
                for head in range(self.model.cfg.n_heads):
                    hooks[f"H{head}"] = (f"blocks.{layer}.attn.hook_z", zero_head(head))
            for part, hook in hooks.items():
                loss = self.model.run_with_hooks(
                    batch, return_type="loss", loss_per_token=True, fwd_hooks=[hook]
                )
                found[f"L{layer}.{part}"] = loss[:, 303:].mean().item()
        return {"losses": found}


def zero(activation: torch.Tensor, hook: object) -> torch.Tensor:
    return torch.zeros_like(activation)


def zero_head(head: int) -> Callable[[torch.Tensor, object], torch.Tensor]:
    def run(z: torch.Tensor, hook: object) -> torch.Tensor:
        z[:, :, head] = 0
        return z

    return run


def main() -> None:
    way = NotebookWay()
    for line in sys.stdin:
        request = json.loads(line)
        work = getattr(way, request.pop("do"))
        started = time.perf_counter()
        with torch.inference_mode():
            answer = work(**request)
        print(json.dumps({"seconds": time.perf_counter() - started, **answer}), flush=True)


if __name__ == "__main__":
    main()
