"""The roles that the pages show, and the head that is shown first."""

from app.state.heads import copy_head, marks_of, roles_of
from interp.ablation import Component
from interp.analyses.head_roles import ROLES
from interp.backend import Backend


def test_the_default_models_head_that_copies() -> None:
    backend = Backend()
    assert copy_head(backend, "default") == Component(1, "head", 5)
    marks = marks_of(roles_of(backend, "default"))
    assert marks[Component(1, "head", 5)][0] == ROLES["copy"].glyph
    assert marks[Component(1, "head", 5)][1].startswith("copy: 0.9")
    assert marks[Component(3, "head", 3)][0] == ROLES["previous"].glyph
    assert 10 < len(marks) < 30, "heads by content have no sign"


def test_every_model_has_a_head_to_show(model_folder: str) -> None:
    """A random one, in which none copies."""
    backend = Backend()
    assert not roles_of(backend, model_folder).having("copy")
    assert copy_head(backend, model_folder).kind == "head"
