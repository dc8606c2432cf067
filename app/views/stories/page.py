"""The stories: each told from scene to scene on the pages themselves."""

from app.views import frame
from app.views.stories import own, shelf
from app.views.stories.choices import CHOICES, PAGE

INTRODUCTION = (
    "Each story goes through a few scenes on the pages themselves: the arrow keys lead from one to the next,"
    " and in between everything can be tried."
)

scene, backend = frame.opened_plain(PAGE, CHOICES, "Stories", INTRODUCTION)
shelf.show(scene, backend)
own.show(backend)
