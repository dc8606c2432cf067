"""Where the data that comes along lies: the shipped models and the puzzle bank."""

from pathlib import Path

ASSETS = Path(__file__).parent.parent / "assets"
MODELS = ASSETS / "models"
BANK_FOLDER = ASSETS / "puzzles"
