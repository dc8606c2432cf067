"""Loaded models and cached results, computed by one worker for all who share the process."""

from interp.backend.backend import Backend
from interp.backend.status import Ended, Status
from interp.backend.watch import Watch

__all__ = ["Backend", "Ended", "Status", "Watch"]
