"""Puzzles as values, the embedded bank, and the files and data sets that puzzles come from."""

from interp.puzzles.loading import load_puzzles, puzzle_name, save_puzzles
from interp.puzzles.puzzle import Puzzle, PuzzleSet

__all__ = ["Puzzle", "PuzzleSet", "load_puzzles", "puzzle_name", "save_puzzles"]
