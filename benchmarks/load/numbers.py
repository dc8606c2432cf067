"""Many numbers in few: percentiles, and a straight line."""

from collections.abc import Iterable, Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of all lies; nan if there are none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def summary(values: Iterable[float | None], digits: int = 3) -> dict[str, float]:
    """How many, the median, 95 and 99 %, and the largest; those that are ``None`` are left out. Of none, only
    how many."""
    known = [value for value in values if value is not None]
    if not known:
        return {"n": 0}
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    found = {name: round(percentile(known, share), digits) for name, share in shares.items()}
    return {"n": len(known), **found, "max": round(max(known), digits)}


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line through points (x, y) by least squares, y a unit of x; 0 if there is no line."""
    n = len(points)
    if n < 2:
        return 0.0
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
