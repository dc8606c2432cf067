"""Side by side with what one would otherwise run, in one process and one run: ``make bench``. Ratios count,
seconds drift."""
