"""The workbench: a puzzle, an ablation, and what changes."""
