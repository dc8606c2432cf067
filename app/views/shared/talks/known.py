"""What may stand in a scene's link."""

from app.state.playing import TELLING
from app.state.scene import PARAMETERS
from app.state.stories.markdown_file import Known
from app.views import PAGES


def known() -> Known:
    """The parameters of every page: those of the scene, and its own."""
    shared = PARAMETERS.keys() - set(TELLING)
    return {page.name: shared | page.choices.keys() for page in PAGES}
