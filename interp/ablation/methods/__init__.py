"""The methods of ablation. One class says everything that is asked of a method: its text, its words for the
dashboard, what it fits, and what it does, once to a run with hooks and once to a row of the engine.

To add one, write a class in a file here and name it in :data:`METHODS`. The tests hold its two definitions
together.
"""

from interp.ablation.components import COMPONENT_KINDS, Component
from interp.ablation.methods.donors import PairEnd, Resample
from interp.ablation.methods.lookback import Lookback
from interp.ablation.methods.mean import Mean
from interp.ablation.methods.method import Method, RowGate
from interp.ablation.methods.optimal import Optimal
from interp.ablation.methods.pattern import Pattern
from interp.ablation.methods.zero import Zero

__all__ = [
    "DEFAULT_METHOD",
    "MEAN",
    "METHODS",
    "ZERO",
    "Lookback",
    "Mean",
    "Method",
    "Optimal",
    "PairEnd",
    "Pattern",
    "Resample",
    "RowGate",
    "Zero",
    "fitting",
    "fitting_all",
]

METHODS: tuple[type[Method], ...] = (Zero, Mean, Optimal, Resample, PairEnd, Pattern, Lookback)
"""All of them, in the order of the dashboard."""

ZERO, MEAN = Zero(), Mean()
DEFAULT_METHOD: Method = ZERO
"""What a term without a method means, and what takes the place of a method where it does not fit."""


def fitting(method: Method, component: Component) -> Method:
    """The method itself if it fits a component, else the default one."""
    return method if method.fits(component) else DEFAULT_METHOD


def fitting_all(method: Method) -> Method:
    """The method itself if components of every kind can be swept by it, else the default one: what a sweep
    over all of them uses, so that its numbers can be compared."""
    return method if method.swept or set(method.kinds) >= set(COMPONENT_KINDS) else DEFAULT_METHOD
