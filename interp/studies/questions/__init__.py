"""Questions to a study, whole or in progress, answered by DuckDB."""

from interp.studies.questions.study import Study

__all__ = ["Study"]
