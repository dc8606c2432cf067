"""What several pages show: the header, the pickers, attention."""
