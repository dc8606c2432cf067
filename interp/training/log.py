"""A run's log, ``training_log.csv``: a row for a batch now and then, and one for each evaluation."""

import csv
from pathlib import Path
from typing import Any

LOG_FILE = "training_log.csv"
LOG_COLUMNS = ("event", "step", "puzzles", "minutes", "lr", "loss", "answer_loss", "solved", "by_kind")


def add_to_log(folder: Path, entry: dict[str, Any]) -> None:
    """Add a row, the header first where there is no log yet."""
    path = folder / LOG_FILE
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, LOG_COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(entry)


def cut_log(folder: Path, steps: int) -> None:
    """Leave out of a log what came after a number of steps: a killed run does that again."""
    path = folder / LOG_FILE
    if not path.exists():
        return
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    kept = [row for row in rows if int(row[header.index("step")]) <= steps]
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *kept])
