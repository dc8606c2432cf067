"""The experiments of the original notebook, on a model of any size."""

from interp.ablation import parse_ablation
from interp.analyses.experiments.experiment import Experiment
from interp.analyses.notebook.experiments import copy_circuit_text
from interp.model import Config


def notebook_experiments(cfg: Config) -> list[Experiment]:
    """Those that make sense on a model of these sizes."""
    found = [
        _experiment(
            cfg,
            "Layer 0 attention ablated",
            "L0.attn",
            "In the notebook's model this layer mattered a thousandfold more than any other.",
        ),
    ]
    if cfg.n_layers > 1:
        found += [
            _experiment(
                cfg,
                "Copy circuit of layer 0",
                copy_circuit_text(cfg),
                "Only layer 0's attention is left, every head looking 100 positions back: does it copy?",
            ),
            _experiment(
                cfg,
                "Only layer 0 attention",
                "L1-*.attn",
                "All MLPs work, but nothing is moved between positions after layer 0.",
            ),
        ]
    return found


def _experiment(cfg: Config, name: str, text: str, look_for: str) -> Experiment:
    return Experiment(f"notebook: {name}", name, parse_ablation(text, cfg), look_for)
