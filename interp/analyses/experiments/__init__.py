"""Experiments: ablations with a name and what to look for."""

from interp.analyses.experiments.experiment import Experiment
from interp.analyses.experiments.of_model import costliest_layer, experiments
from interp.analyses.experiments.of_notebook import notebook_experiments

__all__ = ["Experiment", "costliest_layer", "experiments", "notebook_experiments"]
