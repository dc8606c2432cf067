"""The ablation board: a tile for every component, coloured by the effect of ablating it."""

from app.widgets.ablation_board.board import Board, board_data, chips, pinned_data, show
from app.widgets.ablation_board.tiles import Tile, costliest, in_short, number, place, said, tile_of
from app.widgets.ablation_board.wishes import (
    Export,
    Redo,
    Reset,
    Seen,
    SetMethod,
    SetText,
    StopSweep,
    Switch,
    Undo,
    Wish,
    ablation_after,
    apply_switch,
    read_wishes,
    seen_after,
)

__all__ = [
    "Board",
    "Export",
    "Redo",
    "Reset",
    "Seen",
    "SetMethod",
    "SetText",
    "StopSweep",
    "Switch",
    "Tile",
    "Undo",
    "Wish",
    "ablation_after",
    "apply_switch",
    "board_data",
    "chips",
    "costliest",
    "in_short",
    "number",
    "pinned_data",
    "place",
    "read_wishes",
    "said",
    "seen_after",
    "show",
    "tile_of",
]
