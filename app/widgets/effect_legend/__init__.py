"""The legend of the colour scale of ablation effects."""
