"""The overview on the page. Every table has its room, so nothing moves while numbers change."""

import streamlit as st

from app.server.watching import telling
from app.server.watching.overview import Overview
from app.server.watching.telling import Table
from app.widgets import plain_table

TALL, LOW = 260, 190
"""Pixels: of what changes all the time, and of what has been."""


def show(of: Overview) -> None:
    """Draw all of it."""
    plain_table.facts(telling.facts(of))
    left, right = st.columns(2, gap="medium")
    for place, tables in (
        (left, (telling.visitors(of), telling.caches(of))),
        (right, (telling.queue(of), telling.computed(of))),
    ):
        with place:
            for table, height in zip(tables, (TALL, LOW), strict=True):
                _show(table, height)


def _show(table: Table, height: int) -> None:
    plain_table.show(table.name, table.head, table.rows, height, table.empty)
