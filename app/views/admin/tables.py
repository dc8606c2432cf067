"""The overview on the page. Every table has its room, so nothing moves while numbers change."""

from app.server import telling
from app.server.overview import Overview
from app.server.telling import Table
from app.widgets import plain_table

TALL, LOW = 230, 96
"""Pixels: of tables that grow, and of that of the caches."""


def show(of: Overview) -> None:
    """Draw all of it."""
    plain_table.facts(telling.facts(of))
    for table, height in (
        (telling.visitors(of), TALL),
        (telling.queue(of), TALL),
        (telling.caches(of), LOW),
        (telling.computed(of), TALL),
    ):
        _show(table, height)


def _show(table: Table, height: int) -> None:
    plain_table.show(table.name, table.head, table.rows, height, table.empty)
