"""Ablating a component, or restoring it, by a click on a chart."""

from app.state.session import change, now
from app.widgets.ablation_board import Switch, apply_switch
from interp.ablation import Component


def switch(component: Component) -> None:
    """Off if it was on, on if it was off, by the method that is chosen."""
    ablation, method = now().ablation, now().method
    wish = Switch((component,), component not in ablation.components, method)
    change(ablation=apply_switch(ablation, wish))
