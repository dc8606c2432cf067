"""Where a model comes from: folders, checkpoint files, the hub; nothing in them is executed."""

from interp.checkpoints.folders import check_free, read_config, save_card, save_model
from interp.checkpoints.loading import DEFAULT, checkpoint_id, convert, find_model, list_models, load_model

__all__ = [
    "DEFAULT",
    "check_free",
    "checkpoint_id",
    "convert",
    "find_model",
    "list_models",
    "load_model",
    "read_config",
    "save_card",
    "save_model",
]
