"""What the logbook holds and how it came out, at its top: the score, and each experiment with its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.widgets.text import escape_markdown
from interp.ablation import Ablation
from interp.analyses.notebook.published import Finding
from interp.errors import brief

Verdict = Literal["holds", "differs", "pending", "shown"]
TAGS: dict[Verdict, str] = {
    "holds": ":green-badge[holds]",
    "differs": ":violet-badge[differs]",
    "pending": ":gray-badge[pending]",
    "shown": "",
}
"""The tag of each, in Markdown. An experiment that is only shown has none."""


LONGEST = 60
"""Letters of what is ablated."""


@dataclass(frozen=True)
class Section:
    """An experiment: its number and its name."""

    number: int
    title: str

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"experiment-{self.number}"


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Of an experiment with these findings: it holds if each does."""
    return "holds" if all(found.holds for found in findings) else "differs"


def show(verdicts: Mapping[Section, Verdict], ablation: Ablation) -> None:
    """Draw the score and the list; each entry leads to its experiment.

    Args:
        ablation: with which all of them are computed.
    """
    scores = []
    for verdict in ("holds", "differs", "pending"):
        found = [section for section, one in verdicts.items() if one == verdict]
        if found:
            jumps = ", ".join(f"[{section.number}](#{section.anchor})" for section in found)
            scores.append(f"**{verdict} {len(found)}** ({jumps})")
    off = f" with {escape_markdown(brief(ablation.text, LONGEST))} ablated" if ablation else ""
    score = f"What was published, on this model{off}: {' · '.join(scores)}"
    lines = (
        f"{section.number}. [{section.title}](#{section.anchor}) {TAGS[verdict]}"
        for section, verdict in verdicts.items()
    )
    st.markdown("\n".join([score, "", *lines]))
