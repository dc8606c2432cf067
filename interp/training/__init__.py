"""Training a model, its record and its card."""
