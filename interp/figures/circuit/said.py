"""What a circuit's certificate says, in words: the same on the page and in the HTML file."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite

from interp.circuits.certificate import MEANINGS, Certificate
from interp.circuits.checks.answers import CONFIDENCE, Answers
from interp.circuits.finder import Circuit, Target
from interp.circuits.writes import FILLS, Fill
from interp.figures.circuit.scripts import HERE
from interp.numbers import number

CERTIFICATE_STYLE = HERE / "certificate.css"
FILL_WORDS: dict[Fill, str] = {
    "pair": "the pair's other run",
    "mean": "the mean",
    "resample": "another puzzle",
    "zero": "nothing",
}
"""What a cut edge reads, in a few words (:data:`FILLS` has a sentence of each)."""
assert set(FILL_WORDS) == set(FILLS)
LEAST = 0.5
"""Of the difference: a circuit that keeps less is not told to be good, however sure it is that it does."""
TICKS = "The ticks on the first bar are random circuits, their mean and best."


@dataclass(frozen=True)
class Line:
    """One number.

    Attributes:
        name: what it is of.
        said: the number, in words.
        help: what it means, in a sentence.
        share: from 0 to 1, if it is one.
        beside: other shares that it is compared with.
    """

    name: str
    said: str
    help: str = ""
    share: float | None = None
    beside: tuple[float, ...] = ()


@dataclass(frozen=True)
class Section:
    """Some lines.

    Attributes:
        title: above them; none of the first.
        lines: the numbers.
    """

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Said:
    """A certificate in words.

    Attributes:
        sections: its lines, faithfulness first.
        verdict: in a sentence, above everything.
        good: whether that is for the circuit; ``None`` where there is none yet.
        on: which pairs it was measured on, and what the ticks are: below everything.
    """

    sections: Sequence[Section]
    verdict: str = ""
    good: bool | None = None
    on: str = ""


def said_of(found: Certificate, circuit: Circuit | None, wanted: Target | None = None, on: str = "") -> Said:
    """What a certificate says.

    Args:
        circuit: that it is of; without it there is no verdict.
        wanted: what it was looked for.
        on: the pairs, in words: ``8 held-out pairs of frame that differ in the rule``.
    """
    below = [f"On {on}."] if on else []
    below += [TICKS] if found.chance is not None else []
    return Said(sections(found), *verdict_of(found, circuit, wanted), " ".join(below))


def verdict_of(
    found: Certificate, circuit: Circuit | None, wanted: Target | None = None
) -> tuple[str, bool | None]:
    """What is said of the circuit, and whether that is for it.

    Args:
        wanted: what it was looked for.
    """
    if circuit is None or found.verdict is None:
        return "", None
    if not found.verdict.accepted:
        return " ".join(found.verdict.reasons), None if found.verdict.undecided else False
    if found.faithfulness < LEAST:
        both = f"{found.faithfulness:.0%} of the difference on new pairs, {circuit.faithfulness:.0%} on"
        return f"It keeps {both} those it was found by: far from the whole model.", None
    assert found.chance is not None and found.answers is not None
    chance = f"better than each of {found.chance.n} random circuits"
    if wanted is not None and wanted.kind == "solved":
        own = found.answers
        sure = f"at least {own.at_least:.0%} of such answers do ({CONFIDENCE:.0%} confidence)"
        told = f"All {own.whole} new answers that the whole model gives right stay right: {sure}"
        return f"{told}. It is {chance}.", True
    told = f"As faithful on new pairs ({found.faithfulness:.2f}) as on those it was found by"
    return f"{told} ({circuit.faithfulness:.2f}), and {chance}.", True


def sections(found: Certificate) -> list[Section]:
    """Its lines."""
    parts = [Section("", _lines(found))]
    if found.sizes is not None or found.stable is not None:
        parts.append(Section("The order of the edges", _order(found)))
    if found.complete is not None or found.minimal is not None:
        parts.append(Section("Nothing missing, nothing idle", _parts(found)))
    if found.fills:
        parts.append(Section("With something else read by cut edges", _fills(found)))
    return parts


def _lines(found: Certificate) -> list[Line]:
    chance, logits = found.chance, found.logit_difference
    lines = [
        Line(
            "Faithfulness",
            number(found.faithfulness, ".2f"),
            MEANINGS["faithfulness"],
            found.faithfulness,
            () if chance is None else (chance.mean, chance.most),
        ),
        Line("at the first contrast cell", number(found.first, ".2f"), MEANINGS["first"], found.first),
    ]
    if chance is not None:
        said = f"{_share(chance.mean)}, at most {_share(chance.most)}"
        lines.append(Line(f"{chance.n} random circuits", said, MEANINGS["random"]))
    shares = (("Answers right", "solved", found.solved), ("as the whole model's", "alike", found.alike))
    lines += [
        Line(name, f"{n} of {found.pairs}", MEANINGS[key], n / found.pairs)
        for name, key, n in shares
        if n is not None
    ]
    if found.answers is not None:
        lines.append(_stay_right(found.answers))
    return [
        *lines,
        Line("Cells right", f"{found.cells:.1%}", MEANINGS["cells"], found.cells),
        Line("KL from the whole model", f"{number(found.kl, '.2g')} nats", MEANINGS["kl"]),
        Line(
            "Logit difference",
            f"{number(logits['circuit'], '.1f')} of {number(logits['whole'], '.1f')}",
            MEANINGS["logit_difference"],
        ),
    ]


def _stay_right(own: Answers) -> Line:
    """How many of the whole model's right answers stay right, and the least that this shows."""
    said = f"{own.kept} of {own.whole}, at least {own.at_least:.0%}"
    return Line("Right answers that stay right", said, MEANINGS["answers"], own.at_least)


def _share(value: float) -> str:
    """A share in two digits, without a sign before 0."""
    return number(round(value, 2) + 0.0, ".2f")


def _order(found: Certificate) -> list[Line]:
    lines = []
    if found.sizes is not None:
        lines += [
            Line("CPR", number(found.sizes.cpr, ".2f"), MEANINGS["cpr"]),
            Line("CMD", number(found.sizes.cmd, ".2f"), MEANINGS["cmd"]),
            Line("CMD, log axis", number(found.sizes.cmd_log, ".2f"), MEANINGS["cmd_log"]),
        ]
    if found.stable is not None:
        stable = found.stable
        lines.append(
            Line("Stability", number(stable.mean, ".2f"), MEANINGS["stability"], stable.mean, (stable.least,))
        )
    return lines


def _parts(found: Certificate) -> list[Line]:
    lines = []
    if found.complete is not None:
        said = f"{number(found.complete.mean, '.2f')}, at most {number(found.complete.most, '.2f')}"
        lines.append(Line("Completeness gap", said, MEANINGS["completeness"]))
    if found.minimal is not None:
        needed = found.minimal.needed
        lines.append(Line("Edges that are needed", f"{needed:.0%}", MEANINGS["minimality"], needed))
    return lines


def _fills(found: Certificate) -> list[Line]:
    return [
        Line(FILL_WORDS[fill], number(own.faithfulness, ".2f"), MEANINGS["faithfulness"], own.faithfulness)
        for fill, own in (found.fills or {}).items()
    ]


# ---- as HTML -----------------------------------------------------------------------------------------------


def said_html(said: Said) -> str:
    """The lines as HTML, each with what it means on hover, and a share as a bar; :data:`CERTIFICATE_STYLE`
    goes with it."""
    sign = {None: "", True: "✓ ", False: "✕ "}[said.good]
    kind = {None: "", True: " good", False: " bad"}[said.good]
    verdict = f'<p class="verdict{kind}" role="status">{sign}{escape(said.verdict)}</p>'
    lines = "".join(map(_section, said.sections))
    return f'<div class="certificate">{verdict if said.verdict else ""}{lines}</div>'


def _section(section: Section) -> str:
    title = f"<h3>{escape(section.title)}</h3>" if section.title else ""
    return f"{title}<dl>{''.join(map(_line, section.lines))}</dl>"


def _line(line: Line) -> str:
    bar = "" if line.share is None else _bar(line.share, line.beside)
    told = f' title="{escape(line.help)}"' if line.help else ""
    return f"<div{told}><dt>{escape(line.name)}</dt><dd>{bar}<span>{escape(line.said)}</span></dd></div>"


def _bar(share: float, beside: Sequence[float]) -> str:
    ticks = "".join(f'<i style="left:{_percent(one)}"></i>' for one in beside if isfinite(one))
    width = _percent(share) if isfinite(share) else "0"
    return f'<span class="bar" aria-hidden="true"><b style="width:{width}"></b>{ticks}</span>'


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.1f}%"
