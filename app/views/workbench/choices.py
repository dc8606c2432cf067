"""What one can choose on the workbench alone: a figure to look at, this puzzle's counterfactual, and why the
model is wrong. All else is the scene that pages share."""

from app.state.link import Context, Parameter, one_of
from app.state.scene import Base
from app.state.sights import Sight, Sights, see
from app.views.shared.pairs import DRAW
from app.widgets.pair import KINDS
from interp.analyses.conditional import GIVEN, WHOLE

PAGE = "workbench"
SIGHTS: Sights = {
    "answer": Sight("the grids and the answer", ".st-key-strip"),
    "board": Sight("the ablation board", ".st-key-tiles, .st-key-no-tiles"),
    "attention": Sight("the attention of the heads", ".st-key-attention"),
    "chart": Sight("the chart of ablation effects", ".st-key-effects"),
    "experiments": Sight("the experiments", '[class*="st-key-experiments"]'),
}


def _asked(text: str, _: Context) -> str:
    """The id of the puzzle of which it is asked why the model is wrong; of another, nothing is shown."""
    return text[:40]


CHOICES = {
    **see(SIGHTS),
    "pair": one_of(("", *KINDS), "", "kind of pair"),
    "draw": DRAW,
    "why": Parameter("", _asked),
}

BASES: dict[Base, str] = {"clean": WHOLE, "off": GIVEN}
"""What the board and the charts measure, by the scene's name of it."""
