"""The widgets, one a file: each has a ``show`` that draws it, and each alone knows its session-state keys."""
