"""SQL of whoever asks: bounded, and over the parts of a study only."""
