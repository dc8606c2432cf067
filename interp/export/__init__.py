"""Results as tables and as programs, for analysis elsewhere."""
