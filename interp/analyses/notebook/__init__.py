"""What the original notebook did and found: its experiments on any model, beside its own figures."""
