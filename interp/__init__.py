"""Puzzlescope's library: mechanistic interpretability of small GPTs that solve grid puzzles.

It works the same from a notebook, the command line and the dashboard. To see where the heads of layer 0 look
while the model draws an answer::

    import torch
    from interp import load_model, load_puzzles, with_start

    model = load_model("default")
    puzzles = load_puzzles("bank")
    prompt = torch.from_numpy(with_start(puzzles[0].tokens))[None]
    logits, cache = model.run_with_cache(prompt)        # logits [1, 405, 15]
    pattern = cache["pattern", 0]                       # [1, head, query, key]

The model carries TransformerLens's hook points, so that recipes written for that library run on it.

This is the front door: ``dir(interp)`` lists what most programs need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from interp.names import HOMES

if TYPE_CHECKING:
    from interp import figures as figures
    from interp.ablation import bank_means as bank_means
    from interp.ablation import components_of as components_of
    from interp.ablation import hooks_for as hooks_for
    from interp.ablation import means_by as means_by
    from interp.ablation import parse_ablation as parse_ablation
    from interp.ablation import parse_component as parse_component
    from interp.ablation import parse_method as parse_method
    from interp.analyses.ablation_sweep import sweep as sweep
    from interp.analyses.ablation_sweep import value as value
    from interp.analyses.activation_patching import activation_patching as activation_patching
    from interp.analyses.activation_patching import recoloured as recoloured
    from interp.analyses.attention import attention_pattern as attention_pattern
    from interp.analyses.composition import composition as composition
    from interp.analyses.conditional import conditional_effects as conditional_effects
    from interp.analyses.direct_attribution import direct_attribution as direct_attribution
    from interp.analyses.failures import study_failure as study_failure
    from interp.analyses.head_roles import head_roles as head_roles
    from interp.analyses.head_study import study_heads as study_heads
    from interp.analyses.logit_lens import logit_lens as logit_lens
    from interp.analyses.lookback import heads_above as heads_above
    from interp.analyses.lookback import lookback_table as lookback_table
    from interp.analyses.notebook.experiments import measure_phenomena as measure_phenomena
    from interp.analyses.notebook.published import blanks_masked as blanks_masked
    from interp.analyses.pair_patching import patch_pair as patch_pair
    from interp.analyses.path_ablation import path_ablation as path_ablation
    from interp.analyses.synergy import synergy as synergy
    from interp.checkpoints import load_model as load_model
    from interp.checkpoints import save_model as save_model
    from interp.circuits.attribution import attribute_edges as attribute_edges
    from interp.circuits.cells import CellTarget as CellTarget
    from interp.circuits.cells import cell_effects as cell_effects
    from interp.circuits.cells import cell_graph as cell_graph
    from interp.circuits.certificate import certify as certify
    from interp.circuits.exact import exact_edges as exact_edges
    from interp.circuits.finder import Circuit as Circuit
    from interp.circuits.finder import Judge as Judge
    from interp.circuits.finder import Target as Target
    from interp.circuits.finder import eliminate as eliminate
    from interp.circuits.finder import find_circuit as find_circuit
    from interp.circuits.finder import top_circuit as top_circuit
    from interp.circuits.graph import Graph as Graph
    from interp.circuits.graph import connected as connected
    from interp.circuits.learned.learning import learn_edges as learn_edges
    from interp.circuits.runs import CircuitRuns as CircuitRuns
    from interp.engine.contrast import Contrast as Contrast
    from interp.engine.forcing import parse_forced as parse_forced
    from interp.engine.forward import weights_of as weights_of
    from interp.engine.predict import losses as losses
    from interp.engine.predict import predict as predict
    from interp.errors import PuzzlescopeError as PuzzlescopeError
    from interp.figures.paper import plate as plate
    from interp.pairs import make_pairs as make_pairs
    from interp.pairs import pair_for as pair_for
    from interp.pairs import read_pairs as read_pairs
    from interp.pairs import shipped_pairs as shipped_pairs
    from interp.puzzles import load_puzzles as load_puzzles
    from interp.puzzles import save_puzzles as save_puzzles
    from interp.studies.home import open_study as open_study
    from interp.tokens import predicting_position as predicting_position
    from interp.tokens import structure_named as structure_named
    from interp.tokens import with_start as with_start
    from interp.why import cell_split as cell_split
    from interp.why import head_phase as head_phase
    from interp.why import head_reason as head_reason
    from interp.why import held_out as held_out
    from interp.why import split_heads as split_heads
    from interp.why.interventions.elsewhere import with_filler as with_filler
    from interp.why.interventions.elsewhere import with_period as with_period
    from interp.why.interventions.one_side import one_side as one_side
    from interp.why.interventions.rows import Rows as Rows
    from interp.why.interventions.shift import pointer_shift as pointer_shift
    from interp.why.planted.planting import plant_head as plant_head
    from interp.why.readers import edges_from as edges_from
    from interp.why.readers import joined_readers as joined_readers

__all__ = sorted([*HOMES, "figures"])


def __getattr__(name: str) -> Any:
    """Import on first use: PyTorch takes seconds, and asking for help should not."""
    if name == "figures":
        return import_module("interp.figures")
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
