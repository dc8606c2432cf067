"""The page of the studies: questions to whole data sets."""

from app.views import frame
from app.views.studies import body
from app.views.studies.choices import CHOICES, PAGE

INTRODUCTION = (
    "**What holds on a whole data set?** A study ablates each component on each of up to millions of puzzles"
    " and keeps what came of it. Ask it here."
)

scene, backend = frame.opened_plain(PAGE, CHOICES, "Studies", INTRODUCTION)
body.show(scene, backend)
