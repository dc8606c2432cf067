"""The end of a training: its model is written, measured, and described in a card."""

from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from interp.analyses.notebook.experiments import measure_phenomena
from interp.checkpoints import save_card, save_model
from interp.errors import PuzzlescopeError
from interp.outputs import reason, write_whole
from interp.puzzles import load_puzzles
from interp.puzzles.kinds import KINDS
from interp.training.card import Report, card_text
from interp.training.data import count_seen
from interp.training.dynamics import load_dynamics
from interp.training.evaluation import evaluate
from interp.training.log import LOG_FILE
from interp.training.moments import smallest_dtype
from interp.training.pictures import DYNAMICS_PICTURE, LOSS_PICTURE, dynamics_picture, loss_picture, read_log
from interp.training.record import TRAINING_FILE, record_text, wrote_card
from interp.training.trainer import Trainer

PHENOMENA_PUZZLES = 64
"""How many puzzles of the bank the notebook's experiments are repeated over."""


def finish(trainer: Trainer, per_kind: int = 50) -> Path:
    """Write a trained model into the run's folder; then measure it and write its card, pictures and log.
    Returns the folder.

    Raises:
        PuzzlescopeError: if one of these cannot be written. The weights are there by then, unless it was
            they.
    """
    model, folder = trainer.model.eval(), trainer.folder
    # What is measured may fail, hours of training may not: weights first.
    save_model(model, folder, None, dtype=smallest_dtype(model), replace=True)
    try:
        _document(trainer, per_kind)
    except Exception as error:
        why = error if isinstance(error, PuzzlescopeError) else f"{type(error).__name__}: {reason(error)}"
        raise PuzzlescopeError(
            f"The model is in {folder}, but not its card: {why}. The same command again writes the card"
            f" alone."
        ) from error
    return folder


def _document(trainer: Trainer, per_kind: int) -> None:
    """Measure a trained model and write down what it is, the card last."""
    model, folder = trainer.model, trainer.folder
    rates = tqdm(evaluate(model, per_kind), desc="evaluating", total=len(KINDS), leave=False)
    record = replace(
        trainer.record(),
        solved={kind.name: rate for kind, rate in rates},
        per_kind=per_kind,
        arithmetic=trainer.arithmetic(),
    )
    bank = load_puzzles("bank")
    report = Report(
        n_params=model.n_params,
        phenomena=measure_phenomena(model, bank.limit(PHENOMENA_PUZZLES).tokens),
        bank_seen=count_seen(bank, record.data.seed, record.data.taken),
    )
    card = card_text(record, report)
    write_whole(folder / LOSS_PICTURE, loss_picture(read_log(folder / LOG_FILE)))
    write_whole(folder / DYNAMICS_PICTURE, dynamics_picture(load_dynamics(folder)))
    ours = trainer.replace or wrote_card(folder)  # by what the record says that is there so far
    write_whole(folder / TRAINING_FILE, record_text(record, card))
    save_card(folder, card, replace=ours)
