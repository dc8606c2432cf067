"""What one can choose on the page of the heads, and how it stands in its link."""

from app.state.link import one_of
from app.state.sights import Sight, Sights, see
from app.widgets.charts.head_scatter import COST, TITLES
from interp.analyses.head_roles import ROLES
from interp.analyses.head_study import OVER
from interp.why.interventions.results import SIDES

PAGE = "heads"
MOVED = {"mean": "all that tells the position", "position": "the position embedding alone"}
"""What the shift experiment moves."""
VIEWS = {"all": "All heads", "why": "Why here"}
SIGHTS: Sights = {
    "table": Sight("the table of heads", '[class*="st-key-heads-table"]'),
    "scatter": Sight("the head scatter", ".st-key-heads-scatter"),
    "spectrum": Sight("the spectrum of a head", ".st-key-heads-spectrum"),
    "maps": Sight("the maps of the heads", '[class*="st-key-heads-offsets"]'),
    "verdict": Sight("why the head looks there", ".st-key-why-verdict"),
    "score": Sight("the score of the key that is looked at", ".st-key-why-score-room"),
    "phase": Sight("the phase test", ".st-key-why-phase-room"),
    "shift": Sight("the shift experiment", ".st-key-why-shift-room"),
}
CHOICES = {
    **see(SIGHTS),
    "show": one_of(tuple(VIEWS), "all", "view"),
    "side": one_of(SIDES, "queries", "side whose position is moved"),
    "moved": one_of(tuple(MOVED), "mean", "what of the position is moved"),
    "over": one_of(tuple(OVER), "answer", "choice of positions"),
    "role": one_of(("", *ROLES), "", "head role"),
    "x": one_of(tuple(TITLES), "next_one_grid_back", "horizontal axis"),
    "y": one_of(tuple(TITLES), COST, "vertical axis"),
}
