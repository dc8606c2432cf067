"""A text that a visitor's own browser keeps."""
