"""Numbers as people read them: one format for a loss, one for how many times another it is, on every page."""

from math import floor, isfinite, log10

NO_RATIO = "—"
"""In place of how many times a loss is another that is 0 or not finite."""
NOT_FINITE = "not finite"

FEWEST_TIMES, MOST_TIMES = 1e-3, 1e7
"""Ratios outside these are written with a power of ten."""

SOON = 0.95
"""Seconds that are told as less than one."""
_STEPS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def number(value: float, form: str = ".3e") -> str:
    """A number as text, or, of one that is none, that it is not finite. What rounds to 0 is no negative 0.

    >>> number(0.00125), number(float("nan")), number(-0.001, ".0%")
    ('1.250e-03', 'not finite', '0%')
    """
    if not isfinite(value):
        return NOT_FINITE
    told = f"{value:{form}}"
    return told if any(digit in told for digit in "123456789") else told.replace("-", "", 1)


def short(value: float) -> str:
    """A loss in three digits; a very small or a very large one in two, with its power of ten.

    >>> short(0.4837), short(0.0000183), short(0.0), short(float("inf"))
    ('0.484', '1.8e-5', '0', 'not finite')
    """
    if not isfinite(value):
        return NOT_FINITE
    if value == 0:
        return "0"
    plain = f"{value:.3g}"
    return plain if 0.01 <= abs(float(plain)) < 1000 else _scientific(value)


def _scientific(value: float) -> str:
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent)}"


def count(mean: float) -> str:
    """A mean of counts in at most two digits where there is something behind the point: cells, puzzles.

    >>> count(27.0), count(26.6), count(3.4375), count(0.0625), count(0.0)
    ('27', '27', '3.4', '0.06', '0')
    """
    if not isfinite(mean):
        return NOT_FINITE
    if mean == round(mean) or abs(mean) >= 9.95:
        return f"{mean:.0f}"
    return f"{mean:.1f}" if abs(mean) >= 0.095 else f"{mean:.2f}"


def times(ratio: float) -> str:
    """How many times one number is another, in two digits, from 0.1 to 2 with two decimals; a dash if there
    is no such number.

    >>> times(26_650.0), times(3.14), times(1.04), times(0.0421), times(3.2e-8), times(float("inf"))
    ('27,000', '3.1', '1.04', '0.042', '3.2e-8', '—')
    """
    if not (isfinite(ratio) and ratio >= 0):
        return NO_RATIO
    if ratio == 0:
        return "0"
    if not FEWEST_TIMES <= ratio < MOST_TIMES:
        return _scientific(ratio)
    if 0.1 <= ratio < 1.995:
        return f"{ratio:.2f}"
    rounded = float(f"{ratio:.1e}")
    return f"{rounded:,.{max(1 - floor(log10(rounded)), 0)}f}"


def has_ratio(value: float, base: float) -> bool:
    """Whether there is a finite number of times that one number is another."""
    return isfinite(value) and isfinite(base) and base > 0 and isfinite(value / base)


def ratio(value: float, base: float, form: str = ".1f") -> str:
    """How many times one number another is, in a given format; where there is no such ratio, a dash.

    >>> ratio(3.0, 2.0), ratio(3.0, 0.0)
    ('1.5', '—')
    """
    return f"{value / base:{form}}" if has_ratio(value, base) else NO_RATIO


def no_ratio(base: float) -> str:
    """Why numbers have no ratio to this one, as the end of a sentence."""
    if base == 0:
        return "the clean loss is exactly 0"
    return "a loss is not finite" if isfinite(base) else "the clean loss is not finite"


def compared(now: float, before: float, what: str) -> str:
    """A loss beside another, and how many times that it is, if there is such a ratio.

    >>> compared(3.0, 0.02, "in the clean run")
    '3, 150 times the 0.02 in the clean run'
    >>> compared(3.0, 0.0, "in the clean run")
    '3, and exactly 0 in the clean run'
    """
    if not has_ratio(now, before):
        return f"{short(now)}, and {'exactly 0' if before == 0 else short(before)} {what}"
    return f"{short(now)}, {times(now / before)} times the {short(before)} {what}"


def factor(now: float, before: float) -> str:
    """How many times a loss is another, in few letters; nothing where it is about the same, a dash where
    there is no ratio.

    >>> factor(3.0, 0.02), factor(0.021, 0.02), factor(3.0, 0.0)
    ('×150', '', '—')
    """
    if now == before or (has_ratio(now, before) and 0.9 < now / before < 1.1):
        return ""
    return f"×{times(now / before)}" if has_ratio(now, before) and now > 0 else NO_RATIO


def time_in_words(seconds: int | float, steady: bool = False) -> str:
    """A stretch of time in one unit, two digits.

    Args:
        steady: in coarse steps, 5 seconds at least: for one who waits and is told again and again.

    >>> [time_in_words(s) for s in (0.2, 1, 59, 90, 5400, 86400 * 3.2, 86400 * 400)]
    ['less than a second', '1 second', '59 seconds', '1.5 minutes', '1.5 hours', '3.2 days', '400 days']
    >>> [time_in_words(s, steady=True) for s in (3.2, 47.0, 100.0, 5400, 86400 * 3.2)]
    ['5 seconds', '50 seconds', '2 minutes', '1.5 hours', '3.2 days']
    """
    if steady:
        seconds = _in_steps(seconds)
    if seconds < SOON:
        return "less than a second"
    # What rounds to 60 seconds is told as a minute.
    size, unit = next(((size, unit) for size, unit in _STEPS if seconds >= 0.996 * size), _STEPS[-1])
    text = f"{seconds / size:.2g}" if seconds / size < 9.95 else f"{seconds / size:,.0f}"
    return f"{text} {unit}{'' if text == '1' else 's'}"


def _in_steps(seconds: int | float) -> float:
    if seconds < 30:
        return max(5.0, 5.0 * round(seconds / 5))
    if seconds < 95:
        return 10.0 * round(seconds / 10)
    return 60.0 * round(seconds / 60) if seconds < 3600 else float(seconds)


def rate_in_words(rate: float) -> str:
    """How many a second, in two digits or as a whole number.

    >>> [rate_in_words(rate) for rate in (0.0123, 2.0, 9.97, 85.4, 321.0, 12_345.0)]
    ['0.012', '2', '10', '85', '321', '12,345']
    """
    return f"{rate:.2g}" if rate < 9.95 else f"{rate:,.0f}"
