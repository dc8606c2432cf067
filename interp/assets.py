"""Where the data that comes along lies: the shipped models and the puzzle bank.

In a checkout that is the folder ``assets`` beside this package; an installed package has it inside.
"""

from pathlib import Path

_INSTALLED = Path(__file__).parent / "_assets"
ASSETS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "assets"
MODELS = ASSETS / "models"
BANK_FOLDER = ASSETS / "puzzles"
PAIRS_FOLDER = ASSETS / "pairs"
PLANTED_FOLDER = ASSETS / "planted"
