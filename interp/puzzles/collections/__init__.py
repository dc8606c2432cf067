"""Puzzles that a person keeps: collections with a name and notes, in a file of SQLite.

``load_puzzles("collection:NAME")``, and ``--puzzles collection:NAME`` on the command line, are those that
belong to everybody on this machine.
"""

from interp.puzzles.collections.folder import data_folder
from interp.puzzles.collections.store import MOST_COLLECTIONS, MOST_PUZZLES, Collection, Collections, Contents

__all__ = ["MOST_COLLECTIONS", "MOST_PUZZLES", "Collection", "Collections", "Contents", "data_folder"]
