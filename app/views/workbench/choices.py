"""What one can choose on the workbench alone: a figure to look at. All else is the scene that pages share."""

from app.state.scene import Base
from app.state.sights import Sight, Sights, see
from interp.analyses.conditional import GIVEN, WHOLE

PAGE = "workbench"
SIGHTS: Sights = {
    "answer": Sight("the grids and the answer", ".st-key-strip"),
    "board": Sight("the ablation board", ".st-key-tiles, .st-key-no-tiles"),
    "attention": Sight("the attention of the heads", ".st-key-attention"),
    "chart": Sight("the chart of ablation effects", ".st-key-effects"),
    "experiments": Sight("the experiments", '[class*="st-key-experiments"]'),
}
CHOICES = see(SIGHTS)

BASES: dict[Base, str] = {"clean": WHOLE, "off": GIVEN}
"""What the board and the charts measure, by the scene's name of it."""
