"""Experiments of the original notebook as ablations, each with a name and what to look for."""

from dataclasses import dataclass

from interp.ablation import Ablation, parse_ablation
from interp.analyses.notebook.experiments import copy_circuit_text
from interp.model import Config


@dataclass(frozen=True)
class Preset:
    """An ablation with a name and what to look for."""

    name: str
    text: str
    look_for: str

    def ablation(self, cfg: Config) -> Ablation:
        return parse_ablation(self.text, cfg)


def presets(cfg: Config, copy_layer: int = 0) -> list[Preset]:
    """The presets that make sense on a model of these sizes, whose head that looks one grid back is in
    ``copy_layer``."""
    found = [
        Preset(
            "Layer 0 attention ablated",
            "L0.attn",
            "In the notebook's model this layer mattered a thousandfold more than any other.",
        ),
        Preset(
            "All MLPs ablated",
            "L*.mlp",
            "Attention alone: what can still be moved from one place to another?",
        ),
    ]
    if cfg.n_layers > 1:
        found += [
            Preset(
                "Copy circuit",
                copy_circuit_text(cfg),
                "Only layer 0's attention is left, and every head looks exactly 100 positions back: does it"
                " copy the third grid?",
            ),
            Preset(
                "Only layer 0 attention",
                "L1-*.attn",
                "All MLPs work, but nothing is moved between positions after layer 0.",
            ),
        ]
    if copy_layer > 0:
        found.append(
            Preset(
                f"Copy circuit in layer {copy_layer}",
                copy_circuit_text(cfg, copy_layer),
                f"The same for layer {copy_layer}, where this model has the head that looks one grid back"
                f" most.",
            )
        )
    return found
