"""The small button beside a figure that opens its export."""

from functools import partial
from pathlib import Path

from app.widgets.browser.scripts import component
from app.widgets.export_menu import asking

HERE = Path(__file__).parent

_button = component(
    "export_button",
    html='<div><button type="button" aria-label="Export this figure">'  # until its script says which
    '<svg viewBox="0 0 16 16" aria-hidden="true">'
    '<path d="M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11"/></svg></button></div>',
    css=(HERE / "button.css").read_text(),
    js=(HERE / "button.js").read_text(),
)


def show(figure: str, label: str, *, key: str = "") -> None:
    """Draw it.

    Args:
        figure: its name among the figures of the page.
        label: of the figure, as it reads after "Export": the button's name.
        key: left out, made of the figure's name.
    """
    _button(
        key=key or f"export-{figure}",
        data={"label": f"Export {label}"},
        on_asked_change=partial(asking.ask, figure),
        width="content",
    )
