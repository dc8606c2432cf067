"""What stands outside of the gate: the pages where people sign in and out, and where they go from there."""
