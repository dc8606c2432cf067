"""The heads: what each attends to."""
