"""Whether the environment says who may enter, asked before anything is started."""

from importlib import import_module

from interp.errors import PuzzlescopeError

GATE = "app.server.gate.settings"
"""The server's own rule; by name, for the server comes after what starts it."""


def problem(address: str) -> str | None:
    """One sentence on why a server that listens there would not start, or None if it would.

    Only the settings that say who may enter are looked at; the server looks at all of them.
    """
    words = import_module("app.server.words").Words()
    try:
        import_module(GATE).read(words, address)
    except PuzzlescopeError as error:
        return str(error)
    return None
