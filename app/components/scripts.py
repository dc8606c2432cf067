"""The browser's side of components: what several of them need stands in a file of its own and is put before
theirs."""

from pathlib import Path

HERE = Path(__file__).parent


def joined(*names: str) -> str:
    """One module of these files, in this order; the last of them to export decides what it is."""
    return "\n".join((HERE / f"{name}.js").read_text() for name in names)
