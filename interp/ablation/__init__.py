"""What is ablated: components and methods, their text, their hooks, and the reference means."""

from interp.ablation.components import COMPONENT_KINDS, Component, ComponentKind, components_of
from interp.ablation.hook_points import Hook
from interp.ablation.hooks import check_known, hooks_for, hooks_of, means_by, means_for
from interp.ablation.means import (
    REFERENCE_PUZZLES,
    ReferenceMeans,
    bank_means,
    bank_patterns,
    joined,
    reference_means,
)
from interp.ablation.methods import (
    DEFAULT_METHOD,
    MEAN,
    METHODS,
    ZERO,
    Lookback,
    Mean,
    Method,
    Optimal,
    PairEnd,
    Pattern,
    Resample,
    RowGate,
    Zero,
    fitting,
    fitting_all,
)
from interp.ablation.needs import Need
from interp.ablation.rows import RowMeans
from interp.ablation.terms import NO_ABLATION, Ablation, Term, check_ablation, heads_off
from interp.ablation.text import parse_ablation, parse_component, parse_method

__all__ = [
    "COMPONENT_KINDS",
    "DEFAULT_METHOD",
    "MEAN",
    "METHODS",
    "NO_ABLATION",
    "REFERENCE_PUZZLES",
    "ZERO",
    "Ablation",
    "Component",
    "ComponentKind",
    "Hook",
    "Lookback",
    "Mean",
    "Method",
    "Need",
    "Optimal",
    "PairEnd",
    "Pattern",
    "ReferenceMeans",
    "Resample",
    "RowGate",
    "RowMeans",
    "Term",
    "Zero",
    "bank_means",
    "bank_patterns",
    "check_ablation",
    "check_known",
    "components_of",
    "fitting",
    "fitting_all",
    "heads_off",
    "hooks_for",
    "hooks_of",
    "joined",
    "means_by",
    "means_for",
    "parse_ablation",
    "parse_component",
    "parse_method",
    "reference_means",
]
