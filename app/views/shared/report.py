"""The page as one HTML file, and what a page offers to export."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from app.state.scene import Scene
from app.state.session import link
from app.views.shared.export import name_of
from app.views.shared.plates import ablated
from app.widgets.export_menu.figures import Figure
from app.widgets.export_menu.menu import Download, Exports


def exports(
    scene: Scene,
    title: str,
    figures: Mapping[str, Figure],
    downloads: Sequence[Download] = (),
    snippets: Mapping[str, str] | None = None,
    facts: Sequence[tuple[str, str]] = (),
) -> Exports:
    """What a page offers.

    Args:
        title: of the page.
        facts: what the report says at its top, each a name and a value.
    """
    programs, address = dict(snippets or {}), urlencode(link())
    head = [("Puzzle", f"{scene.puzzle.task} {scene.puzzle.id}"), ("Run", ablated(scene.ablation)), *facts]

    def report() -> str:
        from interp.figures.paper.report import page

        return page(
            f"{title}: {scene.puzzle.task} {scene.puzzle.id[:6]}",
            [figure.plate() for figure in figures.values()],
            facts=head,
            programs=programs,
            query=address,
        )

    name = f"puzzlescope-{title.lower()}-{name_of(scene)}"
    return Exports(figures, downloads, programs, report, name)
