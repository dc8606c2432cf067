"""Loaded models and cached results, computed by one worker for all who share the process."""

from interp.backend.backend import (
    Backend,
    Watch,
)

__all__ = [
    "Backend",
    "Watch",
]
