"""The logbook: the original notebook's experiments, live."""
