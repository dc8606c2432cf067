"""The names of the front door, ``from interp import ...``, and the module that each comes from."""

HOMES = {
    "PuzzlescopeError": "interp.errors",
    # models and puzzles
    "load_model": "interp.checkpoints",
    "save_model": "interp.checkpoints",
    "load_puzzles": "interp.puzzles",
    "save_puzzles": "interp.puzzles",
    "structure_named": "interp.tokens",
    "pair_for": "interp.pairs",
    "predicting_position": "interp.tokens",
    "with_start": "interp.tokens",
    # pairs
    "make_pairs": "interp.pairs",
    "read_pairs": "interp.pairs",
    "shipped_pairs": "interp.pairs",
    "Contrast": "interp.engine.contrast",
    # ablation
    "parse_ablation": "interp.ablation",
    "parse_component": "interp.ablation",
    "parse_method": "interp.ablation",
    "components_of": "interp.ablation",
    "bank_means": "interp.ablation",
    "means_by": "interp.ablation",
    "hooks_for": "interp.ablation",
    # answers
    "losses": "interp.engine.predict",
    "predict": "interp.engine.predict",
    "parse_forced": "interp.engine.forcing",
    # analyses
    "activation_patching": "interp.analyses.activation_patching",
    "recoloured": "interp.analyses.activation_patching",
    "attention_pattern": "interp.analyses.attention",
    "head_roles": "interp.analyses.head_roles",
    "heads_above": "interp.analyses.lookback",
    "lookback_table": "interp.analyses.lookback",
    "blanks_masked": "interp.analyses.notebook.published",
    "composition": "interp.analyses.composition",
    "conditional_effects": "interp.analyses.conditional",
    "direct_attribution": "interp.analyses.direct_attribution",
    "logit_lens": "interp.analyses.logit_lens",
    "measure_phenomena": "interp.analyses.notebook.experiments",
    "patch_pair": "interp.analyses.pair_patching",
    "path_ablation": "interp.analyses.path_ablation",
    "study_failure": "interp.analyses.failures",
    "study_heads": "interp.analyses.head_study",
    "sweep": "interp.analyses.ablation_sweep",
    "synergy": "interp.analyses.synergy",
    "value": "interp.analyses.ablation_sweep",
    # circuits
    "CellTarget": "interp.circuits.cells",
    "cell_effects": "interp.circuits.cells",
    "cell_graph": "interp.circuits.cells",
    # figures
    "plate": "interp.figures.paper",
}
"""A module is imported when one of its names is first used."""
