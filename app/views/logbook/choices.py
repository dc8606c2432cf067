"""What one can choose in the logbook, and how it stands in its link."""

from app.state.link import Context, Parameter
from app.state.sights import Sight, Sights, see
from interp.analyses.notebook.experiments import THRESHOLDS
from interp.errors import PuzzlescopeError, brief

PAGE = "logbook"


def name_of(lookback: int) -> str:
    """What a threshold is called in the link."""
    return f"above{lookback}"


def _threshold(text: str, context: Context) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise PuzzlescopeError(f"A threshold is a number between 0 and 1, got '{brief(text)}'.")
    return value


EXPERIMENTS = 9
SIGHTS: Sights = {
    f"experiment-{number}": Sight(f"experiment {number}", f".st-key-experiment-{number}")
    for number in range(1, EXPERIMENTS + 1)
}
CHOICES = see(SIGHTS) | {
    name_of(lookback): Parameter(default, _threshold, words=f"threshold for {lookback} back")
    for lookback, default in THRESHOLDS.items()
}
