"""What an experiment is."""

from dataclasses import dataclass

from interp.ablation import Ablation


@dataclass(frozen=True)
class Experiment:
    """An ablation with a name and what to look for.

    Attributes:
        key: which of the experiments it is, whatever the model.
        name: its title.
        ablation: what is ablated.
        look_for: a sentence.
    """

    key: str
    name: str
    ablation: Ablation
    look_for: str
