"""What is put into a server's process to make it fail."""

from pathlib import Path

HOOKS = Path(__file__).parent
BROKEN = "L2.mlp"
"""What must not be ablated alone."""
