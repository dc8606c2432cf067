"""The roles of a model's heads, and the head that is shown before a visitor has chosen one."""

from app.state.scene import FIRST_PUZZLE
from interp.ablation import Component
from interp.analyses.head_roles import HeadRoles, Roles
from interp.backend import Backend

MOST_COPYING = 3
"""Copy heads that a picture shows."""


def roles_of(backend: Backend, model: str) -> Roles:
    """The roles of all heads in the clean run: read off one puzzle, always the same, so that they are there
    at once and stay what they are from puzzle to puzzle. They hardly differ between puzzles; the page of the
    heads reads them off those that are chosen there."""
    bank = backend.bank()
    return backend.ask(model, HeadRoles((bank.find(FIRST_PUZZLE) or bank[0],)))


def copy_head(backend: Backend, model: str) -> Component:
    """The head that copies most, or comes nearest to it: what a first visitor should see."""
    return roles_of(backend, model).copy_heads[0]


def copy_heads(backend: Backend, model: str) -> list[Component]:
    """The heads that copy, strongest first; there may be none."""
    return [head.component for head in roles_of(backend, model).having("copy")[:MOST_COPYING]]


def marks_of(roles: Roles) -> dict[Component, tuple[str, str]]:
    """Of every head the glyph of its role and what it means, for tiles and maps. Heads that look wherever the
    content is have none: most are of that kind, and a page full of signs says nothing."""
    return {
        head.component: (head.role.glyph, head.words) for head in roles.heads if head.role.key != "content"
    }
