"""The logit lens as a film over the layers."""
