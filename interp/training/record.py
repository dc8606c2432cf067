"""The record of a training, ``training.json`` beside a model's weights: what made the model and what it has
seen.

With it the puzzles seen can be drawn again, the training can go on, and the card can be told from one that
was written or changed by hand. What is counted of each kind of puzzle stands under the kind's name: a kind
that was added since has no entry, which says none seen and nothing measured.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from interp.checkpoints.folders import CARD_FILE
from interp.errors import PuzzlescopeError
from interp.outputs import strict_json
from interp.puzzles.kinds import require_known_kinds
from interp.training.arithmetic import Arithmetic
from interp.training.data import DataState
from interp.training.recipe import Recipe

TRAINING_FILE = "training.json"


@dataclass(frozen=True)
class Stretch:
    """A stretch of a training, with one recipe on one machine: how far the model was when it began.

    Attributes:
        puzzles: seen before.
        minutes: trained before; ``None`` where it was not noted.
        hardware: in words.
        recipe: what was computed from here on.
    """

    puzzles: int
    minutes: float | None
    hardware: str
    recipe: Recipe

    @classmethod
    def read(cls, content: dict[str, Any]) -> "Stretch":
        """The stretch of which a file holds ``asdict``."""
        return cls(**content | {"recipe": Recipe.read(content["recipe"])})


@dataclass(frozen=True)
class Record:
    """A training, as far as it has come. Counts are those of the model, the runs it continues included.

    Attributes:
        recipe: of the last run.
        history: every run that made the model, in order.
        steps: updates of the weights.
        puzzles: seen in training.
        minutes: of training.
        recording_minutes: spent on measuring the model on its way (:mod:`interp.training.dynamics`).
        data: how far the supply of puzzles has come.
        solved: share of fresh puzzles solved of each kind, by its name; empty before it is measured.
        per_kind: over how many puzzles of each kind.
        arithmetic: what the training computed; ``None`` before it is measured.
    """

    recipe: Recipe
    history: tuple[Stretch, ...]
    steps: int
    puzzles: int
    minutes: float
    recording_minutes: float
    data: DataState
    solved: Mapping[str, float] = field(default_factory=dict)
    per_kind: int = 0
    arithmetic: Arithmetic | None = None

    @property
    def mean_solved(self) -> float:
        """The share solved, mean over the kinds that were measured."""
        return sum(self.solved.values()) / len(self.solved)


def record_text(record: Record, card: str | None = None) -> str:
    """A record as JSON, with the fingerprint of the card that goes with it."""
    content = asdict(record) | {
        "minutes": round(record.minutes, 2),
        "recording_minutes": round(record.recording_minutes, 2),
    }
    for recipe in (content["recipe"], *(stretch["recipe"] for stretch in content["history"])):
        if not recipe[
            "moments"
        ]:  # records of models that were trained before moments were kept stay as they are
            del recipe["moments"]
    if record.arithmetic:
        content["arithmetic"] |= {"share": record.arithmetic.share}
    if card is not None:
        content["card"] = _fingerprint(card.encode())
    return strict_json(content) + "\n"


def read_record(folder: Path) -> Record:
    """The record beside a model's weights.

    Raises:
        PuzzlescopeError: if there is none, if it is not one of this version's, or if it counts puzzles of
            kinds that this version does not have.
    """
    path = folder / TRAINING_FILE
    try:
        record = _record(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PuzzlescopeError(
            f"{folder} has no readable {TRAINING_FILE}: only a model that `train` made can be trained on."
        ) from error
    except (PuzzlescopeError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PuzzlescopeError(
            f"{path} is not the record of a training by this version of `train`."
        ) from error
    require_known_kinds({*record.data.kinds, *record.solved}, str(path))
    return record


def _record(content: dict[str, Any]) -> Record:
    arithmetic = {name: value for name, value in (content["arithmetic"] or {}).items() if name != "share"}
    return Record(
        recipe=Recipe.read(content["recipe"]),
        history=tuple(map(Stretch.read, content["history"])),
        steps=int(content["steps"]),
        puzzles=int(content["puzzles"]),
        minutes=float(content["minutes"]),
        recording_minutes=float(content["recording_minutes"]),
        data=DataState.read(content["data"]),
        solved={name: float(share) for name, share in content["solved"].items()},
        per_kind=int(content["per_kind"]),
        arithmetic=Arithmetic(**arithmetic) if arithmetic else None,
    )


def wrote_card(folder: Path) -> bool:
    """Whether the card in a folder is, to the letter, the one that training wrote there."""
    try:
        record = json.loads((folder / TRAINING_FILE).read_text(encoding="utf-8"))
        return bool(record["card"] == _fingerprint((folder / CARD_FILE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _fingerprint(card: bytes) -> str:
    return hashlib.sha256(card).hexdigest()
