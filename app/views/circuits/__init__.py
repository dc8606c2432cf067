"""The circuits: composition, path ablation, logit lens, attribution, patching."""
