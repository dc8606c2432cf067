"""Experiments: ablations with a name and what to look for."""

from interp.analyses.experiments.of_model import Experiment, costliest_layer, experiments

__all__ = ["Experiment", "costliest_layer", "experiments"]
