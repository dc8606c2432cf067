"""The results as a table for people, and as a file for programs."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

COLUMNS: dict[str, tuple[str, ...]] = {
    "visitors": ("visitors",),
    "answers/s": ("answers_per_s",),
    "click p50": ("click_to_answer_s", "p50"),
    "p95": ("click_to_answer_s", "p95"),
    "max": ("click_to_answer_s", "max"),
    "link p50": ("link_to_answer_s", "p50"),
    "p95 ": ("link_to_answer_s", "p95"),
    "max ": ("link_to_answer_s", "max"),
    "kB a click p50": ("click_kB", "p50"),
    "max  ": ("click_kB", "max"),
    "messages": ("click_messages", "p50"),
    "health p50": ("health_s", "p50"),
    "p99": ("health_s", "p99"),
    "max   ": ("health_s", "max"),
    "RSS MB": ("rss_MB", "max"),
    "threads": ("threads", "max"),
    "handles": ("handles", "max"),
    "cores": ("server_cores",),
    "wrong": ("checked", "wrong"),
    "of": ("checked", "answers"),
    "told place": ("told_their_place",),
    "unanswered": ("unanswered",),
    "errors": ("errors",),
}
"""Heads of the columns (those that are alike differ by spaces), and where their values are."""


def table(stages: Sequence[dict[str, Any]]) -> str:
    """One line for each number of visitors. Times are seconds."""
    rows = [[name.strip() for name in COLUMNS]]
    rows += [[_cell(stage, path) for path in COLUMNS.values()] for stage in stages]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _cell(stage: dict[str, Any], path: Sequence[str]) -> str:
    value: Any = stage
    for name in path:
        value = value.get(name, {}) if isinstance(value, dict) else value
    if path == ("errors",):
        return str(sum(value.values()))
    if isinstance(value, float):
        return f"{value:.3g}" if value < 100 else f"{value:.0f}"
    return "" if value == {} else str(value)


def machine() -> dict[str, Any]:
    """Where it was measured, and when."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def write(path: Path | None, found: dict[str, Any]) -> None:
    """Write the results, with what was measured so far; nothing, if no file was named."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
