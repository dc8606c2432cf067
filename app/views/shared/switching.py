"""Ablating components, or restoring them, by a click on a chart."""

from collections.abc import Sequence

from app.state.session import change, now
from app.widgets.ablation_board import Switch, apply_switch
from interp.ablation import Component


def switch(component: Component) -> None:
    """Off if it was on, on if it was off, by the method that is chosen."""
    switch_all((component,))


def switch_all(components: Sequence[Component]) -> None:
    """All of them off by the method that is chosen; on if all were off."""
    ablation, method = now().ablation, now().method
    some_on = not all(part in ablation.components for part in components)
    change(ablation=apply_switch(ablation, Switch(tuple(components), some_on, method)))
